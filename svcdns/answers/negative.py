"""Negative answers: NODATA, NXDOMAIN, and the SOA record that says of which zone.

The SOA record is written straight in wire form for a question of a given length, with pointers
into the question, because it is sent with every search-list miss. Which answers are negative,
and why, is decided elsewhere.

Source: RFC 2308 section 3 (SOA in the authority section, its TTL); RFC 1035 section 4.1.4
(pointers).
"""

from struct import Struct
from typing import Protocol

from svcdns.answers.answer import Answer, Dependency, Reason
from svcdns.answers.names import below
from svcdns.wire.codes import RCode, RRClass, RRType
from svcdns.wire.edns import InfoCode
from svcdns.wire.name import ROOT, OwnerName
from svcdns.wire.rrset import RRset, soa_record

_REFRESH, _RETRY, _EXPIRE = 7200, 1800, 86400
_MAX_SOA_TTL = 300
_FIXED = Struct("!HHIH")
_TIMES = Struct("!5I")
_HEADER, _TYPE_AND_CLASS = 12, 4
_POINTER_BITS = 0xC000
_MNAME, _RNAME = ("ns", "dns"), ("hostmaster",)
_NXDOMAIN = RCode.NXDOMAIN
_KEPT_TYPES = frozenset(
    map(
        int,
        (
            *(RRType.A, RRType.AAAA, RRType.CNAME, RRType.NS, RRType.SOA, RRType.PTR, RRType.MX),
            *(RRType.TXT, RRType.HTTPS, RRType.SVCB, RRType.SRV, RRType.ANY),
        ),
    )
)


def _not_synced() -> str:
    return "the objects of the cluster are still being loaded; ask again in a moment"


_NOT_READY = Reason(InfoCode.NOT_READY, _not_synced)


class Serials(Protocol):
    """Whoever counts the changes of what a zone holds: the cluster's state."""

    @property
    def serial(self) -> int: ...


class Zone:
    """One zone we are authoritative for. Implements `answers.answer.Authority`."""

    def __init__(
        self,
        name: OwnerName,
        ttl: int,
        serials: Serials | None = None,
        *,
        server: tuple[str, ...] = _MNAME,
        mailbox: tuple[str, ...] = _RNAME,
    ) -> None:
        """Describe a zone.

        Args:
            name: lower case.
            ttl: seconds that records of the zone, and the lack of records, may be kept.
            serials: read for each negative answer; None: the serial is what `renew` says.
            server: labels of the primary name server, below the zone.
            mailbox: labels of the mailbox of whoever is responsible, below the zone.
        """
        self.name = name
        self.ttl = ttl
        self.serial = 0
        self.authority: dict[int, bytes] = {}
        """SOA records by length of the question section; made when first needed."""
        self._serials = serials
        self._server, self._mailbox = server, mailbox

    def renew(self, serial: int) -> None:
        """Let every SOA record from now on carry `serial`."""
        if serial != self.serial:
            self.serial = serial
            self.authority.clear()

    def authority_at(self, question_length: int) -> bytes:
        """Return the SOA record in wire form, for the authority section of a response.

        Args:
            question_length: octets of the question section (name + 4). The name must end in
                the zone's: the record's names point to it.
        """
        if self._serials is not None and self._serials.serial != self.serial:
            self.renew(self._serials.serial)
        record = self.authority.get(question_length)
        if record is None:
            record = self.authority[question_length] = self._record(question_length)
        return record

    def soa(self) -> RRset:
        """Return the SOA RRset, for a question about it."""
        if self._serials is not None:
            self.renew(self._serials.serial)
        rdata = soa_record(
            below(self.name, *self._server),
            below(self.name, *self._mailbox),
            serial=self.serial,
            refresh=_REFRESH,
            retry=_RETRY,
            expire=_EXPIRE,
            minimum=self.ttl,
        )
        return RRset(self.name, RRType.SOA, self._soa_ttl, (rdata,))

    @property
    def _soa_ttl(self) -> int:
        return min(self.ttl, _MAX_SOA_TTL)

    def _record(self, question_length: int) -> bytes:
        zone = b"\0"
        if self.name != ROOT:
            offset = _HEADER + question_length - _TYPE_AND_CLASS - len(self.name)
            zone = (_POINTER_BITS | offset).to_bytes(2)
        rdata = b"".join(
            (
                _written(self._server),
                zone,
                _written(self._mailbox),
                zone,
                _TIMES.pack(self.serial & 0xFFFFFFFF, _REFRESH, _RETRY, _EXPIRE, self.ttl),
            )
        )
        return zone + _FIXED.pack(RRType.SOA, RRClass.IN, self._soa_ttl, len(rdata)) + rdata


def _written(left: tuple[str, ...]) -> bytes:
    return below(ROOT, *left)[:-1]


def nodata(
    zone: Zone,
    rrtype: int,
    reason: Reason,
    depends_on: tuple[Dependency, ...] | None = None,
) -> Answer:
    """Return the answer for a name that exists but has no records of the type.

    It may be kept in a table only for the types people ask for: 65,536 types times a name
    would push everything else out.
    """
    kept = depends_on if rrtype in _KEPT_TYPES else None
    return Answer(RCode.NOERROR, authority=zone, reason=reason, depends_on=kept)


def name_error(
    zone: Zone,
    reason: Reason,
    depends_on: tuple[Dependency, ...] | None = None,
    *,
    synced: bool,
) -> Answer:
    """Return NXDOMAIN, or SERVFAIL as long as the name may only not have been loaded yet."""
    if synced:
        return Answer(_NXDOMAIN, (), (), zone, True, reason, depends_on)  # noqa: FBT003  by position: faster
    return Answer(RCode.SERVFAIL, authority=zone, reason=_NOT_READY)
