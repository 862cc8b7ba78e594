"""globs.py — patterns of actions, roles and resources, and the names that kinds are known by

A text is a pattern only if it has a `*`; anything else is compared as it is. In the list of a role policy's allowed
actions, any of the other special characters makes a pattern too.

SPDX-License-Identifier: Apache-2.0
"""

import functools
import re

OLD_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_@.\-/]*(:[A-Za-z][A-Za-z0-9_@.\-/]*)*\Z")


def sanitised(name):
    return re.sub(r"[^A-Za-z0-9_.]+", "_", name) if OLD_NAME.match(name) else name


def bracketed(pattern, at):
    """The class that begins behind `[` at `at`: (its expression, where it ends)."""
    end = pattern.index("]", at)
    body = pattern[at:end]
    negated = body.startswith("!")
    return "[%s%s]" % ("^" if negated else "", re.escape(body[negated:]).replace(r"\-", "-")), end + 1


def translated(pattern):
    out, at, depth = [], 0, 0
    while at < len(pattern):
        c = pattern[at]
        at += 1
        if c == "*":
            many = pattern.startswith("*", at)
            at += many
            out.append(".*" if many else "[^:]*")
        elif c == "?":
            out.append("[^:]")
        elif c == "[":
            text, at = bracketed(pattern, at)
            out.append(text)
        elif c == "{":
            depth += 1
            out.append("(?:")
        elif c == "}" and depth:
            depth -= 1
            out.append(")")
        elif c == "," and depth:
            out.append("|")
        elif c == "\\" and at < len(pattern):
            out.append(re.escape(pattern[at]))
            at += 1
        else:
            out.append(re.escape(c))
    return "".join(out)


@functools.lru_cache(maxsize=None)
def expression(pattern):
    """None for a glob that is not valid; such a pattern matches nothing."""
    try:
        return re.compile(translated("**" if pattern == "*" else pattern), re.S)
    except (ValueError, re.error):
        return None


@functools.lru_cache(maxsize=1 << 16)
def matches(pattern, text):
    if "*" not in pattern:
        return pattern == text
    found = expression(pattern)
    return found is not None and found.fullmatch(text) is not None


def any_listed(patterns, action):
    """Is an action in the list of allowed actions of a role policy's rule?"""
    return any(p == action or (expression(p) and expression(p).fullmatch(action)) for p in patterns)
