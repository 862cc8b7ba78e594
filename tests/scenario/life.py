"""life.py — starting and stopping

SPDX-License-Identifier: Apache-2.0
"""

import json
import os
import re
import signal
import socket
import subprocess
import threading
import time

from server import Client, Server, policy, post, question
from tally import CARDEA, free_port


def starts_and_says_so(check):
    with Server() as server:
        server.until(lambda: server.out().endswith("\n"), "announced")
        line = server.out()
        check("one line", re.fullmatch(r"cardea \S+ serves 1 policies with 1 rules \(revision [0-9a-f]{16}\) from \S+ on "
                                       r"http://127\.0\.0\.1:%d\n" % server.port, line), line)
        check("health", server.health() == (200, {"status": "SERVING"}), server.health())
        done = subprocess.run([CARDEA, "healthcheck", "--host-port", "127.0.0.1:%d" % server.port], capture_output=True)
        check("healthcheck", done.returncode == 0, done.stderr)
        server.signal(signal.SIGTERM)
        check("ends with 0", server.ended() == 0, server.proc.returncode)
    done = subprocess.run([CARDEA, "healthcheck", "--host-port", "127.0.0.1:%d" % server.port], capture_output=True)
    check("healthcheck of nothing", done.returncode == 1 and b"not healthy" in done.stderr, done)


def refuses_broken_policies(check):
    with Server(policies={"bad.yaml": "apiVersion: api.cerbos.dev/v1\nnonsense: 1\n"}, wait=False) as server:
        check("exit code", server.ended() == 3, server.proc.returncode)
        log = server.log()
        check("says where", "bad.yaml:2:1: error[E" in log and "nonsense" in log, log)
        check("never listened", server.out() == "", server.out())


def refuses_a_missing_directory(check):
    with Server(sets=["storage.disk.directory=/nowhere/at/all"], wait=False) as server:
        check("exit code", server.ended() == 1, server.proc.returncode)
        check("names it", "/nowhere/at/all" in server.log(), server.log())


def refuses_a_wrong_configuration(check):
    with Server(sets=["server.htpListenAddr=x"], wait=False) as server:
        check("exit code", server.ended() == 1, server.proc.returncode)
        check("suggests", "did you mean `httpListenAddr`?" in server.log(), server.log())


def refuses_what_would_weaken(check):
    with Server(sets=["server.tls.cert=a.pem", "server.tls.key=b.pem"], wait=False) as server:
        check("no plain text instead of TLS", server.ended() == 1, server.proc.returncode)
        check("says why", "cannot use a.pem for TLS" in server.log(), server.log())


def refuses_a_taken_address(check):
    with Server() as first:
        with Server(sets=["server.httpListenAddr=127.0.0.1:%d" % first.port], wait=False) as second:
            check("exit code", second.ended() == 1, second.proc.returncode)
            check("says why", "Address already in use" in second.log(), second.log())


def reads_configuration_files(check):
    with Server(wait=False) as server:
        path = os.path.join(server.work, "c.yaml")
        check("the other server is up", server.until(server.out, "announced") < 10)  # its directory is used
        port = free_port()
        with open(path, "w", encoding="utf-8") as f:
            f.write("# comment\nserver:\n  httpListenAddr: \"127.0.0.1:${CARDEA_TEST_PORT}\"\n"
                    "storage:\n  disk:\n    directory: %s\n" % server.dir)
        env = dict(os.environ, CARDEA_TEST_PORT=str(port), CARDEA_CONFIG=path)
        proc = subprocess.Popen([CARDEA, "serve"], env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        line = proc.stdout.readline().decode()
        check("environment names the file, file names the port", "http://127.0.0.1:%d\n" % port in line, line)
        proc.terminate()
        proc.stdout.close()
        check("ends", proc.wait(10) == 0, proc.returncode)


def serves_a_unix_socket(check):
    with Server(wait=False) as server:
        path = os.path.join(server.work, "s")
        for attempt in ("fresh", "left behind by a crash"):
            proc = subprocess.Popen([CARDEA, "server", "--set", "server.httpListenAddr=unix:" + path, "--set",
                                     "server.udsFileMode=0o600", "--set", "storage.disk.directory=" + server.dir],
                                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            line = proc.stdout.readline().decode()
            check("address, " + attempt, line.endswith("on unix:%s\n" % path), line)
            check("permissions", os.stat(path).st_mode & 0o777 == 0o600, oct(os.stat(path).st_mode))
            done = subprocess.run([CARDEA, "healthcheck", "--host-port", "unix:" + path], capture_output=True)
            check("answers", done.returncode == 0, done.stderr)
            proc.send_signal(signal.SIGKILL if attempt == "fresh" else signal.SIGTERM)
            proc.stdout.close()
            proc.wait(10)
        check("removed at the end", not os.path.exists(path))


def drains(check):
    with Server() as server:
        idle = server.client()
        idle.ask(post(question()))
        slow = server.client()
        request = post(question())
        slow.send(request[:-5])
        time.sleep(0.2)
        server.signal(signal.SIGTERM)
        check("idle connection is closed", idle.closed_within(2))
        time.sleep(0.2)
        check("still alive", server.proc.poll() is None)
        try:
            socket.create_connection(("127.0.0.1", server.port), 1).close()
            check("takes nothing new", False)
        except OSError:
            check("takes nothing new", True)
        slow.send(request[-5:])
        status, headers, body = slow.reply()
        check("request in flight is answered", status == 200 and b"EFFECT_ALLOW" in body, body)
        check("and it is the last", headers.get("connection") == "close", headers)
        slow.sock.close()
        check("ends with 0", server.ended() == 0, server.proc.returncode)


def drain_has_an_end(check):
    with Server(sets=["server.advanced.http.shutdownTimeout=500ms"]) as server:
        slow = server.client()
        slow.send(post(question())[:-5])
        time.sleep(0.2)
        start = time.monotonic()
        server.signal(signal.SIGTERM)
        check("ends with 0", server.ended() == 0, server.proc.returncode)
        check("in time", time.monotonic() - start < 3, time.monotonic() - start)
        slow.sock.close()


def silent_connections_do_not_hold_it_up(check):
    with Server() as server:
        silent = server.client()
        time.sleep(0.2)
        start = time.monotonic()
        server.signal(signal.SIGTERM)
        check("ends with 0", server.ended() == 0, server.proc.returncode)
        check("soon", time.monotonic() - start < 2, time.monotonic() - start)
        silent.sock.close()


def second_signal_ends_at_once(check):
    with Server() as server:
        slow = server.client()
        slow.send(post(question())[:-5])
        time.sleep(0.2)
        server.signal(signal.SIGTERM)
        time.sleep(0.3)
        start = time.monotonic()
        server.signal(signal.SIGTERM)
        code = server.ended()
        check("at once", time.monotonic() - start < 1 and code != 0, code)
        slow.sock.close()


def health_says_no_while_draining(check):
    with Server() as server:
        slow = server.client()
        health = b"GET /_cerbos/health HTTP/1.1\r\nHost: t\r\n\r\n"
        slow.send(health[:-2])
        time.sleep(0.2)
        server.signal(signal.SIGTERM)
        time.sleep(0.2)
        slow.send(health[-2:])
        status, _, body = slow.reply()
        check("503", (status, json.loads(body)) == (503, {"status": "NOT_SERVING"}), (status, body))
        slow.sock.close()
        check("ends with 0", server.ended() == 0, server.proc.returncode)


def load_while_stopping(check):
    """Every request that was sent is answered or its connection is closed; none is answered wrongly."""
    with Server() as server:
        wrong, answered = [], [0]
        stop = threading.Event()

        def work():
            while not stop.is_set():
                try:
                    with Client(server.port, 5) as c:
                        for _ in range(50):
                            status, headers, body = c.ask(post(question()))
                            answered[0] += 1
                            if status != 200 or b"EFFECT_ALLOW" not in body:
                                wrong.append((status, body))
                            if headers.get("connection") == "close":
                                break
                except OSError:
                    time.sleep(0.01)
                except Exception as e:  # closed between two requests
                    if type(e).__name__ != "Closed":
                        wrong.append(e)
        threads = [threading.Thread(target=work) for _ in range(4)]
        for t in threads:
            t.start()
        time.sleep(0.5)
        server.signal(signal.SIGTERM)
        code = server.ended()
        stop.set()
        for t in threads:
            t.join()
        check("ends with 0", code == 0, code)
        check("answers were right", not wrong and answered[0] > 100, (answered, wrong[:3]))


def commands_know_their_use(check):
    def run(*words):
        done = subprocess.run([CARDEA] + list(words), capture_output=True, text=True)
        return done.returncode, done.stdout, done.stderr
    for words, code, needle in [
            ((), 2, "Usage: cardea COMMAND"),
            (("--help",), 0, "Commands:"),
            (("help", "server"), 0, "--config FILE"),
            (("server", "--help"), 0, "--set KEY=VALUE"),
            (("compile", "-h"), 0, "Usage: cardea compile DIR"),
            (("--version",), 0, "cardea "),
            (("version",), 0, "cardea "),
            (("sever",), 2, "did you mean `server`?"),
            (("server", "--confg", "x"), 2, "did you mean `--config`?"),
            (("server", "--config"), 2, "needs a value"),
            (("server", "extra"), 2, "unexpected argument `extra`"),
            (("server", "--log-level", "loud"), 2, "log level must be"),
            (("compile",), 2, "missing argument"),
            (("compile", "--quiet=1", "x"), 2, "takes no value"),
            (("compile", "/nowhere"), 1, "/nowhere"),
            (("healthcheck", "--timeout", "soon"), 2, "no duration"),
            (("check-config", "/nowhere.json"), 1, "cannot read the configuration"),
            (("check-config",), 0, "good"),
            (("check-config", "--explain"), 0, "server.httpListenAddr = 127.0.0.1:3592"),
    ]:
        got = run(*words)
        check(" ".join(words) or "no words", got[0] == code and needle in got[1] + got[2], got)


def compile_tells(check):
    with Server(policies={"a.yaml": policy(), "b/c.yaml": policy("x")}, wait=False) as server:
        done = subprocess.run([CARDEA, "compile", server.dir], capture_output=True, text=True)
        check("good", done.returncode == 0 and done.stdout == "2 policies with 2 rules compile\n", done)
        server.write("b/c.yaml", policy("x").replace("[user]", "[user"))
        server.write("a.yaml", policy().replace("roles: [user]", "derivedRoles: [nope]"))
        done = subprocess.run([CARDEA, "compile", server.dir], capture_output=True, text=True)
        check("bad", done.returncode == 3 and "failed to compile" in done.stderr, done)
        check("all errors, with places", "b/c.yaml:" in done.stdout, done.stdout)


SCENARIOS = [(f.__name__, f) for f in (
    starts_and_says_so, refuses_broken_policies, refuses_a_missing_directory, refuses_a_wrong_configuration,
    refuses_what_would_weaken, refuses_a_taken_address, reads_configuration_files, serves_a_unix_socket, drains,
    drain_has_an_end, silent_connections_do_not_hold_it_up, second_signal_ends_at_once,
    health_says_no_while_draining, load_while_stopping, commands_know_their_use, compile_tells)]
