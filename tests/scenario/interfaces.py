"""interfaces.py — what the server offers besides checks

SPDX-License-Identifier: Apache-2.0
"""

import json

from server import Server, policy, post, question


def get(path, extra="", method="GET"):
    return ("%s %s HTTP/1.1\r\nHost: t\r\n%s\r\n" % (method, path, extra)).encode()


# ---- pages of other origins ----

ORIGIN = "Origin: https://a.example\r\n"
ASKS = ORIGIN + "Access-Control-Request-Method: POST\r\n"
ALLOWED = "access-control-allow-origin"


def origins_are_not_allowed_by_default(check):
    with Server() as server, server.client() as c:
        status, headers, _ = c.ask(post(question(), extra=ORIGIN))
        check("answered", status == 200)
        check("nothing is said", ALLOWED not in headers and "vary" not in headers, headers)
        status, headers, body = c.ask(get("/api/check/resources", ASKS, "OPTIONS"))
        check("no preflight", status == 501 and ALLOWED not in headers and b'"code":12' in body, (status, headers))


def origins_are_allowed_when_configured(check):
    listed = ["server.cors.allowedOrigins={https://a.example}", "server.cors.maxAge=10m"]
    with Server(sets=listed) as server, server.client() as c:
        status, headers, _ = c.ask(post(question(), extra=ORIGIN))
        check("named", status == 200 and headers[ALLOWED] == "https://a.example", headers)
        check("answers vary", headers["vary"] == "Origin", headers)
        _, headers, _ = c.ask(post(question(), extra="Origin: https://evil.example\r\n"))
        check("another one", ALLOWED not in headers, headers)
        _, headers, _ = c.ask(post(question(), extra="Origin: https://evil.example\r\n" + ORIGIN))
        check("the first of two counts", ALLOWED not in headers, headers)
        status, headers, body = c.ask(post(b"{", extra=ORIGIN))
        check("errors too", status == 400 and headers[ALLOWED] == "https://a.example", headers)
        status, headers, body = c.ask(get("/nope", ASKS + "Access-Control-Request-Headers: content-type\r\n", "OPTIONS"))
        check("preflight", status == 204 and body == b"" and "content-length" not in headers, (status, headers))
        check("origin", headers[ALLOWED] == "https://a.example", headers)
        check("method", headers["access-control-allow-methods"] == "POST", headers)
        check("headers", headers["access-control-allow-headers"] == "content-type", headers)
        check("age", headers["access-control-max-age"] == "600", headers)
        _, headers, _ = c.ask(get("/", ASKS + "Access-Control-Request-Headers: authorization\r\n", "OPTIONS"))
        check("a header that is not listed", ALLOWED not in headers, headers)
        # answers that follow one another in one write, with and without the lines
        c.send(post(question(), extra=ORIGIN) + get("/nope", ASKS, "OPTIONS") + post(question()))
        replies = [c.reply() for _ in range(3)]
        check("three in a row", [r[0] for r in replies] == [200, 204, 200], replies)
        check("each its own", [ALLOWED in r[1] for r in replies] == [True, True, False], replies)
        long = "Origin: https://%s.example\r\n" % ("x" * 8000)
        status, headers, _ = c.ask(post(question(), extra=long))
        check("a very long origin", status == 200 and ALLOWED not in headers, headers)
    with Server(sets=["server.cors.disabled=false"]) as server, server.client() as c:
        status, headers, _ = c.ask(post(question(), extra=long))
        check("all", status == 200 and headers[ALLOWED] == "*", headers)
        _, headers, _ = c.ask(get("/", "Origin: https://a.example\r\nAccess-Control-Request-Method: POST\r\n"
                                  "Access-Control-Request-Headers: %saccept\r\n" % ("," * 16), "OPTIONS"))
        check("headers are echoed", headers["access-control-allow-headers"] == "," * 16 + "accept", headers)


# ---- deprecated checks ----

def deprecated_checks_are_answered(check):
    ann = {"id": "ann", "roles": ["user"]}
    with Server(policies={"doc.yaml": policy()}) as server, server.client() as c:
        body = {"requestId": "r", "includeMeta": True, "principal": ann, "actions": ["read", "write"],
                "resource": {"kind": "doc", "instances": {"1": {}, "2": {"attr": {"a": [1]}}}}}
        status, headers, got = c.ask(post(body, "/api/check"))
        actions = {"actions": {"read": "EFFECT_ALLOW", "write": "EFFECT_DENY"}}
        matched = {"actions": {name: {"matchedPolicy": "resource.doc.vdefault"} for name in ("read", "write")}}
        check("set", status == 200 and json.loads(got) == {
            "requestId": "r", "resourceInstances": {"1": actions, "2": actions},
            "meta": {"resourceInstances": {"1": matched, "2": matched}}}, got)
        check("headers of the gateway", headers["grpc-metadata-content-type"] == "application/grpc", headers)
        del body["includeMeta"], body["requestId"]
        check("set without meta", json.loads(c.ask(post(body, "/api/check"))[2]) == {
            "resourceInstances": {"1": actions, "2": actions}})
        entry = {"actions": ["read", "write"], "resource": {"kind": "doc", "id": "1"}}
        status, _, got = c.ask(post({"requestId": "r", "principal": ann, "resources": [entry, entry]},
                                    "/api/check_resource_batch"))
        result = dict(actions, resourceId="1")
        check("batch", status == 200 and json.loads(got) == {"requestId": "r", "results": [result, result]}, got)
        for path in ("/api/check", "/api/check_resource_batch"):
            check(path + " empty", c.ask(post(b"", path))[0] == 400)
            check(path + " wrong method", c.ask(get(path))[0] == 501)
            status, _, got = c.ask(post(dict(body, auxData={"jwt": {"token": "x"}}) if path == "/api/check" else {
                "principal": ann, "resources": [entry], "auxData": {"jwt": {"token": "x"}}}, path))
            check(path + " with a token", status == 400 and b"ALLOW" not in got, got)


SCENARIOS = [
    ("deprecated-checks", deprecated_checks_are_answered),
    ("origins-by-default", origins_are_not_allowed_by_default),
    ("origins-when-configured", origins_are_allowed_when_configured),
]
