"""What is sent to the PDP, and when a reply may be believed.

Encoding refuses what JSON cannot carry unchanged: the PDP must judge exactly the values that the
caller will use afterwards. Decoding refuses everything that is not the answer to this very request:
a reply that is wrong in one place is not trusted in another. Both errors end as an `Answer` with a
`failure` and without a single allowed action; see _client.

Neighbours: _client sends and receives the bytes · clients/contract holds the vectors for both
directions.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

EFFECT_ALLOW = "EFFECT_ALLOW"
EFFECT_DENY = "EFFECT_DENY"

# Integers beyond this lose digits in a double, and attributes are doubles for the PDP: it would
# judge another number than the one the caller goes on to use.
MAX_SAFE_INTEGER = 2**53 - 1

# Nesting of attribute values. The PDP has a limit of its own; this one only keeps the walk bounded.
MAX_DEPTH = 64


class Unsendable(Exception):
    """The request cannot be written as JSON without changing its meaning."""


class Unreadable(Exception):
    """The reply is not the answer to the request."""


@dataclass(frozen=True)
class Principal:
    """Who acts. `attr` must be JSON values; it is sent as it is."""

    id: str
    roles: Sequence[str]
    attr: Mapping[str, Any] = field(default_factory=dict)
    scope: str = ""
    policy_version: str = ""


@dataclass(frozen=True)
class Resource:
    """What is acted on. `attr` must be JSON values; it is sent as it is."""

    kind: str
    id: str
    attr: Mapping[str, Any] = field(default_factory=dict)
    scope: str = ""
    policy_version: str = ""


@dataclass(frozen=True)
class Entry:
    """One question of a request: which of these actions on this resource?"""

    resource: Resource
    actions: Sequence[str]


@dataclass(frozen=True)
class Output:
    """What a rule had to say. `action` is empty if the PDP did not name it, `value` is None if the
    rule's expression failed."""

    src: str
    action: str
    value: Any


@dataclass(frozen=True)
class Decision:
    """The answer to one `Entry`: the actions that are allowed, and the outputs of the rules."""

    allowed: frozenset[str] = frozenset()
    outputs: tuple[Output, ...] = ()


@dataclass(frozen=True)
class Answer:
    """The answer to a request, one `Decision` for each `Entry`, in order.

    `failure` is empty, or one of `unsendable`, `unreachable`, `timeout`, `status`, `too_large`,
    `unreadable`; then no decision allows anything. `detail` is for logs. `call_id` is the PDP's
    name for this decision.
    """

    decisions: tuple[Decision, ...]
    call_id: str = ""
    failure: str = ""
    detail: str = ""


def failed(entries: Sequence[Entry], failure: str, detail: str) -> Answer:
    """The answer to everything that goes wrong."""
    return Answer(tuple(Decision() for _ in entries), failure=failure, detail=detail)


# ---- sending -----------------------------------------------------------------------------------


def _check_value(value: Any, depth: int) -> None:
    """Raises Unsendable unless JSON and the PDP's doubles carry the value unchanged."""
    if depth > MAX_DEPTH:
        raise Unsendable(f"attributes are nested deeper than {MAX_DEPTH}")
    if value is None or isinstance(value, (bool, str)):
        return
    if isinstance(value, (int, float)):
        if isinstance(value, float) and not math.isfinite(value):
            raise Unsendable("a number is not finite")
        if abs(value) > MAX_SAFE_INTEGER and float(value).is_integer():
            raise Unsendable("an integer is too large to be carried exactly")
        return
    if isinstance(value, Mapping):
        for key, member in value.items():
            if not isinstance(key, str):
                raise Unsendable("a key is not a string")
            _check_value(member, depth + 1)
        return
    if isinstance(value, (list, tuple)):
        for member in value:
            _check_value(member, depth + 1)
        return
    raise Unsendable(f"a value of type {type(value).__name__} has no JSON form")


def _party(party: Principal | Resource, members: dict[str, Any]) -> dict[str, Any]:
    """Adds what principals and resources have in common; empty members are left out."""
    if not isinstance(party.attr, Mapping):
        raise Unsendable("attr is not a mapping")
    _check_value(party.attr, 0)
    if party.attr:
        members["attr"] = party.attr
    if party.scope:
        members["scope"] = party.scope
    if party.policy_version:
        members["policyVersion"] = party.policy_version
    return members


def _names(names: Sequence[str], what: str) -> list[str]:
    """A list of roles or actions. A single text is a mistake: it is a sequence of texts, too."""
    if isinstance(names, str) or not all(isinstance(name, str) for name in names):
        raise Unsendable(f"{what} is not a list of strings")
    return list(names)


def encode(principal: Principal, entries: Sequence[Entry], request_id: str) -> bytes:
    """The body of POST /api/check/resources. Raises Unsendable."""
    try:
        message = {
            "requestId": request_id,
            "principal": _party(
                principal, {"id": principal.id, "roles": _names(principal.roles, "roles")}
            ),
            "resources": [
                {
                    "actions": _names(entry.actions, "actions"),
                    "resource": _party(
                        entry.resource, {"kind": entry.resource.kind, "id": entry.resource.id}
                    ),
                }
                for entry in entries
            ],
        }
        return json.dumps(
            message, allow_nan=False, ensure_ascii=False, separators=(",", ":"), default=_mapping
        ).encode("utf-8")
    except (TypeError, ValueError, OverflowError, RecursionError, AttributeError) as error:
        # UnicodeEncodeError, a lone surrogate in a string, is a ValueError too.
        raise Unsendable(f"{type(error).__name__}: {error}") from error


def _mapping(value: Any) -> Any:
    """Lets json write mappings other than dict; _check_value has already looked inside."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a value of type {type(value).__name__} has no JSON form")


# ---- reading -----------------------------------------------------------------------------------


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Unreadable("a key occurs twice")
    return members


def _no_constant(name: str) -> Any:
    raise Unreadable(f"{name} is not JSON")


def _member(holder: Mapping[str, Any], name: str, kind: type, what: str) -> Any:
    value = holder.get(name)
    if not isinstance(value, kind):
        raise Unreadable(f"{what}: {name} is missing or of the wrong type")
    return value


def decode(body: bytes, entries: Sequence[Entry], request_id: str) -> Answer:
    """The answer in a reply with status 200. Raises Unreadable."""
    try:
        reply = json.loads(
            body.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant
        )
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"not JSON: {error}") from error
    if not isinstance(reply, dict):
        raise Unreadable("the reply is not an object")
    if reply.get("requestId") != request_id:
        raise Unreadable("the reply carries the id of another request")
    results = _member(reply, "results", list, "reply")
    if len(results) != len(entries):
        raise Unreadable(f"{len(results)} results for {len(entries)} resources")
    call_id = reply.get("cerbosCallId", "")
    if not isinstance(call_id, str):
        raise Unreadable("reply: cerbosCallId is of the wrong type")
    decisions = tuple(map(_decision, results, entries))
    return Answer(decisions, call_id=call_id)


def _decision(result: Any, entry: Entry) -> Decision:
    if not isinstance(result, dict):
        raise Unreadable("a result is not an object")
    resource = _member(result, "resource", dict, "result")
    sent = entry.resource
    same = (
        resource.get("kind") == sent.kind
        and resource.get("id") == sent.id
        and resource.get("scope", "") == sent.scope
        and resource.get("policyVersion", "") == sent.policy_version
    )
    if not same:
        raise Unreadable("a result is about another resource")
    effects = _member(result, "actions", dict, "result")
    if set(effects) != set(entry.actions):
        raise Unreadable("a result is about other actions")
    if any(effect not in (EFFECT_ALLOW, EFFECT_DENY) for effect in effects.values()):
        raise Unreadable("a result has an effect that is neither ALLOW nor DENY")
    outputs = result.get("outputs", [])
    if not isinstance(outputs, list):
        raise Unreadable("result: outputs is of the wrong type")
    rejected = result.get("validationErrors", [])
    if not isinstance(rejected, list):
        raise Unreadable("result: validationErrors is of the wrong type")
    allowed = (action for action, effect in effects.items() if effect == EFFECT_ALLOW)
    return Decision(
        allowed=frozenset() if rejected else frozenset(allowed),
        outputs=tuple(map(_output, outputs)),
    )


def _output(output: Any) -> Output:
    if not isinstance(output, dict):
        raise Unreadable("an output is not an object")
    src, action = output.get("src", ""), output.get("action", "")
    if not isinstance(src, str) or not isinstance(action, str):
        raise Unreadable("output: src or action is of the wrong type")
    return Output(src, action, output.get("val"))
