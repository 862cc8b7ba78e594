"""Middleware for FastMCP: lists show and calls run only what the policy allows.

    from cardea.fastmcp import CardeaMiddleware

    mcp = FastMCP("Expenses", auth=...)
    mcp.add_middleware(CardeaMiddleware("expenses", url="http://127.0.0.1:3592"))

Works with FastMCP 2.14, 3 and 4. Add it before other middleware, so that nothing answers in its
place. A refused call is an error result of the tool, in words for the model; whatever the list does
not show is answered by FastMCP itself, as an item that does not exist; without an answer from the
PDP nothing is listed and nothing runs.

Neighbours: mcp decides · _fastmcp_versions levels the differences between the versions ·
clients/python/README.md has the whole story.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import inspect
import logging
import weakref
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, Union

from fastmcp.exceptions import NotFoundError, ToolError
from fastmcp.server.dependencies import get_access_token
from fastmcp.server.middleware import Middleware, MiddlewareContext

from ._client import DEFAULT_TIMEOUT, DEFAULT_URL, AsyncClient
from ._fastmcp_versions import (
    error,
    ignore_early_tasks,
    keep_caches_private,
    shown_name,
    skip_early_validation,
    validate_strictly,
)
from ._wire import Principal
from .mcp import UNAUTHENTICATED, UNAVAILABLE, Guard, Refusal, Unavailable, principal_from_claims

__all__ = ["CardeaMiddleware", "principal_from_token"]

logger = logging.getLogger("cardea")

Next = Callable[[Any], Awaitable[Any]]
FindPrincipal = Callable[
    [MiddlewareContext[Any]], Union[Principal, None, Awaitable[Union[Principal, None]]]
]

DECIDED_BY_HOOKS = frozenset(
    {
        "tools/list",
        "tools/call",
        "prompts/list",
        "prompts/get",
        "resources/list",
        "resources/templates/list",
        "resources/read",
    }
)
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602


def principal_from_token(roles_claim: str = "roles") -> FindPrincipal:
    """Finds the principal in the access token that FastMCP has verified for this request.

    Without a token (stdio, or a server without `auth=`) there is nobody, and everything is refused.
    """

    def find(_context: MiddlewareContext[Any]) -> Principal | None:
        token = get_access_token()
        if token is None:
            return None
        return principal_from_claims(
            getattr(token, "claims", None) or {},
            client_id=token.client_id or "",
            scopes=token.scopes or (),
            roles_claim=roles_claim,
        )

    return find


class CardeaMiddleware(Middleware):
    """Asks the PDP before a list is shown and before a tool, a prompt or a resource is used.

    server                     id of this server in the policies: its kind is `mcp::<server>`
    url, timeout               of the PDP; seconds for a whole decision
    client                     instead of these two: an AsyncClient with settings of its own
    principal                  who is asking: a function, sync or async, from the MiddlewareContext
                               to a Principal, or to None for nobody; by default
                               principal_from_token()
    unprotected                further methods that may pass without a decision (only FastMCP 4
                               shows them to middleware)
    max_resources_per_request  the PDP's limit of the same name; a longer list takes several
                               requests
    """

    def __init__(
        self,
        server: str,
        *,
        url: str = DEFAULT_URL,
        timeout: float = DEFAULT_TIMEOUT,
        client: AsyncClient | None = None,
        principal: FindPrincipal | None = None,
        unprotected: Collection[str] = (),
        max_resources_per_request: int = 50,
    ) -> None:
        self._guard = Guard(
            server,
            client or AsyncClient(url, timeout=timeout),
            max_resources_per_request=max_resources_per_request,
        )
        self._find_principal = principal or principal_from_token()
        self._unprotected = frozenset(unprotected)
        if self._unprotected & DECIDED_BY_HOOKS:
            raise ValueError("lists and calls cannot be unprotected")
        self._adapted: weakref.WeakSet[Any] = weakref.WeakSet()
        ignore_early_tasks(CardeaMiddleware)

    # ---- lists ----

    async def on_list_tools(self, context: MiddlewareContext[Any], call_next: Next) -> Any:
        return await self._filter("tools/list", context, call_next, "name")

    async def on_list_prompts(self, context: MiddlewareContext[Any], call_next: Next) -> Any:
        return await self._filter("prompts/list", context, call_next, "name")

    async def on_list_resources(self, context: MiddlewareContext[Any], call_next: Next) -> Any:
        return await self._filter("resources/list", context, call_next, "uri")

    async def on_list_resource_templates(
        self, context: MiddlewareContext[Any], call_next: Next
    ) -> Any:
        return await self._filter("resources/templates/list", context, call_next, "uri_template")

    async def _filter(
        self, method: str, context: MiddlewareContext[Any], call_next: Next, name: str
    ) -> list[Any]:
        principal = await self._principal(context)
        if principal is None:
            raise _protocol_error(UNAUTHENTICATED)
        items = [(shown_name(item, name), item) for item in await call_next(context)]
        try:
            visible = await self._guard.visible(principal, method, [key for key, _ in items])
        except Unavailable:
            raise _protocol_error(UNAVAILABLE) from None
        return [item for key, item in items if key in visible]

    # ---- calls ----

    async def on_call_tool(self, context: MiddlewareContext[Any], call_next: Next) -> Any:
        name, arguments = context.message.name, context.message.arguments
        refusal = await self._refuse(context, "tools/call", name, arguments)
        if refusal is None:
            await validate_strictly(_server_of(context), name, arguments or {})
            return await call_next(context)
        if refusal.kind == "hidden":
            raise NotFoundError(f"Unknown tool: {name!r}")
        raise ToolError(refusal.text())

    async def on_get_prompt(self, context: MiddlewareContext[Any], call_next: Next) -> Any:
        name = context.message.name
        refusal = await self._refuse(context, "prompts/get", name, context.message.arguments)
        if refusal is None:
            return await call_next(context)
        if refusal.kind == "hidden":
            raise NotFoundError(f"Unknown prompt: {name!r}")
        raise _protocol_error(refusal)

    async def on_read_resource(self, context: MiddlewareContext[Any], call_next: Next) -> Any:
        uri = str(context.message.uri)
        refusal = await self._refuse(context, "resources/read", uri, None)
        if refusal is None:
            return await call_next(context)
        if refusal.kind == "hidden":
            raise NotFoundError(f"Unknown resource: {uri!r}")
        raise _protocol_error(refusal)

    async def _refuse(
        self,
        context: MiddlewareContext[Any],
        method: str,
        item: str,
        arguments: Mapping[str, Any] | None,
    ) -> Refusal | None:
        principal = await self._principal(context)
        if principal is None:
            return UNAUTHENTICATED
        return await self._guard.refuse(principal, method, item, arguments)

    # ---- everything else ----

    async def on_message(self, context: MiddlewareContext[Any], call_next: Next) -> Any:
        server = _server_of(context)
        if server is not None and server not in self._adapted:
            self._adapted.add(server)
            skip_early_validation(server)
            keep_caches_private(server)
        return await call_next(context)

    async def on_request(self, context: MiddlewareContext[Any], call_next: Next) -> Any:
        method = context.method or ""
        if method in DECIDED_BY_HOOKS or method in self._unprotected:
            return await call_next(context)
        refusal = await self._refuse_other(method, context)
        if refusal is None:
            return await call_next(context)
        if refusal.kind == "unknown_method":
            raise error(METHOD_NOT_FOUND, "Method not found", method)
        if refusal.kind == "hidden":
            raise error(INVALID_PARAMS, "Not found", None)
        raise _protocol_error(refusal)

    async def _refuse_other(self, method: str, context: MiddlewareContext[Any]) -> Refusal | None:
        if self._guard.passes(method):
            return None
        principal = await self._principal(context)
        if principal is None:
            return UNAUTHENTICATED
        message = context.message
        try:
            return await self._guard.refuse_other(
                principal, method, message if isinstance(message, Mapping) else {}
            )
        except Unavailable:
            return UNAVAILABLE

    async def _principal(self, context: MiddlewareContext[Any]) -> Principal | None:
        try:
            found = self._find_principal(context)
            return await found if inspect.isawaitable(found) else found
        except Exception:
            logger.exception("the principal could not be found, so the request is refused")
            return None


def _server_of(context: MiddlewareContext[Any]) -> Any:
    return getattr(context.fastmcp_context, "fastmcp", None)


def _protocol_error(refusal: Refusal) -> Exception:
    return error(refusal.error_code, refusal.message, refusal.data())
