"""What a cache has for errands, and what it keeps of them."""

from typing import Any

import pytest

from svcdns.answers.foreign import ForeignAnswer
from svcdns.answers.kept import Kind, Lifetimes
from svcdns.answers.later import Coming
from svcdns.plugins.parts.cache_errands import CacheErrands
from svcdns.plugins.parts.cache_step import CacheStep, Settings
from svcdns.wire.codes import RRType
from svcdns.wire.name import ROOT, from_text
from svcdns.wire.plain import PlainHead, PlainHeads, Shape
from svcdns.wire.question import Question, read_query
from svcdns.wire.response import Body
from tests.support.stubs import FixedClient, packet
from tests.support.upstreams import record

ASKED = Question.of(from_text("a.example."), RRType.A)
QUERY = read_query(packet(ASKED))
OCTETS = record(b"1234", ttl=300) + record(b"5678", ttl=300)


def errands_of(settings: Settings = Settings((ROOT,))) -> tuple[CacheStep, CacheErrands]:  # noqa: B008  frozen
    step = CacheStep(settings, lambda: 1.0)
    return step, CacheErrands(step, settings.lifetimes, (), lambda: 1.0)


def head() -> PlainHead:
    heads = PlainHeads(recursion_desired=True, wants_ad=False, with_opt=False)
    found = heads[b"\x81\x80\0\1\0\2\0\0\0\0"]
    assert found is not None
    return found


def test_what_is_kept_is_there_for_the_same_question_only() -> None:
    _, errands = errands_of()
    assert not errands.has(ASKED.octets, False)

    errands.keep(ASKED.octets, head(), OCTETS, None, False)

    assert errands.has(ASKED.octets, False)
    assert not errands.has(ASKED.octets, True)


def test_what_is_kept_is_said_with_the_ttl_it_has_from_now_on() -> None:
    settings = Settings(
        (ROOT,), Lifetimes()._replace(success=Lifetimes().success._replace(most=30))
    )
    step, errands = errands_of(settings)

    said = errands.keep(ASKED.octets, head(), OCTETS, None, False)

    assert said == record(b"1234", ttl=30) + record(b"5678", ttl=30)
    found = step.around(QUERY, FixedClient(), _never)
    assert isinstance(found, ForeignAnswer)
    assert found.body == Body((2, 0, 0), said)


def test_a_ttl_within_the_limits_stays() -> None:
    _, errands = errands_of()

    assert errands.keep(ASKED.octets, head(), OCTETS, None, False) is OCTETS


SOA = b"\0\0\6\0\1\0\0\0\x3c\0\x16\0\0" + bytes(16) + (20).to_bytes(4)


@pytest.mark.parametrize("rcode", [0, 3])
def test_a_denial_is_kept_as_one_for_as_long_as_it_says(rcode: int) -> None:
    step, errands = errands_of()
    heads = PlainHeads(recursion_desired=True, wants_ad=False, with_opt=False)
    denial = heads[bytes((0x81, 0x80 | rcode)) + b"\0\1\0\0\0\1\0\0"]
    assert denial is not None

    said = errands.keep(ASKED.octets, denial, SOA, Shape(20, (5,), len(SOA), 0), False)

    assert said == SOA.replace(b"\x3c", b"\x14", 1)
    assert step.store.entries == {Kind.SUCCESS: 0, Kind.DENIAL: 1}
    found = step.around(QUERY, FixedClient(), _never)
    assert isinstance(found, ForeignAnswer)
    assert (found.rcode, found.body) == (rcode, Body((0, 1, 0), said))


def test_aliases_and_addresses_are_kept_with_one_ttl() -> None:
    step, errands = errands_of()
    alias = record(b"\3cdn\xc0\x0e", RRType.CNAME, ttl=300)
    owner = (0xC000 | len(packet(ASKED)) + 12).to_bytes(2)
    octets = alias + record(b"1234", owner=owner, ttl=60)

    said = errands.keep(ASKED.octets, head(), octets, Shape(60, (6, 24), 18, 16), False)

    assert said == octets.replace((300).to_bytes(4), (60).to_bytes(4))
    found = step.around(QUERY, FixedClient(), _never)
    assert isinstance(found, ForeignAnswer)
    assert found.body == Body((2, 0, 0), said)


def test_errands_that_found_nothing_are_counted_as_misses() -> None:
    step, errands = errands_of()
    errands.missed[0] += 2

    counts = step.take_counts()

    assert (counts.requests, counts.misses) == (2, 2)
    assert step.take_counts().misses == 0


def test_what_is_handed_over_is_kept_when_it_comes() -> None:
    _, errands = errands_of()
    coming: Coming[ForeignAnswer] = Coming(_never)
    said: list[object] = []

    later = errands.hand_over(QUERY, coming)
    assert later is coming
    coming.receive(said.append)
    coming.bring(ForeignAnswer(ASKED.owner, Body((2, 0, 0), OCTETS)))

    assert len(said) == 1
    assert errands.has(ASKED.octets, False)


def _never(*_: object) -> Any:
    raise AssertionError("nobody is asked")
