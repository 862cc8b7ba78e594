"""Where FastMCP 2.14, 3 and 4 differ, and what some of them do before a middleware is asked.

FastMCP 2 and 3 (on the SDK's version 1) look a tool up in the list that was made last, for
whomever, before the middleware sees the call; FastMCP 2.14 starts background tasks there. Both would
be a way around the policy, so both are taken away from protected servers, and so is leave to share
cached answers, which FastMCP 4 can give.

This is the only place that touches what FastMCP does not document; where a version lacks it there is
nothing to do.

Neighbours: fastmcp is the middleware.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Mapping
from typing import Any

import fastmcp
import mcp
from fastmcp.exceptions import ToolError

MAJOR = int(fastmcp.__version__.split(".")[0])

# How long a caller may keep its own list: a policy that changes shows soon.
MAX_CACHE_MS = 5000


def error(code: int, message: str, data: Any) -> Exception:
    """A JSON-RPC error in the form of the installed SDK."""
    sdk: Any = mcp
    raised: Exception
    if hasattr(sdk, "MCPError"):
        raised = sdk.MCPError(code=code, message=message, data=data)
    else:
        raised = sdk.McpError(sdk.types.ErrorData(code=code, message=message, data=data))
    return raised


def shown_name(item: Any, attribute: str) -> str:
    """The name under which a list shows an item.

    In FastMCP 2 that is its key, which has the prefix of a mounted server.
    """
    return str(item.key if MAJOR == 2 else getattr(item, attribute))


def keep_caches_private(server: Any) -> None:
    """FastMCP 4: a server can say that its answers may be cached and shared.

    What is filtered for one caller may not be shown to another.
    """
    hints = getattr(getattr(server, "_mcp_server", None), "cache_hints", None)
    if not isinstance(hints, dict):
        return
    for method, hint in hints.items():
        ttl_ms = min(hint.ttl_ms, MAX_CACHE_MS)
        hints[method] = dataclasses.replace(hint, scope="private", ttl_ms=ttl_ms)


def skip_early_validation(server: Any) -> None:
    """FastMCP 2 and 3: a call first looks the tool up in the SDK's list of tools.

    That list is one for all callers, so an error about the arguments would tell about tools that
    this caller cannot see; and filling it costs another request to the PDP for each call of a tool
    that is not in it. FastMCP validates the arguments again when it runs the tool;
    validate_strictly() makes up for what `strict_input_validation` adds to that.
    """
    low_level: Any = getattr(server, "_mcp_server", None)
    if not hasattr(low_level, "_get_cached_tool_definition"):
        return

    async def no_definition(_tool_name: str) -> None:
        return None

    low_level._get_cached_tool_definition = no_definition


async def validate_strictly(server: Any, name: str, arguments: Mapping[str, Any]) -> None:
    """The validation that skip_early_validation() has taken away, now after the decision."""
    low_level: Any = getattr(server, "_mcp_server", None)
    if not getattr(server, "strict_input_validation", False):
        return
    if not hasattr(low_level, "_get_cached_tool_definition"):
        return
    tool = await server.get_tool(name)
    if tool is None:
        return
    jsonschema: Any = importlib.import_module("jsonschema")
    try:
        jsonschema.validate(dict(arguments), tool.parameters)
    except jsonschema.ValidationError as invalid:
        raise ToolError(f"Input validation error: {invalid.message}") from invalid


def ignore_early_tasks(middleware: type) -> None:
    """FastMCP 2.14: a call that asks to run as a task is started before any middleware is asked.

    On a protected server such a call runs in the foreground, after the decision. FastMCP 3 and later
    ask the middleware first.
    """
    if MAJOR != 2:
        return
    try:
        context: Any = importlib.import_module("mcp.server.experimental.request_context")
        low_level: Any = importlib.import_module("mcp.server.lowlevel.server")
    except ImportError:  # older than tasks
        return
    asks_for_task = context.Experimental.is_task
    if hasattr(asks_for_task.fget, "before_cardea"):
        return

    def is_task(self: Any) -> bool:
        session = getattr(low_level.request_ctx.get(None), "session", None)
        if _protected(getattr(session, "fastmcp", None), middleware):
            return False
        return bool(asks_for_task.fget(self))

    setattr(is_task, "before_cardea", asks_for_task)
    context.Experimental.is_task = property(is_task)


def _protected(server: Any, middleware: type) -> bool:
    """Does the server, or one that is mounted in it, have the middleware?"""
    if any(isinstance(installed, middleware) for installed in getattr(server, "middleware", ())):
        return True
    mounted = getattr(server, "_mounted_servers", ())
    return any(_protected(child.server, middleware) for child in mounted)
