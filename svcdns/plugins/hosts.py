"""hosts - answer from a hosts file, and from lines of that kind in the Corefile.

What a file says and which answers come of it is `answers.hosts`'s business. Left for here: the
words of the Corefile, reading the file again when it has changed, and whom a name is passed on
to.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from svcdns.answers.answer import Answer
from svcdns.answers.hosts import HostLine, Hosts, host_line, read_hosts, unknown_host
from svcdns.corefile.arguments import Arguments, Words
from svcdns.route.directive import Directive, Scope
from svcdns.route.errand import Reach
from svcdns.route.stages import Client, Steps
from svcdns.source.text_file import Stamp, read_text, stamp_of
from svcdns.telemetry.plugin_metrics import HOSTS_ENTRIES, HOSTS_RELOADED
from svcdns.wire.codes import RRClass, RRType
from svcdns.wire.name import OwnerName, from_text, is_within, lower
from svcdns.wire.question import Query

MAX_TTL = 65_535
_DEFAULT_FILE = "/etc/hosts"
_LISTED = 10
"""Bad lines of one file that are named; the others are counted."""
_PTR = int(RRType.PTR)
_TYPES = frozenset(map(int, (RRType.A, RRType.AAAA, RRType.PTR)))
_OPTIONS = ("no_reverse", "ttl", "reload", "fallthrough", "fallthrough_unsupported")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the stanza says."""

    path: str
    zones: tuple[OwnerName, ...]
    """In lower case."""
    inline: tuple[HostLine, ...] = ()
    ttl: int = 3600
    reverse: bool = True
    reload: float = 5.0
    """Seconds between two looks at the file; 0: it is read once."""
    fallthrough: tuple[OwnerName, ...] | None = None
    """Zones in which an unknown name is passed on; None: passed on nowhere."""
    fallthrough_unsupported: bool = False
    """Also a known name, for a type that a hosts file has not."""

    def serves(self, owner: OwnerName) -> bool:
        """Return whether a name in lower case is in one of the zones."""
        return any(is_within(owner, zone) for zone in self.zones)

    def passes_on(self, owner: OwnerName) -> bool:
        """Return whether a name in lower case that is unknown goes to the next directive."""
        zones = self.fallthrough
        return zones is not None and any(is_within(owner, zone) for zone in zones)

    @property
    def kept_zones(self) -> tuple[OwnerName, ...]:
        """The zones in which not every unknown name is passed on."""
        return tuple(zone for zone in self.zones if not self.passes_on(zone))


def parse(arguments: Arguments) -> Settings:
    """Read the only `hosts [FILE [ZONES...]] { options }` of a server block."""
    stanza = arguments.once()
    path = stanza.text(default=_DEFAULT_FILE)
    settings = Settings(path, _names(stanza.zones()))
    inline: list[HostLine] = []
    for option in stanza.options():
        if option.name in _OPTIONS:
            settings = _with_option(option, settings)
        elif settings.fallthrough is not None:
            option.skip()
            option.mistake(
                f"unknown property '{option.name}'", "lines with an address come before fallthrough"
            )
        else:
            inline += _inline(option)
    if settings.fallthrough_unsupported and settings.fallthrough is None:
        stanza.mistake("fallthrough_unsupported requires fallthrough", "add a line: fallthrough")
    return replace(settings, inline=tuple(inline))


def _with_option(option: Words, settings: Settings) -> Settings:
    match option.name:
        case "ttl":
            ttl = option.integer(1, MAX_TTL, meaning="a number of seconds")
            _ignore_rest(option)
            return replace(settings, ttl=ttl)
        case "reload":
            return replace(settings, reload=option.duration(0))
        case "no_reverse":
            _ignore_rest(option)
            return replace(settings, reverse=False)
        case "fallthrough":
            return replace(settings, fallthrough=_names(option.zones(default=(".",))))
        case _:
            return replace(settings, fallthrough_unsupported=True)


def _inline(option: Words) -> list[HostLine]:
    """Return the line of a hosts file that an unknown option is."""
    names = [word.text for word in option.rest()]
    option.skip()
    try:
        line, problems = host_line(option.name, names)
    except ValueError as error:
        option.warning(
            f"the line has no effect: {error}",
            f"options are: {', '.join(_OPTIONS)}; all others are lines of a hosts file",
        )
        return []
    for problem in problems:
        option.warning(f"a name is left out: {problem}")
    return [line]


def _ignore_rest(option: Words) -> None:
    """Let words pass that CoreDNS does not read either."""
    rest = option.rest()
    if rest:
        option.warning(f"nothing reads '{rest[0].text}' here", "take it out", at=rest[0])


def _names(zones: tuple[str, ...]) -> tuple[OwnerName, ...]:
    return tuple(lower(from_text(zone)) for zone in zones)


class _Followed:
    """The names of the stanza as its file has them now."""

    def __init__(
        self,
        settings: Settings,
        scope: Scope,
        read: Callable[[str], str],
        stamp: Callable[[str], Stamp | None],
        now: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._scope = scope
        self._path = settings.path
        if scope.root and not settings.path.startswith("/"):
            self._path = f"{scope.root}/{settings.path}"
        self._read = read
        self._stamp_of = stamp
        self._now = now
        self._stamp = stamp(self._path)
        self.hosts = self._with(())
        if self._stamp is None:
            scope.log(f"[WARNING] plugin/hosts: File does not exist: {self._path}")
            scope.metrics.set(HOSTS_ENTRIES, len(self.hosts), self._path)
        else:
            self._take_in(*self._version())

    def has(self, owner: OwnerName) -> bool:
        """Whether a name in lower case has an answer now, for some TYPE."""
        return self.hosts.has(owner)

    async def follow(self) -> None:
        """Take in each new version of the file."""
        while True:
            await asyncio.sleep(self._settings.reload)
            stamped = await asyncio.to_thread(self._stamp_of, self._path)
            if stamped is not None and stamped != self._stamp:
                self._stamp = stamped
                self._take_in(*await asyncio.to_thread(self._version))
                self._scope.forget()

    def _version(self) -> tuple[Hosts, Sequence[str]]:
        """Return what the file has now, and what to complain about."""
        try:
            text = self._read(self._path)
        except OSError as error:
            return self.hosts, (f"Failed to read hosts file '{self._path}': {error}",)
        read = read_hosts(text, self._path)
        complaints = list(read.mistakes[:_LISTED])
        more = len(read.mistakes) - _LISTED
        if more > 0:
            complaints.append(f"{self._path}: {more} more lines have mistakes")
        return self._with(read.lines), complaints

    def _take_in(self, hosts: Hosts, complaints: Sequence[str]) -> None:
        for complaint in complaints:
            self._scope.log(f"[WARNING] plugin/hosts: {complaint}")
        self.hosts = hosts
        self._scope.metrics.set(HOSTS_ENTRIES, len(hosts), self._path)
        self._scope.metrics.set(HOSTS_RELOADED, self._now())

    def _with(self, lines: tuple[HostLine, ...]) -> Hosts:
        settings = self._settings
        return Hosts(
            (*lines, *settings.inline),
            settings.serves,
            ttl=settings.ttl,
            reverse=settings.reverse,
        )


class _Step:
    """The questions of one server block on their way past the hosts file."""

    def __init__(self, settings: Settings, followed: _Followed) -> None:
        self._settings = settings
        self._followed = followed

    def answer(self, query: Query, _: Client) -> Answer | None:
        """Return the answer; None to pass the query on."""
        question, settings, hosts = query.question, self._settings, self._followed.hosts
        owner, rrtype = question.owner, question.rrtype
        if question.rrclass != RRClass.IN:
            return None
        if rrtype == _PTR:
            return hosts.reverse(owner)  # outside the zones too: what it points to is inside
        if not settings.serves(owner):
            return None
        found = hosts.forward(owner, rrtype)
        if found is None:
            return None if settings.passes_on(owner) else unknown_host(owner)
        if settings.fallthrough_unsupported and rrtype not in _TYPES and settings.passes_on(owner):
            return None
        return found


def build(
    settings: Settings,
    scope: Scope,
    read: Callable[[str], str] = read_text,
    stamp: Callable[[str], Stamp | None] = stamp_of,
    now: Callable[[], float] = time.time,
) -> Steps:
    """Return the step that answers, and what follows the file.

    Args:
        settings: the stanza.
        scope: the server block.
        read: returns the text of a file, or raises OSError.
        stamp: returns what changes when the file does.
        now: Unix time, for the metric of the last reading.
    """
    followed = _Followed(settings, scope, read, stamp, now)
    step = _Step(settings, followed)
    reach = Reach(settings.kept_zones, has=followed.has)
    run = followed.follow if settings.reload else None
    return Steps(answer=step.answer, reach=reach, run=run)


DIRECTIVE = Directive("hosts", parse, build)
