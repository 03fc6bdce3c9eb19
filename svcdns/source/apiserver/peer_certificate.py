"""The certificate that a server shows, whoever made it: to see when it expires.

Whether it is to be trusted is decided where requests are made, not here.
"""

import socket
import ssl
from urllib.parse import urlsplit


def peer_certificate(url: str, tls_name: str, seconds: float) -> bytes:
    """Return the certificate of the server at `url` in PEM; empty when it speaks no TLS.

    Args:
        url: `https://10.0.0.1:6443`.
        tls_name: the name to ask for; empty: that of the URL.
        seconds: to wait for it.

    Raises:
        OSError: nobody answers in time.
    """
    parts = urlsplit(url)
    if parts.scheme != "https" or parts.hostname is None:
        return b""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # it is looked at, nothing is sent over it
    address = (parts.hostname, parts.port or 443)
    with (
        socket.create_connection(address, seconds) as stream,
        context.wrap_socket(stream, server_hostname=tls_name or parts.hostname) as tls,
    ):
        shown = tls.getpeercert(binary_form=True)
    return ssl.DER_cert_to_PEM_cert(shown).encode() if shown else b""
