"""A PDP that answers by script, and badly on purpose.

It speaks just enough HTTP/1.1 to serve the clients, from plain sockets and threads, because the
point of many vectors is a reply that no decent server would send. `clients/contract/README.md`
explains the scripts.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import base64
import gzip
import json
import socket
import ssl
import threading
from collections.abc import Callable
from typing import Any

Script = Callable[[dict[str, Any]], dict[str, Any]]


class FakePdp:
    """Serves on a free port of 127.0.0.1 until the `with` block ends.

    script      from the request's JSON to a script such as {"do": "reply", "status": 200}
    requests    what arrived, in order, without requestId
    paths       the request lines
    connections how many were opened
    """

    def __init__(self, script: Script | dict[str, Any], tls: ssl.SSLContext | None = None) -> None:
        self._script = script if callable(script) else lambda _request: script
        self._tls = tls
        self.requests: list[Any] = []
        self.paths: list[str] = []
        self.connections = 0
        self._stopping = threading.Event()
        self._open: list[socket.socket] = []

    def __enter__(self) -> FakePdp:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stopping.set()
        for sock in [self._listener, *self._open]:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            sock.close()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(sock)
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        try:
            if self._tls is not None:
                sock = self._tls.wrap_socket(sock, server_side=True)
                self._open.append(sock)
            stream = sock.makefile("rb")
            while self._serve_one(sock, stream):
                pass
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        finally:
            sock.close()

    def _serve_one(self, sock: socket.socket, stream: Any) -> bool:
        """One request; true if the connection stays open."""
        line = stream.readline()
        if not line:
            return False
        length = 0
        while (header := stream.readline()) not in (b"\r\n", b""):
            name, _, value = header.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        request = json.loads(stream.read(length))
        request_id = request.pop("requestId")
        self.paths.append(line.decode().strip())
        self.requests.append(request)
        return self._act(sock, self._script(request), request_id)

    def _act(self, sock: socket.socket, script: dict[str, Any], request_id: str) -> bool:
        do = script["do"]
        if do == "hang":
            self._stopping.wait(10)
            return False
        if do == "drip":
            data = script["text"].encode() + b"x" * 10000
            for i in range(len(data)):
                if self._stopping.wait(script["everyMs"] / 1000):
                    break
                sock.sendall(data[i : i + 1])
            return False
        if do == "raw":
            sock.sendall(script["text"].encode())
            return False
        sock.sendall(_reply(script, request_id, self.url))
        return True


def _reply(script: dict[str, Any], request_id: str, url: str) -> bytes:
    if "json" in script:
        body = json.dumps(script["json"]).replace("$requestId", request_id).encode()
    elif "base64" in script:
        body = base64.b64decode(script["base64"])
    else:
        body = script.get("text", "").replace("$requestId", request_id).encode()
        body *= script.get("times", 1)
    head = [f"HTTP/1.1 {script['status']} X", "content-type: application/json"]
    if script["do"] == "redirect":
        head.append(f"location: {url}/api/check/resources")
    if script.get("gzip"):
        body = gzip.compress(body)
        head.append("content-encoding: gzip")
    body += b" " * (script.get("padTo", 0) - len(body))
    if script.get("chunked"):
        head.append("transfer-encoding: chunked")
        body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    elif script["status"] != 204:
        head.append(f"content-length: {len(body)}")
    return "\r\n".join([*head, "", ""]).encode() + body


def unused_port() -> int:
    """A port of 127.0.0.1 where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


def answer(
    request: dict[str, Any],
    allow: list[list[str]],
    outputs: list[list[Any]] | None = None,
    call_id: str = "",
) -> dict[str, Any]:
    """The reply that allows, for each resource of the request, the actions of `allow`."""
    results = []
    for i, entry in enumerate(request["resources"]):
        resource = {k: v for k, v in entry["resource"].items() if k != "attr"}
        effects = {
            action: "EFFECT_ALLOW" if action in allow[i] else "EFFECT_DENY"
            for action in entry["actions"]
        }
        result: dict[str, Any] = {"resource": resource, "actions": effects}
        if outputs is not None and outputs[i]:
            result["outputs"] = outputs[i]
        results.append(result)
    reply: dict[str, Any] = {"requestId": "$requestId", "results": results}
    if call_id:
        reply["cerbosCallId"] = call_id
    return {"do": "reply", "status": 200, "json": reply}
