"""The connection to the PDP: one request, one absolute timeout, one bounded reply, no second try.

`AsyncClient` does the work. `Client` runs one in a thread of its own: only an event loop can give
up on name resolution, connecting and a dripping reply alike at one point in time.

Every way to fail ends in `failed()`. Nothing is raised for what the network or the PDP does, so
that no `except` clause of a caller can turn a failure into a *yes*.

Neighbours: _wire encodes and decodes · mcp and fastmcp ask through AsyncClient.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import os
import ssl
import threading
import uuid
from collections.abc import Mapping, Sequence
from types import TracebackType

import httpx

from ._wire import (
    Answer,
    Entry,
    Principal,
    Resource,
    Unreadable,
    Unsendable,
    decode,
    encode,
    failed,
)

logger = logging.getLogger("cardea")

DEFAULT_URL = "http://127.0.0.1:3592"
DEFAULT_TIMEOUT = 1.0
DEFAULT_MAX_REPLY_BYTES = 4 * 1024 * 1024
CHECK_PATH = "/api/check/resources"


class _TooLarge(Exception):
    pass


class _Status(Exception):
    pass


class AsyncClient:
    """Asks a PDP from asyncio code.

    url                   of the PDP, without a path
    timeout               seconds for a whole call, from the name look-up to the last byte
    max_reply_bytes       a longer reply is a failure
    headers               sent with every request, for a proxy in front of the PDP
    ca_file, ssl_context  what to trust instead of the system's authorities; at most one of them
    insecure_skip_verify  accept any certificate; logged as a warning

    One object serves any number of concurrent calls and keeps its connections open between them.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        timeout: float = DEFAULT_TIMEOUT,
        max_reply_bytes: int = DEFAULT_MAX_REPLY_BYTES,
        headers: Mapping[str, str] | None = None,
        ca_file: str | None = None,
        ssl_context: ssl.SSLContext | None = None,
        insecure_skip_verify: bool = False,
    ) -> None:
        parsed = httpx.URL(url)
        if parsed.scheme not in ("http", "https") or not parsed.host:
            raise ValueError("url must begin with http:// or https:// and name a host")
        if not 0 < timeout < float("inf"):
            raise ValueError("timeout must be positive and finite")
        if max_reply_bytes <= 0:
            raise ValueError("max_reply_bytes must be positive")
        if sum((ca_file is not None, ssl_context is not None, insecure_skip_verify)) > 1:
            raise ValueError("give at most one of ca_file, ssl_context, insecure_skip_verify")
        self.timeout = float(timeout)
        self._max_reply_bytes = max_reply_bytes
        self._url = str(parsed.copy_with(path=parsed.path.rstrip("/") + CHECK_PATH))
        self._headers = dict(headers or {})
        self._verify = ssl_context or ssl.create_default_context(cafile=ca_file)
        if insecure_skip_verify:
            logger.warning(
                "insecure_skip_verify: the certificate of %s is not checked", parsed.host
            )
            self._verify.check_hostname = False
            self._verify.verify_mode = ssl.CERT_NONE
        self._http: httpx.AsyncClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    # -- questions --

    async def check(self, principal: Principal, resource: Resource, action: str) -> bool:
        """May the principal do this? False for every failure."""
        return action in await self.allowed_actions(principal, resource, [action])

    async def allowed_actions(
        self, principal: Principal, resource: Resource, actions: Sequence[str]
    ) -> frozenset[str]:
        """Those of the actions that the principal may do. Empty for every failure."""
        answer = await self.decide(principal, [Entry(resource, actions)])
        return answer.decisions[0].allowed

    async def decide(self, principal: Principal, entries: Sequence[Entry]) -> Answer:
        """One request about several resources, with outputs and the reason of a failure."""
        entries = list(entries)
        request_id = uuid.uuid4().hex
        try:
            body = encode(principal, entries, request_id)
        except Unsendable as error:
            return self._failed(entries, "unsendable", str(error))
        # Not wait_for: that one waits for the cancelled work to clean up, however long it takes.
        work = asyncio.ensure_future(self._exchange(body))
        work.add_done_callback(_forget)
        try:
            done, _ = await asyncio.wait({work}, timeout=self.timeout)
        except asyncio.CancelledError:
            work.cancel()
            raise
        if not done:
            work.cancel()
            return self._failed(entries, "timeout", f"no reply within {self.timeout} s")
        try:
            return decode(work.result(), entries, request_id)
        except Unreadable as error:
            return self._failed(entries, "unreadable", str(error))
        except _Status as error:
            return self._failed(entries, "status", str(error))
        except _TooLarge as error:
            return self._failed(entries, "too_large", str(error))
        except (Exception, asyncio.CancelledError) as error:
            return self._failed(entries, "unreachable", f"{type(error).__name__}: {error}")

    # -- life --

    async def aclose(self) -> None:
        """Closes the connections. A later call opens new ones."""
        http, self._http = self._http, None
        if http is not None and self._loop is asyncio.get_running_loop():
            await http.aclose()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    # -- parts --

    def _failed(self, entries: Sequence[Entry], failure: str, detail: str) -> Answer:
        logger.warning("the PDP gave no answer, nothing is allowed: %s: %s", failure, detail)
        return failed(entries, failure, detail)

    def _session(self) -> httpx.AsyncClient:
        """The connections of the running loop; those of another loop cannot be used from here."""
        loop = asyncio.get_running_loop()
        if self._http is None or self._loop is not loop:
            self._loop = loop
            self._http = httpx.AsyncClient(
                verify=self._verify,
                timeout=None,  # decide() keeps the time
                follow_redirects=False,
                trust_env=False,  # no proxy and no password from the environment
            )
        return self._http

    async def _exchange(self, body: bytes) -> bytes:
        request_headers = {
            **self._headers,
            "content-type": "application/json",
            "accept": "application/json",
            "accept-encoding": "identity",
        }
        async with self._session().stream(
            "POST", self._url, content=body, headers=request_headers
        ) as response:
            if response.status_code != 200:
                raise _Status(f"HTTP status {response.status_code}")
            if response.headers.get("content-encoding", "identity").lower() != "identity":
                raise Unreadable("the reply is compressed, which was not asked for")
            received = bytearray()
            async for chunk in response.aiter_raw():
                received += chunk
                if len(received) > self._max_reply_bytes:
                    raise _TooLarge(f"the reply is longer than {self._max_reply_bytes} bytes")
            return bytes(received)


def _forget(work: asyncio.Future[bytes]) -> None:
    """Takes the outcome of abandoned work, which nobody waits for any more."""
    if not work.cancelled():
        work.exception()


class Client:
    """Asks a PDP from ordinary code, also from several threads at once.

    Takes the parameters of AsyncClient.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        timeout: float = DEFAULT_TIMEOUT,
        max_reply_bytes: int = DEFAULT_MAX_REPLY_BYTES,
        headers: Mapping[str, str] | None = None,
        ca_file: str | None = None,
        ssl_context: ssl.SSLContext | None = None,
        insecure_skip_verify: bool = False,
    ) -> None:
        self._async = AsyncClient(
            url,
            timeout=timeout,
            max_reply_bytes=max_reply_bytes,
            headers=headers,
            ca_file=ca_file,
            ssl_context=ssl_context,
            insecure_skip_verify=insecure_skip_verify,
        )
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._pid = 0

    def check(self, principal: Principal, resource: Resource, action: str) -> bool:
        """May the principal do this? False for every failure."""
        return action in self.allowed_actions(principal, resource, [action])

    def allowed_actions(
        self, principal: Principal, resource: Resource, actions: Sequence[str]
    ) -> frozenset[str]:
        """Those of the actions that the principal may do. Empty for every failure."""
        return self.decide(principal, [Entry(resource, actions)]).decisions[0].allowed

    def decide(self, principal: Principal, entries: Sequence[Entry]) -> Answer:
        """One request about several resources, with outputs and the reason of a failure."""
        entries = list(entries)
        future = asyncio.run_coroutine_threadsafe(
            self._async.decide(principal, entries), self._running_loop()
        )
        try:
            # The loop keeps the time; the second bound is for a loop that gets no processor time.
            return future.result(self._async.timeout + 1.0)
        except (concurrent.futures.TimeoutError, concurrent.futures.CancelledError) as error:
            future.cancel()
            return failed(entries, "timeout", type(error).__name__)

    def close(self) -> None:
        """Closes the connections and ends the thread. A later call starts again."""
        with self._lock:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
            if loop is None or thread is None or self._pid != os.getpid():
                return
            asyncio.run_coroutine_threadsafe(self._async.aclose(), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            # A forked child has the object but not the thread.
            if self._loop is None or self._pid != os.getpid():
                self._pid = os.getpid()
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(
                    target=self._loop.run_forever, name="cardea-client", daemon=True
                )
                self._thread.start()
            return self._loop
