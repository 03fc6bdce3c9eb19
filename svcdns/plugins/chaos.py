"""chaos - say which version answers, on which host: TXT in class CH.

Source: RFC 4892 section 3.
"""

import socket
from random import Random
from typing import NamedTuple

from svcdns import __version__
from svcdns.answers.answer import Answer
from svcdns.corefile.arguments import Arguments
from svcdns.route.directive import Directive, Scope
from svcdns.route.errand import Reach
from svcdns.route.stages import Client, Steps
from svcdns.wire.codes import RRClass, RRType
from svcdns.wire.name import from_text
from svcdns.wire.question import Query
from svcdns.wire.rrset import RRset

_LONGEST = 255
"""Octets of a character string."""
_VERSION = frozenset({from_text("version.bind."), from_text("version.server.")})
_HOST = frozenset({from_text("hostname.bind."), from_text("id.server.")})
_AUTHORS = frozenset({from_text("authors.bind.")})


class Settings(NamedTuple):
    """What a stanza says."""

    version: str = f"svcdns-{__version__}"
    authors: tuple[str, ...] = ("the authors of svcdns",)
    """In alphabetical order."""


def parse(arguments: Arguments) -> Settings:
    """Read `chaos [VERSION] [AUTHORS...]`; only the first stanza counts."""
    first, *others = arguments
    for stanza in others:
        stanza.skip()
        stanza.warning("only the first 'chaos' of a server block is used")
    settings = Settings()
    if first.left:
        settings = settings._replace(version=first.text())
    if authors := {word.text for word in first.rest()}:
        settings = settings._replace(authors=tuple(sorted(authors)))
    return settings


def build(settings: Settings, _scope: Scope, *, chance: Random | None = None) -> Steps:
    """Return the step that answers class CH.

    Args:
        settings: what the stanza says.
        chance: puts the authors in an order of its own each time.
    """
    shuffled = (chance or Random()).sample  # noqa: S311  the order of names is no secret

    def texts(query: Query) -> list[str] | None:
        owner = query.question.owner
        if owner in _VERSION:
            return [settings.version]
        if owner in _HOST:
            return [socket.gethostname()]
        if owner in _AUTHORS:
            return shuffled(settings.authors, len(settings.authors))
        return None

    def answer(query: Query, _client: Client) -> Answer | None:
        question = query.question
        if question.rrclass != RRClass.CH or question.rrtype != RRType.TXT:
            return None
        said = texts(query)
        if said is None:
            return None
        records = tuple(_character_string(text) for text in said)
        rrset = RRset(question.owner, RRType.TXT, 0, records, RRClass.CH)
        return Answer(answer=(rrset,), authoritative=False, written_by="chaos")

    return Steps(answer=answer, reach=Reach(), any_class=True)  # no question of class IN


def _character_string(text: str) -> bytes:
    octets = text.encode(errors="replace")[:_LONGEST]
    return bytes((len(octets),)) + octets


DIRECTIVE = Directive("chaos", parse, build)
