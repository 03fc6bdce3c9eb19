"""HTTP/1.1 requests without a body, cut from what a connection delivers, without the connection.

Only what probes and scrapers send is understood; everything else gets a status and ends the
connection. Nothing of a request ever appears in a response.

Source: RFC 9110 sections 5, 7 and 9, RFC 9112 sections 2 to 6 and 9.3.
"""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import NamedTuple

MAX_LINE = 1024
MAX_HEADERS = 8 * 1024
MAX_FIELDS = 64

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_LINE = re.compile(rb"(%s) ([\x21-\x7e]+) HTTP/([0-9])\.([0-9])" % _TOKEN)
# The blanks around a value are stripped afterwards: three runs of blanks side by side would be
# tried in every division.
_FIELD = re.compile(rb"(%s):([\t\x20-\x7e\x80-\xff]*)" % _TOKEN)
_ABSOLUTE = re.compile(rb"(?i:https?)://[^/?]+")

Headers = Mapping[str, str]
"""Fields by lower-case name; values of a repeated one are joined with `, `."""


class Request(NamedTuple):
    """One request."""

    method: str
    """`GET` or `HEAD`."""
    path: str
    """As sent, without the query."""
    headers: Headers
    keep_alive: bool


class Refusal(NamedTuple):
    """What to answer to octets that are no request we serve; the connection ends with it."""

    status: int


class RequestReader:
    """Cuts what a connection delivers into requests."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def pending(self) -> int:
        """Octets received that no request was made of yet."""
        return len(self._buffer)

    def receive(self, octets: bytes) -> None:
        """Take what the connection delivered."""
        self._buffer += octets

    def next(self) -> Request | Refusal | None:
        """Return the next request; None: it has not wholly arrived."""
        try:
            head = self._head()
            return None if head is None else _read(*head)
        except _RefusedError as refused:
            return Refusal(refused.status)

    def _head(self) -> tuple[bytes, list[bytes]] | None:
        """Return the request line and the fields of the next request, and forget them."""
        buffer = self._buffer
        start = 2 if buffer.startswith(b"\r\n") else 0  # RFC 9112 2.2: one empty line may precede
        line_end = buffer.find(b"\r\n", start, start + MAX_LINE + 2)
        if line_end < 0:
            if len(buffer) > start + MAX_LINE + 1:
                raise _RefusedError(HTTPStatus.REQUEST_URI_TOO_LONG)
            if b"\n" in buffer[start:]:
                raise _RefusedError(HTTPStatus.BAD_REQUEST)
            return None
        end = buffer.find(b"\r\n\r\n", line_end, line_end + MAX_HEADERS + 4)
        if end < 0:
            if len(buffer) >= line_end + MAX_HEADERS + 4:
                raise _RefusedError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            return None
        line = bytes(buffer[start:line_end])
        fields = bytes(buffer[line_end + 2 : end]).split(b"\r\n") if end > line_end else []
        del buffer[: end + 4]
        return line, fields


class _RefusedError(Exception):
    """Ends the reading of a request."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


def _read(line: bytes, fields: list[bytes]) -> Request:
    match = _LINE.fullmatch(line)
    if match is None:
        raise _RefusedError(HTTPStatus.BAD_REQUEST)
    method, target, major, minor = match.groups()
    if major != b"1":
        raise _RefusedError(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED)
    headers = _headers(fields)
    is_old = minor == b"0"
    if not is_old and "host" not in headers:
        raise _RefusedError(HTTPStatus.BAD_REQUEST)
    if method not in {b"GET", b"HEAD"}:
        raise _RefusedError(HTTPStatus.METHOD_NOT_ALLOWED)
    if "transfer-encoding" in headers or headers.get("content-length", "0") != "0":
        raise _RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    options = {option.strip().lower() for option in headers.get("connection", "").split(",")}
    keep_alive = "keep-alive" in options if is_old else "close" not in options
    return Request(method.decode(), _path(target), headers, keep_alive)


def _headers(fields: list[bytes]) -> dict[str, str]:
    if len(fields) > MAX_FIELDS:
        raise _RefusedError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
    headers: dict[str, str] = {}
    for field in fields:
        match = _FIELD.fullmatch(field)
        if match is None:
            raise _RefusedError(HTTPStatus.BAD_REQUEST)
        name, value = match[1].decode().lower(), match[2].decode("latin-1").strip(" \t")
        if name == "host" and name in headers:  # RFC 9112 3.2: for whom must not be in doubt
            raise _RefusedError(HTTPStatus.BAD_REQUEST)
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _path(target: bytes) -> str:
    """Return the path of an origin-form or absolute-form target."""
    absolute = _ABSOLUTE.match(target)
    if absolute is not None:
        target = target[absolute.end() :]
        if not target.startswith(b"/"):
            target = b"/" + target
    if not target.startswith(b"/"):
        raise _RefusedError(HTTPStatus.BAD_REQUEST)
    return target.partition(b"?")[0].decode()
