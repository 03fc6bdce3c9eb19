"""EDNS: what a client's OPT says, our own OPT, and the options we write.

Reading the OPT record of a query, with all the ways it can be malformed, is
`wire.question`'s business; this module knows the value that comes out and the octets that go
back.

Source: RFC 6891; Extended DNS Errors: RFC 8914; NSID: RFC 5001; size: RFC 9715.
"""

from collections.abc import Iterator
from enum import IntEnum
from struct import Struct
from typing import NamedTuple

from svcdns.wire.codes import RRType

SERVER_SIZE = 1232
"""Largest UDP response we send and the size we advertise: fits any path without fragments."""

MAX_EXTRA_TEXT = 200
"""Octets of EXTRA-TEXT: with the longest name, the response stays below 512."""
_ELLIPSIS = " …".encode()

_HEAD = Struct("!BHHBBHH")
_OPTION = Struct("!HH")
_DO = 0x8000


class Edns(NamedTuple):
    """What the OPT record of a query says."""

    size: int
    """UDP payload size the client can take, as it came: may be below 512."""
    version: int
    dnssec_ok: bool
    nsid: bool = False
    """The client asks for the name server identifier."""
    received: bytes = b""
    """All its options, in wire form. They are for us: nothing of them is passed on."""
    options: bytes = b""
    """Options for whoever is asked next, in wire form: those that directives have set."""


class OptionCode(IntEnum):
    """OPTION-CODE."""

    NSID = 3  # RFC 5001
    CLIENT_SUBNET = 8  # RFC 7871
    EXPIRE = 9  # RFC 7314
    COOKIE = 10  # RFC 7873
    TCP_KEEPALIVE = 11  # RFC 7828
    PADDING = 12  # RFC 7830
    EXTENDED_ERROR = 15  # RFC 8914


class InfoCode(IntEnum):
    """INFO-CODE of an Extended DNS Error: RFC 8914 section 4."""

    OTHER = 0
    UNSUPPORTED_DNSKEY_ALGORITHM = 1
    UNSUPPORTED_DS_DIGEST_TYPE = 2
    STALE_ANSWER = 3
    FORGED_ANSWER = 4
    DNSSEC_INDETERMINATE = 5
    DNSSEC_BOGUS = 6
    SIGNATURE_EXPIRED = 7
    SIGNATURE_NOT_YET_VALID = 8
    DNSKEY_MISSING = 9
    RRSIGS_MISSING = 10
    NO_ZONE_KEY_BIT_SET = 11
    NSEC_MISSING = 12
    CACHED_ERROR = 13
    NOT_READY = 14
    BLOCKED = 15
    CENSORED = 16
    FILTERED = 17
    PROHIBITED = 18
    STALE_NXDOMAIN_ANSWER = 19
    NOT_AUTHORITATIVE = 20
    NOT_SUPPORTED = 21
    NO_REACHABLE_AUTHORITY = 22
    NETWORK_ERROR = 23
    INVALID_QUERY = 24


def opt(dnssec_ok: bool, options: bytes = b"", rcode: int = 0) -> bytes:  # noqa: FBT001
    """Return the whole OPT record of a response.

    Args:
        dnssec_ok: the DO bit of the query, which a response copies.
        options: options in wire form, joined.
        rcode: the whole RCODE; its upper eight bits go here, its lower four into the header.

    Source: RFC 6891 sections 6.1.2 and 6.1.3; RFC 3225 section 3 (DO is copied).
    """
    flags = _DO if dnssec_ok else 0
    return _HEAD.pack(0, RRType.OPT, SERVER_SIZE, rcode >> 4, 0, flags, len(options)) + options


BARE_OPT = opt(dnssec_ok=False)
BARE_OPT_DO = opt(dnssec_ok=True)


def option(code: int, content: bytes) -> bytes:
    """Return one option in wire form (RFC 6891 section 6.1.2)."""
    return _OPTION.pack(code, len(content)) + content


def with_option(options: bytes, code: int, content: bytes | None) -> bytes:
    """Return `options` with one of that code in place of all others of it; None: with none.

    Raises:
        ValueError: an option ends behind the octets.
    """
    kept = [option(held, octets) for held, octets in read_options(options) if held != code]
    if content is not None:
        kept.append(option(code, content))
    return b"".join(kept)


def extended_error(code: int, text: str) -> bytes:
    """Return the Extended DNS Error option: INFO-CODE and EXTRA-TEXT.

    Args:
        code: see `InfoCode`.
        text: a sentence for people; longer than 200 octets it ends after a whole word, with an
            ellipsis.

    Source: RFC 8914 section 2.
    """
    encoded = text.encode(errors="replace")
    if len(encoded) > MAX_EXTRA_TEXT:
        begun = encoded[: MAX_EXTRA_TEXT - len(_ELLIPSIS)].decode(errors="ignore")
        whole, blank, _ = begun.rpartition(" ")
        encoded = (whole if blank else begun).encode() + _ELLIPSIS
    return option(OptionCode.EXTENDED_ERROR, code.to_bytes(2) + encoded)


def read_options(octets: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield code and content of each option in the RDATA of an OPT record.

    Raises:
        ValueError: an option ends behind the RDATA, or fewer than four octets are left over.
    """
    start, end = 0, len(octets)
    while start < end:
        if end - start < 4:
            raise ValueError("the RDATA of OPT ends within the head of an option")
        code, length = _OPTION.unpack_from(octets, start)
        start += 4 + length
        if start > end:
            raise ValueError("an option is longer than the RDATA of OPT")
        yield code, octets[start - length : start]
