"""What is spoken with an upstream of each transport; libraries are loaded where there is one.

Source: RFC 7766, RFC 7858, RFC 8484, RFC 9250.
"""

from functools import partial

from svcdns.upstream.endpoint import Transport
from svcdns.upstream.stream import Connect, FramedConnection
from svcdns.upstream.tls import TlsFiles, context_of


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
