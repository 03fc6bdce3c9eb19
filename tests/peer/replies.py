"""What a response says, as a value that can be compared, and how two of them differ.

dnspython reads the responses: no code of svcdns judges svcdns. What a client does not care
about is taken out: the order of records, the id, the serial of a SOA, letter case within RDATA,
and the client's own port in an answer of `whoami`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdatatype
import dns.rrset

IGNORED = (
    "targets of SRV records",
    "an answer that fits without compression",
    "`loadbalance`",
)
"""Rows of docs/compatibility.md that cannot be seen here: letter case, compression, order."""


SECTIONS = ("answer", "authority", "additional")
_PARTS = ("rcode", "flags", "question", "spelling")
UNREADABLE = "unreadable"
"""Stands for an RCODE."""


class Edns(NamedTuple):
    """What the OPT of a response says."""

    version: int
    size: int
    flags: int
    options: tuple[tuple[int, bytes], ...]

    def __str__(self) -> str:
        options = " ".join(f"{code}={content!r}" for code, content in self.options)
        return f"OPT version {self.version} size {self.size} flags {self.flags:#06x} {options}"


@dataclass(frozen=True)
class Reply:
    """One response."""

    rcode: str
    flags: str
    """Header bits that are set, and the opcode unless it is QUERY."""
    question: bytes
    answer: tuple[str, ...]
    authority: tuple[str, ...]
    additional: tuple[str, ...]
    spelling: bool
    """Whether answers at the name of the question spell it as the client did."""
    edns: Edns | None
    size: int

    @property
    def is_readable(self) -> bool:
        """Whether it could be read at all."""
        return self.rcode != UNREADABLE

    @property
    def is_truncated(self) -> bool:
        """The TC bit."""
        return "TC" in self.flags

    @property
    def is_nodata(self) -> bool:
        """NOERROR without an answer, with a SOA."""
        return self.rcode == "NOERROR" and not self.answer and bool(self.authority)

    @property
    def says(self) -> str:
        """One word for what this is."""
        if self.rcode != "NOERROR":
            return self.rcode
        return "NODATA" if self.is_nodata else "answer" if self.answer else "empty"

    def __str__(self) -> str:
        lines = [f"{self.rcode} {self.flags} {self.size} octets {self.edns or 'no OPT'}"]
        for section in SECTIONS:
            lines += [f"    {section:10} {line}" for line in getattr(self, section)]
        return "\n".join(lines)


def read_reply(octets: bytes, client_port: int) -> Reply:
    """Return what a response says.

    Raises:
        DNSException: it cannot be read.
    """
    message = dns.message.from_wire(octets, one_rr_per_rrset=True, raise_on_truncation=False)
    question = _question(octets)
    owners = [rrset.name.to_wire() or b"" for rrset in message.answer]
    at_question = [owner for owner in owners if owner.lower() == question[:-4].lower()]
    edns = None
    if message.edns >= 0:
        options = tuple(sorted((int(one.otype), one.to_wire() or b"") for one in message.options))
        edns = Edns(message.edns, int(message.payload), message.ednsflags & 0xFFFF, options)
    opcode = message.opcode()
    flags = dns.flags.to_text(message.flags)
    if octets[3] & 0x40:
        flags += " Z"
    if opcode != dns.opcode.QUERY:
        flags += f" {dns.opcode.to_text(opcode)}"
    return Reply(
        rcode=dns.rcode.to_text(message.rcode()),
        flags=flags,
        question=question,
        answer=tuple(sorted(_lines(message.answer, client_port))),
        authority=tuple(sorted(_lines(message.authority, client_port))),
        additional=tuple(sorted(_lines(message.additional, client_port))),
        spelling=all(owner == question[:-4] for owner in at_question),
        edns=edns,
        size=len(octets),
    )


def unreadable(octets: bytes) -> Reply:
    """Return what stands for a response that cannot be read."""
    return Reply(
        UNREADABLE, octets.hex(), b"", (), (), (), spelling=False, edns=None, size=len(octets)
    )


def _question(octets: bytes) -> bytes:
    if octets[4:6] == b"\0\0":
        return b""
    end = 12
    while octets[end]:
        end += octets[end] + 1
    return octets[12 : end + 5]


def _lines(section: list[dns.rrset.RRset], client_port: int) -> Iterator[str]:
    for rrset in section:
        (rdata,) = rrset
        kind = dns.rdatatype.to_text(rrset.rdtype)
        text = rdata.to_text().lower()
        if kind == "SOA":
            words = text.split()
            text = " ".join((*words[:2], "SERIAL", *words[3:]))
        elif kind == "SRV" and text == f"0 0 {client_port} .":
            text = "0 0 CLIENT ."
        yield f"{rrset.name.to_text().lower()} {rrset.ttl} {rrset.rdclass.name} {kind} {text}"


def differs(theirs: Reply | None, ours: Reply | None, slack: int = 0) -> bool:
    """Return whether two responses say different things, EDNS apart.

    TTLs that are not 0 may differ by `slack` seconds: those of answers that grow old.
    """
    if theirs is None or ours is None:
        return theirs is not ours
    if any(getattr(theirs, part) != getattr(ours, part) for part in _PARTS):
        return True
    return any(not _is_near(getattr(theirs, part), getattr(ours, part), slack) for part in SECTIONS)


def _is_near(theirs: tuple[str, ...], ours: tuple[str, ...], slack: int) -> bool:
    """Return whether two sections have the same records, with TTLs near each other."""
    if theirs == ours:
        return True
    left, right = (sorted(map(without_ttl, section)) for section in (theirs, ours))
    return [one for one, _ in left] == [one for one, _ in right] and all(
        (one == 0) == (other == 0) and abs(one - other) <= slack
        for (_, one), (_, other) in zip(left, right, strict=True)
    )


def without_ttl(line: str) -> tuple[str, int]:
    """Return a record without its TTL, and the TTL."""
    owner, ttl, rest = line.split(" ", 2)
    return f"{owner} {rest}", int(ttl)
