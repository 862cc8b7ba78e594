"""What the vectors cannot say: types, time, connections, certificates, threads, forks.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import asyncio
import datetime
import logging
import math
import os
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from fake_pdp import FakePdp, answer

from cardea import AsyncClient, Client, Entry, Principal, Resource

ANN = Principal("ann", ["author"])
DOC = Resource("document", "1")


def allow_all(request: dict[str, Any]) -> dict[str, Any]:
    return answer(request, [entry["actions"] for entry in request["resources"]])


def allow_view(request: dict[str, Any]) -> dict[str, Any]:
    return answer(request, [["view"] for _ in request["resources"]])


def test_check_and_allowed_actions() -> None:
    with FakePdp(allow_view) as pdp, Client(pdp.url) as client:
        assert client.check(ANN, DOC, "view") is True
        assert client.check(ANN, DOC, "edit") is False
        assert client.allowed_actions(ANN, DOC, ["view", "edit"]) == {"view"}


def test_async_check_and_allowed_actions() -> None:
    async def run(url: str) -> None:
        async with AsyncClient(url) as client:
            assert await client.check(ANN, DOC, "view") is True
            assert await client.check(ANN, DOC, "edit") is False
            assert await client.allowed_actions(ANN, DOC, ["view", "edit"]) == {"view"}

    with FakePdp(allow_view) as pdp:
        asyncio.run(run(pdp.url))


def test_connections_are_kept() -> None:
    with FakePdp(allow_all) as pdp, Client(pdp.url) as client:
        assert all(client.check(ANN, DOC, "view") for _ in range(20))
        assert pdp.connections == 1


def test_one_client_in_several_loops() -> None:
    with FakePdp(allow_all) as pdp:
        client = AsyncClient(pdp.url)
        assert all(asyncio.run(client.check(ANN, DOC, "view")) for _ in range(3))


def test_many_threads() -> None:
    with FakePdp(allow_all) as pdp, Client(pdp.url, timeout=10) as client:
        got: list[bool] = []

        def work() -> None:
            for _ in range(5):
                got.append(client.check(ANN, DOC, "view"))

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert got == [True] * 40


def test_use_after_close() -> None:
    with FakePdp(allow_all) as pdp:
        client = Client(pdp.url)
        assert client.check(ANN, DOC, "view")
        client.close()
        client.close()
        assert client.check(ANN, DOC, "view")
        client.close()


def test_a_forked_child_asks_for_itself() -> None:
    with FakePdp(allow_all) as pdp, Client(pdp.url) as client:
        assert client.check(ANN, DOC, "view")
        child = os.fork()
        if child == 0:
            os._exit(0 if client.check(ANN, DOC, "view") else 1)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        assert client.check(ANN, DOC, "view")


def test_cancelling_a_call_leaves_a_usable_client() -> None:
    async def run(url: str) -> None:
        async with AsyncClient(url, timeout=30) as client:
            call = asyncio.create_task(client.check(ANN, DOC, "hang"))
            await asyncio.sleep(0.1)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            assert await client.check(ANN, DOC, "view")

    def script(request: dict[str, Any]) -> dict[str, Any]:
        hang = request["resources"][0]["actions"] == ["hang"]
        return {"do": "hang"} if hang else allow_all(request)

    with FakePdp(script) as pdp:
        asyncio.run(run(pdp.url))


def test_a_pdp_that_comes_back_is_asked_again() -> None:
    states = iter([{"do": "raw", "text": ""}, {"do": "reply", "status": 503, "text": ""}])
    with FakePdp(lambda request: next(states, None) or allow_all(request)) as pdp:
        with Client(pdp.url) as client:
            assert [client.check(ANN, DOC, "view") for _ in range(4)] == [False, False, True, True]
        assert len(pdp.requests) == 4


class Stranger:
    pass


@pytest.mark.parametrize(
    "value",
    [
        math.nan,
        math.inf,
        -math.inf,
        2**53,
        10**400,
        b"bytes",
        {1, 2},
        {1: "key"},
        {None: "key"},
        datetime.datetime(2026, 1, 1),
        Stranger(),
        1j,
    ],
    ids=repr,
)
def test_values_without_an_exact_json_form(value: Any) -> None:
    with FakePdp(allow_all) as pdp, Client(pdp.url) as client:
        for attr in ({"a": value}, {"a": [{"b": (value,)}]}):
            assert not client.check(ANN, Resource("document", "1", attr), "view")
            assert not client.check(Principal("ann", ["author"], attr), DOC, "view")
        assert pdp.requests == []


def test_a_value_that_contains_itself() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with FakePdp(allow_all) as pdp, Client(pdp.url) as client:
        assert not client.check(ANN, Resource("document", "1", {"a": loop}), "view")


def test_tuples_and_read_only_mappings_are_json() -> None:
    attr = MappingProxyType({"a": (1, 2), "b": MappingProxyType({"c": 1})})
    with FakePdp(allow_all) as pdp, Client(pdp.url) as client:
        assert client.check(ANN, Resource("document", "1", attr), "view")
        sent = pdp.requests[0]["resources"][0]["resource"]["attr"]
        assert sent == {"a": [1, 2], "b": {"c": 1}}


def test_wrong_types_are_no_not_a_crash() -> None:
    with FakePdp(allow_all) as pdp, Client(pdp.url) as client:
        wrong: Any = 5
        assert not client.check(Principal("ann", wrong), DOC, "view")
        assert not client.check(Principal("ann", "author"), DOC, "view")
        assert not client.check(Principal("ann", [wrong]), DOC, "view")
        assert client.allowed_actions(ANN, DOC, "view") == frozenset()
        assert not client.check(Principal("ann", ["a"], wrong), DOC, "view")
        assert client.decide(ANN, [Entry(DOC, wrong)]).failure == "unsendable"
        assert pdp.requests == []


def test_the_environment_does_not_redirect_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    with FakePdp(allow_all) as proxy, FakePdp(allow_view) as pdp:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        with Client(pdp.url) as client:
            assert client.check(ANN, DOC, "view")
        assert (len(pdp.requests), len(proxy.requests)) == (1, 0)


@pytest.mark.parametrize(
    "options",
    [
        {"url": "127.0.0.1:3592"},
        {"url": "ftp://127.0.0.1"},
        {"url": "http://"},
        {"timeout": 0},
        {"timeout": -1},
        {"timeout": math.inf},
        {"timeout": math.nan},
        {"max_reply_bytes": 0},
        {"ca_file": "x", "insecure_skip_verify": True},
    ],
    ids=repr,
)
def test_unsafe_settings_are_refused(options: dict[str, Any]) -> None:
    for kind in (Client, AsyncClient):
        with pytest.raises(ValueError):
            kind(**options)


def test_a_path_before_the_api() -> None:
    with FakePdp(allow_all) as pdp, Client(pdp.url + "/pdp/") as client:
        assert client.check(ANN, DOC, "view")
        assert pdp.paths == ["POST /pdp/api/check/resources HTTP/1.1"]


# ---- certificates ----


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, ssl.SSLContext]]:
    """A self-signed certificate for 127.0.0.1 and a server's context with it."""
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"]
    try:
        subprocess.run(
            [*command, "-keyout", str(key), "-out", str(cert)], check=True, capture_output=True
        )
    except FileNotFoundError:
        pytest.skip("the program openssl is not installed")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    yield cert, context


def test_an_unknown_certificate_is_no(certificate: tuple[Path, ssl.SSLContext]) -> None:
    with FakePdp(allow_all, tls=certificate[1]) as pdp, Client(pdp.url, timeout=5) as client:
        got = client.decide(ANN, [Entry(DOC, ["view"])])
        assert (got.failure, got.decisions[0].allowed) == ("unreachable", frozenset())
        assert pdp.requests == []


def test_a_known_certificate(certificate: tuple[Path, ssl.SSLContext]) -> None:
    cert, context = certificate
    with FakePdp(allow_all, tls=context) as pdp:
        with Client(pdp.url, timeout=5, ca_file=str(cert)) as client:
            assert client.check(ANN, DOC, "view")
        trust = ssl.create_default_context(cafile=str(cert))
        with Client(pdp.url, timeout=5, ssl_context=trust) as client:
            assert client.check(ANN, DOC, "view")
        with Client(
            pdp.url.replace("127.0.0.1", "localhost"), timeout=5, ca_file=str(cert)
        ) as client:
            assert not client.check(ANN, DOC, "view"), "a certificate for another host"


def test_insecure_must_be_said_and_is_logged(
    certificate: tuple[Path, ssl.SSLContext], caplog: pytest.LogCaptureFixture
) -> None:
    with FakePdp(allow_all, tls=certificate[1]) as pdp:
        with caplog.at_level(logging.WARNING, "cardea"):
            client = Client(pdp.url, timeout=5, insecure_skip_verify=True)
        assert "insecure_skip_verify" in caplog.text
        with client:
            assert client.check(ANN, DOC, "view")
