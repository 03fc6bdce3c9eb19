"""RRsets whose records are already in wire form, and the RDATA of the types we make.

Names inside RDATA stand here uncompressed; `wire.response` compresses them where RFC 1035
allows it. How a record looks as text is `wire.codec`'s business.

Source: RFC 2181 section 5 (one TTL for the set); RFC 1035 section 3.3; RFC 2782 (SRV);
RFC 3596 (AAAA).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from struct import Struct

from svcdns.wire.codes import RRType
from svcdns.wire.name import OwnerName

_SRV = Struct("!HHH")
_SOA = Struct("!5I")


@dataclass(frozen=True, slots=True)
class RRset:
    """Records of one owner name, type and class."""

    owner: OwnerName
    rrtype: int
    ttl: int
    """Seconds."""
    records: tuple[bytes, ...]
    """RDATA of each record, in the order in which they are sent."""
    rrclass: int = 1

    def rotated(self, n: int) -> "RRset":
        """Return this set starting at record `n` modulo its size."""
        count = len(self.records)
        start = n % count if count else 0
        if not start:
            return self
        records = self.records[start:] + self.records[:start]
        return RRset(self.owner, self.rrtype, self.ttl, records, self.rrclass)


def addresses(owner: OwnerName, ttl: int, packed_addresses: Iterable[bytes]) -> RRset:
    """Return the A set of addresses with 4 octets, or the AAAA set of those with 16.

    Raises:
        ValueError: no address at all, or not all of one family.
    """
    records = tuple(packed_addresses)
    widths = set(map(len, records))
    if widths == {4}:
        return RRset(owner, RRType.A, ttl, records)
    if widths == {16}:
        return RRset(owner, RRType.AAAA, ttl, records)
    raise ValueError(f"an address set is of one family; widths here are {sorted(widths)}")


def cname(owner: OwnerName, ttl: int, target: OwnerName) -> RRset:
    """Return the one CNAME record of `owner` (RFC 1035 section 3.3.1)."""
    return RRset(owner, RRType.CNAME, ttl, (target,))


def ptr(owner: OwnerName, ttl: int, *targets: OwnerName) -> RRset:
    """Return the PTR set of `owner` (RFC 1035 section 3.3.12)."""
    return RRset(owner, RRType.PTR, ttl, targets)


def ns(owner: OwnerName, ttl: int, *targets: OwnerName) -> RRset:
    """Return the NS set of `owner` (RFC 1035 section 3.3.11)."""
    return RRset(owner, RRType.NS, ttl, targets)


def txt(owner: OwnerName, ttl: int, *strings: bytes) -> RRset:
    """Return one TXT record made of these character strings (RFC 1035 section 3.3.14).

    Raises:
        ValueError: a string over 255 octets.
    """
    return RRset(owner, RRType.TXT, ttl, (_character_strings(strings),))


def hinfo(owner: OwnerName, ttl: int, cpu: bytes, os: bytes) -> RRset:
    """Return the HINFO record that answers ANY in the least words (RFC 8482 section 4.2).

    Raises:
        ValueError: a string over 255 octets.
    """
    return RRset(owner, RRType.HINFO, ttl, (_character_strings((cpu, os)),))


def _character_strings(strings: Iterable[bytes]) -> bytes:
    try:
        return b"".join([bytes([len(string)]) + string for string in strings])
    except ValueError:
        raise ValueError("a character string has at most 255 octets") from None


def srv_record(priority: int, weight: int, port: int, target: OwnerName) -> bytes:
    """Return the RDATA of one SRV record (RFC 2782)."""
    return _SRV.pack(priority, weight, port) + target


def mx_record(preference: int, exchange: OwnerName) -> bytes:
    """Return the RDATA of one MX record (RFC 1035 section 3.3.9)."""
    return preference.to_bytes(2) + exchange


def soa_record(
    mname: OwnerName,
    rname: OwnerName,
    *,
    serial: int,
    refresh: int,
    retry: int,
    expire: int,
    minimum: int,
) -> bytes:
    """Return the RDATA of one SOA record; times in seconds (RFC 1035 section 3.3.13)."""
    return mname + rname + _SOA.pack(serial & 0xFFFFFFFF, refresh, retry, expire, minimum)
