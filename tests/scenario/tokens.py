"""tokens.py — tokens of requests, and the key sets that they are verified with

A publisher on 127.0.0.1 stands for the issuer: what it answers can be changed while the server runs. Tokens are signed
here with secrets, which is what Python can do by itself; other signatures are the business of tests/unit/test_jwt.c.

SPDX-License-Identifier: Apache-2.0
"""

import base64
import hashlib
import hmac
import http.server
import json
import os
import signal
import ssl
import threading
import time

from server import Server, question
from tally import ROOT

POLICY = {"doc.yaml": """apiVersion: api.cerbos.dev/v1
resourcePolicy:
  resource: doc
  version: default
  rules:
    - actions: [read]
      roles: [user]
      effect: EFFECT_ALLOW
      condition:
        match:
          expr: >-
            has(request.auxData.jwts) ? request.auxData.jwts.app.claims.sub == "ann"
                                      : request.auxData.jwt.sub == "ann"
"""}
TLS = os.path.join(ROOT, "testdata", "jwt", "tls")
REFUSED = (400, {"code": 3, "message": "invalid auxData"})


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def jwk(secret, kid, **more):
    return dict({"kty": "oct", "k": b64(secret.encode()), "kid": kid, "alg": "HS256"}, **more)


def token(secret, kid, **claims):
    parts = [json.dumps(part).encode() for part in ({"alg": "HS256", "kid": kid}, dict({"sub": "ann"}, **claims))]
    signed = ".".join(b64(part) for part in parts)
    return signed + "." + b64(hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest())


OLD, NEW = "the first secret, which is long enough", "the second secret, which is no shorter"
OLD_SET, NEW_SET = {"keys": [jwk(OLD, "old")]}, {"keys": [jwk(NEW, "new")]}
OLD_TOKEN, NEW_TOKEN = token(OLD, "old"), token(NEW, "new")


class Publisher:
    """Serves a key set, or something else; counts the requests."""

    def __init__(self, keys, tls=False):
        self.status, self.body, self.headers, self.hits = 200, b"", {}, 0
        self.publish(keys)
        publisher = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                publisher.hits += 1
                publisher.answer(self)

            def log_message(self, *_):
                pass

        self.handler = Handler
        self.open(0)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(os.path.join(TLS, "publisher.pem"))
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = "%s://127.0.0.1:%d/keys" % ("https" if tls else "http", self.port)

    def open(self, port):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), self.handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # a peer that hangs up is none of our business
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def publish(self, keys):
        self.status, self.body = 200, keys if isinstance(keys, bytes) else json.dumps(keys).encode()

    def answer(self, request):
        request.send_response(self.status)
        for name, value in self.headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(self.body)))
        request.end_headers()
        request.wfile.write(self.body)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def remote(publisher, **more):
    return {"auxData": {"jwt": {"keySets": [{"id": "issuer", "remote": dict({"url": publisher.url}, **more)}]}}}


def quick(publisher):
    return remote(publisher, refreshInterval="100ms")


def asked(server, text, key_set=None):
    """The effect, or what was answered instead."""
    jwt = {"token": text, **({"keySetId": key_set} if key_set else {})}
    status, answer = server.ask(question(auxData={"jwt": jwt}))
    return answer["results"][0]["actions"]["read"] if status == 200 else (status, answer)


def allowed(server, text, key_set=None):
    return asked(server, text, key_set) == "EFFECT_ALLOW"


# ---- local sets -------------------------------------------------------------------------------

def local_sets(check):
    data = base64.b64encode(json.dumps(NEW_SET).encode()).decode()
    config = {"auxData": {"jwt": {"keySets": [
        {"id": "file", "local": {"file": "keys.jwk"}}, {"id": "data", "local": {"data": data}},
        {"id": "gone", "local": {"file": "nowhere.jwk"}}]}}}
    server = Server(POLICY, config=config)
    with open(os.path.join(server.work, "keys.jwk"), "w", encoding="utf-8") as f:
        json.dump(OLD_SET, f)
    with server:
        check("by file", allowed(server, OLD_TOKEN, "file"), asked(server, OLD_TOKEN, "file"))
        check("by data", allowed(server, NEW_TOKEN, "data"))
        check("claims count", asked(server, token(OLD, "old", sub="bob"), "file") == "EFFECT_DENY")
        for name, text, key_set in (("another set", OLD_TOKEN, "data"), ("a set that cannot be read", OLD_TOKEN, "gone"),
                                    ("no set of that name", OLD_TOKEN, "x"), ("no set named", OLD_TOKEN, None),
                                    ("expired", token(OLD, "old", exp=1), "file"),
                                    ("changed", OLD_TOKEN[:-2] + "AA", "file"), ("noise", "noise", "file")):
            check("refused: " + name, asked(server, text, key_set) == REFUSED, asked(server, text, key_set))
        log = server.log()
        check("the log names the file", "key set `gone`: cannot read nowhere.jwk" in log, log)
        check("the log says why", "a token was refused: " in log, log)
        check("at most once a worker", log.count("a token was refused: ") <= (os.cpu_count() or 1), log)
        check("and nothing of a token or a key", OLD_TOKEN[:20] not in log and OLD not in log and
              jwk(OLD, "")["k"] not in log and "noise" not in log, log)
        check("without a token all is as before", server.ask(question())[0] == 200)


def deprecated_routes(check):
    config = {"auxData": {"jwt": {"keySets": [
        {"id": "issuer", "local": {"data": base64.b64encode(json.dumps(OLD_SET).encode()).decode()}}]}}}
    principal = {"id": "ann", "roles": ["user"]}
    one = {"principal": principal, "actions": ["read"], "resource": {"kind": "doc", "instances": {"1": {}}}}
    batch = {"principal": principal, "resources": [{"actions": ["read"], "resource": {"kind": "doc", "id": "1"}}]}
    with Server(POLICY, config=config) as server:
        for path, body in (("/api/check", one), ("/api/check_resource_batch", batch)):
            status, answer = server.ask(dict(body, auxData={"jwt": {"token": OLD_TOKEN}}), path)
            check("%s: claims count" % path, status == 200 and "EFFECT_ALLOW" in json.dumps(answer), answer)
            answer = server.ask(dict(body, auxData={"jwt": {"token": NEW_TOKEN}}), path)
            check("%s: refused" % path, answer == REFUSED, answer)


def named_tokens(check):
    config = {"auxData": {"jwt": {"keySets": [
        {"id": "issuer", "local": {"data": base64.b64encode(json.dumps(OLD_SET).encode()).decode()}}]}}}
    with Server(POLICY, config=config) as server:
        def effect(jwts):
            status, answer = server.ask(question(auxData={"jwts": jwts}))
            return answer["results"][0]["actions"]["read"] if status == 200 else (status, answer)

        good, other = {"token": OLD_TOKEN}, {"token": token(OLD, "old", sub="bob")}
        check("one", effect({"app": good}) == "EFFECT_ALLOW", effect({"app": good}))
        check("two", effect({"app": good, "device": other}) == "EFFECT_ALLOW")
        check("each under its name", effect({"app": other, "device": good}) == "EFFECT_DENY")
        check("one bad, all refused", effect({"app": good, "device": {"token": "x"}}) == REFUSED)
        many = {"app": good, **{"t%d" % i: good for i in range(15)}}
        check("as many as may be", effect(many) == "EFFECT_ALLOW", effect(many))
        check("and not one more", effect(dict(many, more=good)) == REFUSED)


def read_again(check):
    config = {"auxData": {"jwt": {"keySets": [{"id": "file", "local": {"file": "keys.jwk"}}]}}}
    server = Server(POLICY, config=config)
    path = os.path.join(server.work, "keys.jwk")

    def write(text):
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)

    write(json.dumps(OLD_SET))
    with server:
        check("before", allowed(server, OLD_TOKEN))
        write(json.dumps(NEW_SET))
        check("not without being asked", allowed(server, OLD_TOKEN))
        server.signal(signal.SIGHUP)
        server.until(lambda: allowed(server, NEW_TOKEN), "the new set in use")
        check("the old key is gone", asked(server, OLD_TOKEN) == REFUSED)
        write("noise")
        server.signal(signal.SIGHUP)
        server.until(lambda: "key set `file` (keys.jwk) cannot be used" in server.log(), "said so")
        check("a broken file changes nothing", allowed(server, NEW_TOKEN))


def without_verification(check):
    with Server(POLICY, config={"auxData": {"jwt": {"disableVerification": True}}}) as server:
        check("any signature", allowed(server, OLD_TOKEN[:-2] + "AA"))
        check("times are checked", asked(server, token(OLD, "old", exp=1)) == REFUSED)
        check("and said aloud", "INSECURE: signatures of tokens are not verified" in server.log(), server.log())


# ---- remote sets ------------------------------------------------------------------------------

def rotation(check):
    with Publisher(OLD_SET) as publisher, Server(POLICY, config=quick(publisher)) as server:
        check("fetched before the first request", allowed(server, OLD_TOKEN), asked(server, OLD_TOKEN))
        check("a new key is not known yet", asked(server, NEW_TOKEN) == REFUSED)
        publisher.publish({"keys": OLD_SET["keys"] + NEW_SET["keys"]})
        server.until(lambda: allowed(server, NEW_TOKEN), "both keys in use")
        check("the old one still", allowed(server, OLD_TOKEN))
        publisher.publish(NEW_SET)
        server.until(lambda: asked(server, OLD_TOKEN) == REFUSED, "the old key gone")
        check("the new one stays", allowed(server, NEW_TOKEN))
        check("said when it changes, not at each fetch", server.log().count("key set `issuer`: ") == 3, server.log())


def asked_for(check):
    """The interval is long: a token with an unknown key, or a signal, makes the set due."""
    with Publisher(OLD_SET) as publisher, Server(POLICY, config=remote(publisher, refreshInterval="1h")) as server:
        check("before", allowed(server, OLD_TOKEN))
        publisher.publish(NEW_SET)
        check("refused at first", asked(server, NEW_TOKEN) == REFUSED)
        server.until(lambda: allowed(server, NEW_TOKEN), "the new key in use")
        hits = publisher.hits
        for i in range(200):
            asked(server, token(OLD, "made up %d" % i))
        check("made up keys do not call the publisher", publisher.hits == hits, publisher.hits - hits)
        publisher.publish(OLD_SET)
        server.signal(signal.SIGHUP)
        server.until(lambda: allowed(server, OLD_TOKEN), "fetched as asked")


def outage(check):
    with Publisher(OLD_SET) as publisher, Server(POLICY, config=quick(publisher)) as server:
        for name, status, body in (("an error", 500, b"no"), ("a page", 200, b"<html>"), ("nothing", 200, b""),
                                   ("half a set", 200, json.dumps(NEW_SET).encode()[:-9]),
                                   ("a key that nobody can read", 200, b'{"keys":[{"kty":"new","kid":"x","alg":"HS256"}]}')):
            publisher.status, publisher.body = status, body
            hits = publisher.hits
            server.until(lambda: publisher.hits >= hits + 2, "asked twice")
            check("after %s the last set is used" % name, allowed(server, OLD_TOKEN))
        publisher.publish({"keys": []})
        server.until(lambda: asked(server, OLD_TOKEN) == REFUSED, "withdrawn keys refused")
        publisher.publish(NEW_SET)
        server.until(lambda: allowed(server, NEW_TOKEN), "back")


def down_at_start(check):
    publisher = Publisher(OLD_SET)
    publisher.server.server_close()
    with Server(POLICY, config=quick(publisher)) as server:
        check("tokens are refused", asked(server, OLD_TOKEN) == REFUSED, asked(server, OLD_TOKEN))
        check("other requests are not", server.ask(question())[0] == 200)
        check("the log says why", "key set `issuer`: cannot be fetched: " in server.log(), server.log())
        publisher.open(publisher.port)
        with publisher:
            server.until(lambda: allowed(server, OLD_TOKEN), "the set in use without a restart")


def silent_publisher(check):
    release = threading.Event()
    with Publisher(OLD_SET) as publisher:
        publisher.answer = lambda request: release.wait(30)
        began = time.monotonic()
        with Server(POLICY, config=quick(publisher)) as server:
            check("serves all the same", time.monotonic() - began < 15, time.monotonic() - began)
            check("tokens are refused", asked(server, OLD_TOKEN) == REFUSED)
            check("other requests are not", server.ask(question())[0] == 200)
            server.signal(signal.SIGTERM)
            began = time.monotonic()
            check("ends without waiting for it", server.ended(10) == 0 and time.monotonic() - began < 5)
        release.set()


def bounds(check):
    with Publisher(OLD_SET) as publisher, Server(POLICY, config=quick(publisher)) as server:
        publisher.body = json.dumps(dict(NEW_SET, x="x" * (1 << 20))).encode()
        server.until(lambda: "cannot be fetched: larger than 1 MiB" in server.log(), "refused for its size")
        check("the last set is used", allowed(server, OLD_TOKEN))


def redirects(check):
    with Publisher(OLD_SET) as target, Publisher(b"") as publisher:
        publisher.status, publisher.headers = 302, {"Location": target.url}
        with Server(POLICY, config=quick(publisher)) as server:
            check("followed", allowed(server, OLD_TOKEN), asked(server, OLD_TOKEN))
            hits = target.hits
            for where in ("file:///etc/passwd", "ftp://127.0.0.1/", publisher.url):
                publisher.headers = {"Location": where}
                said = server.log().count("cannot be fetched")
                server.until(lambda: server.log().count("cannot be fetched") > said, "refused: " + where)
                check("%s: the last set is used" % where, allowed(server, OLD_TOKEN))
            check("the target was not asked meanwhile", target.hits - hits <= 1, target.hits - hits)


def tls(check):
    authority = {"SSL_CERT_FILE": os.path.join(TLS, "authority.pem"), "SSL_CERT_DIR": ""}
    with Publisher(OLD_SET, tls=True) as publisher:
        with Server(POLICY, config=quick(publisher), env=authority) as server:
            check("a publisher that is trusted", allowed(server, OLD_TOKEN), server.log())
            with Publisher(NEW_SET) as plain:
                publisher.status, publisher.headers = 302, {"Location": plain.url}
                server.until(lambda: "cannot be fetched" in server.log(), "no way from https to http")
                check("nothing was asked there", plain.hits == 0, plain.hits)
            publisher.status, publisher.headers = 200, {}
        with Server(POLICY, config=quick(publisher)) as server:
            check("one that is not", asked(server, OLD_TOKEN) == REFUSED)
            check("said so", "certificate" in server.log(), server.log())
        config = quick(publisher)
        config["auxData"]["jwt"]["keySets"][0]["remote"]["url"] = publisher.url.replace("127.0.0.1", "localhost")
        with Server(POLICY, config=config, env=authority) as server:
            check("another name than the certificate's", asked(server, OLD_TOKEN) == REFUSED, server.log())


SCENARIOS = [
    ("local sets", local_sets),
    ("deprecated routes", deprecated_routes),
    ("named tokens", named_tokens),
    ("read again", read_again),
    ("without verification", without_verification),
    ("rotation", rotation),
    ("asked for", asked_for),
    ("outage", outage),
    ("down at start", down_at_start),
    ("silent publisher", silent_publisher),
    ("bounds", bounds),
    ("redirects", redirects),
    ("tls", tls),
]
