"""What a cache has for errands, and what it keeps of them."""

from typing import Any

from svcdns.answers.foreign import ForeignAnswer
from svcdns.answers.kept import Lifetimes
from svcdns.answers.later import Coming
from svcdns.plugins.parts.cache_errands import CacheErrands
from svcdns.plugins.parts.cache_step import CacheStep, Settings
from svcdns.wire.codes import RRType
from svcdns.wire.name import ROOT, from_text
from svcdns.wire.plain import PlainHead, PlainHeads
from svcdns.wire.question import Question, read_query
from svcdns.wire.response import Body
from tests.support.stubs import FixedClient, packet
from tests.support.upstreams import record

ASKED = Question.of(from_text("a.example."), RRType.A)
QUERY = read_query(packet(ASKED))
OCTETS = record(b"1234", ttl=300) + record(b"5678", ttl=300)


def errands_of(settings: Settings = Settings((ROOT,))) -> tuple[CacheStep, CacheErrands]:  # noqa: B008  frozen
    step = CacheStep(settings, lambda: 1.0)
    return step, CacheErrands(step, settings.lifetimes.success, (), lambda: 1.0)


def head() -> PlainHead:
    heads = PlainHeads(recursion_desired=True, wants_ad=False, with_opt=False)
    found = heads[b"\x81\x80\0\1\0\2\0\0\0\0"]
    assert found is not None
    return found


def test_what_is_kept_is_there_for_the_same_question_only() -> None:
    _, errands = errands_of()
    assert not errands.has(ASKED.octets, dnssec_ok=False)

    errands.keep(ASKED.octets, head(), OCTETS, dnssec_ok=False)

    assert errands.has(ASKED.octets, dnssec_ok=False)
    assert not errands.has(ASKED.octets, dnssec_ok=True)


def test_what_is_kept_is_said_with_the_ttl_it_has_from_now_on() -> None:
    settings = Settings(
        (ROOT,), Lifetimes()._replace(success=Lifetimes().success._replace(most=30))
    )
    step, errands = errands_of(settings)

    said = errands.keep(ASKED.octets, head(), OCTETS, dnssec_ok=False)

    assert said == record(b"1234", ttl=30) + record(b"5678", ttl=30)
    found = step.around(QUERY, FixedClient(), _never)
    assert isinstance(found, ForeignAnswer)
    assert found.body == Body((2, 0, 0), said)


def test_a_ttl_within_the_limits_stays() -> None:
    _, errands = errands_of()

    assert errands.keep(ASKED.octets, head(), OCTETS, dnssec_ok=False) is OCTETS


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
    assert errands.has(ASKED.octets, dnssec_ok=False)


def _never(*_: object) -> Any:
    raise AssertionError("nobody is asked")
