"""The example server with a real PDP: what each principal sees, may do, and is told.

SPDX-License-Identifier: Apache-2.0
"""

import time

import httpx
import pytest
from conftest import Raw, error_of, talk

TIMEOUT_S = 1.0

SEEN = {
    "ulf": ["list_expenses", "add_expense"],
    "mia": ["list_expenses", "add_expense", "approve_expense", "reject_expense"],
    "ida": ["list_expenses", "export_ledger"],
    "ada": ["list_expenses", "delete_expense", "export_ledger"],
}
ALL = [
    "list_expenses",
    "add_expense",
    "approve_expense",
    "reject_expense",
    "delete_expense",
    "export_ledger",
]
UNAVAILABLE = "Not executed: authorization unavailable [authorization_unavailable]"


def bearer(name):
    return {"Authorization": f"Bearer {name}"}


def call(url, name, tool, **arguments):
    """(did it fail, what it said)"""

    async def conversation(client):
        result = await client.call_tool_mcp(tool, arguments)
        failed = getattr(result, "isError", None) or getattr(result, "is_error", None) or False
        return failed, result.content[0].text

    return talk(url, bearer(name), conversation)


def tools(url, name):
    async def conversation(client):
        return [tool.name for tool in await client.list_tools()]

    return talk(url, bearer(name), conversation)


@pytest.mark.parametrize("name", SEEN)
def test_everybody_sees_another_list(expenses, name):
    assert tools(expenses, name) == SEEN[name]


@pytest.mark.parametrize("token", [{}, bearer("nobody"), bearer("ulf2")], ids=repr)
def test_without_a_token_there_is_no_answer(expenses, token):
    headers = {**token, "accept": "application/json, text/event-stream"}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    reply = httpx.post(expenses, json=body, headers=headers, trust_env=False)
    assert reply.status_code == 401


APPROVAL = {"department": "sales", "owner": "ulf"}


def test_amounts_on_both_sides_of_the_limit(expenses):
    ok = call(expenses, "mia", "approve_expense", expense_id="e-17", amount=900, **APPROVAL)
    assert ok == (False, "e-17 is approved")
    failed, text = call(
        expenses, "mia", "approve_expense", expense_id="e-18", amount=1001, **APPROVAL
    )
    assert failed
    assert text.startswith(
        "Not executed: the amount is above your approval limit of 1000; "
        "a manager with a higher limit must approve it [policy_denied, decision "
    )
    # The limit itself passes the policy; that the ledger has another amount is for the tool to say.
    at_limit = call(expenses, "mia", "approve_expense", expense_id="e-18", amount=1000, **APPROVAL)
    assert at_limit == (True, "no expense e-18 with these details")


@pytest.mark.parametrize(
    ("name", "tool", "arguments", "reason"),
    [
        (
            "mia",
            "approve_expense",
            {"expense_id": "e-17", "amount": 5, "department": "sales", "owner": "mia"},
            "nobody approves their own expense; ask another manager of sales",
        ),
        (
            "mia",
            "reject_expense",
            {"expense_id": "e-17", "department": "travel", "owner": "ulf", "reason": "late"},
            "you manage sales; this expense belongs to travel",
        ),
        (
            "ada",
            "delete_expense",
            {"expense_id": "e-17", "ticket": "please"},
            "a deletion needs the argument ticket with a ticket of the finance desk, "
            "such as FIN-1234",
        ),
    ],
    ids=["own", "other-department", "no-ticket"],
)
def test_a_denied_call_says_why(expenses, name, tool, arguments, reason):
    failed, text = call(expenses, name, tool, **arguments)
    assert failed and text.startswith(f"Not executed: {reason} [policy_denied, decision ")


def test_a_deletion_with_a_ticket(expenses):
    assert call(expenses, "ada", "delete_expense", expense_id="e-17", ticket="FIN-1234") == (
        False,
        "e-17 is deleted",
    )


@pytest.mark.parametrize("name", SEEN)
def test_what_is_hidden_cannot_be_called_and_looks_as_if_it_did_not_exist(expenses, name):
    raw = Raw(expenses, bearer(name))
    arguments = {
        "expense_id": "e-17",
        "amount": 5,
        **APPROVAL,
        "ticket": "FIN-1",
        "quarter": "Q1",
        "reason": "x",
    }
    hidden = [tool for tool in ALL if tool not in SEEN[name]]
    for given in (arguments, {}, {"amount": "not a number"}):
        absent = repr(raw.request("tools/call", {"name": "no_such_tool", "arguments": given}))
        assert "Unknown tool" in absent
        for tool in hidden:
            answer = repr(raw.request("tools/call", {"name": tool, "arguments": given}))
            assert answer.replace(tool, "no_such_tool") == absent


def timed(action):
    begin = time.monotonic()
    got = action()
    return got, time.monotonic() - begin


@pytest.mark.parametrize("how", ["ended", "hung"])
def test_without_a_pdp_everything_is_refused_in_time(expenses, pdp, how):
    async def conversation(client):
        before = [tool.name for tool in await client.list_tools()]
        if how == "ended":
            pdp.end()
        else:
            pdp.hang()
        try:
            begin = time.monotonic()
            listed = await error_of(client.list_tools_mcp())
            between = time.monotonic()
            seen = await client.call_tool_mcp("list_expenses", {})
            hidden = await client.call_tool_mcp("export_ledger", {"quarter": "Q1"})
            absent = await client.call_tool_mcp("no_such_tool", {})
            took = [between - begin, (time.monotonic() - between) / 3]
        finally:
            if how == "ended":
                pdp.start()
            else:
                pdp.go_on()
        texts = [result.content[0].text for result in (seen, hidden, absent)]
        # Where FastMCP's client asks for a list of its own, it may have waited again.
        return before, listed, texts, took

    before, listed, texts, took = talk(expenses, bearer("mia"), conversation)
    assert before == SEEN["mia"]
    assert listed[:2] == (-32603, "authorization unavailable")
    assert texts == [UNAVAILABLE] * 3
    assert took[0] < TIMEOUT_S + 1.0 and took[1] < 2 * TIMEOUT_S + 1.0, took
    # It is back, and nobody had to restart the MCP server.
    assert tools(expenses, "mia") == SEEN["mia"]
