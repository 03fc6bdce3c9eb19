"""Octets in, requests or a status out."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from svcdns.server.http_request import (
    MAX_FIELDS,
    MAX_HEADERS,
    MAX_LINE,
    Refusal,
    Request,
    RequestReader,
)

PROBE = b"GET /health HTTP/1.1\r\nHost: 10.244.0.7:8080\r\nUser-Agent: kube-probe/1.37\r\n\r\n"


def read(octets: bytes) -> Request | Refusal | None:
    reader = RequestReader()
    reader.receive(octets)
    return reader.next()


def test_a_probe_is_a_request() -> None:
    request = read(PROBE)

    assert request == Request(
        "GET",
        "/health",
        {"host": "10.244.0.7:8080", "user-agent": "kube-probe/1.37"},
        keep_alive=True,
    )


@pytest.mark.parametrize(
    ("octets", "path"),
    [
        pytest.param(b"HEAD /ready HTTP/1.1\r\nHost: x\r\n\r\n", "/ready", id="HEAD"),
        pytest.param(b"GET /metrics?name=a HTTP/1.1\r\nHost: x\r\n\r\n", "/metrics", id="query"),
        pytest.param(b"GET http://x:1/ready HTTP/1.1\r\nHost: x\r\n\r\n", "/ready", id="absolute"),
        pytest.param(b"GET HTTP://x HTTP/1.1\r\nHost: x\r\n\r\n", "/", id="absolute without path"),
        pytest.param(b"GET http://x?q HTTP/1.1\r\nHost: x\r\n\r\n", "/", id="absolute with query"),
        pytest.param(b"\r\nGET /ready HTTP/1.1\r\nHost: x\r\n\r\n", "/ready", id="an empty line"),
        pytest.param(b"GET /%68 HTTP/1.1\r\nHost:\r\n\r\n", "/%68", id="never decoded"),
        pytest.param(b"GET /../etc HTTP/1.0\r\n\r\n", "/../etc", id="never resolved"),
        pytest.param(
            b"GET /ready HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", "/ready", id="no body"
        ),
    ],
)
def test_the_path_is_what_was_sent(octets: bytes, path: str) -> None:
    request = read(octets)

    assert isinstance(request, Request)
    assert request.path == path


@pytest.mark.parametrize(
    ("version", "connection", "keep_alive"),
    [
        (b"1.1", b"", True),
        (b"1.1", b"Connection: close\r\n", False),
        (b"1.1", b"Connection: foo, Close\r\n", False),
        (b"1.0", b"", False),
        (b"1.0", b"Connection: Keep-Alive\r\n", True),
    ],
)
def test_who_may_ask_again(version: bytes, connection: bytes, *, keep_alive: bool) -> None:
    request = read(b"GET / HTTP/%s\r\nHost: x\r\n%s\r\n" % (version, connection))

    assert isinstance(request, Request)
    assert request.keep_alive is keep_alive


@pytest.mark.parametrize(
    ("octets", "status"),
    [
        pytest.param(b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\n", 400, id="TLS"),
        pytest.param(b"GET /\r\n\r\n", 400, id="HTTP/0.9"),
        pytest.param(b"GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400, id="two spaces"),
        pytest.param(b"GET / HTTP/1.1 \r\nHost: x\r\n\r\n", 400, id="space at the end"),
        pytest.param(b"G(T / HTTP/1.1\r\nHost: x\r\n\r\n", 400, id="method is no token"),
        pytest.param(b"GET /\x80 HTTP/1.1\r\nHost: x\r\n\r\n", 400, id="octets above 126"),
        pytest.param(b"GET ready HTTP/1.1\r\nHost: x\r\n\r\n", 400, id="path without slash"),
        pytest.param(b"GET * HTTP/1.1\r\nHost: x\r\n\r\n", 400, id="asterisk"),
        pytest.param(b"GET / HTTP/1.1\nHost: x\n\n", 400, id="line feeds only"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", 400, id="no Host"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400, id="two Hosts"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\n a: b\r\n\r\n", 400, id="folded field"),
        pytest.param(b"GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400, id="space before colon"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: \0\r\n\r\n", 400, id="NUL"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\nA: b\r\n\r\n", 400, id="line feed in a field"),
        pytest.param(
            # Whoever tries to divide these blanks in every way is still at it tomorrow.
            b"GET / HTTP/1.1\r\nHost: x\r\nA:" + b" " * 8000 + b"\1\r\n\r\n",
            400,
            id="a field of blanks that ends in none",
        ),
        pytest.param(b"GET / HTTP/1.1\r\nnonsense\r\n\r\n", 400, id="field without colon"),
        pytest.param(b"\r\n\r\nGET / HTTP/1.0\r\n\r\n", 400, id="two empty lines"),
        pytest.param(b"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505, id="HTTP/2"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, id="HTTP/2 preface"),
        pytest.param(b"POST / HTTP/1.1\r\nHost: x\r\n\r\n", 405, id="POST"),
        pytest.param(b"get / HTTP/1.1\r\nHost: x\r\n\r\n", 405, id="methods have a letter case"),
        pytest.param(
            b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", 413, id="body"
        ),
        pytest.param(
            b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", 413, id="chunks"
        ),
        pytest.param(b"GET /" + b"a" * MAX_LINE, 414, id="line over 1 KiB"),
        pytest.param(b"a" * 100_000, 414, id="endless line"),
        pytest.param(
            b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * MAX_HEADERS, 431, id="headers over 8 KiB"
        ),
        pytest.param(
            b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * MAX_FIELDS + b"\r\n",
            431,
            id="over 64 fields",
        ),
    ],
)
def test_everything_else_is_refused(octets: bytes, status: int) -> None:
    assert read(octets) == Refusal(status)


def test_the_longest_line_and_the_longest_headers_are_accepted() -> None:
    line = b"GET /" + b"a" * (MAX_LINE - len(b"GET / HTTP/1.1")) + b" HTTP/1.1"
    field = b"Host: " + b"x" * (MAX_HEADERS - len(b"\r\nHost: "))

    assert isinstance(read(line + b"\r\n" + field + b"\r\n\r\n"), Request)
    assert read(line.replace(b" ", b" /", 1) + b"\r\n") == Refusal(414)
    assert read(line + b"\r\n" + field + b"x\r\n\r\n") == Refusal(431)


def test_repeated_fields_are_joined() -> None:
    request = read(b"GET / HTTP/1.0\r\nAccept: a\r\naccept:\t b \r\n\r\n")

    assert isinstance(request, Request)
    assert request.headers == {"accept": "a, b"}


@settings(deadline=None)
@given(st.lists(st.integers(0, 400), max_size=8))
def test_any_segmentation_gives_the_same_requests(cuts: list[int]) -> None:
    stream = PROBE * 4
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    reader = RequestReader()
    requests = []

    for start, end in pairwise(edges):
        reader.receive(stream[start:end])
        while (request := reader.next()) is not None:
            requests.append(request)

    assert requests == [read(PROBE)] * 4
    assert reader.pending == 0


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_octets_are_a_request_a_refusal_or_not_yet_either(octets: bytes) -> None:
    assert isinstance(read(octets + b"\r\n\r\n"), Request | Refusal | None)
