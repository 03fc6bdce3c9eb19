"""Everything that can go wrong between an API server and its client, by name, and when it does.

A fault strikes by chance (`Faults.chances`, seeded) or because a test said so (`fail_next`).
What each one does to the octets: `answering`, `bodies` and `spoiling`. What is not an accident of
one connection (compaction, restart, an etcd restore, a dead network) is a method of `FakeApi`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from random import Random


class Site(Enum):
    """Where in a response a fault can strike."""

    REQUEST = auto()
    """Instead of the response, or of all of its body."""
    LIST = auto()
    """In a list."""
    STREAM = auto()
    """For the whole of a watch."""
    EVENT = auto()
    """At one event of a watch, bookmarks included."""
    BOOKMARK = auto()
    """At one bookmark of a watch, but not the one that ends the initial events."""


class Fault(StrEnum):
    """One way to go wrong. The value is its name in messages and scripts."""

    # Instead of the response.
    REFUSED = auto()
    """Nothing listens on the port. By chance over HTTP: a reset, since somebody listens."""
    RESET_BEFORE_HEAD = auto()
    RESET_AFTER_HEAD = auto()
    HANG_BEFORE_HEAD = auto()
    """The request is accepted, and nothing ever comes."""
    HANG_AFTER_HEAD = auto()
    HTTP_401 = auto()
    HTTP_403 = auto()
    HTTP_410 = auto()
    HTTP_422 = auto()
    HTTP_429 = auto()
    """With Retry-After 1 to 30."""
    HTTP_500 = auto()
    HTTP_502 = auto()
    """A proxy's page of HTML."""
    HTTP_503 = auto()
    """With or without Retry-After."""
    HTTP_504 = auto()
    PROXY_PAGE = auto()
    """Status 200 and a page of HTML: somebody else answers."""

    # In a list.
    RESET_MID_LIST = auto()
    END_MID_LIST = auto()
    """A clean end in the middle of the JSON."""
    SLOW_LIST = auto()
    """A few octets at a time."""
    TRUNCATED_GZIP = auto()
    """Compressed and cut off; a client that does not take gzip gets a clean end in the middle."""
    EXPIRED_PAGE = auto()
    """410 for a page that continues a list."""
    LAGGING_REPLICA = auto()
    """A list of "any" version (0) is of an older one than the client has seen."""
    NULL_ITEMS = auto()
    """`items: null`, of a list that has none."""

    # For the whole of a watch.
    NO_BOOKMARKS = auto()
    IGNORED_WATCH_LIST = auto()
    """The parameters of a WatchList are passed over: no end of the initial events is marked."""
    BOOKMARKS_ONLY = auto()
    """Events are withheld; bookmarks stay at the version of the last one that was sent."""
    LATE_STREAM = auto()
    """Events are up to five seconds later than those of other resources, in their own order."""

    # At one event.
    RESET_BEFORE_EVENT = auto()
    RESET_MID_LINE = auto()
    RESET_MID_CHUNK = auto()
    """As RESET_MID_LINE, and the chunk that was announced is not complete either."""
    END_BEFORE_EVENT = auto()
    END_MID_LINE = auto()
    """A clean end, half a line before it."""
    ERROR_410 = auto()
    ERROR_429 = auto()
    ERROR_500 = auto()
    ERROR_504 = auto()
    HALF_OPEN = auto()
    """Nothing more, no end, no bookmark, also not after timeoutSeconds."""
    DUPLICATE = auto()
    SLOW_EVENT = auto()
    """A few octets at a time."""
    SPLIT_EVENT = auto()
    """Over several chunks."""
    CRLF = auto()
    EMPTY_LINE = auto()
    UNKNOWN_TYPE = auto()
    """One more event, of a type that does not exist."""
    UNKNOWN_FIELDS = auto()
    ILL_TYPED = auto()
    """One more object, with a list for a mapping and a number for text."""
    HTML_LINE = auto()
    """A line that is no JSON, then a clean end."""
    LINE_OF_5_MB = auto()
    LINE_OF_40_MB = auto()

    # At one bookmark.
    LOWER_BOOKMARK = auto()
    """Its resourceVersion is lower than one that was sent before."""


_FIRST_AT = {
    Fault.REFUSED: Site.REQUEST,
    Fault.RESET_MID_LIST: Site.LIST,
    Fault.NO_BOOKMARKS: Site.STREAM,
    Fault.RESET_BEFORE_EVENT: Site.EVENT,
    Fault.LOWER_BOOKMARK: Site.BOOKMARK,
}


def _by_site() -> Mapping[Site, tuple[Fault, ...]]:
    """Sort the faults by where they strike; they stand in that order above."""
    found: dict[Site, list[Fault]] = {site: [] for site in Site}
    site = Site.REQUEST
    for fault in Fault:
        site = _FIRST_AT.get(fault, site)
        found[site].append(fault)
    return {site: tuple(faults) for site, faults in found.items()}


AT: Mapping[Site, tuple[Fault, ...]] = _by_site()
"""The faults of each site."""

CHAOS: Mapping[Fault, float] = {
    **dict.fromkeys(AT[Site.REQUEST], 0.01),
    **dict.fromkeys(AT[Site.LIST], 0.03),
    **dict.fromkeys(AT[Site.STREAM], 0.02),
    **dict.fromkeys(AT[Site.EVENT], 0.002),
    Fault.DUPLICATE: 0.01,
    Fault.SPLIT_EVENT: 0.05,
    Fault.LINE_OF_5_MB: 0.00005,
    Fault.LINE_OF_40_MB: 0.00001,
    Fault.LOWER_BOOKMARK: 0.01,
}
"""Chances for a bad day: one request in seven goes wrong, then one event in ten."""


@dataclass
class Script:
    """One fault that a test has ordered."""

    fault: Fault
    kind: str
    verb: str
    times: int
    after: int
    """How many occasions to let pass first."""
    struck: int = 0
    """How often it has struck; `times` at the end."""


class Faults:
    """Says at each occasion which fault strikes, if any."""

    def __init__(self, chances: Mapping[Fault, float]) -> None:
        self.chances: MutableMapping[Fault, float] = dict(chances)
        """Probability of each fault at each of its occasions."""
        self.struck: Counter[Fault] = Counter()
        """How often each has."""
        self._scripts: list[Script] = []

    def order(self, script: Script) -> None:
        """Take an order; orders are carried out in the sequence in which they came."""
        self._scripts.append(script)

    def strike(
        self, site: Site, kind: str, verb: str, random: Random, *, without: Iterable[Fault] = ()
    ) -> Fault | None:
        """Return what goes wrong now; None: nothing.

        Args:
            site: where.
            kind: of the objects asked for; empty: none that the fake has.
            verb: `list` or `watch`.
            random: of this request.
            without: what cannot happen this time.
        """
        fault = self._ordered(site, kind, verb, without) or self._by_chance(site, random, without)
        if fault:
            self.struck[fault] += 1
        return fault

    def _ordered(self, site: Site, kind: str, verb: str, without: Iterable[Fault]) -> Fault | None:
        for script in self._scripts:
            if script.fault not in AT[site] or script.fault in without:
                continue
            if script.kind not in {"", kind} or script.verb not in {"", verb}:
                continue
            if script.after:
                script.after -= 1
                continue
            script.struck += 1
            if script.struck == script.times:
                self._scripts.remove(script)
            return script.fault
        return None

    def _by_chance(self, site: Site, random: Random, without: Iterable[Fault]) -> Fault | None:
        if not self.chances:
            return None
        lot = random.random()
        for fault in AT[site]:
            lot -= self.chances.get(fault, 0.0)
            if lot < 0:
                return None if fault in without else fault
        return None
