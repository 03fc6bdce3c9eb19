"""The pages for probes and scrapers, on real sockets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import StringIO
from time import monotonic
from typing import Any

import pytest

from svcdns.server.http import MAX_CONNECTIONS, PAGE_SECONDS, HttpServer, Page, Response
from svcdns.server.http_request import Headers
from svcdns.server.sockets import open_streams
from tests.support.streams import StreamPeer, until

GET = b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = b"GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def health(_headers: Headers) -> Response:
    return Response(body=b"OK")


class Visitor(StreamPeer):
    """A client of HTTP."""

    async def receive(self) -> tuple[str, dict[str, str], bytes]:
        """Return status line, fields and body of the next response."""
        async with asyncio.timeout(10):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
            status, *lines = head.rstrip().split("\r\n")
            fields = dict(line.split(": ", 1) for line in lines)
            body = await self.reader.readexactly(int(fields["Content-Length"]))
            return status, fields, body


class Hall:
    """An HTTP server and its visitors."""

    def __init__(self, server: HttpServer, port: int) -> None:
        self.server = server
        self.port = port
        self._writers: list[asyncio.StreamWriter] = []

    async def visit(self, address: str = "127.0.0.1") -> Visitor:
        reader, writer = await asyncio.open_connection(address, self.port)
        self._writers.append(writer)
        return Visitor(reader, writer)

    async def close(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        await self.server.close(0)
        await asyncio.sleep(0)


@asynccontextmanager
async def serving(pages: dict[str, Page] | None = None, host: str = "") -> AsyncIterator[Hall]:
    """Serve `pages` on a free port; no exception may get as far as the loop."""
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    streams = open_streams(host, 0)
    server = HttpServer(streams, {"/health": health} if pages is None else pages)
    server.start()
    hall = Hall(server, streams[0].getsockname()[1])
    try:
        yield hall
    finally:
        await hall.close()
    assert complaints == []


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
async def test_a_page_is_served_on_every_address(address: str) -> None:
    async with serving() as hall:
        visitor = await hall.visit(address)
        visitor.send(GET % b"/health")
        status, fields, body = await visitor.receive()

    assert status == "HTTP/1.1 200 OK"
    assert fields["Content-Type"] == "text/plain; charset=utf-8"
    assert fields["Date"].endswith(" GMT")
    assert "Connection" not in fields
    assert body == b"OK"


async def test_pages_of_several_blocks_share_one_server() -> None:
    def metrics(headers: Headers) -> Response:
        body = f"accepts {headers.get('accept')}".encode()
        return Response(200, "application/openmetrics-text", body, (("Vary", "Accept"),))

    async with serving() as hall:
        hall.server.pages["/metrics"] = metrics
        visitor = await hall.visit()
        visitor.send(b"GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: text/plain\r\n\r\n")
        _, fields, body = await visitor.receive()

    assert fields["Content-Type"] == "application/openmetrics-text"
    assert fields["Vary"] == "Accept"
    assert body == b"accepts text/plain"


async def test_a_page_tells_that_it_is_not_ready() -> None:
    def ready(_headers: Headers) -> Response:
        return Response(503, body=b"kubernetes")

    async with serving({"/ready": ready}) as hall:
        visitor = await hall.visit()
        visitor.send(GET % b"/ready")
        status, _, body = await visitor.receive()

    assert (status, body) == ("HTTP/1.1 503 Service Unavailable", b"kubernetes")


async def test_head_has_the_fields_of_get_and_no_body() -> None:
    async with serving() as hall:
        visitor = await hall.visit()
        visitor.send(b"HEAD /health HTTP/1.0\r\n\r\n")
        octets = await visitor.rest()

    assert b"\r\nContent-Length: 2\r\n" in octets
    assert octets.endswith(b"\r\n\r\n")


async def test_a_connection_serves_one_request_after_the_other() -> None:
    async with serving() as hall:
        visitor = await hall.visit()
        bodies = []
        for _ in range(3):
            visitor.send(GET % b"/health")
            bodies.append((await visitor.receive())[2])
        visitor.send(LAST % b"/health")
        _, fields, _ = await visitor.receive()
        rest = await visitor.rest()

    assert bodies == [b"OK"] * 3
    assert fields["Connection"] == "close"
    assert rest == b""


async def test_requests_sent_together_are_answered_in_order() -> None:
    async def slow(_headers: Headers) -> Response:
        for _ in range(10):
            await asyncio.sleep(0)
        return Response(body=b"slow")

    async with serving({"/health": health, "/slow": slow}) as hall:
        visitor = await hall.visit()
        visitor.send(b"".join(GET % path for path in (b"/slow", b"/health", b"/slow", b"/none")))
        bodies = [(await visitor.receive())[2] for _ in range(4)]

    assert bodies == [b"slow", b"OK", b"slow", b"404 Not Found\n"]


async def test_a_client_that_has_said_all_still_gets_its_page() -> None:
    async with serving() as hall:
        visitor = await hall.visit()
        visitor.send((GET % b"/health") * 3)
        visitor.writer.write_eof()
        octets = await visitor.rest()

    assert octets.count(b"OK") == 2 * 3  # the status line and the body
    assert hall.server.connections.open == 0


async def test_a_slow_page_is_finished_after_the_client_said_all() -> None:
    asked = asyncio.Event()

    async def slow(_headers: Headers) -> Response:
        await asked.wait()
        return Response(body=b"slow")

    async with serving({"/slow": slow}) as hall:
        visitor = await hall.visit()
        visitor.send(GET % b"/slow")
        visitor.writer.write_eof()
        await until(lambda: hall.server.connections.open == 1)
        asked.set()
        octets = await visitor.rest()

    assert octets.endswith(b"slow")


@pytest.mark.parametrize(
    ("octets", "status"),
    [
        pytest.param(GET % b"/<script>", "404 Not Found", id="unknown path"),
        pytest.param(b"\0" * 2000, "414 ", id="nonsense"),
        pytest.param(
            b"DELETE /health HTTP/1.1\r\nHost: <script>\r\n\r\n",
            "405 Method Not Allowed",
            id="wrong method",
        ),
        pytest.param(b"<script>\r\n\r\n", "400 Bad Request", id="malformed"),
        pytest.param(
            b"GET /<script> HTTP/1.1\r\n" + b"A: <script>\r\n" * 1000 + b"\r\n",
            "431 Request Header Fields Too Large",
            id="headers too large",
        ),
        pytest.param(b"GET /<script>" + b"x" * 500_000, "414 ", id="endless line"),
    ],
)
async def test_a_refusal_arrives_and_reflects_nothing(octets: bytes, status: str) -> None:
    async with serving() as hall:
        visitor = await hall.visit()
        visitor.send(octets)
        line, fields, body = await visitor.receive()

    assert line.startswith(f"HTTP/1.1 {status}")
    assert "script" not in f"{line}{fields}{body.decode()}"
    assert fields.get("Allow", "GET, HEAD") == "GET, HEAD"
    assert ("Allow" in fields) == status.startswith("405")


async def test_a_refused_client_that_goes_on_sending_is_cut_off() -> None:
    async with serving() as hall:
        visitor = await hall.visit()
        visitor.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n")
        refusal = await visitor.rest()  # up to the half-close
        visitor.send(b"more")
        hall.server.acceptor.sweep(monotonic() + 1)
        await until(lambda: hall.server.connections.open == 0)

    assert refusal.startswith(b"HTTP/1.1 405 ")
    assert hall.server.connections.counts.expired == 1


async def test_a_page_that_fails_is_status_500(log: StringIO) -> None:
    def broken(_headers: Headers) -> Response:
        raise LookupError("a bug")

    async def broken_later(_headers: Headers) -> Response:
        raise LookupError("a later bug")

    async with serving({"/now": broken, "/later": broken_later}) as hall:
        visitor = await hall.visit()
        visitor.send(GET % b"/now" + GET % b"/later")
        responses = [await visitor.receive() for _ in range(2)]

    assert [line for line, _, _ in responses] == ["HTTP/1.1 500 Internal Server Error"] * 2
    assert "a bug" not in f"{responses}"
    assert "a bug" in log.getvalue()
    assert "a later bug" in log.getvalue()


@pytest.mark.parametrize(
    ("sent", "seconds"),
    [
        pytest.param(b"", 5, id="nothing"),
        pytest.param(b"GET /hea", 5, id="half a request"),
        pytest.param(GET % b"/health", 5, id="silence after a response"),
    ],
)
async def test_a_slow_client_is_cut_off(sent: bytes, seconds: float) -> None:
    async with serving() as hall:
        visitor = await hall.visit()
        visitor.send(sent)
        if sent.endswith(b"\r\n\r\n"):
            await visitor.receive()
        await until(lambda: hall.server.connections.open == 1)
        for _ in range(20):
            await asyncio.sleep(0)
        hall.server.acceptor.sweep(monotonic() + seconds - 0.5)
        patient = hall.server.connections.open
        hall.server.acceptor.sweep(monotonic() + seconds)
        rest = await visitor.rest()

    assert patient == 1
    assert rest == b""
    assert hall.server.connections.counts.expired == 1


async def test_a_page_that_takes_too_long_is_given_up() -> None:
    given_up = asyncio.Event()

    async def stuck(_headers: Headers) -> Response:
        try:
            await asyncio.Event().wait()
        finally:
            given_up.set()
        raise AssertionError

    async with serving({"/stuck": stuck}) as hall:
        visitor = await hall.visit()
        visitor.send(GET % b"/stuck")
        await until(lambda: hall.server.connections.open == 1)
        for _ in range(20):
            await asyncio.sleep(0)
        hall.server.acceptor.sweep(monotonic() + PAGE_SECONDS - 0.5)
        patient = hall.server.connections.open
        hall.server.acceptor.sweep(monotonic() + PAGE_SECONDS)
        rest = await visitor.rest()
        await until(given_up.is_set)

    assert patient == 1
    assert rest == b""


async def test_a_client_that_does_not_read_gets_no_second_page() -> None:
    made = 0

    def large(_headers: Headers) -> Response:
        nonlocal made
        made += 1
        return Response(body=bytes(8_000_000))

    async with serving({"/large": large}) as hall:
        visitor = await hall.visit()
        visitor.stop_reading()
        visitor.send((GET % b"/large") * 3)
        await until(lambda: made > 0)
        for _ in range(50):
            await asyncio.sleep(0)
        made_unread = made
        visitor.go_on_reading()
        sizes = [len((await visitor.receive())[2]) for _ in range(3)]

    assert made_unread == 1
    assert sizes == [8_000_000] * 3


async def test_there_are_at_most_50_connections() -> None:
    async with serving() as hall:
        for _ in range(MAX_CONNECTIONS):
            await hall.visit()
        await until(lambda: hall.server.connections.open == MAX_CONNECTIONS)
        visitor = await hall.visit()
        rest = await visitor.rest()

    assert rest == b""
    assert hall.server.connections.counts.refused == 1


async def test_closing_finishes_the_response_under_way() -> None:
    proceed = asyncio.Event()

    async def slow(_headers: Headers) -> Response:
        await proceed.wait()
        return Response(body=b"slow")

    async with serving({"/slow": slow, "/health": health}) as hall:
        idle, busy = await hall.visit(), await hall.visit()
        busy.send(GET % b"/slow" + GET % b"/health")
        await until(lambda: hall.server.connections.open == 2)
        for _ in range(20):
            await asyncio.sleep(0)
        async with asyncio.TaskGroup() as closing:
            closing.create_task(hall.server.close(5))
            silence = await idle.rest()
            proceed.set()
            octets = await busy.rest()

    assert silence == b""
    assert b"Connection: close" in octets
    assert octets.endswith(b"slow")
