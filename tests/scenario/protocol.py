"""protocol.py — connections, limits and deadlines

SPDX-License-Identifier: Apache-2.0
"""

import json
import socket
import threading
import time

from server import Closed, Server, policy, post, question


def keeps_alive(check):
    with Server() as server, server.client() as c:
        for i in range(100):
            status, headers, _ = c.ask(post(question()))
            if status != 200 or "connection" in headers:
                check("request %d" % i, False, headers)
        check("100 on one connection", True)
        status, headers, _ = c.ask(post(question(), extra="Connection: close\r\n"))
        check("close is confirmed", headers.get("connection") == "close", headers)
        check("and done", c.closed_within(2))
    with Server() as server, server.client() as c:
        status, headers, _ = c.ask(b"GET /_cerbos/health HTTP/1.0\r\n\r\n")
        check("1.0 closes", status == 200 and c.closed_within(2))
        with server.client() as d:
            status, headers, _ = d.ask(b"GET /_cerbos/health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            check("1.0 may stay", headers.get("connection") == "keep-alive", headers)
            check("and does", d.ask(b"GET /_cerbos/health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")[0] == 200)


def pipelines(check):
    """10 000 requests without waiting; answers come in order."""
    count = 10000
    with Server() as server, server.client(60) as c:
        def write():
            for i in range(0, count, 100):
                c.send(b"".join(post(question(requestId=str(n))) for n in range(i, i + 100)))
        writer = threading.Thread(target=write)
        writer.start()
        wrong = []
        for i in range(count):
            status, _, body = c.reply()
            answer = json.loads(body)
            if status != 200 or answer["requestId"] != str(i):
                wrong.append((i, status, answer))
                break
        writer.join()
        check("answers in order", not wrong, wrong[:1])


def byte_by_byte(check):
    with Server() as server, server.client() as c:
        request = post(question(requestId="slow")) + post(question(requestId="next"))
        for i in range(len(request)):
            c.send(request[i:i + 1])
        got = [json.loads(c.reply()[2])["requestId"] for _ in range(2)]
        check("both are answered", got == ["slow", "next"], got)


def chunked_bodies(check):
    body = json.dumps(question(requestId="x" * 40000)).encode()
    head = b"POST /api/check/resources HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
    with Server() as server, server.client() as c:
        for size in (1, 7, 1000, 50000):
            chunks = b"".join(b"%x\r\n%s\r\n" % (len(body[i:i + size]), body[i:i + size]) for i in range(0, len(body), size))
            status, _, answer = c.ask(head + chunks + b"0\r\nTrailer: x\r\n\r\n")
            check("chunks of %d" % size, status == 200 and json.loads(answer)["requestId"] == "x" * 40000, answer[:200])


def expects_continue(check):
    with Server() as server, server.client() as c:
        request = post(question(), extra="Expect: 100-continue\r\n")
        cut = request.index(b"\r\n\r\n") + 4
        c.send(request[:cut])
        check("100", c.reply()[0] == 100)
        check("200", c.ask(request[cut:])[0] == 200)
        c.send(request)
        check("none needed when the body is there", c.reply()[0] == 200)


def large_bodies(check):
    with Server(sets=["server.advanced.http.maxBodyBytes=1000000"]) as server, server.client() as c:
        body = question(requestId="y" * 900000)
        status, _, answer = c.ask(post(body))
        check("below the limit", status == 200 and json.loads(answer)["requestId"] == "y" * 900000, answer[:100])
        c.send(b"POST /api/check/resources HTTP/1.1\r\nHost: t\r\nContent-Length: 1000001\r\n\r\n")
        status, headers, answer = c.reply()
        check("above it", status == 429 and json.loads(answer)["code"] == 8, answer)
        check("ends the connection", headers.get("connection") == "close" and c.closed_within(5))
        with server.client() as d:
            d.send(b"POST /api/check/resources HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n")
            try:
                for _ in range(40):
                    d.send(b"8000\r\n" + b"z" * 0x8000 + b"\r\n")
            except OSError:
                pass
            status = d.reply()[0]
            check("chunked above it", status == 429, status)


def framing_is_strict(check):
    bad = {
        "length and coding": b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "two lengths": b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        "signed length": b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: +3\r\n\r\nabc",
        "bare LF": b"GET / HTTP/1.1\nHost: t\n\n",
        "folding": b"GET / HTTP/1.1\r\nHost: t\r\nX: a\r\n b\r\n\r\n",
        "space before colon": b"GET / HTTP/1.1\r\nHost : t\r\n\r\n",
        "NUL": b"GET / HTTP/1.1\r\nHost: t\r\nX: \0\r\n\r\n",
        "no Host": b"GET / HTTP/1.1\r\n\r\n",
        "two Hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        "too many headers": b"GET / HTTP/1.1\r\nHost: t\r\n" + b"A: 1\r\n" * 200 + b"\r\n",
        "head too large": b"GET / HTTP/1.1\r\nHost: t\r\nX: " + b"x" * 20000 + b"\r\n\r\n",
    }
    with Server() as server:
        for name, data in bad.items():
            with server.client() as c:
                c.send(data + b"GET /_cerbos/health HTTP/1.1\r\nHost: t\r\n\r\n")
                status, headers, body = c.reply()
                check(name, 400 <= status < 600 and status != 404 and headers.get("connection") == "close", (status, body))
                check(name + " ends the connection", c.closed_within(5) and c.data == b"", c.data)


def slow_heads_are_cut(check):
    with Server(sets=["server.advanced.http.readHeaderTimeout=1s"]) as server, server.client() as c:
        start = time.monotonic()
        cut = None
        for byte in b"GET /_cerbos/health HTTP/1.1\r\nHost: " + b"a" * 100:
            try:
                c.send(bytes([byte]))
                c.sock.settimeout(0.1)
                c.more()
                cut = time.monotonic() - start
                break
            except socket.timeout:
                continue
            except (OSError, Closed):
                cut = time.monotonic() - start
                break
        check("after the deadline, though bytes kept coming", cut is not None and 0.8 < cut < 2.0, cut)
        check("with 408", c.data.startswith(b"HTTP/1.1 408 "), c.data)


def slow_bodies_are_cut(check):
    with Server(sets=["server.advanced.http.readTimeout=1s"]) as server, server.client() as c:
        request = post(question())
        start = time.monotonic()
        c.send(request[:-50])
        cut = None
        for i in range(50):
            try:
                c.send(request[-50 + i:len(request) - 49 + i])
                c.sock.settimeout(0.1)
                c.more()
                cut = time.monotonic() - start
                break
            except socket.timeout:
                continue
            except (OSError, Closed):
                cut = time.monotonic() - start
                break
        check("after the deadline, though bytes kept coming", cut is not None and 0.8 < cut < 2.0, cut)
        check("with 408", c.data.startswith(b"HTTP/1.1 408 "), c.data)


def silent_connections_are_closed(check):
    with Server(sets=["server.advanced.http.readHeaderTimeout=500ms", "server.advanced.http.idleTimeout=1s"]) as server:
        with server.client() as c:
            check("never spoke", c.closed_within(3) and c.data == b"", c.data)
        with server.client() as c:
            c.ask(post(question()))
            start = time.monotonic()
            check("rested too long", c.closed_within(4) and c.data == b"", c.data)
            check("but not at once", time.monotonic() - start > 0.8, time.monotonic() - start)


def readers_that_do_not_read(check):
    """A peer that sends requests and reads nothing is held back, then cut; others are served meanwhile."""
    with Server(sets=["server.advanced.http.writeTimeout=1s", "server.advanced.http.workers=1"]) as server:
        with server.client() as c:
            c.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            c.sock.settimeout(0.2)
            big = post(question(requestId="z" * 100000))
            try:
                for _ in range(400):
                    c.send(big)
            except OSError:
                pass
            check("others are served", server.effect() == "EFFECT_ALLOW")
            server.until(lambda: server_has_no_connections(server), "cut", 8)
            check("is cut", True)


def server_has_no_connections(server):
    with open("/proc/%d/net/tcp" % server.proc.pid, encoding="ascii") as f:
        local = ":%04X" % server.port
        lines = [line.split() for line in f.readlines()[1:]]
    return not any(line[1].endswith(local) and line[3] == "01" for line in lines)


def large_answers_arrive_whole(check):
    with Server(sets=["server.advanced.http.maxBodyBytes=8000000"]) as server, server.client(30) as c:
        request = post(question(requestId="w" * 5000000))
        c.send(request)
        time.sleep(0.3)
        status, _, body = c.reply()
        check("5 MB", status == 200 and json.loads(body)["requestId"] == "w" * 5000000, body[:100])
        check("and the connection goes on", c.ask(post(question()))[0] == 200)


def ceiling_of_connections(check):
    with Server(sets=["server.advanced.http.maxConnections=8"]) as server:
        server.until(lambda: server_has_no_connections(server), "quiet")
        time.sleep(0.2)
        held = []
        for _ in range(8):
            c = server.client()
            c.ask(post(question()))
            held.append(c)
        with server.client() as c:
            try:
                c.send(post(question()))
                status = c.reply()[0]
            except (OSError, Closed):
                status = None
            check("the ninth is turned away", status in (503, None), status)
        check("the eight are served", all(c.ask(post(question()))[0] == 200 for c in held))
        held.pop().sock.close()
        server.until(lambda: server.effect() == "EFFECT_ALLOW", "free again")
        for c in held:
            c.sock.close()
        check("room is found again", True)


def many_connections(check):
    with Server(sets=["server.advanced.http.workers=4"]) as server:
        clients = [server.client() for _ in range(200)]
        for c in clients:
            c.send(post(question()))
        good = sum(c.reply()[0] == 200 for c in clients)
        check("200 at once on 4 workers", good == 200, good)
        for c in clients:
            c.sock.close()


def half_closed_peers_get_their_answer(check):
    with Server() as server, server.client() as c:
        c.send(post(question()))
        c.sock.shutdown(socket.SHUT_WR)
        check("answered", c.reply()[0] == 200)
        check("and closed", c.closed_within(3))


SCENARIOS = [(f.__name__, f) for f in (
    keeps_alive, pipelines, byte_by_byte, chunked_bodies, expects_continue, large_bodies, framing_is_strict,
    slow_heads_are_cut, slow_bodies_are_cut, silent_connections_are_closed, readers_that_do_not_read,
    large_answers_arrive_whole, ceiling_of_connections, many_connections, half_closed_peers_get_their_answer)]
