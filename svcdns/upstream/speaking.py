"""What is spoken with an upstream of each transport; libraries are loaded where there is one.

Source: RFC 7766, RFC 7858, RFC 8484, RFC 9250.
"""

from collections.abc import Callable
from functools import partial

from svcdns.upstream.connection import Connection
from svcdns.upstream.endpoint import Endpoint, Transport
from svcdns.upstream.stream import Connect, FramedConnection
from svcdns.upstream.tls import TlsError, TlsFiles, context_of


class Speakers:
    """What connects to the upstreams of one stanza, as far as its files allow."""

    def __init__(self, files: TlsFiles, method: str) -> None:
        """Read nothing yet; the arguments are those of `speaker_of`."""
        self.problems: dict[Transport, str] = {}
        """Why nothing can connect to upstreams of a transport; empty is good."""
        self._files = files
        self._method = method
        self._ready: dict[Transport, Connect] = {}

    def learn(self, transport: Transport) -> bool:
        """Return whether upstreams of a transport can be connected to; reads the files once."""
        if transport not in self._ready and transport not in self.problems:
            self._try(transport)
        return transport in self._ready

    def try_again(self) -> tuple[Transport, ...]:
        """Read the files again where they were no good; return for which transports they are."""
        return tuple(transport for transport in [*self.problems] if self._try(transport))

    def of(self, transport: Transport) -> Connect:
        """Return what connects to upstreams of a transport, once that has been learnt."""
        return self._ready.get(transport) or partial(self._connect, transport)

    def _connect(
        self, transport: Transport, endpoint: Endpoint, on_idle: Callable[[Connection], None]
    ) -> Connection:
        return self._ready[transport](endpoint, on_idle)

    def _try(self, transport: Transport) -> bool:
        try:
            self._ready[transport] = speaker_of(transport, self._files, self._method)
        except TlsError as error:
            self.problems[transport] = str(error)
            return False
        self.problems.pop(transport, None)
        return True


def speaker_of(transport: Transport, files: TlsFiles, method: str) -> Connect:
    """Return what connects to upstreams of a transport.

    Args:
        transport: of all of them.
        files: whom we trust and who we are.
        method: of HTTP requests, `POST` or `GET`.

    Raises:
        TlsError: a file is missing or holds something else.
    """
    match transport:
        case Transport.DNS:
            return FramedConnection
        case Transport.TLS:
            return partial(FramedConnection, context=context_of(files))
        case Transport.HTTPS:
            from svcdns.upstream.http2 import Method  # noqa: PLC0415  12 ms that few need
            from svcdns.upstream.https import ALPN, HttpsConnection  # noqa: PLC0415

            context = context_of(files)
            context.set_alpn_protocols([ALPN])
            return partial(HttpsConnection, context=context, method=Method(method))
        case Transport.QUIC:
            from svcdns.upstream.quic import QuicConnection, configuration_of  # noqa: PLC0415  77 ms

            return partial(QuicConnection, configuration=configuration_of(files))
