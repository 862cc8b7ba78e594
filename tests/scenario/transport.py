"""transport.py — what carries the requests: TLS, Unix sockets

SPDX-License-Identifier: Apache-2.0
"""

import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time

from server import Client, Closed, Server, policy, post, question
from tally import ROOT

TLS = os.path.join(ROOT, "testdata", "tls")
HEALTH = b"GET /_cerbos/health HTTP/1.1\r\nHost: t\r\n\r\n"


def pem(name):
    return os.path.join(TLS, name)


class TlsClient(Client):
    """A connection whose server must show a certificate of the test authority."""

    def __init__(self, port, timeout=10, version=None, shows=None):
        super().__init__(port, timeout)
        context = ssl.create_default_context(cafile=pem("ca.pem"))
        context.set_alpn_protocols(["h2", "http/1.1"])
        if version:
            context.minimum_version = context.maximum_version = version
        if shows:
            context.load_cert_chain(pem(shows + ".pem"), pem(shows + ".key"))
        try:
            self.sock = context.wrap_socket(self.sock, server_hostname="localhost")
        except BaseException:
            self.sock.close()
            raise

    def subject(self):
        return dict(pair[0] for pair in self.sock.getpeercert()["subject"])["commonName"]


class TlsServer(Server):
    """Serves with copies of its own of the test certificate, `cert.pem` and `key.pem` in self.work."""

    def __init__(self, sets=(), **more):
        super().__init__(sets=sets, **more)
        self.use("server")
        self.sets += ["server.tls.cert=" + self.path("cert.pem"), "server.tls.key=" + self.path("key.pem")]

    def path(self, name):
        return os.path.join(self.work, name)

    def use(self, name, parts=("pem", "key")):
        for part in parts:
            target = self.path("cert.pem" if part == "pem" else "key.pem")
            shutil.copy(pem("%s.%s" % (name, part)), target + ".new")
            os.replace(target + ".new", target)

    def client(self, timeout=10, **more):
        return TlsClient(self.port, timeout, **more)

    def shown(self):
        with self.client() as c:
            return c.subject()


def refused(connect):
    try:
        with connect() as c:
            return c.ask(HEALTH)[0] != 200
    except (OSError, Closed):
        return True


def tls_carries_requests(check):
    with TlsServer(policies={"doc.yaml": policy()}) as server:
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with server.client(version=version) as c:
                name = version.name
                check(name + " certificate", c.subject() == "server")
                check(name + " protocol", c.sock.selected_alpn_protocol() == "http/1.1")
                for _ in range(3):
                    status, _, body = c.ask(post(question()))
                    check(name + " answer", status == 200 and b"EFFECT_ALLOW" in body, body)
                c.send(post(question()) * 20)
                check(name + " pipelined", all(c.reply()[0] == 200 for _ in range(20)))
                big = question()
                big["principal"]["attr"] = {"a": "x" * 300000}
                check(name + " large body", c.ask(post(big))[0] == 200)
                whole = post(question())
                for at in range(0, len(whole), 7):
                    c.send(whole[at:at + 7])
                check(name + " small records", c.reply()[0] == 200)
        check("its name", server.until(lambda: "https://" in server.out(), "announced") < 5)
        with Client(server.port) as c:
            c.send(HEALTH)
            c.closed_within(5)
            check("plain HTTP", c.data.startswith(b"HTTP/1.0 400 ") and b"HTTPS server" in c.data, c.data)
        with Client(server.port) as c:
            c.send(b"\x16\x03\x01\xff\xff" + b"\x00" * 200)
            check("garbage", c.closed_within(5))
        check("still there", server.effect() == "EFFECT_ALLOW")


def tls_refuses_old_versions(check):
    with TlsServer() as server:
        done = subprocess.run(["openssl", "s_client", "-connect", "127.0.0.1:%d" % server.port, "-tls1_1", "-cipher",
                               "ALL:@SECLEVEL=0"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=20) if shutil.which("openssl") else None
        if done:
            check("TLS 1.1", "alert protocol version" in done.stdout, done.stdout[-500:])
        check("TLS 1.2", server.effect() == "EFFECT_ALLOW")


def tls_waits_for_slow_readers(check):
    """Responses that the socket does not take at once."""
    with TlsServer(policies={"doc.yaml": policy()}, sets=["server.advanced.http.writeTimeout=20s"]) as server:
        many = question(includeMeta=True)
        many["resources"] = [{"actions": ["a%d" % n for n in range(50)], "resource": {"kind": "doc", "id": str(i)}}
                             for i in range(50)]
        rounds = 40
        with server.client(timeout=30) as c:
            writer = threading.Thread(target=c.send, args=(post(many) * rounds,))
            writer.start()
            time.sleep(0.5)
            sizes = set()
            for _ in range(rounds):
                status, _, body = c.reply()
                sizes.add((status, len(json.loads(body)["results"])))
            writer.join()
            check("all of it", sizes == {(200, 50)}, sizes)


def tls_meets_deadlines(check):
    sets = ["server.advanced.http.readHeaderTimeout=300ms", "server.advanced.http.idleTimeout=300ms"]
    with TlsServer(sets=sets) as server:
        with Client(server.port) as c:
            check("no handshake", c.closed_within(5))
        with server.client() as c:
            check("no request", c.closed_within(5))
        with server.client() as c:
            c.ask(HEALTH)
            check("no next request", c.closed_within(5))
        with server.client() as c:
            c.send(b"GET / HTTP/1.1\r\n")
            check("half a head", c.closed_within(5) and c.data.startswith(b"HTTP/1.1 408 "), c.data)


def certificates_are_followed(check):
    with TlsServer() as server:
        old = server.client()
        check("before", old.subject() == "server")
        server.use("renewed")
        server.until(lambda: server.shown() == "renewed", "renewed", 10)
        check("an open connection goes on", old.ask(HEALTH)[0] == 200)
        old.sock.close()
        server.use("server", ["pem"])  # the key of another certificate
        server.until(lambda: "stays in use" in server.log(), "refused", 10)
        check("half a change", server.shown() == "renewed")
        server.use("server", ["key"])
        server.until(lambda: server.shown() == "server", "whole", 10)
        with open(server.path("cert.pem"), "w", encoding="utf-8") as f:
            f.write("nonsense")
        lines = server.log().count("stays in use")
        server.signal(signal.SIGHUP)
        server.until(lambda: server.log().count("stays in use") > lines, "told", 10)
        check("nonsense", server.shown() == "server")
        os.remove(server.path("cert.pem"))
        time.sleep(2.5)
        check("gone", server.shown() == "server")
        server.use("renewed")
        server.signal(signal.SIGHUP)
        server.until(lambda: server.shown() == "renewed", "asked", 10)
        check("policies are still served", server.effect() == "EFFECT_ALLOW")


def client_certificates_are_verified(check):
    with TlsServer(sets=["server.tls.caCert=" + pem("ca.pem")]) as server:
        check("none is shown", not refused(server.client))
        check("a good one", not refused(lambda: server.client(shows="client")))
        check("a stranger's", refused(lambda: server.client(shows="stranger")))
        check("still there", server.effect() == "EFFECT_ALLOW")


def healthcheck_speaks_tls(check):
    with TlsServer() as server:
        host = "localhost:%d" % server.port

        def ask(*words):
            done = subprocess.run([server.program, "healthcheck", *words], stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, timeout=20)
            return done.returncode, done.stdout
        as_server = [word for s in server.sets for word in ("--set", s)]
        check("as configured", ask(*as_server)[0] == 0, ask(*as_server))
        check("authority", ask("--host-port", host, "--ca-cert", pem("ca.pem"))[0] == 0)
        address = "127.0.0.1:%d" % server.port
        check("address as a name", ask("--host-port", address, "--ca-cert", pem("ca.pem"))[0] == 0)
        check("insecure", ask("--host-port", host, "--insecure")[0] == 0)
        code, said = ask("--host-port", host, "--ca-cert", pem("stranger.pem"))
        check("another authority", code == 1 and "not believed" in said, said)
        check("plain", ask("--host-port", host)[0] == 1)
        check("plain on purpose", ask(*as_server, "--no-tls")[0] == 1)
        code, said = ask(*as_server, "--set", "server.tls.cert=" + pem("renewed.pem"))
        check("another certificate", code == 1 and "not believed" in said, said)
        server.signal(signal.SIGSTOP)
        try:
            code, said = ask(*as_server, "--timeout", "300ms")
            check("in time", code == 1 and "no answer in time" in said, said)
        finally:
            server.signal(signal.SIGCONT)


def bad_tls_does_not_start(check):
    cases = [("key is missing", ["server.tls.cert=" + pem("server.pem")], "needs both"),
             ("only authorities", ["server.tls.caCert=" + pem("ca.pem")], "needs both"),
             ("no such file", ["server.tls.cert=/nope", "server.tls.key=" + pem("server.key")], "cannot use /nope"),
             ("another key", ["server.tls.cert=" + pem("server.pem"), "server.tls.key=" + pem("renewed.key")],
              "cannot use"),
             ("no certificate", ["server.tls.cert=" + pem("server.key"), "server.tls.key=" + pem("server.key")],
              "cannot use"),
             ("no authority", ["server.tls.cert=" + pem("server.pem"), "server.tls.key=" + pem("server.key"),
                               "server.tls.caCert=" + pem("server.key")], "cannot use")]
    for what, sets, why in cases:
        with Server(sets=sets, wait=False) as server:
            check(what, server.ended() == 1 and why in server.log(), server.log())


# ---- Unix sockets ----

class UnixClient(Client):
    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(10)
        self.sock.connect(path)
        self.data = b""


class UnixServer(Server):
    def __init__(self, sets=()):
        super().__init__(sets=sets)
        self.path = os.path.join(self.work, "s")
        self.sets.append("server.httpListenAddr=unix:" + self.path)

    def client(self, timeout=10):
        return UnixClient(self.path)


def unix_sockets_are_served(check):
    with UnixServer(sets=["server.udsFileMode=0o600"]) as server:
        check("answer", server.effect() == "EFFECT_ALLOW")
        check("permissions", os.stat(server.path).st_mode & 0o777 == 0o600)
        check("its name", server.until(lambda: "unix:" + server.path in server.out(), "announced") < 5)
        health = subprocess.run([server.program, "healthcheck", "--host-port", "unix:" + server.path], timeout=20)
        check("healthcheck", health.returncode == 0)
        other = subprocess.run([server.program, "server", "--set", "server.httpListenAddr=unix:" + server.path, "--set",
                                "storage.disk.directory=" + server.dir], stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, timeout=20)
        check("a second server", other.returncode == 1 and "cannot bind" in other.stdout, other.stdout)
        check("the first one stays", server.effect() == "EFFECT_ALLOW")
        server.signal(signal.SIGKILL)
        server.ended()
        check("left behind", os.path.exists(server.path))
        server.__enter__()
        check("replaced", server.effect() == "EFFECT_ALLOW")
        server.signal(signal.SIGTERM)
        check("removed at the end", server.ended() == 0 and not os.path.exists(server.path))


SCENARIOS = [
    ("tls", tls_carries_requests),
    ("tls-versions", tls_refuses_old_versions),
    ("tls-slow-reader", tls_waits_for_slow_readers),
    ("tls-deadlines", tls_meets_deadlines),
    ("tls-certificates", certificates_are_followed),
    ("tls-clients", client_certificates_are_verified),
    ("tls-healthcheck", healthcheck_speaks_tls),
    ("tls-mistakes", bad_tls_does_not_start),
    ("unix-socket", unix_sockets_are_served),
]
