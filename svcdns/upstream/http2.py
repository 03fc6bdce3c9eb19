"""DNS questions as HTTP/2 requests and what comes back, without a socket: octets in, octets out.

A GOAWAY is read here and not by h2, for which it is the end of everything: streams that the
server says it still answers are waited for.

Source: RFC 8484 sections 4 to 6; RFC 9113 sections 5.1.2, 6.8 and 8.
"""

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import suppress
from enum import StrEnum
from typing import NamedTuple

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    DataReceived,
    Event,
    RemoteSettingsChanged,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    WindowUpdated,
)
from h2.exceptions import H2Error, ProtocolError
from h2.settings import SettingCodes, Settings

MEDIA_TYPE = "application/dns-message"
MOST_OCTETS = 0xFFFF
"""Of one message."""
_MOST_HEADER_OCTETS = 16_384
_MOST_SETTINGS = 64
"""Of the server, known and unknown: about a dozen are registered, and all are kept."""
_MOST_TABLE_OCTETS = 4096
"""Of headers that are kept to be said again, however many the server would keep."""
_LAST_STREAM = 0x7FFF_FFFF
_FRAME_HEADER = 9
_GOAWAY = 7
_STREAM_BITS = 0x7FFF_FFFF


class Method(StrEnum):
    """How a question is put into a request."""

    POST = "POST"
    GET = "GET"


class Answered(NamedTuple):
    """A message came."""

    stream: int
    message: bytes
    age: int
    """Seconds for which it has been in a cache on the way."""


class Failed(NamedTuple):
    """There will be no message."""

    stream: int
    why: str


class Refused(NamedTuple):
    """The server has not looked at a question, so it may be asked again."""

    stream: int
    why: str


Came = Answered | Failed | Refused


class BrokenError(Exception):
    """What came is no HTTP/2; the text says why. Nothing more can be read."""


class _Connection(H2Connection):
    """As h2 has it, with fewer streams that have ended kept: 65,536 of them would take 15 MB."""

    MAX_CLOSED_STREAMS = 1024


class _Response:
    """What has come of one response."""

    __slots__ = ("age", "body", "unsent")

    def __init__(self, unsent: bytes) -> None:
        self.age = 0
        self.body = bytearray()
        self.unsent = unsent
        """The rest of the request, which the server has not allowed yet."""


class Requests:
    """One connection to an HTTP/2 server."""

    def __init__(self, authority: str, path: str, method: Method) -> None:
        """Have the preface ready to be sent.

        Args:
            authority: whom requests are for, with a port if it is not the usual one.
            path: what is asked.
            method: how.
        """
        self.is_open = True
        """Whether more questions may be asked."""
        self._headers = (
            (":method", method.value),
            (":scheme", "https"),
            (":authority", authority),
        )
        self._has_settings = False
        self._path = path
        self._method = method
        self._responses: dict[int, _Response] = {}
        self._received = bytearray()
        self._connection = connection = _Connection(
            H2Configuration(
                client_side=True,
                header_encoding=None,
                validate_outbound_headers=False,  # they are always the same
                normalize_outbound_headers=False,
            )
        )
        settings = {
            SettingCodes.ENABLE_PUSH: 0,
            SettingCodes.MAX_HEADER_LIST_SIZE: _MOST_HEADER_OCTETS,
        }
        connection.local_settings = Settings(client=True, initial_values=settings)
        connection.initiate_connection()

    @property
    def room(self) -> int:
        """How many more questions the server takes at once; one, until it has said so."""
        if not self.is_open:
            return 0
        most = 1
        if self._has_settings:
            most = self._connection.remote_settings.max_concurrent_streams
        return max(most - len(self._responses), 0)

    def take(self) -> bytes:
        """Return what is to be sent now."""
        return self._connection.data_to_send()

    def ask(self, message: bytes) -> int:
        """Return the stream on which a question is asked; there has to be room."""
        connection = self._connection
        stream = connection.get_next_available_stream_id()
        if stream >= _LAST_STREAM - 2:
            self.is_open = False
        path = self._path
        headers = [("accept", MEDIA_TYPE)]
        if self._method is Method.GET:
            path += "?dns=" + urlsafe_b64encode(message).rstrip(b"=").decode("ascii")
            message = b""
        else:
            headers += [("content-type", MEDIA_TYPE), ("content-length", str(len(message)))]
        headers = [*self._headers, (":path", path), *headers]
        connection.send_headers(stream, headers, end_stream=not message)
        self._responses[stream] = response = _Response(message)
        self._send_rest(stream, response)
        return stream

    def withdraw(self, stream: int) -> None:
        """Wait no longer for what comes on a stream."""
        if self._responses.pop(stream, None) is not None:
            self._reset(stream)

    def receive(self, octets: bytes) -> Iterator[Came]:
        """Yield what octets from the server bring.

        Raises:
            BrokenError: they are no HTTP/2; there is still something to be sent.
        """
        for frame in self._frames(octets):
            if frame[3] == _GOAWAY:
                yield from self._go_away(frame)
                continue
            try:
                events = self._connection.receive_data(frame)
            except ProtocolError as error:
                self.is_open = False
                raise BrokenError(str(error) or type(error).__name__) from None
            for event in events:
                yield from self._judge(event)

    def _frames(self, octets: bytes) -> Iterator[bytes]:
        """Yield the frames that are whole.

        Raises:
            BrokenError: one is longer than we take.
        """
        buffer = self._received
        buffer += octets
        while len(buffer) >= _FRAME_HEADER:
            size = int.from_bytes(buffer[:3])
            if size > self._connection.max_inbound_frame_size:
                self.is_open = False
                raise BrokenError(f"a frame of {size} octets")
            end = _FRAME_HEADER + size
            if len(buffer) < end:
                return
            frame = bytes(buffer[:end])
            del buffer[:end]
            yield frame

    def _go_away(self, frame: bytes) -> Iterator[Came]:
        """Ask nothing more; yield the questions that the server has not looked at."""
        if len(frame) < _FRAME_HEADER + 8:
            raise BrokenError("a GOAWAY that is cut off")
        self.is_open = False
        last, code = (int.from_bytes(frame[at : at + 4]) for at in (9, 13))
        why = f"GOAWAY ({_name_of(code)})"
        for stream in [one for one in self._responses if one > last & _STREAM_BITS]:
            del self._responses[stream]
            yield Refused(stream, why)

    def _judge(self, event: Event) -> Iterator[Came]:
        match event:
            case ResponseReceived():
                yield from self._head(event)
            case DataReceived():
                yield from self._more(event)
            case StreamEnded():
                response = self._responses.pop(event.stream_id, None)
                if response is not None:
                    if response.unsent:
                        self._reset(event.stream_id)
                    yield Answered(event.stream_id, bytes(response.body), response.age)
            case StreamReset():
                if self._responses.pop(event.stream_id, None) is not None:
                    why = f"the stream was reset ({_name_of(event.error_code)})"
                    is_refused = event.error_code == ErrorCodes.REFUSED_STREAM
                    yield (Refused if is_refused else Failed)(event.stream_id, why)
            case RemoteSettingsChanged():
                self._settle()
            case WindowUpdated():
                self._send_all()
            case _:
                pass

    def _settle(self) -> None:
        """Do what the server's settings ask for.

        Raises:
            BrokenError: there are too many.
        """
        connection = self._connection
        if len(connection.remote_settings) > _MOST_SETTINGS:
            self.is_open = False
            raise BrokenError(f"more than {_MOST_SETTINGS} settings")
        self._has_settings = True
        encoder = connection.encoder
        encoder.header_table_size = min(encoder.header_table_size, _MOST_TABLE_OCTETS)
        self._send_all()

    def _head(self, event: ResponseReceived) -> Iterator[Failed]:
        """Look at status and headers of a response."""
        stream = event.stream_id
        response = self._responses.get(stream)
        if response is None:
            return
        headers = {bytes(name): bytes(value) for name, value in event.headers}
        status = headers.get(b":status", b"").decode("ascii", "replace")
        media = headers.get(b"content-type", b"").decode("ascii", "replace")
        age = headers.get(b"age", b"0")
        if status != "200":
            yield self._fail(stream, f"HTTP status {status}")
        elif media.partition(";")[0].strip().lower() != MEDIA_TYPE:
            said = repr(media) if media else "none"
            yield self._fail(stream, f"the content type is {said}, not {MEDIA_TYPE}")
        else:
            response.age = int(age) if age.isdigit() and len(age) < 11 else 0

    def _more(self, event: DataReceived) -> Iterator[Failed]:
        """Take in a part of a message."""
        stream = event.stream_id
        response = self._responses.get(stream)
        with suppress(H2Error):  # the stream may have ended with this
            self._connection.acknowledge_received_data(event.flow_controlled_length, stream)
        if response is None:
            return
        response.body += event.data
        if len(response.body) > MOST_OCTETS:
            yield self._fail(stream, f"a message of more than {MOST_OCTETS} octets")

    def _fail(self, stream: int, why: str) -> Failed:
        del self._responses[stream]
        self._reset(stream)
        return Failed(stream, why)

    def _reset(self, stream: int) -> None:
        with suppress(H2Error):  # it has ended
            self._connection.reset_stream(stream, ErrorCodes.CANCEL)

    def _send_all(self) -> None:
        """Send as much of all requests as the server allows."""
        for stream, response in self._responses.items():
            self._send_rest(stream, response)

    def _send_rest(self, stream: int, response: _Response) -> None:
        """Send as much of a request as the server allows."""
        connection = self._connection
        while response.unsent:
            allowed = min(
                connection.local_flow_control_window(stream), connection.max_outbound_frame_size
            )
            if allowed <= 0:
                return
            part, response.unsent = response.unsent[:allowed], response.unsent[allowed:]
            connection.send_data(stream, part, end_stream=not response.unsent)


def _name_of(code: int | None) -> str:
    try:
        return ErrorCodes(code or 0).name
    except ValueError:
        return f"error {code}"
