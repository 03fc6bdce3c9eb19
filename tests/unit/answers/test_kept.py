from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.answers.answer import Answer, Reason
from svcdns.answers.foreign import ON_TICK, ForeignAnswer, Outcome
from svcdns.answers.kept import (
    Judgement,
    Kept,
    Kind,
    Lifetimes,
    Limits,
    examined,
    is_upstream_failure,
    judge,
    patched,
)
from svcdns.wire.codes import RCode, RRType
from svcdns.wire.edns import InfoCode
from svcdns.wire.name import from_text
from svcdns.wire.question import Question
from svcdns.wire.rrset import RRset, cname, ns
from tests.support.cached import Cache
from tests.support.foreign import foreign, soa, ttls_of
from tests.support.stubs import addresses, question

WWW = question("www.example.")
ALIAS = cname(WWW.owner, 40, from_text("a.example."))


def address(ttl: int = 60) -> RRset:
    return addresses("www.example.", b"\1\2\3\4", ttl=ttl)


def judged(answer: ForeignAnswer, asked: Question = WWW) -> Judgement:
    return judge(asked, answer, examined(answer, asked), Lifetimes())


@pytest.mark.parametrize(
    ("answer", "kind", "lifetime"),
    [
        (foreign(WWW, address()), Kind.SUCCESS, 60),
        (foreign(WWW, address(0)), Kind.SUCCESS, 5),
        (foreign(WWW, address(2**32 - 1)), Kind.SUCCESS, 3600),
        (foreign(WWW), Kind.SUCCESS, 5),
        (foreign(WWW, additional=[address()]), Kind.SUCCESS, 60),
        (foreign(WWW, authority=[ns(WWW.owner, 900, WWW.owner)]), Kind.SUCCESS, 5),
        (foreign(WWW, authority=[soa(ttl=90)]), Kind.DENIAL, 90),
        (foreign(WWW, authority=[soa(ttl=90, minimum=30)]), Kind.DENIAL, 30),
        (foreign(WWW, authority=[soa(ttl=9999, minimum=9999)]), Kind.DENIAL, 1800),
        (foreign(WWW, ALIAS, authority=[soa()]), Kind.DENIAL, 40),
        (foreign(WWW, authority=[soa(ttl=90)], rcode=RCode.NXDOMAIN), Kind.DENIAL, 90),
        (foreign(WWW, rcode=RCode.SERVFAIL), Kind.FAILURE, 5),
        (foreign(WWW, rcode=RCode.NOTIMP), Kind.FAILURE, 5),
    ],
)
def test_answers_are_kept_for_as_long_as_they_say(
    answer: ForeignAnswer, kind: Kind, lifetime: int
) -> None:
    judgement = judged(answer)

    assert (judgement.kind, judgement.lifetime) == (kind, lifetime)


@pytest.mark.parametrize(
    "answer",
    [
        foreign(WWW, address(), is_truncated=True),
        foreign(WWW, rcode=RCode.NXDOMAIN),
        foreign(WWW, ALIAS, authority=[soa()], rcode=RCode.NXDOMAIN),
        foreign(WWW, rcode=RCode.REFUSED),
        foreign(WWW, rcode=RCode.FORMERR),
        foreign(WWW, ALIAS),
        foreign(WWW, addresses("other.example.", b"\1\2\3\4")),
    ],
)
def test_what_is_no_whole_answer_is_not_kept(answer: ForeignAnswer) -> None:
    assert judged(answer).kind is None


def test_transfers_are_not_kept() -> None:
    asked = question("example.", RRType.AXFR)

    assert judged(foreign(asked, soa()), asked).kind is None


def test_failures_are_not_kept_where_that_is_off() -> None:
    answer = foreign(WWW, rcode=RCode.SERVFAIL)

    judgement = judge(WWW, answer, examined(answer, WWW), Lifetimes(failure=0.0))

    assert judgement.kind is None


@given(st.integers(0, 2**32 - 1), st.integers(0, 9999), st.integers(1, 9999))
def test_a_lifetime_is_within_its_limits(ttl: int, least: int, most: int) -> None:
    lifetime = Limits(least, most).within(ttl)

    assert lifetime <= most
    assert lifetime >= min(least, most)
    assert lifetime == ttl or lifetime in (least, most)


def failure(code: int) -> Answer:
    return Answer(RCode.SERVFAIL, reason=Reason(code, lambda: "no"))


def test_only_failures_of_upstreams_are_failures_of_upstreams() -> None:
    assert is_upstream_failure(failure(InfoCode.NO_REACHABLE_AUTHORITY))
    assert is_upstream_failure(failure(InfoCode.NETWORK_ERROR))
    assert not is_upstream_failure(failure(InfoCode.NOT_READY))
    assert not is_upstream_failure(Answer(RCode.SERVFAIL))
    assert not is_upstream_failure(foreign(WWW, rcode=RCode.SERVFAIL))


def kept_at(now: float, answer: Outcome | None = None, ttl: int = 60) -> Kept:
    answer = answer or foreign(WWW, address(ttl))
    assert isinstance(answer, ForeignAnswer)
    return Kept(answer, judged(answer), examined(answer, WWW), now)


@given(
    st.integers(5, 3600),
    st.floats(0, 1e6),
    st.lists(st.floats(0, 5000), min_size=2, max_size=8).map(sorted),
)
def test_a_ttl_never_grows(ttl: int, start: float, passed: list[float]) -> None:
    kept = kept_at(start, ttl=ttl)

    seen = [kept.remaining(start + after) for after in passed]

    assert seen == sorted(seen, reverse=True)
    assert seen[0] <= ttl
    assert all(left <= ttl - int(after) + 1 for left, after in zip(seen, passed, strict=True))


def test_every_record_says_the_time_that_is_left() -> None:
    answer = foreign(WWW, address(60), authority=[ns(WWW.owner, 900, WWW.owner)])
    kept = kept_at(0.0, answer)

    assert ttls_of(kept.said(kept.remaining(12.9))) == {48}


def test_the_second_time_in_a_second_a_copy_may_be_kept_for_it() -> None:
    kept = kept_at(0.0)
    sent: list[int] = []

    once, twice, thrice = (kept.said_often(50, sent.append) for _ in range(3))
    later = kept.said_often(49, sent.append)

    assert once.depends_on is None
    assert twice.depends_on == (ON_TICK,)
    assert thrice is twice
    assert later.depends_on is None
    assert isinstance(twice, ForeignAnswer)
    assert twice.on_hits is not None
    twice.on_hits(3)
    assert sent == [3]


def test_all_that_an_answer_says_is_said_again() -> None:
    reason = Reason(InfoCode.OTHER, lambda: "why")
    said = ForeignAnswer(
        WWW.owner,
        foreign(WWW, address(60)).body,
        RCode.NOTIMP,
        authoritative=True,
        recursion_available=False,
        authentic=True,
        is_truncated=True,
        raised=1,
        lowered=2,
        reason=reason,
        depends_on=(ON_TICK,),
        written_by="forward",
        on_hits=print,
    )

    assert len(fields(ForeignAnswer)) == 14, "a new field: is it said again?"
    again = patched(said, examined(said, WWW).ttls_at, 60)

    assert again == replace(said, depends_on=None, on_hits=None)


def test_what_is_said_again_was_written_by_the_cache() -> None:
    assert kept_at(0.0).said(9).written_by == "cache"


def test_a_stale_answer_says_its_age_and_why() -> None:
    kept = kept_at(0.0)

    waiting = kept.stale(0, 70.5)
    kept.failure = "10.0.0.2:53 did not answer within 2 s"
    failed = kept.stale(30, 71.0)

    assert waiting.reason is not None
    assert failed.reason is not None
    assert waiting.reason.code == InfoCode.STALE_ANSWER
    assert waiting.reason.text() == "70 s old; a newer answer is being asked for"
    assert failed.reason.text() == (
        "71 s old, as there is no newer answer: 10.0.0.2:53 did not answer within 2 s"
    )
    assert (ttls_of(waiting), ttls_of(failed)) == ({0}, {30})


def test_a_stale_answer_is_computed_each_time() -> None:
    cache = Cache("cache . {\nserve_stale\nkeepttl\n}")
    cache.ask()
    cache.ask()
    cache.clock.now += 60

    stale = cache.ask()

    assert isinstance(stale, ForeignAnswer)
    assert stale.reason is not None
    assert (stale.depends_on, stale.renewal) == (None, None)


def test_a_stale_denial_has_a_code_of_its_own() -> None:
    reason = kept_at(0.0, foreign(WWW, authority=[soa()], rcode=RCode.NXDOMAIN)).stale(0, 1e3)

    assert reason.reason is not None
    assert reason.reason.code == InfoCode.STALE_NXDOMAIN_ANSWER


def test_hits_are_counted_anew_after_a_pause() -> None:
    kept = kept_at(0.0)

    kept.count(3, 1.0, 60.0)
    kept.count(2, 61.0, 60.0)
    assert kept.hits == 5

    kept.count(1, 122.0, 60.0)
    assert kept.hits == 1


def test_a_larger_answer_is_larger() -> None:
    many = replace(address(), records=tuple(bytes((1, 2, 3, last)) for last in range(40)))

    assert kept_at(0.0, foreign(WWW, many)).size > kept_at(0.0).size + 40 * 16
