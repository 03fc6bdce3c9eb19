"""loadbalance - let the addresses of an answer take turns in being first.

Clients mostly use the first address they are given. Only the wish is stated here: the route
keeps an answer in up to eight rotations, so that turning costs nothing when it is sent. Where
networks are preferred, answers of several addresses are put in order one by one.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache, partial
from ipaddress import ip_network
from itertools import count

from svcdns.answers.foreign import ForeignAnswer, Outcome, opened
from svcdns.answers.later import Later, then
from svcdns.answers.preferred import Network, Rank, preferred, rank_of
from svcdns.corefile.arguments import Arguments, Words
from svcdns.route.directive import Directive, Scope
from svcdns.route.stages import Client, Rest, Steps
from svcdns.wire.codes import RCode, RRType
from svcdns.wire.question import Query
from svcdns.wire.records import MalformedMessageError

ROUND_ROBIN = "round_robin"
_CIDR = re.compile(r"[0-9A-Fa-f:.]+/[0-9]{1,3}")
_TRANSFERS = (RRType.AXFR, RRType.IXFR)
_REMEMBERED = 65_536
"""Addresses whose rank is remembered."""


def parse(arguments: Arguments) -> tuple[Network, ...]:
    """Read `loadbalance [round_robin] { prefer CIDR... }`; return the preferred networks."""
    networks: list[Network] = []
    for stanza in arguments:
        word = stanza.peek()
        if word is not None and word.text == "weighted":
            stanza.skip()
            stanza.mistake(
                "'weighted' is not supported yet", f"write: loadbalance {ROUND_ROBIN}", at=word
            )
            continue
        stanza.choice(ROUND_ROBIN, default=ROUND_ROBIN)
        for option in stanza.options("prefer", "reload"):
            if option.name == "prefer":
                networks += _networks(option)
            else:
                option.skip()
                problem = f"'reload' belongs to 'weighted', not to '{ROUND_ROBIN}'"
                option.mistake(problem, "take the line out: addresses take turns in being first")
    return tuple(networks)


def _networks(option: Words) -> list[Network]:
    networks: list[Network] = []
    for word in option.rest():
        network = _network(word.text)
        if network is None:
            problem = f'invalid CIDR "{word.text}": invalid CIDR address: {word.text}'
            option.mistake(problem, "write: prefer 10.0.0.0/8", at=word)
        else:
            networks.append(network)
    return networks


def _network(text: str) -> Network | None:
    """Return the network that `text` is, the bits behind its prefix ignored."""
    if not _CIDR.fullmatch(text):
        return None
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def build(networks: tuple[Network, ...], _scope: Scope) -> Steps:
    """Return the wish for rotation, or the step that puts addresses in order."""
    if not networks:
        return Steps(rotate=True)
    rank = lru_cache(_REMEMBERED)(rank_of(networks))
    turns = count()

    def around(query: Query, client: Client, rest: Rest) -> Outcome | Later[Outcome]:
        if query.question.rrtype in _TRANSFERS:
            return rest(query, client)
        return then(rest(query, client), partial(_ordered, rank, turns))

    return Steps(around=around)


def _ordered(rank: Rank, turns: Iterator[int], outcome: Outcome) -> Outcome:
    """Return `outcome` with the preferred addresses first.

    What has but one address is left as it is; all else is not kept, so that its addresses take
    turns.
    """
    if outcome.rcode != RCode.NOERROR:
        return outcome
    if isinstance(outcome, ForeignAnswer) and outcome.body.counts[0] < 2:
        return outcome
    try:
        answer = opened(outcome)
    except MalformedMessageError:
        return outcome
    if sum(len(rrset.records) for rrset in (*answer.answer, *answer.additional)) < 2:
        return outcome
    turn = next(turns)
    return replace(
        answer,
        answer=preferred(answer.answer, rank, turn),
        additional=preferred(answer.additional, rank, turn),
        depends_on=None,
    )


DIRECTIVE = Directive("loadbalance", parse, build)
