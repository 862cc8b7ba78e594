"""A FastMCP server with one of everything; `policies/kitchen.yaml` says who may what.

    kitchen_server.py PORT     with CARDEA_URL for the PDP

SPDX-License-Identifier: Apache-2.0
"""

import os
import sys

from cardea import Principal
from cardea.fastmcp import CardeaMiddleware
from fastmcp import FastMCP
from fastmcp.server.dependencies import get_http_headers


def cook_or_chef(_context):
    """The principal from a header, as behind a proxy that has verified the caller."""
    name = get_http_headers().get("x-verified-name", "")
    return Principal(name, [name]) if name else None


mcp = FastMCP("kitchen")
mcp.add_middleware(
    CardeaMiddleware("kitchen", url=os.environ["CARDEA_URL"], principal=cook_or_chef)
)


@mcp.tool
def stir(times: int = 1) -> str:
    return f"stirred {times}"


@mcp.tool
def heat(degrees: int) -> str:
    return f"heated to {degrees}"


@mcp.tool
def burn() -> str:
    return "burnt"


@mcp.tool
def cellar() -> str:
    return "wine"


@mcp.prompt
def recipe(dish: str) -> str:
    return f"How to cook {dish}?"


@mcp.prompt
def secret_recipe() -> str:
    return "leaked"


@mcp.resource("kitchen://menu")
def menu() -> str:
    return "soup"


@mcp.resource("kitchen://accounts")
def accounts() -> str:
    return "leaked"


@mcp.resource("kitchen://safe")
def safe() -> str:
    return "leaked"


@mcp.resource("kitchen://dish/{name}")
def dish(name: str) -> str:
    return f"a dish of {name}"


@mcp.resource("kitchen://guest/{name}")
def guest(name: str) -> str:
    return "leaked"


if __name__ == "__main__":
    mcp.run(transport="http", host="127.0.0.1", port=int(sys.argv[1]), show_banner=False)
