"""What the end-to-end tests of a FastMCP server need: a PDP, servers, and two ways to talk to them.

Everything listens on a free port of 127.0.0.1 and is ended by its process id.

SPDX-License-Identifier: Apache-2.0
"""

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[3]
CARDEA = os.environ.get("CARDEA", str(ROOT / "build" / "cardea"))
START_TIMEOUT_S = 60


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return sock.getsockname()[1]


class Process:
    """A program that listens on `port`; its output is kept for the case that it does not."""

    def __init__(self, command, port, log, **env):
        self.port, self._log = port, log
        with open(log, "ab") as out:
            self._child = subprocess.Popen(
                [str(part) for part in command],
                env=dict(os.environ, **env),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def wait_for(self, ready):
        until = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < until:
            assert self._child.poll() is None, self._log.read_text(errors="replace")[-4000:]
            try:
                if ready():
                    return self
            except (OSError, httpx.HTTPError):
                pass
            time.sleep(0.05)
        raise AssertionError(f"not ready: {self._log.read_text(errors='replace')[-4000:]}")

    def signal(self, number):
        self._child.send_signal(number)

    def end(self):
        if self._child.poll() is None:
            self._child.send_signal(signal.SIGCONT)
            self._child.terminate()
            try:
                self._child.wait(15)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait()


class Pdp:
    """The program under test, on one port; it can be stopped, hung and started again."""

    def __init__(self, folder):
        self._folder, self._port = folder, free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        policies = folder / "policies"
        shutil.copytree(ROOT / "testdata" / "expenses" / "policies", policies / "expenses")
        shutil.copytree(ROOT / "tests" / "e2e" / "policies", policies / "e2e")
        disk = {"directory": str(policies), "watchForChanges": False}
        config = {
            "server": {"httpListenAddr": f"127.0.0.1:{self._port}"},
            "storage": {"driver": "disk", "disk": disk},
        }
        (folder / "config.json").write_text(json.dumps(config))
        self._process = None

    def start(self):
        command = [CARDEA, "server", "--config", self._folder / "config.json"]
        self._process = Process(command, self._port, self._folder / "pdp.log")

        def serving():
            reply = httpx.get(self.url + "/_cerbos/health", timeout=1, trust_env=False)
            return reply.status_code == 200 and reply.json()["status"] == "SERVING"

        self._process.wait_for(serving)

    def end(self):
        self._process.end()

    def hang(self):
        self._process.signal(signal.SIGSTOP)

    def go_on(self):
        self._process.signal(signal.SIGCONT)


@pytest.fixture(scope="session")
def pdp(tmp_path_factory):
    pdp = Pdp(tmp_path_factory.mktemp("pdp"))
    pdp.start()
    yield pdp
    pdp.end()


def serve(script, pdp, folder):
    port = free_port()
    process = Process(
        [sys.executable, script, port], port, folder / "server.log", CARDEA_URL=pdp.url
    )
    process.wait_for(lambda: socket.create_connection(("127.0.0.1", port), 1).close() is None)
    return process


@pytest.fixture(scope="session")
def expenses(pdp, tmp_path_factory):
    """The address of the example server."""
    script = ROOT / "clients" / "python" / "examples" / "expenses_server.py"
    process = serve(script, pdp, tmp_path_factory.mktemp("expenses"))
    yield f"http://127.0.0.1:{process.port}/mcp"
    process.end()


@pytest.fixture(scope="session")
def kitchen(pdp, tmp_path_factory):
    script = Path(__file__).with_name("kitchen_server.py")
    process = serve(script, pdp, tmp_path_factory.mktemp("kitchen"))
    yield f"http://127.0.0.1:{process.port}/mcp"
    process.end()


def talk(url, headers, conversation):
    """A real MCP client's conversation: conversation(client) with FastMCP's client."""
    from fastmcp import Client
    from fastmcp.client.transports import StreamableHttpTransport

    async def run():
        async with Client(StreamableHttpTransport(url, headers=headers)) as client:
            return await conversation(client)

    return asyncio.run(asyncio.wait_for(run(), 60))


async def error_of(call):
    """The JSON-RPC error that a call ends with, as (code, message, data)."""
    try:
        result = await call
    except Exception as error:
        told = getattr(error, "error", None)
        assert told is not None, repr(error)
        return told.code, told.message, told.data
    raise AssertionError(f"no error but {result!r}")


class Raw:
    """JSON-RPC over HTTP by hand, to see an answer to the last byte."""

    def __init__(self, url, headers):
        self._url, self._id = url, 0
        self._http = httpx.Client(timeout=30, trust_env=False)
        accept = {"accept": "application/json, text/event-stream"}
        self._headers = {**headers, **accept, "content-type": "application/json"}
        version = "2025-06-18"
        hello = {
            "protocolVersion": version,
            "capabilities": {},
            "clientInfo": {"name": "raw", "version": "1"},
        }
        reply = self._post({"method": "initialize", "params": hello, "id": 0})
        assert reply.status_code == 200, reply.text
        self._headers["mcp-protocol-version"] = version
        if "mcp-session-id" in reply.headers:
            self._headers["mcp-session-id"] = reply.headers["mcp-session-id"]
        self._post({"method": "notifications/initialized"})

    def _post(self, message):
        return self._http.post(self._url, json={"jsonrpc": "2.0", **message}, headers=self._headers)

    def request(self, method, params):
        """The bytes of the answer. Every request has the same id, which tells nothing apart."""
        reply = self._post({"method": method, "params": params, "id": 7})
        lines = reply.text.splitlines()
        data = [line for line in lines if line.startswith("data:")]
        return reply.status_code, data or reply.text
