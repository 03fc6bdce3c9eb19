"""The names and addresses of a hosts file, and the answers they make.

Which zones a file is for is asked when it is read, so what lies outside is not even kept.
Opening the file, and passing on a name that is not in it, are its owner's business.

Source: hosts(5); RFC 4291 section 2.5.5.2 (mapped addresses are those of IPv4).
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from svcdns.answers.answer import Answer, Reason
from svcdns.wire.codes import RCode, RRType, type_text
from svcdns.wire.edns import InfoCode
from svcdns.wire.name import (
    OwnerName,
    from_text,
    lower,
    pack_address,
    reverse_address,
    to_text,
    unmapped,
)
from svcdns.wire.rrset import addresses, ptr

_WIDTHS = {int(RRType.A): 4, int(RRType.AAAA): 16}
_ARPA = b"\4arpa\0"


class HostLine(NamedTuple):
    """An address and its names, in lower case, in the order of the line."""

    address: bytes
    names: tuple[OwnerName, ...]


class HostsFile(NamedTuple):
    """What a hosts file says."""

    lines: tuple[HostLine, ...]
    mistakes: tuple[str, ...]
    """Each `FILE:LINE: what is wrong`; the rest of the line is used, if there is any."""


def read_hosts(text: str, file: str) -> HostsFile:
    """Return the lines of a hosts file; what cannot be read is named and left out."""
    lines: list[HostLine] = []
    mistakes: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        first, *names = line.partition("#")[0].split() or [""]
        if not first:
            continue
        try:
            read, problems = host_line(first, names)
        except ValueError as error:
            mistakes.append(f"{file}:{number}: {error}")
            continue
        if names:  # else an address that nobody has
            lines.append(read)
        mistakes += [f"{file}:{number}: {problem}" for problem in problems]
    return HostsFile(tuple(lines), tuple(mistakes))


def host_line(address: str, names: Iterable[str]) -> tuple[HostLine, list[str]]:
    """Return what an address and its names say, and what is wrong with names left out.

    Raises:
        ValueError: the address is none.
    """
    packed = unmapped(pack_address(address.partition("%")[0]))
    found: list[OwnerName] = []
    problems: list[str] = []
    for name in names:
        try:
            found.append(lower(from_text(name)))
        except ValueError as error:
            problems.append(str(error))
    return HostLine(packed, tuple(found)), problems


class Hosts:
    """The names of a hosts file, by name and by address."""

    def __init__(
        self,
        lines: Iterable[HostLine],
        serves: Callable[[OwnerName], bool],
        *,
        ttl: int,
        reverse: bool = True,
    ) -> None:
        """Take in lines.

        Args:
            lines: in the order in which their records are to be sent.
            serves: whether a name in lower case is in the zones of the directive.
            ttl: of every record, in seconds.
            reverse: whether addresses have PTR records.
        """
        self._ttl = ttl
        self._addresses: dict[OwnerName, dict[bytes, None]] = {}
        self._names: dict[bytes, dict[OwnerName, None]] = {}
        for line in lines:
            for name in filter(serves, line.names):
                self._addresses.setdefault(name, {})[line.address] = None
                if reverse:
                    self._names.setdefault(line.address, {})[name] = None

    def __len__(self) -> int:
        """Addresses of all names, and names of all addresses."""
        return sum(map(len, self._addresses.values())) + sum(map(len, self._names.values()))

    def has(self, owner: OwnerName) -> bool:
        """Whether there is an answer for a name in lower case, of whatever TYPE."""
        if self._found(owner) is not None:
            return True
        return owner.endswith(_ARPA) and reverse_address(owner) in self._names

    def _found(self, owner: OwnerName) -> dict[bytes, None] | None:
        found = self._addresses.get(owner)
        if found is None:
            found = self._addresses.get(OwnerName(b"\x01*" + owner[owner[0] + 1 :]))
        return found

    def forward(self, owner: OwnerName, rrtype: int) -> Answer | None:
        """Return the answer for a name in lower case; None if it is in no line.

        A line for `*.example.org` is for all names with one label more, if they have none.
        """
        found = self._found(owner)
        if found is None:
            return None
        width = _WIDTHS.get(rrtype)
        packed = [address for address in found if len(address) == width]
        if packed:
            rrsets = (addresses(owner, self._ttl, packed),)
            return Answer(answer=rrsets, depends_on=(), written_by="hosts")
        why = Reason(InfoCode.OTHER, _no_such_address, (owner, rrtype))
        return Answer(reason=why, depends_on=(), written_by="hosts")

    def reverse(self, owner: OwnerName) -> Answer | None:
        """Return the PTR records of the name of an address; None if it is in no line."""
        address = reverse_address(owner)
        names = None if address is None else self._names.get(address)
        if not names:
            return None
        rrsets = (ptr(owner, self._ttl, *names),)
        return Answer(answer=rrsets, depends_on=(), written_by="hosts")


def unknown_host(owner: OwnerName) -> Answer:
    """Return the answer for a name that is in no line and is not to be passed on."""
    why = Reason(InfoCode.OTHER, _no_such_host, (owner,))
    return Answer(RCode.SERVFAIL, authoritative=False, reason=why, written_by="hosts")


def _no_such_address(owner: OwnerName, rrtype: int) -> str:
    return f"the hosts file has {to_text(owner)}, but no {type_text(rrtype)} record for it"


def _no_such_host(owner: OwnerName) -> str:
    return (
        f"no line of the hosts file has {to_text(owner)}; "
        "with 'fallthrough' the next directive would be asked"
    )
