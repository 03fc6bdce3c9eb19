"""A kept answer in the table of a listener: for whom it is, and until when."""

from collections.abc import Callable

import pytest

from svcdns.answers.foreign import ForeignAnswer
from svcdns.plugins.cache import DIRECTIVE, build
from svcdns.route.exchange import Exchange
from svcdns.route.route import Route, chain
from svcdns.route.router import Router
from svcdns.route.stages import Steps
from svcdns.wire.codes import CD
from svcdns.wire.edns import BARE_OPT, BARE_OPT_DO
from svcdns.wire.name import ROOT
from svcdns.wire.question import Query
from tests.support.cached import Clock
from tests.support.directives import FixedScope, settings_of
from tests.support.foreign import Upstream, foreign
from tests.support.stubs import FixedClient, addresses, fast_of, packet, question

WWW = question("www.example.")


def exchange_of(upstream: Upstream, clock: Callable[[], float] = lambda: 1.0) -> Exchange:
    cache = build(settings_of(DIRECTIVE, "cache ."), FixedScope(), clock=clock)
    answer = Steps(answer=upstream)
    return Exchange(
        "dns://:53",
        Router([Route(".", ROOT, chain([cache, answer], "."))]),
        clock=lambda: 0.0,
        on_bug=lambda bug, _: pytest.fail(repr(bug)),
    )


_LAST_OCTET = 12 + len(WWW.octets) + 16 - 1
_TTL_AT = 12 + len(WWW.octets) + 6


def upstream() -> Upstream:
    def says(query: Query) -> ForeignAnswer:
        do = query.edns is not None and query.edns.dnssec_ok
        last = 1 + do + 2 * query.checking_disabled
        return foreign(query.question, addresses("www.example.", bytes((192, 0, 2, last))))

    return Upstream(says)


def test_a_kept_answer_is_only_for_queries_without_do_and_cd() -> None:
    asked = upstream()
    exchange = exchange_of(asked)
    fast = fast_of(exchange)
    for _ in range(3):
        exchange.respond(packet(WWW), FixedClient())
    assert fast(packet(WWW)) is not None

    queries = {
        1: packet(WWW, opt=BARE_OPT),
        2: packet(WWW, opt=BARE_OPT_DO),
        3: packet(WWW, flags=0x0100 | CD),
        4: packet(WWW, flags=0x0100 | CD, opt=BARE_OPT_DO),
    }
    for last, query in queries.items():
        for _ in range(4):
            response = fast(query) or exchange.respond(query, FixedClient())
            assert isinstance(response, bytes)
            assert response[_LAST_OCTET] == last
    assert len(asked.queries) == 4


def test_a_kept_answer_goes_when_its_time_is_over() -> None:
    clock = Clock()
    exchange = exchange_of(upstream(), clock)
    fast = fast_of(exchange)
    for _ in range(2):
        exchange.respond(packet(WWW), FixedClient())

    clock.now += 4.5
    last = fast(packet(WWW))
    assert last is not None
    assert last[_TTL_AT : _TTL_AT + 4] == b"\0\0\0\1"
    clock.now += 0.5
    assert fast(packet(WWW)) is None
    assert len(exchange) == 0
