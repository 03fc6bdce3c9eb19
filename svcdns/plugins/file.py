"""file - answer from master files.

Here are the words of the Corefile, and which zone a question is for; a zone and its file are
`parts.file_zone`'s business.
"""

import asyncio
from dataclasses import dataclass
from functools import partial

from svcdns.answers.answer import Answer
from svcdns.answers.later import Later
from svcdns.corefile.arguments import Arguments, Words
from svcdns.plugins.parts.file_zone import Access, FileZone
from svcdns.route.directive import Directive, Scope
from svcdns.route.errand import Reach
from svcdns.route.offers import ZoneContents
from svcdns.route.stages import Client, Steps
from svcdns.source.text_file import read_text, stamp_of
from svcdns.wire.codes import RRClass
from svcdns.wire.name import ROOT, OwnerName, from_text, is_within, lower
from svcdns.wire.question import Query

_RELOAD = 60.0


@dataclass(frozen=True, slots=True)
class Settings:
    """What one stanza says."""

    path: str
    zones: tuple[OwnerName, ...]
    """In lower case."""
    reload: float = _RELOAD
    """Seconds between two looks at the file; 0: it is read once."""
    by_mtime: bool = False
    """A changed file counts whatever its serial is."""
    fallthrough: tuple[OwnerName, ...] | None = None
    """Zones in which a name that does not exist is passed on; None: passed on nowhere."""

    def passes_on(self, owner: OwnerName) -> bool:
        """Return whether a name in lower case that does not exist goes to the next directive."""
        zones = self.fallthrough
        return zones is not None and any(zone == ROOT or is_within(owner, zone) for zone in zones)


def parse(arguments: Arguments) -> tuple[Settings, ...]:
    """Read each `file FILE [ZONES...] { options }`."""
    stanzas: list[Settings] = []
    taken: set[OwnerName] = set()
    for stanza in arguments:
        settings = _stanza(stanza)
        for zone in settings.zones:
            if zone in taken:
                stanza.warning("a zone is served from two files", "the later one counts")
        taken.update(settings.zones)
        stanzas.append(settings)
    return tuple(stanzas)


def _stanza(stanza: Words) -> Settings:
    path = stanza.text(example="/etc/zones/db.example.org example.org")
    zones = tuple(lower(from_text(zone)) for zone in stanza.zones())
    reload, by_mtime = _RELOAD, False
    fallthrough: tuple[OwnerName, ...] | None = None
    for option in stanza.options("reload", "reload_by_mtime", "upstream", "fallthrough"):
        match option.name:
            case "reload":
                reload = option.duration(0)
                _ignore_rest(option)
            case "reload_by_mtime":
                by_mtime = True
                _ignore_rest(option)
            case "upstream":
                option.skip()  # aliases are followed through the whole server, always
            case "fallthrough":
                names = option.zones(default=(".",))
                fallthrough = tuple(lower(from_text(name)) for name in names)
    return Settings(path, zones, reload, by_mtime, fallthrough)


def _ignore_rest(option: Words) -> None:
    """Let words pass that CoreDNS does not read either."""
    rest = option.rest()
    if rest:
        option.warning(f"nothing reads '{rest[0].text}' here", "take it out", at=rest[0])


_Served = dict[OwnerName, tuple[Settings, FileZone]]


def build(stanzas: tuple[Settings, ...], scope: Scope, access: Access | None = None) -> Steps:
    """Return the step that answers, and what follows the files.

    Args:
        stanzas: all of a server block.
        scope: the server block.
        access: how files are read; None: from the file system.
    """
    access = access or Access(read_text, stamp_of)
    served: _Served = {}
    for settings in stanzas:
        is_relative = scope.root and not settings.path.startswith("/")
        path = f"{scope.root}/{settings.path}" if is_relative else settings.path
        for name in settings.zones:
            served[name] = (settings, FileZone(name, path, scope, access))
    for name, (_, zone) in served.items():
        scope.offers.zones.append(
            ZoneContents(name, partial(_serial, zone), zone.rrsets, notifies=True)
        )
    step = _Step(served, scope)
    follow = [(settings, zone) for settings, zone in served.values() if settings.reload]

    async def run() -> None:
        async with asyncio.TaskGroup() as tasks:
            for settings, zone in follow:
                tasks.create_task(zone.follow(settings.reload, by_mtime=settings.by_mtime))

    reach = Reach(zones=tuple(served))
    return Steps(answer=step.answer, reach=reach, run=run if follow else None, refuses=True)


def _serial(zone: FileZone) -> int:
    return zone.serial


class _Step:
    """The questions of one server block on their way past its zones."""

    def __init__(self, served: _Served, scope: Scope) -> None:
        self._longest_first = sorted(served.items(), key=lambda entry: -len(entry[0]))
        self._ask = scope.ask

    def answer(self, query: Query, _: Client) -> Answer | Later[Answer | None] | None:
        """Return what the longest zone has to say; None to pass the query on."""
        question = query.question
        owner = question.owner
        found = next((held for name, held in self._longest_first if is_within(owner, name)), None)
        if found is None or question.rrclass != RRClass.IN:
            return None
        settings, held = found
        if held.zone is None:
            return held.unavailable()
        if settings.passes_on(owner) and held.zone.has_nothing_for(owner, question.rrtype):
            return None
        return held.zone.find(question, self._ask, settings.passes_on)


DIRECTIVE = Directive("file", parse, build)
