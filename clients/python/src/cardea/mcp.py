"""What MCP requests become: names, attributes, and the meaning of an answer.

A list of items is one check request with one entry for each item; a call is one check request with
two entries, the call with its arguments and the question of the list about the same item. An item
that the list would not show cannot be called either, and is answered as one that does not exist.

The naming is the contract's (clients/contract/README.md): kind `mcp::<server>`, id the item, and
for every item several alias actions. The control action tells a catch-all rule from a rule about
the item: whoever is allowed an action that nobody has heard of is allowed everything, so an alias
that is denied nevertheless was denied on purpose.

Neighbours: _client asks · fastmcp is the middleware built on this.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ._client import AsyncClient
from ._wire import Answer, Decision, Entry, Principal, Resource

logger = logging.getLogger("cardea")

SERVER_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
RESERVED_SERVER_IDS = frozenset({"any", "default"})
REGULAR_NAME = re.compile(r"[A-Za-z0-9_.-]{1,128}")
CONTROL_ACTION = "cardea::any-action"

DENY_CODE = -31403
UNAVAILABLE_CODE = -32603
MAX_REASON = 1000

# What a server may do for its client without anybody's leave. Everything else that is not decided
# below is refused, so that a method nobody thought of is not an open door.
PASS_THROUGH = frozenset(
    {"initialize", "ping", "server/discover", "logging/setLevel", "resources/unsubscribe"}
)

LIST_OF_CALL = {
    "tools/call": "tools/list",
    "prompts/get": "prompts/list",
    "resources/read": "resources/list",
}

# Claims of a token that say something about the token, not about the principal.
TOKEN_CLAIMS = frozenset(
    {
        "iss",
        "sub",
        "aud",
        "exp",
        "nbf",
        "iat",
        "jti",
        "scope",
        "scp",
        "scopes",
        "client_id",
        "azp",
        "act",
    }
)
# Attributes that a claim cannot overwrite.
RESERVED_ATTRIBUTES = frozenset({"claims", "scopes", "authn", "agent", "assurance", "actors"})
DEFAULT_ROLE = "authenticated"
MAX_ROLES = 64


class Unavailable(Exception):
    """The PDP gave no answer; nothing may be shown."""


@dataclass(frozen=True)
class Refusal:
    """Why a call does not run.

    kind        `denied` by policy, `hidden` (to be answered as an item that does not exist),
                `unavailable` (no answer from the PDP), `unauthenticated` (nobody to ask about) or
                `unknown_method` (nothing to ask about)
    message     for people and models; empty for `hidden` and `unknown_method`
    decision    the PDP's name for the decision, if there is one
    """

    kind: str
    message: str = ""
    decision: str = ""

    @property
    def code(self) -> str:
        return {
            "denied": "policy_denied",
            "unavailable": "authorization_unavailable",
        }.get(self.kind, self.kind)

    @property
    def error_code(self) -> int:
        """For a JSON-RPC error."""
        return UNAVAILABLE_CODE if self.kind == "unavailable" else DENY_CODE

    def text(self) -> str:
        """For the result of a tool."""
        mark = f"{self.code}, decision {self.decision}" if self.decision else self.code
        return f"Not executed: {self.message} [{mark}]"

    def data(self) -> dict[str, Any]:
        """For the `data` of a JSON-RPC error."""
        data: dict[str, Any] = {"code": self.code, "retryable": self.kind == "unavailable"}
        if self.decision:
            data["decisionId"] = self.decision
        return data


UNAVAILABLE = Refusal("unavailable", "authorization unavailable")
UNAUTHENTICATED = Refusal("unauthenticated", "authentication required")
HIDDEN = Refusal("hidden")
UNKNOWN_METHOD = Refusal("unknown_method")


# ---- principals --------------------------------------------------------------------------------


def principal_from_claims(
    claims: Mapping[str, Any],
    *,
    client_id: str = "",
    scopes: Iterable[str] = (),
    roles_claim: str = "roles",
) -> Principal | None:
    """The principal of a *verified* token, or None if its claims do not name one.

    The id is `sub`, or the client's id for a token without `sub`. Roles are a list of strings in
    `roles_claim`, a claim's name or a path such as `realm_access.roles`; a token without roles gets
    the role `authenticated`. Every other claim becomes an attribute of the same name.
    """
    identity = claims.get("sub", client_id)
    if not isinstance(identity, str) or not identity:
        return None
    roles = _claim(claims, roles_claim)
    if roles is None:
        roles = []
    if not isinstance(roles, list) or len(roles) > MAX_ROLES:
        return None
    if not all(isinstance(role, str) and role for role in roles):
        return None
    left_out = TOKEN_CLAIMS | RESERVED_ATTRIBUTES | {"", roles_claim}
    attr = {name: value for name, value in claims.items() if name not in left_out}
    attr.update(claims=dict(claims), scopes=list(scopes), authn="token")
    actor = claims.get("act")
    agent = actor.get("sub") if isinstance(actor, Mapping) else None
    agent = agent or client_id or claims.get("client_id") or claims.get("azp")
    if isinstance(agent, str) and agent:
        attr["agent"] = {"id": agent}
    return Principal(identity, list(dict.fromkeys(roles)) or [DEFAULT_ROLE], attr)


def _claim(claims: Mapping[str, Any], path: str) -> Any:
    if path in claims:
        return claims[path]
    value: Any = claims
    for step in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(step)
    return value


# ---- naming ------------------------------------------------------------------------------------


def regular(method: str, item: object) -> bool:
    """Can the item be named in an action? Items that cannot are never shown and never called."""
    if not isinstance(item, str) or not item:
        return False
    if method.startswith("resources/"):
        return True
    return REGULAR_NAME.fullmatch(item) is not None


def _call_aliases(method: str, item: str) -> list[str]:
    if method.startswith("tools/"):
        return [f"tools/call::{item}", item]
    if method.startswith("prompts/"):
        return [f"prompts/get::{item}"]
    return ["resources/read"]


def _list_alias(method: str, item: str) -> str:
    return f"{method}::{'item' if method.startswith('resources/') else item}"


def _attributes(server: str, method: str, item: str) -> dict[str, Any]:
    attr: dict[str, Any] = {"mcp": {"method": method}, "server": {"id": server}}
    if method.startswith("tools/"):
        attr["tool"] = {"name": item}
        attr["tool_name"] = item
    elif method.startswith("prompts/"):
        attr["prompt"] = {"name": item}
    elif method == "resources/templates/list":
        attr["resource"] = {"uriTemplate": item}
    else:
        attr["resource"] = {"uri": item}
    return attr


def list_entry(server: str, method: str, item: str) -> Entry:
    """The question whether a list shows an item."""
    actions = [_list_alias(method, item), *_call_aliases(method, item), CONTROL_ACTION]
    resource = Resource(f"mcp::{server}", item, _attributes(server, method, item))
    return Entry(resource, actions)


def call_entry(server: str, method: str, item: str, arguments: Mapping[str, Any]) -> Entry:
    """The question whether a call may run with these arguments."""
    attr = _attributes(server, method, item)
    if method != "resources/read":
        attr["arguments"] = arguments
    if method == "prompts/get":
        attr["prompt"] = {"name": item, "arguments": arguments}
    actions = [*_call_aliases(method, item), CONTROL_ACTION]
    return Entry(Resource(f"mcp::{server}", item, attr), actions)


# ---- answers -----------------------------------------------------------------------------------


def _runs(decision: Decision, aliases: Sequence[str]) -> bool:
    """Is the call allowed? Any alias will do, unless a catch-all rule allows: then a denied alias
    was denied on purpose."""
    enough = all if CONTROL_ACTION in decision.allowed else any
    return enough(alias in decision.allowed for alias in aliases)


def _shows(decision: Decision, entry: Entry) -> bool:
    """Is the item in the list? `entry` is a list_entry."""
    list_alias, *aliases, _ = entry.actions
    if list_alias in decision.allowed:
        return True
    return CONTROL_ACTION not in decision.allowed and _runs(decision, aliases)


def _reason(decision: Decision, aliases: Sequence[str]) -> str:
    """What the policy says: every different `reason`, or else every different text."""
    about = [o.value for o in decision.outputs if not o.action or o.action in aliases]
    reasons = [
        v["reason"] for v in about if isinstance(v, Mapping) and isinstance(v.get("reason"), str)
    ]
    texts = reasons or [v for v in about if isinstance(v, str)]
    return "; ".join(dict.fromkeys(t for t in texts if t))[:MAX_REASON]


class Guard:
    """Decides for one MCP server.

    server                      its id in the policies: the kind is `mcp::<server>`
    client                      how to ask
    max_resources_per_request   the PDP's limit of the same name; a longer list takes several
                                requests
    """

    def __init__(
        self, server: str, client: AsyncClient, *, max_resources_per_request: int = 50
    ) -> None:
        if SERVER_ID.fullmatch(server) is None or server in RESERVED_SERVER_IDS:
            raise ValueError(f"{server!r} cannot be the id of a server")
        if max_resources_per_request < 2:
            raise ValueError("max_resources_per_request must be at least 2, one call needs so many")
        self.server = server
        self.client = client
        self._chunk = max_resources_per_request

    async def visible(
        self, principal: Principal, method: str, items: Iterable[str]
    ) -> frozenset[str]:
        """Those of the items that the answer to a list request may show. Raises Unavailable.

        method is `tools/list`, `prompts/list`, `resources/list` or `resources/templates/list`.
        """
        unique = list(dict.fromkeys(items))
        names = [item for item in unique if regular(method, item)]
        if len(names) < len(unique):
            logger.warning("%s: items with irregular names are never shown", method)
        entries = [list_entry(self.server, method, name) for name in names]
        chunks = [entries[i : i + self._chunk] for i in range(0, len(entries), self._chunk)]
        # At the same time, so that a long list has the same one timeout.
        answers = await asyncio.gather(*(self.client.decide(principal, c) for c in chunks))
        if any(answer.failure for answer in answers):
            raise Unavailable
        decisions = [decision for answer in answers for decision in answer.decisions]
        return frozenset(
            e.resource.id for e, d in zip(entries, decisions, strict=True) if _shows(d, e)
        )

    async def refuse(
        self,
        principal: Principal,
        method: str,
        item: str,
        arguments: Mapping[str, Any] | None = None,
    ) -> Refusal | None:
        """Why a call may not run, or None if it may.

        method is `tools/call`, `prompts/get` or `resources/read`; item the tool, the prompt or the
        URI.
        """
        if not regular(method, item):
            return HIDDEN
        call = call_entry(self.server, method, item, {} if arguments is None else arguments)
        listed = list_entry(self.server, LIST_OF_CALL[method], item)
        answer = await self.client.decide(principal, [call, listed])
        return self._judge(answer, call, listed)

    def passes(self, method: str) -> bool:
        """May everybody, even nobody, send this request?"""
        return method in PASS_THROUGH

    async def refuse_other(
        self, principal: Principal, method: str, params: Mapping[str, Any]
    ) -> Refusal | None:
        """Why a request that is neither a list nor a call may not run, or None if it may.

        Whoever completes an argument must see the prompt or the template; whoever subscribes must
        be able to read. Raises Unavailable.
        """
        if self.passes(method):
            return None
        if method == "completion/complete":
            reference = params.get("ref")
            if not isinstance(reference, Mapping):
                return HIDDEN
            if reference.get("type") == "ref/prompt":
                listing, item = "prompts/list", reference.get("name")
            else:
                listing, item = "resources/templates/list", reference.get("uri")
            if not isinstance(item, str):
                return HIDDEN
            return None if item in await self.visible(principal, listing, [item]) else HIDDEN
        if method == "resources/subscribe":
            return await self._unreadable(principal, [params.get("uri")])
        if method == "subscriptions/listen":
            wanted = params.get("notifications")
            uris = wanted.get("resourceSubscriptions") if isinstance(wanted, Mapping) else None
            if uris is None:
                return None
            return await self._unreadable(principal, uris if isinstance(uris, list) else [uris])
        return UNKNOWN_METHOD

    async def _unreadable(self, principal: Principal, uris: Sequence[Any]) -> Refusal | None:
        for uri in uris:
            refusal = await self.refuse(principal, "resources/read", uri)
            if refusal is not None:
                return refusal
        return None

    def _judge(self, answer: Answer, call: Entry, listed: Entry) -> Refusal | None:
        if answer.failure:
            return UNAVAILABLE
        called, shown = answer.decisions
        aliases = call.actions[:-1]
        runs, shows = _runs(called, aliases), _shows(shown, listed)
        if runs and shows:
            return None
        if not shows:
            if runs:
                logger.warning(
                    "%s: the policy allows this call but the list does not show it, "
                    "so it is refused; a rule for the action %s is missing",
                    call.resource.id,
                    listed.actions[0],
                )
            return HIDDEN
        message = _reason(called, aliases) or "the policy does not allow this request"
        return Refusal("denied", message, answer.call_id)
