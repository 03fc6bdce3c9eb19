"""Certificates as octets: what is in a PEM file, when it expires, and whether a file changed.

What a certificate proves is OpenSSL's business.

Source: RFC 7468 (PEM), RFC 5280 section 4.1 (fields), X.690 (DER).
"""

import os
import re
import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from svcdns.source.apiserver.protocol import LostError

Signature = tuple[tuple[int, int, int] | None, ...]
"""What differs once one of some files was written."""

_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_KEY = re.compile(
    rb"-----BEGIN [A-Z ]*PRIVATE KEY-----.+?-----END [A-Z ]*PRIVATE KEY-----", re.DOTALL
)
_EXPLICIT_VERSION = 0xA0
_UTC_TIME = 0x17


class ClientCertificate(NamedTuple):
    """A certificate with its key, in PEM."""

    certificate: bytes
    key: bytes


def signature(paths: Iterable[str]) -> Signature:
    """Return what differs from an earlier call once one of the files came, went or was written."""
    found: list[tuple[int, int, int] | None] = []
    for path in paths:
        try:
            status = Path(path).stat()
        except OSError:
            found.append(None)
        else:
            found.append((status.st_mtime_ns, status.st_size, status.st_ino))
    return tuple(found)


def read(path: str, what: str) -> bytes:
    """Return what is in a file.

    Raises:
        LostError: it cannot be read; `what` says which file it is for a person.
    """
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise LostError(f"{what} {path} cannot be read: {error.strerror}") from None


def authorities(octets: bytes, name: str) -> bytes:
    """Return the certificates in some PEM, without what people write between them.

    Raises:
        LostError: there is none, or one of them is broken.
    """
    found = b"\n".join([*_CERTIFICATE.findall(octets), b""])
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=found.decode())
    except (ssl.SSLError, ValueError):
        raise LostError(f"{name} holds no good certificate in PEM") from None
    return found


def client_certificate(certificate: bytes, key: bytes, name: str) -> ClientCertificate:
    """Return a client certificate made of the PEM of two files.

    Raises:
        LostError: one of them is not what it should be, the two do not belong together, or a
            password would be needed to read the key.
    """
    if b"ENCRYPTED" in b"".join(_KEY.findall(key)):
        raise LostError(
            f"the key of {name} is locked with a password, and nobody is there to type it:"
            " unlock it with `openssl pkey`"
        )
    pair = ClientCertificate(certificate, key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        with held(certificate) as certificate_path, held(key) as key_path:
            context.load_cert_chain(certificate_path, key_path)
    except ssl.SSLError as error:
        words = (error.reason or str(error)).replace("_", " ").lower()
        raise LostError(f"{name} and its key cannot be used: {words}") from None
    return pair


def expiry(pem: bytes) -> datetime | None:
    """Return when the first certificate of some PEM expires; None when that cannot be read."""
    found = _CERTIFICATE.search(pem)
    if found is None:
        return None
    try:
        _, whole = next(_elements(ssl.PEM_cert_to_DER_cert(found[0].decode())))
        fields = list(_elements(next(_elements(whole))[1]))
        # Version, which may be missing, serial number, signature, issuer; then the validity.
        validity = fields[4 if fields[0][0] == _EXPLICIT_VERSION else 3]
        _, (tag, value) = _elements(validity[1])
        # Two digits of a year stand for 1950 to 2049.
        century = ("19" if value[:2] >= b"50" else "20") if tag == _UTC_TIME else ""
        return datetime.strptime(century + value.decode(), "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
    except (ValueError, IndexError, StopIteration):
        return None


@contextmanager
def held(octets: bytes) -> Iterator[str]:
    """Yield the path of a file that holds `octets` and lies on no disk: a key may be in it."""
    descriptor = os.memfd_create("svcdns", os.MFD_CLOEXEC)
    try:
        os.write(descriptor, octets)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


def _elements(octets: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield tag and content of one element after the other."""
    while octets:
        length, start = octets[1], 2
        if length & 0x80:
            start += length & 0x7F
            length = int.from_bytes(octets[2:start])
        yield octets[0], octets[start : start + length]
        octets = octets[start + length :]
