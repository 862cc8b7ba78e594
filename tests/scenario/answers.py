"""answers.py — what is answered, above all to what should not be sent

SPDX-License-Identifier: Apache-2.0
"""

import json
import os
import re

from server import Server, policy, post, question
from tally import ROOT


def checks_are_answered(check):
    with Server() as server, server.client() as c:
        status, headers, body = c.ask(post(question(requestId="r-1", includeMeta=True)))
        answer = json.loads(body)
        call_id = answer.pop("cerbosCallId")
        check("status", status == 200)
        check("call id", re.fullmatch("[0-7][0-9A-HJKMNP-TV-Z]{25}", call_id), call_id)
        check("body", answer == {"requestId": "r-1", "results": [
            {"resource": {"id": "1", "kind": "doc"}, "actions": {"read": "EFFECT_ALLOW"},
             "meta": {"actions": {"read": {"matchedPolicy": "resource.doc.vdefault"}}}}]}, answer)
        check("content type", headers["content-type"] == "application/json", headers)
        check("headers of the gateway", headers["grpc-metadata-content-type"] == "application/grpc", headers)
        check("a date", re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", headers["date"]), headers)
        names = set()
        for _ in range(200):
            names.add(json.loads(c.ask(post(question()))[2])["cerbosCallId"])
        check("call ids differ", len(names) == 200)
        _, _, body = c.ask(post(question(), "/api/check/resources?pretty"))
        check("pretty", body.startswith(b'{\n  "results": [\n    {\n'), body)
        _, _, body = c.ask(post(question(), extra="Accept: application/json+pretty\r\n"))
        check("pretty by Accept", body.startswith(b'{\n  "results": [\n'), body)


def is_json(data):
    try:
        json.loads(data.decode("utf-8"))
        return True
    except ValueError:
        return False


def bad_input_never_allows(check):
    """Every recorded refusal, over the wire; then every one-byte damage of a good body."""
    with open(os.path.join(ROOT, "testdata", "http", "check-requests.json"), encoding="utf-8") as f:
        cases = json.load(f)
    with Server(policies={"doc.yaml": policy(), "order.yaml": policy("order"), "k.yaml": policy("k")}) as server:
        with server.client() as c:
            wrong = []
            for case in cases:
                status, _, body = c.ask(post(case["body"].encode("latin-1")))
                answer = json.loads(body)
                if case["message"]:
                    good = status == 400 and answer["message"] == case["message"] and b"ALLOW" not in body
                else:
                    good = status == 200
                if not good:
                    wrong.append((case["body"], status, answer))
            check("%d recorded bodies" % len(cases), not wrong, wrong[:3])
            good = json.dumps(question()).encode()
            wrong = []
            for at in range(len(good)):
                for byte in b'"{}[],:\\x\x00\xff 0':
                    damaged = good[:at] + bytes([byte]) + good[at + 1:]
                    status, _, body = c.ask(post(damaged))
                    if b"ALLOW" in body and not is_json(damaged):
                        wrong.append((damaged, body))
                    if status not in (200, 400):
                        wrong.append((damaged, status))
            check("damaged bodies", not wrong, wrong[:3])


def routes_answer_like_the_reference(check):
    with Server() as server, server.client() as c:
        for method, path, status, body in [
                ("GET", "/nope", 404, b"404 page not found\n"),
                ("GET", "/api/nope", 404, b'{"code":5,"message":"Not Found"}'),
                ("GET", "/api/check/resources", 501, b'{"code":12,"message":"Method Not Allowed"}'),
                ("PUT", "/api/check/resources", 501, b'{"code":12,"message":"Method Not Allowed"}'),
                ("GET", "/admin/policies", 404, b'{"code":12,"message":"Admin service is disabled by the configuration"}'),
                ("GET", "/_cerbos/health?service=x", 404, b'{"code":5,"message":"unknown service"}'),
                ("GET", "/_cerbos/health?service=cerbos.svc.v1.CerbosService", 200, b'{"status":"SERVING"}'),
                ("GET", "http://any/_cerbos/health", 200, b'{"status":"SERVING"}'),
        ]:
            got = c.ask(b"%s %s HTTP/1.1\r\nHost: t\r\n\r\n" % (method.encode(), path.encode()))
            check("%s %s" % (method, path), (got[0], got[2]) == (status, body), got)
        c.send(b"HEAD /api/check/resources HTTP/1.1\r\nHost: t\r\n\r\n")
        status, headers, _ = c.reply(bodiless=True)
        check("HEAD has no body", status == 501 and int(headers["content-length"]) > 0, headers)
        check("and the connection goes on", c.ask(post(question()))[0] == 200)


def tokens_are_refused(check):
    with Server() as server:
        for aux, want in [({}, 200), ({"jwt": {"token": "a.b.c"}}, 400), ({"jwts": {"a": {"token": "x"}}}, 400)]:
            status, answer = server.ask(question(auxData=aux))
            check(json.dumps(aux), status == want and (want == 200 or answer["message"] == "invalid auxData"), answer)


def schemas_are_enforced(check):
    text = policy().replace("  rules:", "  schemas:\n    principalSchema:\n      ref: cerbos:///p.json\n  rules:")
    strict = '{"type": "object", "required": ["department"]}'
    for level, schema, want, told in [
            ("none", strict, "EFFECT_ALLOW", False), ("warn", strict, "EFFECT_ALLOW", True),
            ("reject", strict, "EFFECT_DENY", True), ("reject", "{}", "EFFECT_ALLOW", False),
            ("reject", "{ broken", "EFFECT_DENY", True)]:
        with Server(policies={"a.yaml": text, "_schemas/p.json": schema}, sets=["schema.enforcement=" + level]) as server:
            status, answer = server.ask(question())
            result = answer["results"][0]
            name = level + " with " + schema
            check(name, status == 200 and list(result["actions"].values()) == [want], answer)
            check(name + " is explained", ("validationErrors" in result) == told, answer)


def limits_of_a_request(check):
    with Server(sets=["server.requestLimits.maxActionsPerResource=2", "server.requestLimits.maxResourcesPerRequest=2"]) as s:
        body = question()
        body["resources"][0]["actions"] = ["a", "b", "c"]
        check("actions", s.ask(body) == (400, {"code": 3, "message": "number of actions (3) exceeds configured limit (2)"}))
        body = question()
        body["resources"] = body["resources"] * 3
        check("resources", s.ask(body)[1]["message"] == "number of resources in batch (3) exceeds configured limit (2)")


SCENARIOS = [(f.__name__, f) for f in (
    checks_are_answered, bad_input_never_allows, routes_answer_like_the_reference, tokens_are_refused,
    schemas_are_enforced, limits_of_a_request)]
