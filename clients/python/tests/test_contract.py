"""All vectors of clients/contract, through the async and the sync client.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from fake_pdp import FakePdp, answer, unused_port

from cardea import Answer, AsyncClient, Client, Entry, Principal, Resource
from cardea.mcp import Guard, Refusal, Unavailable, principal_from_claims

CONTRACT = Path(os.environ.get("CARDEA_CONTRACT", Path(__file__).resolve().parents[2] / "contract"))


def load(name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((CONTRACT / name).read_text(encoding="utf-8"))
    return data


CHECK, FAILURES, MCP, PRINCIPAL = map(
    load, ("check.json", "failures.json", "mcp.json", "principal.json")
)


def vectors(data: list[dict[str, Any]]) -> Any:
    return pytest.mark.parametrize("vector", data, ids=[v["name"] for v in data])


def snake(members: dict[str, Any]) -> dict[str, Any]:
    return {"policy_version" if k == "policyVersion" else k: v for k, v in members.items()}


def principal(members: dict[str, Any]) -> Principal:
    return Principal(**snake(members))


def entries(ask: dict[str, Any]) -> list[Entry]:
    return [Entry(Resource(**snake(e["resource"])), e["actions"]) for e in ask["entries"]]


def ask_async(url: str, ask: dict[str, Any], **options: Any) -> Answer:
    async def run() -> Answer:
        async with AsyncClient(url, **options) as client:
            return await client.decide(principal(ask["principal"]), entries(ask))

    return asyncio.run(run())


def ask_sync(url: str, ask: dict[str, Any], **options: Any) -> Answer:
    with Client(url, **options) as client:
        return client.decide(principal(ask["principal"]), entries(ask))


both = pytest.mark.parametrize("ask", [ask_async, ask_sync], ids=["async", "sync"])


@both
@vectors(CHECK["vectors"])
def test_check(ask: Any, vector: dict[str, Any]) -> None:
    reply = {"requestId": "$requestId", **vector.get("reply", {})}
    with FakePdp({"do": "reply", "status": 200, "json": reply}) as pdp:
        got = ask(pdp.url, vector["ask"])
    expect = vector["expect"]
    assert [sorted(d.allowed) for d in got.decisions] == [sorted(a) for a in expect["allowed"]]
    assert got.failure == expect.get("failure", "")
    assert pdp.requests == ([] if vector["send"] is None else [vector["send"]])
    assert all(path == "POST /api/check/resources HTTP/1.1" for path in pdp.paths)
    assert got.call_id == expect.get("callId", got.call_id)
    if "outputs" in expect:
        outputs = [
            [{"src": o.src, "action": o.action, "value": o.value} for o in d.outputs]
            for d in got.decisions
        ]
        assert outputs == expect["outputs"]


@both
@vectors(FAILURES["vectors"])
def test_failure_is_no(ask: Any, vector: dict[str, Any]) -> None:
    timeout = FAILURES["timeoutMs"] / 1000
    script = vector["pdp"]
    with FakePdp(script) as pdp:
        url = f"http://127.0.0.1:{unused_port()}" if script["do"] == "refuse" else pdp.url
        begin = time.monotonic()
        # Only the vectors about time get the short one: a busy machine must not turn others into
        # time-outs.
        slow = vector["failure"] == "timeout"
        got = ask(url, FAILURES["ask"], timeout=timeout if slow else 10.0)
        took = time.monotonic() - begin
    assert [sorted(d.allowed) for d in got.decisions] == [[]]
    assert got.failure == vector["failure"], got.detail
    assert len(pdp.requests) <= 1, "a failure was retried"
    if slow:
        assert timeout * 0.9 <= took < timeout + 0.5


@vectors(MCP["vectors"])
def test_mcp(vector: dict[str, Any]) -> None:
    exchanges = iter(vector["exchanges"])

    def script(request: dict[str, Any]) -> dict[str, Any]:
        exchange = next(exchanges)
        if "status" in exchange:
            return {"do": "reply", "status": exchange["status"], "text": ""}
        outputs, call_id = exchange.get("outputs"), exchange.get("callId", "")
        return answer(request, exchange["allow"], outputs, call_id)

    async def run(url: str) -> Any:
        async with AsyncClient(url) as client:
            guard = Guard(MCP["server"], client)
            who = principal(vector["principal"])
            if "list" in vector:
                ask = vector["list"]
                try:
                    visible = await guard.visible(who, ask["method"], ask["items"])
                except Unavailable:
                    return {"unavailable": True}
                return {"visible": sorted(visible)}
            if "call" in vector:
                ask = vector["call"]
                return await guard.refuse(who, ask["method"], ask["item"], ask.get("arguments"))
            ask = vector["other"]
            return await guard.refuse_other(who, ask["method"], ask["params"])

    with FakePdp(script) as pdp:
        got = asyncio.run(run(pdp.url))
    expect = dict(vector["expect"])
    if "visible" in expect:
        expect["visible"].sort()
    assert told(got, expect) == expect
    assert pdp.requests == [exchange["send"] for exchange in vector["exchanges"]]


def told(got: Any, expect: dict[str, Any]) -> Any:
    """A Refusal in the words of the vectors."""
    if got is None:
        return {"runs": True}
    if not isinstance(got, Refusal):
        return got
    words = {
        "kind": got.kind,
        "code": got.error_code,
        "message": got.message,
        "text": got.text(),
        "data": got.data(),
    }
    return {name: words[name] for name in words if name in expect}


@vectors(MCP["longLists"])
def test_long_list(vector: dict[str, Any]) -> None:
    names = [f"tool_{i}" for i in range(1, vector["count"] + 1)]
    limit = vector.get("maxResourcesPerRequest", 50)
    failing = vector["requests"][vector["failing"]] if "failing" in vector else None

    def script(request: dict[str, Any]) -> dict[str, Any]:
        if len(request["resources"]) == failing:
            return {"do": "reply", "status": 500, "text": ""}
        return answer(request, [[e["resource"]["id"]] for e in request["resources"]])

    async def run(url: str) -> Any:
        async with AsyncClient(url, timeout=10.0) as client:
            guard = Guard("expenses", client, max_resources_per_request=limit)
            return await guard.visible(Principal("mia", ["manager"]), "tools/list", names)

    with FakePdp(script) as pdp:
        if failing:
            with pytest.raises(Unavailable):
                asyncio.run(run(pdp.url))
        else:
            assert asyncio.run(run(pdp.url)) == set(names)
    assert sorted(len(r["resources"]) for r in pdp.requests) == sorted(vector["requests"])


@pytest.mark.parametrize("server", MCP["serverIds"]["good"])
def test_server_id(server: str) -> None:
    Guard(server, AsyncClient())


@pytest.mark.parametrize("server", MCP["serverIds"]["bad"])
def test_bad_server_id(server: str) -> None:
    with pytest.raises(ValueError):
        Guard(server, AsyncClient())


@vectors(PRINCIPAL["vectors"])
def test_principal(vector: dict[str, Any]) -> None:
    token = vector["token"]
    options = {"roles_claim": vector["rolesClaim"]} if "rolesClaim" in vector else {}
    got = principal_from_claims(
        token["claims"], client_id=token["clientId"], scopes=token["scopes"], **options
    )
    expect = vector["principal"]
    assert (got is None) == (expect is None)
    if got is not None:
        assert {"id": got.id, "roles": got.roles, "attr": got.attr} == expect
