"""autopath - go through a client's search list for it, so that one query is enough.

A name within the first domain of the list is what a resolver asks first when somebody typed
something shorter. When it does not exist, what was typed is tried with the other domains, and
at last alone; what is found is answered with a CNAME in front.

Names that exist are answered as without this directive, and so are kept as without it. Where
the list is that of one client, what is found with it is made each time.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from svcdns.answers.answer import Dependency
from svcdns.answers.foreign import ForeignAnswer, Outcome, opened
from svcdns.answers.later import Later, then
from svcdns.answers.search_path import as_asked, domains_of, further_names, joined
from svcdns.corefile.addresses import expand_zone
from svcdns.corefile.arguments import Arguments, Words
from svcdns.corefile.errors import WordError
from svcdns.route.directive import Directive, Scope
from svcdns.route.errand import Reach
from svcdns.route.stages import Client, Rest, Steps
from svcdns.telemetry.log import get_log
from svcdns.telemetry.plugin_metrics import AUTOPATH_SUCCESS
from svcdns.upstream.resolv_conf import FILE
from svcdns.upstream.resolv_conf import parse as parse_resolv_conf
from svcdns.wire.codes import TC, RCode
from svcdns.wire.name import OwnerName, from_text, is_within, lower
from svcdns.wire.question import Query, Question
from svcdns.wire.records import MalformedMessageError

_log = get_log("autopath")

BY_CLIENT = "@kubernetes"
"""What stands for the list of the Pod that asks."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the last `autopath` stanza of a server block says."""

    zones: tuple[OwnerName, ...]
    """In lower case."""
    source: str = BY_CLIENT
    """Or the path of a file in the format of resolv.conf."""


def parse(arguments: Arguments) -> Settings:
    """Read `autopath [ZONES...] FILE|@kubernetes`; of several stanzas the last one counts."""
    settings = Settings(())
    for number, stanza in enumerate(arguments):
        if number:
            stanza.warning(
                "only this autopath counts, not the one above", "name all zones in one of them"
            )
        settings = _settings(stanza)
    return settings


def _settings(stanza: Words) -> Settings:
    words = stanza.at_least(1, BY_CLIENT)
    source = words[-1]
    if source.text.startswith("@") and source.text != BY_CLIENT:
        stanza.mistake(
            f"no plugin knows the search path '{source.text}'", f"write: {BY_CLIENT}", at=source
        )
    zones: list[str] = []
    for word in words[:-1]:
        try:
            zones += expand_zone(word.text)
        except WordError as error:
            stanza.mistake(error.problem, error.hint, at=word)
    names = zones or stanza.zones()
    return Settings(tuple(lower(from_text(zone)) for zone in names), source.text)


def _read(path: str) -> str:
    return Path(path).read_text(encoding="utf-8", errors="replace")


def build(settings: Settings, scope: Scope, read: Callable[[str], str] = _read) -> Steps:
    """Return the step that tries further names, and what reads the search list.

    Args:
        settings: what the stanza says.
        scope: the block's way to the outside.
        read: returns the text of a file.
    """
    autopath = Autopath(settings, scope, read)
    # The list of a Pod is for names of the cluster only, and `kubernetes` has those in its reach.
    reach = Reach() if settings.source == BY_CLIENT else Reach(zones=settings.zones)
    return Steps(around=autopath.around, reach=reach, run=autopath.run, tick=autopath.tick)


@dataclass(frozen=True, slots=True)
class _Walk:
    """One search list on the way."""

    query: Query
    ask: Callable[[Query], Outcome | Later[Outcome]]
    names: tuple[OwnerName, ...]
    first: Outcome
    """What was said to the name that was asked for."""
    asked: tuple[Outcome, ...] = ()
    """What was said so far, the first of all among it."""


class Autopath:
    """The `autopath` of one server block."""

    def __init__(self, settings: Settings, scope: Scope, read: Callable[[str], str]) -> None:
        self._settings = settings
        self._scope = scope
        self._read = read
        self._is_by_client = settings.source == BY_CLIENT
        self._domains: tuple[OwnerName, ...] = ()
        """Of the file; those of a Pod come before them."""
        self._count = 0

    async def run(self) -> None:
        """Read the search list, once for as long as this configuration is in use."""
        path = FILE if self._is_by_client else self._settings.source
        try:
            text = await asyncio.to_thread(self._read, path)
        except OSError as error:
            why = error.strerror or str(error)
            _log.error("autopath.unreadable", file=path, why=why)
            return
        self._domains = domains_of(parse_resolv_conf(text).search)
        if self._is_by_client and "kubernetes" not in self._scope.offers.search_paths:
            _log.warning("autopath.idle", why="no kubernetes with 'pods verified' in its block")
        if not self._is_by_client and not self._domains:
            _log.warning("autopath.idle", why=f"{path} has no search list")

    def tick(self, _now: float) -> None:
        """Hand over what was counted."""
        if self._count > 0:
            count, self._count = self._count, 0
            self._scope.metrics.add(AUTOPATH_SUCCESS, self._scope.server, by=count)

    def around(self, query: Query, client: Client, rest: Rest) -> Outcome | Later[Outcome]:
        """Return the answer to the name, or to the first of the further names that has one."""
        outcome = rest(query, client)
        owner = query.question.owner
        if not any(is_within(owner, zone) for zone in self._settings.zones):
            return outcome
        return then(outcome, partial(self._further, query, client, rest))

    def _further(
        self, query: Query, client: Client, rest: Rest, outcome: Outcome
    ) -> Outcome | Later[Outcome]:
        if outcome.rcode != RCode.NXDOMAIN:
            return outcome
        domains = self._domains
        if self._is_by_client:
            path = self._scope.offers.search_paths.get("kubernetes")
            own = None if path is None else path(query.question.owner, client)
            if own is None:
                return outcome
            # From here on the client decides.
            outcome = replace(outcome, depends_on=None)
            domains = (*own, *domains) if own else ()
        names = further_names(query.question, domains)
        if not names:
            return outcome
        walk = _Walk(query, lambda asked: rest(asked, client), names, outcome, (outcome,))
        return self._try(walk)

    def _try(self, walk: _Walk) -> Outcome | Later[Outcome]:
        """Return the answer to the next name, or whatever follows from it."""
        question = walk.query.question
        next_ = Question.of(walk.names[0], question.rrtype, question.rrclass)
        outcome = walk.ask(walk.query._replace(question=next_))
        return then(outcome, partial(self._judged, walk, next_))

    def _judged(
        self, walk: _Walk, question: Question, outcome: Outcome
    ) -> Outcome | Later[Outcome]:
        asked = (*walk.asked, outcome)
        if outcome.rcode == RCode.NXDOMAIN:
            if len(walk.names) > 1:
                return self._try(replace(walk, names=walk.names[1:], asked=asked))
            return replace(walk.first, depends_on=joined(one.depends_on for one in asked))
        return self._found(replace(walk, asked=asked), question, outcome)

    def _found(self, walk: _Walk, question: Question, outcome: Outcome) -> Outcome:
        try:
            answer = opened(outcome)
        except MalformedMessageError:
            return walk.first
        if answer.is_silent:
            return answer
        made = as_asked(walk.query.question, question, answer)
        depends_on: tuple[Dependency, ...] | None = None
        if made.depends_on is not None:
            depends_on = joined(one.depends_on for one in walk.asked)
        self._count += 1
        is_cut = isinstance(outcome, ForeignAnswer) and outcome.is_truncated
        return replace(
            made,
            raised=made.raised | TC if is_cut else made.raised,
            depends_on=depends_on,
            written_by="autopath",
            on_hits=partial(self._count_again, [one.on_hits for one in walk.asked]),
        )

    def _count_again(self, others: list[Callable[[int], None] | None], hits: int) -> None:
        self._count += hits
        for tell in others:
            if tell is not None:
                tell(hits)


DIRECTIVE = Directive("autopath", parse, build)
