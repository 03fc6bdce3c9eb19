"""transfer - hand out whole zones of this server block to those who may have them.

Which zones there are is offered by the directives that serve them; what is in a message is
`answers.transfer`'s business. Left for here: who may have a zone, and who is told of a new one.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from svcdns.answers.answer import Answer, Reason
from svcdns.answers.transfer import messages
from svcdns.corefile.arguments import Arguments, Words
from svcdns.corefile.lexer import Token
from svcdns.plugins.parts.transfer_notify import Secondary, notify
from svcdns.route.directive import Directive, Scope
from svcdns.route.errand import Reach
from svcdns.route.offers import ZoneContents
from svcdns.route.stages import Client, Steps
from svcdns.wire.codes import RCode, RRClass, RRType
from svcdns.wire.edns import InfoCode
from svcdns.wire.name import (
    OwnerName,
    address_text,
    from_text,
    is_within,
    lower,
    pack_address,
    to_text,
    unmapped,
)
from svcdns.wire.question import Query
from svcdns.wire.rrset import RRset

_IXFR = int(RRType.IXFR)
_TRANSFERS = frozenset((int(RRType.AXFR), _IXFR))
_EVERYBODY = "*"
_LOOK = 1.0
"""Seconds between two looks at the serials of the zones."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What one stanza says."""

    zones: tuple[OwnerName, ...]
    """In lower case."""
    to_all: bool = False
    to: tuple[Secondary, ...] = ()
    source: str = ""
    """Address that notifications are sent from; empty: what the system chooses."""

    def allows(self, address: str) -> bool:
        """Return whether a client may have the zones."""
        if self.to_all:
            return True
        try:
            packed = unmapped(pack_address(address))
        except ValueError:
            return False
        return any(packed == pack_address(one.address) for one in self.to)


def parse(arguments: Arguments) -> tuple[Settings, ...]:
    """Read each `transfer [ZONES...] { to ADDRESSES...; source ADDRESS }`."""
    return tuple(map(_stanza, arguments))


def _stanza(stanza: Words) -> Settings:
    zones = tuple(lower(from_text(zone)) for zone in stanza.zones())
    to_all, source = False, ""
    to: list[Secondary] = []
    for option in stanza.options("to", "source"):
        if option.name == "source":
            if source:
                option.mistake("source already specified", "one address sends all of them")
            word = option.take("192.0.2.53")
            found = _secondary(word.text)
            if found is None and word.text:
                option.mistake(
                    f'invalid source address "{word.text}"', "write: source 192.0.2.53", at=word
                )
            source = found.address if found else ""
            continue
        for word in option.at_least(1, "192.0.2.53"):
            if word.text == _EVERYBODY:
                to_all = True
            elif word.text:
                to += _addressee(option, word)
    if not to_all and not to:
        stanza.mistake("'to' is required", "write: transfer { to 192.0.2.53 }; to * is everybody")
    return Settings(zones, to_all, tuple(to), source)


def _addressee(option: Words, word: Token) -> list[Secondary]:
    found = _secondary(word.text)
    if found is None:
        option.mistake(
            f"must specify an IP address: '{word.text}'",
            "names and networks are not looked up; * is everybody",
            at=word,
        )
        return []
    return [found]


def _secondary(text: str) -> Secondary | None:
    """Return an address, which may have a port; None if `text` is none."""
    host, port = text, "53"
    if text.startswith("[") or text.count(":") == 1:
        host, _, port = text.rpartition(":") if not text.endswith("]") else (text, "", "53")
        host = host.removeprefix("[").removesuffix("]")
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) <= 0xFFFF):
        return None
    try:
        return Secondary(address_text(unmapped(pack_address(host))), int(port))
    except ValueError:
        return None


class _Step:
    """The transfers of one server block."""

    def __init__(self, stanzas: Sequence[Settings], scope: Scope) -> None:
        by_zone = {zone: stanza for stanza in stanzas for zone in stanza.zones}
        self._longest_first = sorted(by_zone.items(), key=lambda entry: -len(entry[0]))
        self._scope = scope

    def answer(self, query: Query, client: Client) -> Answer | None:
        """Return the zone or a refusal; None if the query is for others."""
        question = query.question
        if question.rrtype not in _TRANSFERS or question.rrclass != RRClass.IN:
            return None
        settings = self._settings_of(question.owner)
        if settings is None:
            return None
        if not settings.allows(client.address):
            return _refused(_not_allowed, client.address, question.owner)
        contents = self._contents_of(question.owner)
        if contents is None:
            return _refused(_no_such_zone, question.owner)
        return self._transfer(query, client, contents)

    def _transfer(self, query: Query, client: Client, contents: ZoneContents) -> Answer:
        held = query.serial
        if query.question.rrtype != _IXFR:
            held = None
        elif held is None:
            return _failed(InfoCode.OTHER, _no_serial)
        rrsets = contents.rrsets()
        soa = next(rrsets, None)
        if soa is None:
            return _failed(InfoCode.NOT_READY, _not_loaded, contents.name)
        sent = partial(self._messages, soa, rrsets, held, client.address)
        return Answer(messages=sent, written_by="transfer")

    def _settings_of(self, owner: OwnerName) -> Settings | None:
        return next((one for zone, one in self._longest_first if is_within(owner, zone)), None)

    def _contents_of(self, owner: OwnerName) -> ZoneContents | None:
        return next((zone for zone in self._scope.offers.zones if zone.name == owner), None)

    def _messages(
        self, soa: RRset, others: Iterator[RRset], held: int | None, address: str
    ) -> Iterator[tuple[RRset, ...]]:
        """Yield the messages; to a client that has this version, only the SOA."""
        zone, serial = to_text(soa.owner), serial_of(soa)
        said = f'zone "{zone}" to {address} for {serial} SOA serial'
        if held == serial:
            yield (soa,)
            noop = "Outgoing noop, incremental transfer for up to date"
            self._scope.log(f"[INFO] plugin/transfer: {noop} {said}")
            return
        count = 0
        for message in messages(soa, others):
            yield message
            count += sum(len(rrset.records) for rrset in message)
        self._scope.log(f"[INFO] plugin/transfer: Outgoing transfer of {count} records of {said}")

    async def notify(self) -> None:
        """Tell secondaries of each new serial of a zone that says so."""
        known: dict[OwnerName, int] = {}
        async with asyncio.TaskGroup() as tasks:
            while True:
                for zone in self._scope.offers.zones:
                    settings = self._settings_of(zone.name) if zone.notifies else None
                    serial = zone.serial()
                    if settings is not None and serial and known.get(zone.name) != serial:
                        known[zone.name] = serial
                        for whom in settings.to:
                            tasks.create_task(self._notify(zone.name, whom, settings.source))
                await asyncio.sleep(_LOOK)

    async def _notify(self, zone: OwnerName, whom: Secondary, source: str) -> None:
        problem = await notify(zone, whom, source)
        if problem:
            where = f'zone "{to_text(zone)}" to {whom.address}:{whom.port}'
            self._scope.log(f"[WARNING] plugin/transfer: Failed to notify {where}: {problem}")


def serial_of(soa: RRset) -> int:
    """Return the serial of an SOA RRset."""
    return int.from_bytes(soa.records[0][-20:-16])


def build(stanzas: tuple[Settings, ...], scope: Scope) -> Steps:
    """Return the step that answers, and what tells secondaries."""
    step = _Step(stanzas, scope)
    has_secondaries = any(stanza.to for stanza in stanzas)
    run = step.notify if has_secondaries else None
    return Steps(answer=step.answer, reach=Reach(rrtypes=tuple(_TRANSFERS)), run=run)


def _refused(sentence: Callable[..., str], *facts: object) -> Answer:
    reason = Reason(InfoCode.PROHIBITED, sentence, facts)
    return Answer(RCode.REFUSED, authoritative=False, reason=reason, written_by="transfer")


def _failed(code: int, sentence: Callable[..., str], *facts: object) -> Answer:
    reason = Reason(code, sentence, facts)
    return Answer(RCode.SERVFAIL, authoritative=False, reason=reason, written_by="transfer")


def _not_allowed(address: str, owner: OwnerName) -> str:
    return f"no 'to' of the transfer of {to_text(owner)} names {address}"


def _no_such_zone(owner: OwnerName) -> str:
    return f"no zone of this server block that can be transferred is called {to_text(owner)}"


def _no_serial() -> str:
    return "an IXFR without an SOA record in its authority section does not say what it has"


def _not_loaded(owner: OwnerName) -> str:
    return f"the contents of {to_text(owner)} are not there yet; ask again in a moment"


DIRECTIVE = Directive("transfer", parse, build)
