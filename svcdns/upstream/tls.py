"""How TLS is spoken to upstreams: whom we trust and who we are.

Source: RFC 8310 section 8 (a strict profile: the certificate has to be right).
"""

import ssl
from typing import NamedTuple, NoReturn


class TlsError(ValueError):
    """A certificate or a key cannot be used; the text says which and why."""

    def __init__(self, problem: str, file: str = "") -> None:
        """Take the problem, and the file that has to be mended if it is one."""
        super().__init__(problem)
        self.file = file


class TlsFiles(NamedTuple):
    """File names; empty: not given."""

    certificate: str = ""
    key: str = ""
    authority: str = ""
    """Of whom upstreams have their certificates; empty: whom the system trusts."""


def context_of(files: TlsFiles) -> ssl.SSLContext:
    """Return how TLS is spoken; server names are checked always.

    Raises:
        TlsError: a file is missing or holds something else.
    """
    authority, certificate, key = files.authority, files.certificate, files.key
    if authority:
        _look_at(authority, f"error reading {authority}")
    try:
        context = ssl.create_default_context(cafile=authority or None)
    except (OSError, ssl.SSLError) as error:
        why = _words_of(error)
        raise TlsError(f"could not parse root certs from {authority}: {why}", authority) from None
    if not certificate:
        return context
    for name in (certificate, key):
        _look_at(name, "could not load TLS cert")

    def refuse() -> NoReturn:
        # Without this OpenSSL would ask whoever sits at the terminal.
        raise TlsError(f"could not load TLS cert: {key} is locked with a password", key)

    try:
        context.load_cert_chain(certificate, key, refuse)
    except (OSError, ssl.SSLError) as error:
        raise TlsError(
            f"could not load TLS cert: {certificate} and {key} are no certificate and key that "
            f"belong together: {_words_of(error)}"
        ) from None
    return context


def _look_at(name: str, problem: str) -> None:
    """Raise TlsError if a file cannot be read, in Go's words."""
    try:
        with open(name, "rb") as file:  # noqa: PTH123  it is only tried
            file.read(0)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise TlsError(f"{problem}: open {name}: {why}", name) from None


def _words_of(error: OSError) -> str:
    reason = error.reason if isinstance(error, ssl.SSLError) else error.strerror
    return (reason or str(error)).replace("_", " ").lower()
