"""What `cache` makes of questions, and of what upstreams say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.answers.answer import Answer
from svcdns.answers.foreign import ON_TICK, WHILE_KEPT, ForeignAnswer, Outcome
from svcdns.wire.codes import AD, CD, RCode, RRType
from svcdns.wire.edns import InfoCode
from svcdns.wire.question import Query
from svcdns.wire.rrset import RRset
from tests.support.cached import WWW, Cache, address, say, silent
from tests.support.foreign import foreign, query_for, soa, ttls_of
from tests.support.stubs import question


def test_the_second_time_an_answer_comes_from_the_cache() -> None:
    cache = Cache()

    first = cache.ask()
    cache.clock.now += 10.5
    second = cache.ask()

    assert cache.asked == 1
    assert (ttls_of(first), ttls_of(second)) == ({60}, {50})
    assert (first.written_by, second.written_by) == ("forward", "cache")


def test_an_answer_is_asked_for_again_when_its_time_is_over() -> None:
    cache = Cache()

    cache.ask()
    cache.clock.now += 60
    cache.ask()

    assert cache.asked == 2


def test_the_first_answer_has_the_one_ttl_that_it_is_kept_for() -> None:
    cache = Cache("cache 30 .", says=say(foreign(WWW, address(4, 900), additional=[soa(ttl=40)])))

    assert ttls_of(cache.ask()) == {30}


def test_small_ttls_are_raised_to_five_seconds() -> None:
    cache = Cache(says=say(foreign(WWW, address(4, 0))))

    assert ttls_of(cache.ask()) == {5}
    cache.clock.now += 4
    assert ttls_of(cache.ask()) == {1}


def test_with_keepttl_the_ttl_stays() -> None:
    cache = Cache("cache . {\nkeepttl\n}")

    cache.ask()
    cache.clock.now += 59
    assert ttls_of(cache.ask()) == {60}
    cache.clock.now += 1
    cache.ask()
    assert cache.asked == 2


@pytest.mark.parametrize(
    "other",
    [
        query_for(question("other.example.")),
        query_for(question("www.example.", RRType.AAAA)),
        query_for(question("www.example.", RRType.A, 3)),
        query_for(WWW, do=True),
        query_for(WWW, flags=0x0100 | CD),
    ],
)
def test_an_answer_is_only_said_to_its_own_question(other: Query) -> None:
    cache = Cache(says=lambda query: foreign(query.question, address()))

    cache.ask(query_for(WWW, do=False))
    cache.ask(other)

    assert cache.asked == 2


def test_letter_case_makes_no_other_question() -> None:
    cache = Cache()

    cache.ask(question("www.example."))
    cache.ask(question("wWw.eXample."))

    assert cache.asked == 1


def test_names_outside_its_zones_pass() -> None:
    cache = Cache("cache example.org")

    assert [cache.ask(), cache.ask()] == [foreign(WWW, address())] * 2
    assert cache.asked == 2


def test_answers_of_our_own_zones_pass_as_they_are() -> None:
    own = Answer(answer=(address(ttl=0),), depends_on=(b"\1\2\3\4",))
    cache = Cache(says=say(own))

    assert cache.ask() is own
    assert cache.ask() is own
    assert cache.asked == 2


@pytest.mark.parametrize(
    ("text", "answer", "asked"),
    [
        ("disable success", foreign(WWW, address()), 2),
        ("disable success example", foreign(WWW, address()), 2),
        ("disable success org", foreign(WWW, address()), 1),
        ("disable denial", foreign(WWW, address()), 1),
        ("disable denial", foreign(WWW, authority=[soa()]), 2),
        ("disable denial", foreign(WWW, rcode=RCode.SERVFAIL), 2),
        ("servfail 0", foreign(WWW, rcode=RCode.SERVFAIL), 2),
        ("servfail 1s", foreign(WWW, rcode=RCode.SERVFAIL), 1),
    ],
)
def test_what_is_disabled_is_not_kept(text: str, answer: ForeignAnswer, asked: int) -> None:
    cache = Cache(f"cache . {{\n{text}\n}}", says=say(answer))

    cache.ask()
    cache.ask()

    assert cache.asked == asked


def test_an_answer_that_cannot_be_read_passes_and_is_not_kept() -> None:
    broken = foreign(WWW, address())
    broken = ForeignAnswer(WWW.owner, broken.body._replace(octets=broken.body.octets[:-1]))
    cache = Cache(says=say(broken))

    assert cache.ask() is broken
    cache.ask()
    assert cache.asked == 2


def test_signatures_are_not_looked_at() -> None:
    expired = RRset(WWW.owner, RRType.RRSIG, 60, (bytes(18) + b"\0" + bytes(64),))
    cache = Cache(says=say(foreign(WWW, address(), expired)))

    cache.ask(query_for(WWW, do=True))
    cache.ask(query_for(WWW, do=True))

    assert cache.asked == 1


def test_an_answer_to_another_question_is_counted_and_not_kept() -> None:
    cache = Cache(says=say(foreign(question("evil.example."), address())))

    cache.ask()
    cache.ask()

    assert cache.asked == 2
    assert cache.numbers()["drops_total"] == 2


def test_that_no_upstream_answered_is_remembered_for_five_seconds() -> None:
    cache = Cache(says=say(silent()))

    cache.ask()
    cache.clock.now += 4
    again = cache.ask()
    assert cache.asked == 1
    assert (again.rcode, again.depends_on) == (RCode.SERVFAIL, None)
    assert again.reason is not None
    assert again.reason.code == InfoCode.CACHED_ERROR
    assert again.reason.text() == "10.0.0.2:53 did not answer"

    cache.clock.now += 1
    cache.ask()
    assert cache.asked == 2


def test_other_failures_of_our_own_are_not_remembered() -> None:
    cache = Cache(says=say(silent(InfoCode.NOT_READY)))

    cache.ask()
    cache.ask()

    assert cache.asked == 2


def test_whether_an_answer_is_authentic_is_always_asked_and_said_to_who_asks() -> None:
    cache = Cache(says=say(foreign(WWW, address(), authentic=True)))

    answers = [cache.ask(query_for(WWW, flags=flags)) for flags in (0, 0, AD, 0, AD, AD)]
    with_do = [cache.ask(query_for(WWW, do=True)) for _ in range(2)]

    assert [answer.authentic for answer in answers] == [False, False, True, False, True, True]
    assert [answer.authentic for answer in with_do] == [True, True]
    assert all(query.flags & AD for query in cache.upstream.queries)
    assert not any(answer.depends_on for answer in (*answers, *with_do))


def test_answers_are_left_to_the_listener_which_may_keep_popular_ones_for_a_second() -> None:
    cache = Cache()

    kept = [cache.ask().depends_on for _ in range(4)]
    cache.clock.now += 1
    later = cache.ask().depends_on

    assert kept == [None, (WHILE_KEPT,), (ON_TICK, WHILE_KEPT), (ON_TICK, WHILE_KEPT)]
    assert later == (WHILE_KEPT,)


@pytest.mark.parametrize("query", [query_for(WWW, do=True), query_for(WWW, flags=CD)])
def test_answers_to_do_or_cd_are_not_left_to_the_listener(query: Query) -> None:
    cache = Cache()

    assert [cache.ask(query).depends_on for _ in range(4)] == [None] * 4


def test_an_answer_in_its_last_second_may_not_be_kept_for_a_second() -> None:
    cache = Cache()

    cache.ask()
    cache.clock.now += 59.5

    assert [cache.ask().depends_on for _ in range(3)] == [(WHILE_KEPT,)] * 3


@given(
    st.lists(
        st.tuples(
            st.sampled_from(("a.example.", "b.example.")),
            st.integers(0, 40),
            st.sampled_from((None, False, True)),
        ),
        max_size=30,
    ),
    st.integers(0, 90),
)
def test_no_answer_is_ever_said_for_longer_than_its_upstream_said(
    steps: list[tuple[str, int, bool | None]], ttl: int
) -> None:
    given_at: dict[bytes, float] = {}
    cache = Cache()

    def says(query: Query) -> Outcome:
        do = query.edns is not None and query.edns.dnssec_ok
        given_at[query.question.owner + bytes((do,))] = cache.clock.now
        owner = "a.example." if query.question.owner.startswith(b"\1a") else "b.example."
        return foreign(query.question, address(1 + do, ttl, owner))

    cache.says = says
    for name, seconds, do in steps:
        cache.clock.now += seconds
        asked = question(name)
        outcome = cache.ask(query_for(asked, do=do))

        assert isinstance(outcome, ForeignAnswer)
        assert outcome.owner == asked.owner
        assert outcome.body.octets[-1] == 1 + bool(do)
        age = cache.clock.now - given_at[asked.owner + bytes((bool(do),))]
        assert ttls_of(outcome) == {max(ttl, 5) - age}
