"""How TLS is spoken to upstreams: whom we trust and who we are.

Source: RFC 8310 section 8 (a strict profile: the certificate has to be right).
"""

import ssl
from typing import NamedTuple


class TlsError(ValueError):
    """A certificate or a key cannot be used; the text says which and why."""


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
    try:
        context = ssl.create_default_context(cafile=files.authority or None)
    except FileNotFoundError:
        text = f"error reading {files.authority}: open {files.authority}: no such file or directory"
        raise TlsError(text) from None
    except (OSError, ssl.SSLError) as error:
        raise TlsError(f"could not parse root certs from {files.authority}: {error}") from None
    if files.certificate:
        try:
            context.load_cert_chain(files.certificate, files.key)
        except FileNotFoundError as error:
            missing = _first_missing(files) or error.filename
            raise TlsError(
                f"could not load TLS cert: open {missing}: no such file or directory"
            ) from None
        except (OSError, ssl.SSLError) as error:
            raise TlsError(f"could not load TLS cert: {error}") from None
    return context


def _first_missing(files: TlsFiles) -> str:
    for name in (files.certificate, files.key):
        try:
            with open(name, "rb"):  # noqa: PTH123  it is only tried
                pass
        except OSError:
            return name
    return ""
