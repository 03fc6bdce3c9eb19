"""TLS for the fake, with certificates of a test's own authority."""

import ssl

from tests.support.authority import Authority


def server_context(authority: Authority) -> ssl.SSLContext:
    """Return TLS for a server on loopback that takes client certificates of the authority."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=authority.certificate)
    context.verify_mode = ssl.CERT_OPTIONAL
    renew(context, authority)
    return context


def renew(context: ssl.SSLContext, authority: Authority) -> None:
    """Let a server show a new certificate, of whichever authority, to whoever connects now."""
    context.load_cert_chain(*authority.issue("IP:127.0.0.1", "DNS:localhost"))
