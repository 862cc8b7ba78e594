"""server.py — a Cardea of one's own, for one scenario

    with Server(policies={"a.yaml": POLICY}, sets=["engine.strictEvaluation=true"]) as server:
        status, body = server.check("read")

Starts the program on a free port of 127.0.0.1 over a fresh directory, waits until it is healthy and stops it
afterwards. Anything that a sanitizer prints fails the scenario.

SPDX-License-Identifier: Apache-2.0
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from tally import CARDEA, free_port


def policy(kind="doc", role="user", effect="EFFECT_ALLOW"):
    return """apiVersion: api.cerbos.dev/v1
resourcePolicy:
  resource: %s
  version: default
  rules:
    - actions: [read]
      roles: [%s]
      effect: %s
""" % (kind, role, effect)


def question(kind="doc", action="read", role="user", **more):
    return dict({"principal": {"id": "ann", "roles": [role]},
                 "resources": [{"actions": [action], "resource": {"kind": kind, "id": "1"}}]}, **more)


def post(body, path="/api/check/resources", extra=""):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return (b"POST %s HTTP/1.1\r\nHost: t\r\nContent-Length: %d\r\n%s\r\n" % (path.encode(), len(data), extra.encode())) + data


class Closed(Exception):
    """The peer has closed the connection."""


class Client:
    """A connection, with bytes as they are."""

    def __init__(self, port, timeout=10):
        self.sock = socket.create_connection(("127.0.0.1", port), timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.data = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data)

    def more(self):
        got = self.sock.recv(65536)
        if not got:
            raise Closed()
        self.data += got

    def reply(self, bodiless=False):
        """(status, headers, body) of the next response."""
        while b"\r\n\r\n" not in self.data:
            self.more()
        head, self.data = self.data.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        status = int(lines[0].split(" ")[1])
        headers = dict((k.lower(), v) for k, v in (line.split(": ", 1) for line in lines[1:]))
        length = 0 if bodiless or status == 100 else int(headers.get("content-length", 0))
        while len(self.data) < length:
            self.more()
        body, self.data = self.data[:length], self.data[length:]
        return status, headers, body

    def ask(self, data):
        self.send(data)
        return self.reply()

    def closed_within(self, seconds):
        """Does the peer close within this time? What it sends is kept in self.data."""
        end = time.monotonic() + seconds
        try:
            while True:
                self.sock.settimeout(max(0.01, end - time.monotonic()))
                self.more()
        except Closed:
            return True
        except ConnectionError:
            return True
        except socket.timeout:
            return False


# The program that scenarios start; run.py sets it to the build with sanitizers for its second round.
PROGRAM = CARDEA
SANITIZER = re.compile(r"(AddressSanitizer|LeakSanitizer|ThreadSanitizer|runtime error:).*")


class Server:
    def __init__(self, policies=None, sets=(), watch=True, wait=True, config=None, env=None):
        self.program = PROGRAM
        self.config = config  # content of a configuration file, if any
        self.env = env or {}
        self.port = free_port()
        self.work = tempfile.mkdtemp(prefix="cardea-scenario-")
        self.dir = os.path.join(self.work, "policies")
        os.mkdir(self.dir)
        for name, text in (policies if policies is not None else {"doc.yaml": policy()}).items():
            self.write(name, text)
        self.sets = ["server.httpListenAddr=127.0.0.1:%d" % self.port, "storage.disk.directory=" + self.dir,
                     "storage.disk.watchForChanges=" + ("true" if watch else "false")] + list(sets)
        self.wait = wait
        self.proc = None

    def write(self, name, text):
        path = os.path.join(self.dir, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)

    def __enter__(self):
        env = dict(os.environ, ASAN_OPTIONS="detect_leaks=1", UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1")
        for name in ("CARDEA_CONFIG", "CERBOS_CONFIG", "CARDEA_LOG_LEVEL", "CERBOS_LOG_LEVEL"):
            env.pop(name, None)
        env.update({"no_proxy": "127.0.0.1,localhost"}, **self.env)
        self.log_path = os.path.join(self.work, "log")
        self.out_path = os.path.join(self.work, "out")
        command = [self.program, "server"] + [word for s in self.sets for word in ("--set", s)]
        if self.config is not None:
            path = os.path.join(self.work, "config.json")
            with open(path, "w", encoding="utf-8") as f:
                json.dump(self.config, f)
            command += ["--config", path]
        with open(self.log_path, "wb") as log, open(self.out_path, "wb") as out:
            self.proc = subprocess.Popen(command, stdout=out, stderr=log, stdin=subprocess.DEVNULL, env=env,
                                         cwd=self.work)
        if self.wait:
            self.until(lambda: self.health()[0] == 200, "healthy", 20)
        return self

    def __exit__(self, *_):
        if self.proc.poll() is None:
            self.proc.send_signal(signal.SIGTERM)
            try:
                self.proc.wait(20)
            except subprocess.TimeoutExpired:
                self.proc.kill()
                self.proc.wait()
        found = SANITIZER.search(self.log())
        shutil.rmtree(self.work, ignore_errors=True)
        if found:
            raise AssertionError("sanitizer: " + found.group(0))

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as f:
            return f.read()

    def out(self):
        with open(self.out_path, encoding="utf-8", errors="replace") as f:
            return f.read()

    def until(self, condition, what, seconds=5.0):
        """Waits for the condition; returns the seconds it took, or raises."""
        start = time.monotonic()
        while True:
            try:
                if condition():
                    return time.monotonic() - start
            except (OSError, Closed, ValueError):  # not there yet, or an answer that is none
                pass
            if self.proc.poll() is not None and not what.startswith("ended"):
                raise AssertionError("the server ended with %s while waiting for %s: %s" %
                                     (self.proc.returncode, what, self.log()[-2000:]))
            if time.monotonic() - start > seconds:
                raise AssertionError("not %s after %.1f s: %s" % (what, seconds, self.log()[-2000:]))
            time.sleep(0.01)

    def client(self, timeout=10):
        return Client(self.port, timeout)

    def health(self):
        with self.client(2) as c:
            status, _, body = c.ask(b"GET /_cerbos/health HTTP/1.1\r\nHost: t\r\n\r\n")
        return status, json.loads(body)

    def ask(self, body, path="/api/check/resources"):
        with self.client() as c:
            status, _, answer = c.ask(post(body, path))
        return status, json.loads(answer)

    def effect(self, kind="doc", action="read", role="user"):
        status, answer = self.ask(question(kind, action, role))
        return answer["results"][0]["actions"][action] if status == 200 else "status %d" % status

    def signal(self, number):
        self.proc.send_signal(number)

    def ended(self, seconds=10):
        """Waits for the end and returns the exit code."""
        return self.proc.wait(seconds)
