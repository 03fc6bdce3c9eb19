"""New names and addresses for those of a cluster that nobody is to recognise.

Which ones there are has to be known before the first new one is given: numbers follow the order
of the old names, so that what was sorted by name is sorted the same way afterwards. Equal stays
equal, different stays different. What the same objects get is always the same.

What DNS can tell from the form of a name stays: how many labels, and whether it is too long for
one. Of addresses stay the family, the order, and which ones lie in one network.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping

_LONGEST_LABEL = 63
_LOOPBACK = bytes(15) + b"\1"
# RFC 4291 section 2.5.5.2.
_MAPPED = bytes(10) + b"\xff\xff"


class Pseudonyms(Mapping[str, str]):
    """New names by old ones; of another name it is a KeyError."""

    def __init__(
        self,
        word: str,
        names: Iterable[str],
        kept: Collection[str] = (),
        *,
        domain: str = "",
        shaped: bool = False,
    ) -> None:
        """Give the names their numbers.

        Args:
            word: what the new names begin with.
            names: all there are.
            kept: those that everybody has and nobody need hide.
            domain: what the new names are below; empty for nothing.
            shaped: keep the number of labels, and the length of what is too long for one.
        """
        found = sorted({name for name in names if name and name not in kept})
        digits = len(str(len(found)))
        below = f".{domain}" if domain else ""
        self._kept = {"", *kept}
        self._new = {
            name: f"{word}-{number:0{digits}}{_shape(name) if shaped else ''}{below}"
            for number, name in enumerate(found, start=1)
        }

    def __getitem__(self, name: str) -> str:
        return name if name in self._kept else self._new[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._new)

    def __len__(self) -> int:
        return len(self._new)


def _shape(name: str) -> str:
    """Return what makes a short name look like `name` to whoever makes labels of names."""
    if "." in name:
        return ".x" * name.count(".")
    return "x" * len(name) if len(name) > _LONGEST_LABEL else ""


class Readdressing(Mapping[bytes, bytes]):
    """New packed addresses by old ones; of another address it is a KeyError.

    Services and the rest have ranges of their own, as in a cluster. An IPv4 address inside an
    IPv6 one gets what it would get alone. Loopback addresses and those that are all zero stay.
    """

    def __init__(self, services: Iterable[bytes], others: Iterable[bytes]) -> None:
        """Give the addresses new ones.

        Args:
            services: all ClusterIPs.
            others: all other addresses; those of Services may be among them.
        """
        self._new: dict[bytes, bytes] = {}
        first = {4: 0x0A6000, 16: 0xFD00001000960000}  # 10.96.0.0 and fd00:10:96::
        free = self._give(services, first)
        first = {4: 0x0A8000, 16: 0xFD00001002440000}  # 10.128.0.0 and fd00:10:244::
        self._give(others, {width: max(first[width], free[width]) for width in first})

    def _give(self, addresses: Iterable[bytes], first: Mapping[int, int]) -> dict[int, int]:
        """Number networks (/24, /64) and the addresses in each; return the next free networks."""
        networks: dict[bytes, set[bytes]] = defaultdict(set)
        for address in {one.removeprefix(_MAPPED) for one in addresses}:
            if address not in self._new and not _is_everywhere(address):
                networks[address[: _network_octets(len(address))]].add(address)
        free = dict(first)
        for network, members in sorted(networks.items()):
            width = len(next(iter(members)))
            start = 0 if len(members) == 256 else 1  # all of a /24
            prefix = free[width].to_bytes(len(network))
            for number, address in enumerate(sorted(members), start=start):
                self._new[address] = prefix + number.to_bytes(width - len(network))
            free[width] += 1
        return free

    def __getitem__(self, address: bytes) -> bytes:
        bare = address.removeprefix(_MAPPED)
        new = bare if _is_everywhere(bare) else self._new[bare]
        return address.removesuffix(bare) + new

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._new)

    def __len__(self) -> int:
        return len(self._new)


def _network_octets(width: int) -> int:
    return 3 if width == 4 else 8


def _is_everywhere(address: bytes) -> bool:
    """Return whether an address says nothing about a cluster; so does the empty one."""
    return not any(address) or address == _LOOPBACK or (len(address) == 4 and address[0] == 127)
