"""The middleware in a FastMCP server of the installed version, with a PDP that answers by script.

The MCP client is FastMCP's own, in memory; tests/e2e does the same over HTTP with a real PDP.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from fake_pdp import FakePdp, answer, unused_port

pytest.importorskip("fastmcp")

import fastmcp  # noqa: E402
from fastmcp import Client, FastMCP  # noqa: E402

from cardea import Principal  # noqa: E402
from cardea.fastmcp import CardeaMiddleware  # noqa: E402

MAJOR = int(fastmcp.__version__.split(".")[0])
MIA = Principal("mia", ["manager"])

calls: list[str] = []


def only(applies: bool) -> Callable[[Any], Any]:
    """Leaves a test out where there is nothing to test; a skip is for what could not be tested."""
    return lambda test: test if applies else None


def server(**options: Any) -> FastMCP:
    """Two tools, prompts, resources and templates: one of each to be seen, one to be hidden."""
    calls.clear()
    mcp = FastMCP("test", **options)

    @mcp.tool
    def seen(amount: int = 0) -> str:
        calls.append("seen")
        return f"paid {amount}"

    @mcp.tool
    def secret(amount: int = 0) -> str:
        calls.append("secret")
        return "leaked"

    @mcp.prompt("seen_prompt")
    def seen_prompt(month: str = "May") -> str:
        return f"prompt of {month}"

    @mcp.prompt("secret_prompt")
    def secret_prompt() -> str:
        calls.append("secret_prompt")
        return "leaked"

    @mcp.resource("e://seen")
    def seen_resource() -> str:
        return "resource"

    @mcp.resource("e://secret")
    def secret_resource() -> str:
        calls.append("e://secret")
        return "leaked"

    @mcp.resource("t://seen/{x}")
    def seen_template(x: str) -> str:
        return x

    @mcp.resource("t://secret/{x}")
    def secret_template(x: str) -> str:
        calls.append("t://secret")
        return x

    return mcp


def policy(request: dict[str, Any]) -> dict[str, Any]:
    """Shows what is named `seen`, allows it for amounts up to 100, and knows no catch-all."""
    allow: list[list[str]] = []
    outputs: list[list[Any]] = []
    for entry in request["resources"]:
        resource = entry["resource"]
        amount = resource["attr"].get("arguments", {}).get("amount", 0)
        seen = "seen" in resource["id"] and not (isinstance(amount, int) and amount > 100)
        allow.append([a for a in entry["actions"] if seen and a != "cardea::any-action"])
        why = {"src": "s", "action": entry["actions"][0], "val": {"reason": "at most 100"}}
        outputs.append([] if seen else [why])
    return answer(request, allow, outputs, "01CALL")


def protected(url: str, principal: Any = lambda _context: MIA, **options: Any) -> FastMCP:
    mcp = server(**options)
    mcp.add_middleware(CardeaMiddleware("expenses", url=url, principal=principal))
    return mcp


def talk(mcp: FastMCP, conversation: Callable[[Any], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with Client(mcp) as client:
            return await conversation(client)

    return asyncio.run(run())


async def outcome(call: Awaitable[Any]) -> Any:
    """What a client gets, as plain data: the result, or the error."""
    try:
        result = await call
    except Exception as error:
        told = getattr(error, "error", None)
        return told.model_dump(mode="json") if told is not None else str(error)
    return result.model_dump(mode="json", by_alias=True, exclude_none=True)


def test_lists_are_filtered_with_one_request_each() -> None:
    async def conversation(client: Any) -> Any:
        return (
            [tool.name for tool in await client.list_tools()],
            [prompt.name for prompt in await client.list_prompts()],
            [str(resource.uri) for resource in await client.list_resources()],
            [
                getattr(t, "uriTemplate", None) or getattr(t, "uri_template", None)
                for t in await client.list_resource_templates()
            ],
        )

    with FakePdp(policy) as pdp:
        got = talk(protected(pdp.url), conversation)
    assert got == (["seen"], ["seen_prompt"], ["e://seen"], ["t://seen/{x}"])
    assert [len(request["resources"]) for request in pdp.requests] == [2, 2, 2, 2]


def test_an_allowed_call_runs_and_takes_one_request() -> None:
    async def conversation(client: Any) -> Any:
        tool = await client.call_tool_mcp("seen", {"amount": 100})
        prompt = await client.get_prompt_mcp("seen_prompt", {"month": "June"})
        resource = await client.read_resource_mcp("e://seen")
        template = await client.read_resource_mcp("t://seen/5")
        return tool.content[0].text, prompt, resource.contents[0].text, template.contents[0].text

    with FakePdp(policy) as pdp:
        tool, prompt, resource, template = talk(protected(pdp.url), conversation)
    assert (tool, resource, template) == ("paid 100", "resource", "5")
    assert prompt.messages[0].content.text == "prompt of June"
    asked = [request["resources"][0]["resource"] for request in pdp.requests]
    # FastMCP's client lists the tools of its own accord, to check the result against the schema.
    asked = [resource for resource in asked if resource["attr"]["mcp"]["method"] != "tools/list"]
    ids = [resource["id"] for resource in asked]
    assert ids == ["seen", "seen_prompt", "e://seen", "t://seen/5"]
    assert pdp.requests[0]["principal"] == {"id": "mia", "roles": ["manager"]}
    assert pdp.requests[0]["resources"][0]["resource"]["attr"]["arguments"] == {"amount": 100}


def test_a_denied_call_says_why() -> None:
    with FakePdp(policy) as pdp:
        got = talk(
            protected(pdp.url),
            lambda client: outcome(client.call_tool_mcp("seen", {"amount": 101})),
        )
    assert got["isError"] is True
    assert got["content"] == [
        {"type": "text", "text": "Not executed: at most 100 [policy_denied, decision 01CALL]"}
    ]
    assert calls == []


def test_a_denied_prompt_is_an_error_that_says_why() -> None:
    def script(request: dict[str, Any]) -> dict[str, Any]:
        return answer(request, [[], ["prompts/list::seen_prompt"]])

    with FakePdp(script) as pdp:
        got = talk(protected(pdp.url), lambda client: outcome(client.get_prompt_mcp("seen_prompt")))
    assert got["code"] == -31403
    assert got["message"] == "the policy does not allow this request"
    assert got["data"] == {"code": "policy_denied", "retryable": False}


def renamed(value: Any, old: str, new: str) -> str:
    return repr(value).replace(old, new)


@pytest.mark.parametrize(
    ("call", "hidden", "unknown"),
    [
        (lambda c, n: c.call_tool_mcp(n, {"amount": 1}), "secret", "absent"),
        (lambda c, n: c.call_tool_mcp(n, {"amount": "not a number"}), "secret", "absent"),
        (lambda c, n: c.call_tool_mcp(n, {"unknown": 1}), "secret", "absent"),
        (lambda c, n: c.get_prompt_mcp(n), "secret_prompt", "absent_prompt"),
        (lambda c, n: c.read_resource_mcp(n), "e://secret", "e://absent"),
        (lambda c, n: c.read_resource_mcp(n), "t://secret/5", "t://absent/5"),
    ],
    ids=["tool", "tool-wrong-type", "tool-wrong-argument", "prompt", "resource", "template"],
)
@pytest.mark.parametrize("strict", [False, True], ids=["lenient", "strict"])
def test_hidden_is_answered_as_unknown(call: Any, hidden: str, unknown: str, strict: bool) -> None:
    options = {"strict_input_validation": strict}

    async def both(client: Any) -> Any:
        return [await outcome(call(client, name)) for name in (hidden, unknown)]

    with FakePdp(policy) as pdp:
        got, absent = talk(protected(pdp.url, **options), both)
    natural = talk(server(**options), lambda client: outcome(call(client, unknown)))
    assert renamed(got, hidden, unknown) == repr(absent)
    assert absent == natural, "an unprotected server says it differently"
    assert calls == []


def test_strict_validation_does_not_speak_before_the_policy() -> None:
    """Somebody who sees all tools lists them; then somebody else calls one with wrong arguments."""
    who = {"is": "root"}

    def script(request: dict[str, Any]) -> dict[str, Any]:
        if request["principal"]["id"] == "root":
            return answer(request, [entry["actions"] for entry in request["resources"]])
        return policy(request)

    async def conversation(client: Any) -> Any:
        tools = {tool.name for tool in await client.list_tools()}
        who["is"] = "mia"
        hidden = await outcome(client.call_tool_mcp("secret", {"amount": "x"}))
        invalid = await outcome(client.call_tool_mcp("seen", {"amount": "5"}))
        return tools, hidden, invalid

    with FakePdp(script) as pdp:
        mcp = protected(
            pdp.url,
            lambda _context: Principal(who["is"], ["manager"]),
            strict_input_validation=True,
        )
        tools, hidden, invalid = talk(mcp, conversation)
    assert tools == {"seen", "secret"}
    assert "Unknown tool" in repr(hidden) and "validation" not in repr(hidden)
    assert invalid["isError"] is True and "validation error" in repr(invalid).lower()
    assert calls == []


def test_without_a_pdp_nothing_is_shown_and_nothing_runs() -> None:
    async def conversation(client: Any) -> Any:
        return [
            await outcome(client.list_tools_mcp()),
            await outcome(client.list_prompts_mcp()),
            await outcome(client.list_resources_mcp()),
            await outcome(client.list_resource_templates_mcp()),
            await outcome(client.get_prompt_mcp("seen_prompt")),
            await outcome(client.read_resource_mcp("e://seen")),
            await outcome(client.call_tool_mcp("seen", {})),
            await outcome(client.call_tool_mcp("absent", {})),
        ]

    mcp = protected(f"http://127.0.0.1:{unused_port()}")
    *errors, seen, absent = talk(mcp, conversation)
    for error in errors:
        assert (error["code"], error["message"]) == (-32603, "authorization unavailable")
    assert seen["isError"] is True and seen == absent
    assert seen["content"][0]["text"] == (
        "Not executed: authorization unavailable [authorization_unavailable]"
    )
    assert calls == []


def broken(_context: Any) -> Any:
    raise RuntimeError("no directory")


async def nobody_later(_context: Any) -> None:
    return None


@pytest.mark.parametrize("principal", [None, lambda _context: None, nobody_later, broken], ids=repr)
def test_without_a_principal_nobody_asks_and_nothing_runs(principal: Any) -> None:
    """None: the default, which finds no access token in memory."""

    async def conversation(client: Any) -> Any:
        return [
            await outcome(client.list_tools_mcp()),
            await outcome(client.call_tool_mcp("seen", {})),
            await outcome(client.get_prompt_mcp("seen_prompt")),
        ]

    with FakePdp(policy) as pdp:
        listed, called, prompt = talk(protected(pdp.url, principal), conversation)
    assert (listed["code"], listed["message"]) == (-31403, "authentication required")
    assert (prompt["code"], prompt["message"]) == (-31403, "authentication required")
    assert called["content"][0]["text"] == "Not executed: authentication required [unauthenticated]"
    assert pdp.requests == [] and calls == []


def test_an_async_principal() -> None:
    async def find(_context: Any) -> Principal:
        await asyncio.sleep(0)
        return MIA

    with FakePdp(policy) as pdp:
        tools = talk(protected(pdp.url, find), lambda client: client.list_tools())
    assert [tool.name for tool in tools] == ["seen"]


def test_tools_of_a_mounted_server_have_their_full_name() -> None:
    with FakePdp(policy) as pdp:
        outer = FastMCP("outer")
        if MAJOR == 2:
            outer.mount(server(), prefix="inner")
        else:
            outer.mount(server(), namespace="inner")
        outer.add_middleware(
            CardeaMiddleware("expenses", url=pdp.url, principal=lambda _context: MIA)
        )

        async def conversation(client: Any) -> Any:
            tools = [tool.name for tool in await client.list_tools()]
            hidden = await outcome(client.call_tool_mcp("inner_secret", {}))
            ran = await client.call_tool_mcp("inner_seen", {"amount": 5})
            return tools, hidden, ran.content[0].text

        tools, hidden, ran = talk(outer, conversation)
    assert tools == ["inner_seen"]
    assert "Unknown tool" in repr(hidden)
    assert ran == "paid 5" and calls == ["seen"]


@only(MAJOR == 2)  # later versions ask the middleware before a task starts
def test_a_background_task_is_decided_too() -> None:
    with FakePdp(policy) as pdp:
        mcp = protected(pdp.url)

        @mcp.tool(task=True)
        async def secret_task(amount: int = 0) -> str:
            calls.append("secret_task")
            return "leaked"

        @mcp.tool(task=True)
        async def seen_task(amount: int = 0) -> str:
            calls.append("seen_task")
            return "done"

        async def conversation(client: Any) -> Any:
            got = []
            for name, amount in (
                ("secret_task", 1),
                ("absent_task", 1),
                ("seen_task", 101),
                ("seen_task", 1),
            ):
                task = await client.call_tool(
                    name, {"amount": amount}, task=True, raise_on_error=False
                )
                result = await task.result()
                got.append((task.returned_immediately, result.content[0].text))
            return got

        secret, absent, denied, allowed = talk(mcp, conversation)
    assert secret == (True, absent[1].replace("absent", "secret"))
    assert "Unknown tool" in secret[1]
    assert denied == (True, "Not executed: at most 100 [policy_denied, decision 01CALL]")
    assert allowed == (True, "done")
    assert calls == ["seen_task"]


@only(MAJOR >= 4)  # earlier versions do not show other methods to middleware
def test_other_methods_need_leave() -> None:
    with FakePdp(policy) as pdp:
        mcp = protected(pdp.url)

        @mcp.completion
        async def complete(ref: Any, argument: Any, context: Any) -> list[str]:
            calls.append("completion")
            return ["May"]

        async def conversation(client: Any) -> Any:
            from mcp_types import PromptReference

            async def complete_for(name: str) -> Any:
                ref = PromptReference(type="ref/prompt", name=name)
                return await outcome(client.complete_mcp(ref, {"name": "month", "value": "M"}))

            return [await complete_for("seen_prompt"), await complete_for("secret_prompt")]

        seen, secret = talk(mcp, conversation)
    assert seen["completion"]["values"] == ["May"]
    assert secret["code"] == -32602 and calls == ["completion"]


@only(MAJOR >= 4)  # earlier versions say nothing about caches
def test_lists_are_not_shared_between_callers() -> None:
    options = {"cache_ttl": 60, "cache_scope": "public"}
    with FakePdp(policy) as pdp:
        got = talk(protected(pdp.url, **options), lambda client: outcome(client.list_tools_mcp()))
    natural = talk(server(**options), lambda client: outcome(client.list_tools_mcp()))
    assert (natural["cacheScope"], natural["ttlMs"]) == ("public", 60000)
    assert (got["cacheScope"], got["ttlMs"]) == ("private", 5000)
