"""interfaces.py — what the server offers besides checks

SPDX-License-Identifier: Apache-2.0
"""

import gzip
import json
import os
import re

from server import Server, policy, post, question
from tally import ROOT


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


# ---- metrics ----

SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\]|\\\\.)*",?)+)\})? (\S+)$')
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')


def parse_metrics(text):
    """{(name, labels): value} of a page in the text format; raises ValueError where the page breaks its rules."""
    types, done, samples, current = {}, set(), {}, None
    if not text.endswith("\n"):
        raise ValueError("the last line has no end")
    for line in text[:-1].split("\n"):
        if line.startswith("# "):
            word, name, rest = line[2:].split(" ", 2)
            if word == "HELP":
                if name in done:
                    raise ValueError("%s comes twice" % name)
                done.add(name)
                current = name
            elif word != "TYPE" or name != current or name in types:
                raise ValueError("out of place: " + line)
            elif rest not in ("counter", "gauge", "histogram"):
                raise ValueError("no such type: " + line)
            else:
                types[name] = rest
            continue
        found = SAMPLE.match(line)
        if not found:
            raise ValueError("no sample: " + line)
        name, labels = found.group(1), tuple(LABEL.findall(found.group(2) or ""))
        if re.sub("_(bucket|sum|count)$", "", name) != current and name != current:
            raise ValueError("out of place: " + line)
        if (name, labels) in samples:
            raise ValueError("comes twice: " + line)
        samples[name, labels] = float(found.group(3))
    check_histograms(types, samples)
    return samples


def check_histograms(types, samples):
    for (name, labels), value in samples.items():
        base = re.sub("_count$", "", name)
        if base == name or types.get(base) != "histogram":
            continue
        buckets = [(float(dict(at)["le"]), n) for (other, at), n in samples.items()
                   if other == base + "_bucket" and tuple(x for x in at if x[0] != "le") == labels]
        if buckets != sorted(buckets) or [n for _, n in buckets] != sorted(n for _, n in buckets):
            raise ValueError("buckets of %s do not ascend" % base)
        if buckets[-1] != (float("inf"), value) or (base + "_sum", labels) not in samples:
            raise ValueError("%s is not complete" % base)


def metrics_count_what_happens(check):
    with Server(policies={"doc.yaml": policy()}, sets=["server.advanced.http.workers=2"]) as server:
        clients = [server.client() for _ in range(4)]
        two = question()
        two["resources"].append({"actions": ["read", "write"], "resource": {"kind": "none", "id": "1"}})
        for c in clients:
            c.ask(post(question()))
            c.ask(post(two))
            c.ask(post(b"{"))
        with server.client() as c:
            c.ask(post({"principal": {"id": "ann", "roles": ["user"]}, "actions": ["read"],
                        "resource": {"kind": "doc", "instances": {"1": {}, "2": {}, "3": {}}}}, "/api/check"))
            c.send(b"nonsense\r\n\r\n")
            c.closed_within(5)
        with server.client() as c:
            status, headers, body = c.ask(get("/_cerbos/metrics"))
            check("answered", status == 200 and headers["content-type"].startswith("text/plain; version=0.0.4"), headers)
            m = parse_metrics(body.decode())

            def value(name, **labels):
                return m.get((name, tuple(labels.items())))
            check("checks", value("cardea_checks_total") == 9, m)
            check("allowed", value("cardea_actions_total", effect="allow") == 4 + 4 + 3, m)
            check("denied", value("cardea_actions_total", effect="deny") == 8, m)
            check("latency", value("cerbos_dev_engine_check_latency_milliseconds_count", status="success") == 9, m)
            check("took some time", value("cerbos_dev_engine_check_latency_milliseconds_sum", status="success") > 0, m)
            check("no failure", value("cerbos_dev_engine_check_latency_milliseconds_count", status="failure") is None, m)
            check("batch sizes", value("cerbos_dev_engine_check_batch_size_sum") == 4 + 8 + 3, m)
            check("refused messages", value("cardea_http_refused_total") == 1, m)
            check("requests", value("cardea_http_requests_total") >= 14, m)
            for status, n in (("200", 9), ("400", 4)):
                labels = {"http_request_method": "POST", "http_response_status_code": status,
                          "network_protocol_name": "http"}
                check("responses " + status, value("http_server_request_duration_seconds_count", **labels) == n, m)
                check("bytes " + status, value("http_server_response_body_size_bytes_sum", **labels) > 0, m)
            check("policies", value("cerbos_dev_index_entry_count") == 1, m)
            check("published", value("cerbos_dev_store_last_successful_refresh", driver="disk") > 1.6e12, m)
            check("connections", value("cardea_http_open_connections") >= 5, m)
            check("memory", value("process_resident_memory_bytes") > 1e6, m)
            check("any method", c.ask(get("/_cerbos/metrics", "Content-Length: 0\r\n", "POST"))[0] == 200)
        for c in clients:
            c.sock.close()
    with Server(sets=["server.metricsEnabled=false"]) as server, server.client() as c:
        check("switched off", c.ask(get("/_cerbos/metrics"))[0] == 404)
        check("checks go on", c.ask(post(question()))[0] == 200)


# ---- AuthZEN ----

def authzen_is_answered(check):
    user, order = {"type": "user", "id": "ann"}, {"type": "doc", "id": "1"}
    with Server(policies={"doc.yaml": policy()}) as server, server.client() as c:
        single = {"subject": user, "resource": order, "action": {"name": "read"}}
        path, many = "/access/v1/evaluation", "/access/v1/evaluations"
        status, headers, got = c.ask(post(single, path))
        check("yes", status == 200 and json.loads(got) == {"decision": True}, got)
        check("headers of the gateway", headers["grpc-metadata-content-type"] == "application/grpc", headers)
        check("no", json.loads(c.ask(post(dict(single, action={"name": "write"}), path))[2]) == {"decision": False})
        status, _, got = c.ask(post(dict(single, context={"cerbos.includeMeta": True, "cerbos.requestId": "r"}), path))
        check("meta", json.loads(got)["context"]["cerbos.response"] == {"requestId": "r", "results": [
            {"resource": {"id": "1", "kind": "doc"}, "actions": {"read": "EFFECT_ALLOW"},
             "meta": {"actions": {"read": {"matchedPolicy": "resource.doc.vdefault"}}}}]}, got)
        # the reference takes the second for the first, for their ids are equal: a wrong yes
        batch = {"resource": order, "action": {"name": "read"},
                 "evaluations": [{"subject": user}, {"subject": {"type": "nobody", "id": "ann"}}, {"subject": user}]}

        def decisions(**more):
            return [e["decision"] for e in json.loads(c.ask(post(dict(batch, **more), many))[2])["evaluations"]]
        check("each by itself", decisions() == [True, False, True])
        check("until no", decisions(options={"evaluations_semantic": "deny_on_first_deny"}) == [True, False])
        check("until yes", decisions(options={"evaluations_semantic": "permit_on_first_permit"}) == [True])
        check("empty", c.ask(post({}, many))[0] == 400)
        status, _, got = c.ask(post(dict(single, context={"cerbos.auxData": {"jwt": {"token": "x"}}}), path))
        check("a token that is none", status == 400 and b"decision" not in got, got)
        place = "/.well-known/authzen-configuration"
        told = json.loads(c.ask(get(place))[2])
        check("metadata", told["access_evaluation_endpoint"] == "http://t/access/v1/evaluation", told)
        told = json.loads(c.ask(get(place, "X-Forwarded-Host: p.example\r\nX-Forwarded-Proto: https\r\n"))[2])
        check("behind a proxy", told["policy_decision_point"] == "https://p.example", told)


# ---- compression ----

def large_answers_are_compressed_when_asked_for(check):
    many = question()
    many["resources"] = [{"actions": ["read", "write"], "resource": {"kind": "doc", "id": str(i)}} for i in range(50)]
    wants = "Accept-Encoding: deflate, gzip\r\n"
    with Server(policies={"doc.yaml": policy()}) as server, server.client() as c:
        _, headers, _ = c.ask(post(many, extra=wants))
        check("not by default", "content-encoding" not in headers and "vary" not in headers, headers)
    sets = ["server.advanced.http.gzipMinBytes=1000", "server.cors.disabled=false"]
    with Server(policies={"doc.yaml": policy()}, sets=sets) as server, server.client() as c:
        for _ in range(3):
            status, headers, body = c.ask(post(many, extra=wants + ORIGIN))
            whole = json.loads(gzip.decompress(body))
            check("large", status == 200 and headers["content-encoding"] == "gzip" and len(body) < 1000, headers)
            check("whole", len(whole["results"]) == 50 and whole["results"][7]["actions"]["read"] == "EFFECT_ALLOW")
            check("cross-origin line", headers[ALLOWED] == "*", headers)
        _, headers, body = c.ask(post(many))
        check("not asked for", "content-encoding" not in headers and json.loads(body) and
              headers["vary"] == "Accept-Encoding", headers)
        _, headers, body = c.ask(post(many, extra="Accept-Encoding: gzip;q=0\r\n"))
        check("not wanted", "content-encoding" not in headers and json.loads(body))
        _, headers, body = c.ask(post(question(), extra=wants))
        check("small", "content-encoding" not in headers and json.loads(body))
        c.send(post(many, extra=wants) + post(question(), extra=wants) + get("/", wants) + post(many))
        kinds = [c.reply()[1].get("content-encoding") for _ in range(4)]
        check("one after the other", kinds == ["gzip", None, "gzip", None], kinds)
        c.send(get("/", wants, "HEAD"))
        status, headers, _ = c.reply(bodiless=True)
        check("head", status == 200 and headers["content-encoding"] == "gzip", headers)
        check("still in step", c.ask(post(question()))[0] == 200)


# ---- documents ----

def the_interface_describes_itself(check):
    with Server(sets=["server.cors.disabled=false"]) as server, server.client() as c:
        status, headers, body = c.ask(get("/schema/swagger.json"))
        with open(os.path.join(ROOT, "schemas", "openapi.json"), "rb") as f:
            check("document", status == 200 and body == f.read() and headers["content-type"] == "application/json")
        doc = json.loads(body)
        for path, methods in doc["paths"].items():
            for method, operation in methods.items():
                if method == "get":
                    check("GET " + path, c.ask(get(path))[0] == 200)
                    continue
                status, _, got = c.ask(post(operation["x-example"], path))
                check("example of " + path, status == 200 and (b"EFFECT_" in got or b"decision" in got), got)
        for path in doc["x-not-served"]["paths"]:
            check("not served: " + path, c.ask(post({}, path))[0] == 404)
        check("references", all("definitions/%s\"" % name in body.decode() for name in doc["definitions"]))
        status, headers, body = c.ask(get("/", ORIGIN))
        check("page", status == 200 and headers["content-type"] == "text/html; charset=utf-8", headers)
        check("nothing from elsewhere", not re.search(rb"(src|href)=.https?:|@import|url\(", body))
        check("says so", "default-src 'none'" in headers["content-security-policy"], headers)
        check("beside cross-origin lines", headers[ALLOWED] == "*", headers)
        c.send(get("/", "", "HEAD"))
        status, headers, body = c.reply(bodiless=True)
        check("head", status == 200 and int(headers["content-length"]) > 1000)
    with Server(sets=["server.apiExplorerEnabled=false"]) as server, server.client() as c:
        check("switched off", c.ask(get("/"))[0] == 404)


SCENARIOS = [
    ("deprecated-checks", deprecated_checks_are_answered),
    ("authzen", authzen_is_answered),
    ("compression", large_answers_are_compressed_when_asked_for),
    ("documents", the_interface_describes_itself),
    ("metrics", metrics_count_what_happens),
    ("origins-by-default", origins_are_not_allowed_by_default),
    ("origins-when-configured", origins_are_allowed_when_configured),
]
