"""cardea — ask a policy decision point, and read every failure as *no*.

A client builds one check request, sends it once, and understands the reply only if it is exactly
what was asked for. It holds no policy, caches nothing and retries nothing. `clients/contract` is
what it promises.

    from cardea import Client, Principal, Resource

    pdp = Client("http://127.0.0.1:3592")
    if pdp.check(Principal("ann", ["author"]), Resource("document", "1"), "edit"):
        ...

Neighbours: _wire (what is sent and how a reply is read) · _client (connections, time, size) ·
mcp (what MCP requests become) · fastmcp (the middleware).

SPDX-License-Identifier: Apache-2.0
"""

from ._client import AsyncClient, Client
from ._wire import Answer, Decision, Entry, Output, Principal, Resource

__all__ = [
    "Answer",
    "AsyncClient",
    "Client",
    "Decision",
    "Entry",
    "Output",
    "Principal",
    "Resource",
]

__version__ = "0.1.0"
