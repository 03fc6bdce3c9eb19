"""Sets of networks as a Corefile writes them: is an address in one of them?

An IPv4 address that is mapped into IPv6 is that IPv4 address, so is a network of such
addresses; a network of IPv6 that merely holds all mapped ones, as ::/0 does, has no IPv4 address.

Source: RFC 4291 sections 2.3 and 2.5.5.2; RFC 4632 section 3.1.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from svcdns.corefile.errors import WordError, shown
from svcdns.wire.name import pack_address, unmapped

_LENGTH = re.compile(r"[0-9]{1,3}")
_MAPPED_BITS = 96


class Network(NamedTuple):
    """All addresses of one family that begin with the same bits."""

    prefix: int
    """Those bits as a number."""
    length: int
    """How many there are."""
    width: int
    """Bits of an address: 32 or 128."""


def parse_network(text: str) -> Network:
    """Return the network that `text` is: `10.0.0.0/8`, or one address.

    Bits behind the prefix are passed over.

    Raises:
        WordError: something else.
    """
    address, slash, length = text.partition("/")
    try:
        packed = pack_address(address)
    except ValueError:
        raise WordError(
            f"illegal CIDR notation {shown(text)}",
            "write an address, or a network as in 10.0.0.0/8 and fd00::/8",
        ) from None
    width = 8 * len(packed)
    if slash and (not _LENGTH.fullmatch(length) or int(length) > width):
        raise WordError(
            f"illegal CIDR notation {shown(text)}",
            f"write a length from 0 to {width}: {address}/{width}",
        )
    bits = int(length) if slash else width
    if bits >= _MAPPED_BITS and len(unmapped(packed)) < len(packed):
        packed, bits, width = unmapped(packed), bits - _MAPPED_BITS, 32
    return Network(int.from_bytes(packed) >> (width - bits), bits, width)


class Networks:
    """Any number of networks, asked with at most one look-up for each length of prefix."""

    __slots__ = ("_ipv4", "_ipv6")

    def __init__(self, networks: Iterable[Network]) -> None:
        lengths: dict[int, dict[int, set[int]]] = {32: {}, 128: {}}
        # The shortest first: what lies in one of them needs no place of its own.
        for network in sorted(networks, key=lambda network: network.length):
            prefix, length, width = network
            first = prefix << (width - length)
            if not _holds(lengths[width].items(), first):
                lengths[width].setdefault(width - length, set()).add(prefix)
        self._ipv4 = tuple((shift, frozenset(held)) for shift, held in lengths[32].items())
        self._ipv6 = tuple((shift, frozenset(held)) for shift, held in lengths[128].items())

    def __contains__(self, packed: bytes) -> bool:
        """Return whether a packed address lies in one of the networks."""
        packed = unmapped(packed)
        return _holds(self._ipv4 if len(packed) == 4 else self._ipv6, int.from_bytes(packed))


def _holds(
    by_shift: Iterable[tuple[int, set[int] | frozenset[int]]],
    address: int,
) -> bool:
    return any(address >> shift in prefixes for shift, prefixes in by_shift)
