"""local - answer localhost and its like, so that they never leave this server.

Source: RFC 6761 section 6.3; RFC 6303 section 4 (the reverse zones).
"""

from collections.abc import Callable

from svcdns.answers.answer import Answer, Reason
from svcdns.corefile.arguments import Arguments
from svcdns.route.directive import Directive, Scope
from svcdns.route.errand import Reach
from svcdns.route.stages import Client, Steps
from svcdns.telemetry.plugin_metrics import LOCALHOST_REQUESTS
from svcdns.wire.codes import RCode, RRType
from svcdns.wire.edns import InfoCode
from svcdns.wire.name import OwnerName, from_text, is_within, pack_address, to_text
from svcdns.wire.question import Query
from svcdns.wire.rrset import RRset, addresses, ns, ptr, soa_record

TTL = 604_800

_LOCALHOST = from_text("localhost.")
_ROOT_MAILBOX = from_text("root.localhost.")
_PREFIX = _LOCALHOST[:-1]
_LOOPBACK = from_text("1.0.0.127.in-addr.arpa.")
_ZONES = (
    _LOCALHOST,
    from_text("0.in-addr.arpa."),
    from_text("127.in-addr.arpa."),
    from_text("255.in-addr.arpa."),
)
_ADDRESSES: dict[int, bytes] = {
    RRType.A: pack_address("127.0.0.1"),
    RRType.AAAA: pack_address("::1"),
}


def parse(arguments: Arguments) -> bool:
    """Read `local { localhost_prefix on|off }`; return whether `localhost.NAME` is local too."""
    prefix = True
    for stanza in arguments:
        for option in stanza.options("localhost_prefix"):
            prefix = option.choice("on", "off") == "on"
    return prefix


def build(prefix: bool, scope: Scope) -> Steps:  # noqa: FBT001  what parse returns
    """Return the step that answers local names."""
    counted = 0

    def answer(query: Query, _client: Client) -> Answer | None:
        nonlocal counted
        owner = query.question.owner
        if owner != _LOCALHOST and (
            is_within(owner, _LOCALHOST) or (prefix and _is_prefixed(owner))
        ):
            counted += 1
            return _loopback(owner, query.question.rrtype)
        for zone in _ZONES:
            if is_within(owner, zone):
                return _in_zone(owner, zone, query.question.rrtype)
        return None

    def tick(_now: float) -> None:
        nonlocal counted
        if counted:
            scope.metrics.add(LOCALHOST_REQUESTS, by=counted)
            counted = 0

    reach = Reach(zones=_ZONES, has=_is_prefixed if prefix else None)
    return Steps(answer=answer, reach=reach, tick=tick)


def _is_prefixed(owner: OwnerName) -> bool:
    """Whether a name is `localhost.NAME`."""
    return owner.startswith(_PREFIX)


def _loopback(owner: OwnerName, rrtype: int) -> Answer:
    """Return the address of this host; never kept, so that it is counted each time."""
    packed = _ADDRESSES.get(rrtype)
    if packed is None:
        return _denied(owner, owner, RCode.NOERROR, kept=False)
    return _answer(addresses(owner, TTL, (packed,)), kept=False)


def _in_zone(owner: OwnerName, zone: OwnerName, rrtype: int) -> Answer:
    if owner not in (zone, _LOOPBACK):
        return _denied(owner, zone, RCode.NXDOMAIN)
    rrset: RRset | None = None
    if owner == _LOOPBACK:
        if rrtype == RRType.PTR:
            rrset = ptr(owner, TTL, _LOCALHOST)
    elif rrtype == RRType.SOA:
        rrset = _soa(owner)
    elif rrtype == RRType.NS:
        rrset = ns(owner, TTL, _LOCALHOST)
    elif zone == _LOCALHOST and rrtype in _ADDRESSES:
        rrset = addresses(owner, TTL, (_ADDRESSES[rrtype],))
    return _denied(owner, zone, RCode.NOERROR) if rrset is None else _answer(rrset)


def _soa(origin: OwnerName) -> RRset:
    record = soa_record(
        _LOCALHOST, _ROOT_MAILBOX, serial=1, refresh=0, retry=0, expire=0, minimum=TTL
    )
    return RRset(origin, RRType.SOA, TTL, (record,))


def _answer(rrset: RRset, *, kept: bool = True) -> Answer:
    return Answer(
        answer=(rrset,),
        authoritative=False,
        depends_on=() if kept else None,
        written_by="local",
    )


def _denied(owner: OwnerName, origin: OwnerName, rcode: RCode, *, kept: bool = True) -> Answer:
    sentence: Callable[..., str] = _no_name if rcode == RCode.NXDOMAIN else _no_type
    return Answer(
        rcode,
        authority_records=(_soa(origin),),
        authoritative=False,
        reason=Reason(InfoCode.OTHER, sentence, (owner,)),
        depends_on=() if kept else None,
        written_by="local",
    )


def _no_name(owner: OwnerName) -> str:
    return f"the directive 'local' keeps this name from leaving, and has no {to_text(owner)}"


def _no_type(owner: OwnerName) -> str:
    return f"the directive 'local' has other records at {to_text(owner)}, none of this type"


DIRECTIVE = Directive("local", parse, build)
