"""An MCP server whose tools know nothing about authorization, protected by two lines.

    make run                                            # the PDP, with its example policies
    pip install ./clients/python fastmcp
    python clients/python/examples/expenses_server.py   # http://127.0.0.1:8000/mcp

Then connect an MCP client with the header `Authorization: Bearer ulf`, `mia`, `ida` or `ada`, and
compare the lists of tools. CARDEA_URL names another PDP; the first argument is another port. Real
servers verify real tokens, see FastMCP's documentation of `auth=`; static ones are for trying
things out.

SPDX-License-Identifier: Apache-2.0
"""

import os
import sys

from fastmcp import FastMCP
from fastmcp.exceptions import ToolError
from fastmcp.server.auth import StaticTokenVerifier
from fastmcp.server.dependencies import get_access_token

from cardea.fastmcp import CardeaMiddleware

CLAIMS = {
    "ulf": {"roles": ["user"], "department": "sales"},
    "mia": {"roles": ["user", "manager"], "department": "sales"},
    "ida": {"roles": ["auditor"], "mfa": True},
    "ada": {"roles": ["admin"], "mfa": True},
}
TOKENS = {name: {"client_id": "demo", "sub": name, "scopes": [], **c} for name, c in CLAIMS.items()}

ledger = {
    "e-17": {"amount": 900, "department": "sales", "owner": "ulf", "state": "open"},
    "e-18": {"amount": 4200, "department": "sales", "owner": "ulf", "state": "open"},
}

mcp = FastMCP("Expenses", auth=StaticTokenVerifier(TOKENS))
mcp.add_middleware(
    CardeaMiddleware("expenses", url=os.environ.get("CARDEA_URL", "http://127.0.0.1:3592"))
)


def stored(expense_id: str, **stated: object) -> dict:
    """The expense, if it is what the caller said: the policy judged what was said."""
    expense = ledger.get(expense_id, {})
    if not expense or any(expense[name] != value for name, value in stated.items()):
        raise ToolError(f"no expense {expense_id} with these details")
    return expense


@mcp.tool
def list_expenses(department: str = "") -> dict:
    return {k: e for k, e in ledger.items() if department in ("", e["department"])}


@mcp.tool
def add_expense(amount: int, department: str, description: str) -> str:
    new, owner = f"e-{17 + len(ledger)}", get_access_token().claims["sub"]
    ledger[new] = {"amount": amount, "department": department, "owner": owner, "state": "open"}
    return new


@mcp.tool
def approve_expense(expense_id: str, amount: int, department: str, owner: str) -> str:
    stored(expense_id, amount=amount, department=department, owner=owner)["state"] = "approved"
    return f"{expense_id} is approved"


@mcp.tool
def reject_expense(expense_id: str, department: str, owner: str, reason: str) -> str:
    stored(expense_id, department=department, owner=owner)["state"] = f"rejected: {reason}"
    return f"{expense_id} is rejected"


@mcp.tool
def delete_expense(expense_id: str, ticket: str) -> str:
    stored(expense_id)["state"] = f"deleted under {ticket}"
    return f"{expense_id} is deleted"


@mcp.tool
def export_ledger(quarter: str, ticket: str = "") -> list:
    return [{"quarter": quarter, "id": k, **e} for k, e in ledger.items()]


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8000
    mcp.run(transport="http", host="127.0.0.1", port=port, show_banner=False)
