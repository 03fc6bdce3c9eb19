"""One stanza at work against upstreams on loopback that answer, lie, fail and fall silent."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from svcdns.answers.foreign import ForeignAnswer
from svcdns.upstream.endpoint import Endpoint
from svcdns.upstream.health import Checks
from svcdns.upstream.policy import Policy
from svcdns.upstream.server import Habits
from svcdns.upstream.targets import Address, File
from svcdns.wire.codes import AD, CD, RD, TC, RCode, RRType
from svcdns.wire.edns import Edns, InfoCode, extended_error, opt
from svcdns.wire.name import from_text
from svcdns.wire.question import read_query
from tests.support.lying_upstream import LIES
from tests.support.upstreams import (
    TRUE,
    FakeUpstream,
    Say,
    addresses_in,
    closed_port,
    foreign,
    forwarding_to,
    honest,
    own,
    query,
    record,
    reply_to,
    silent,
    why,
)

QUICK = Habits(read_timeout=0.15)


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
@pytest.mark.parametrize("random_case", [False, True])
@pytest.mark.parametrize("is_open", [False, True])
async def test_no_lie_is_served_and_the_truth_is(
    lie: Say, *, random_case: bool, is_open: bool
) -> None:
    habits = Habits(random_case=random_case)
    async with (
        FakeUpstream(lie) as upstream,
        forwarding_to(upstream, is_open=is_open, habits=habits) as gathering,
    ):
        outcome = await gathering.forwarder.answer(query(), stream=False)

    assert addresses_in(outcome) == ["192.0.2.1"]
    assert outcome.rcode == RCode.NOERROR


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
async def test_no_lie_is_served_over_a_stream(lie: Say) -> None:
    async with FakeUpstream(lie) as upstream, forwarding_to(upstream, habits=QUICK) as gathering:
        outcome = await gathering.forwarder.answer(query(), stream=True)

    assert addresses_in(outcome) in ([], ["192.0.2.1"])
    assert upstream.asked("udp") == 0


async def test_whoever_sends_nothing_but_tc_is_not_believed_to_have_said_all() -> None:
    def storming(_: FakeUpstream, sent: bytes) -> Iterable[bytes]:
        return (reply_to(sent, flags=TC),) * 5

    async with FakeUpstream(storming) as upstream, forwarding_to(upstream) as gathering:
        outcome = foreign(await gathering.forwarder.answer(query(), stream=False))

    assert outcome.is_truncated
    assert (upstream.asked("udp"), upstream.asked("tcp")) == (1, 1)


async def test_half_a_reply_on_a_stream_is_none() -> None:
    def half(_: FakeUpstream, sent: bytes) -> Iterable[bytes]:
        return (reply_to(sent, record(TRUE))[:-2],)

    async with FakeUpstream(half) as upstream, forwarding_to(upstream) as gathering:
        outcome = own(await gathering.forwarder.answer(query(), stream=True))

    assert outcome.rcode == RCode.SERVFAIL
    assert "a reply to another question" in why(outcome)


async def test_a_reply_goes_on_in_its_own_octets() -> None:
    async with FakeUpstream() as upstream, forwarding_to(upstream) as gathering:
        outcome = foreign(await gathering.forwarder.answer(query("A.eXample."), stream=False))

    assert outcome.owner == from_text("a.example.")
    assert outcome.body.octets == record(TRUE)
    assert outcome.recursion_available
    assert outcome.depends_on is None
    assert outcome.written_by == "forward"


async def test_of_the_clients_opt_only_do_is_passed_on() -> None:
    edns = Edns(4096, 0, dnssec_ok=True, received=b"\0\x0a\0\x08cookie!!", options=b"\0\x64\0\0")
    async with FakeUpstream() as upstream, forwarding_to(upstream) as gathering:
        await gathering.forwarder.answer(query(flags=RD | CD | AD, edns=edns), stream=False)

    ((_, sent),) = upstream.queries
    asked = read_query(sent)
    assert sent.endswith(opt(True, b"\0\x64\0\0"))
    assert b"cookie" not in sent
    assert asked.flags == RD | CD | AD
    assert asked.edns is not None
    assert asked.edns.size == 1232


async def test_400_queries_have_400_ids_and_source_ports_nobody_can_guess() -> None:
    async with FakeUpstream() as upstream, forwarding_to(upstream) as gathering:
        for number in range(400):
            await gathering.forwarder.answer(query(f"n{number}.example."), stream=False)

    ids = [sent[:2] for _, sent in upstream.queries]
    assert len(set(ids)) >= 388
    assert len(set(upstream.ports)) >= 390


async def test_equal_questions_at_the_same_time_are_one() -> None:
    async with FakeUpstream() as upstream, forwarding_to(upstream) as gathering:
        ask = gathering.forwarder.answer
        spellings = ("a.example.", "A.example.", "a.EXAMPLE.")
        outcomes = await asyncio.gather(
            *(ask(query(spellings[n % 3]), stream=False) for n in range(200))
        )

    assert upstream.asked("udp") == 1
    assert all(addresses_in(outcome) == ["192.0.2.1"] for outcome in outcomes)


async def test_questions_that_differ_in_do_cd_or_type_are_not_equal() -> None:
    do = Edns(1232, 0, dnssec_ok=True)
    queries = [query(), query(edns=do), query(flags=RD | CD), query(rrtype=RRType.AAAA)]
    async with FakeUpstream() as upstream, forwarding_to(upstream) as gathering:
        await asyncio.gather(*(gathering.forwarder.answer(q, stream=False) for q in queries))

    assert upstream.asked("udp") == 4


async def test_who_is_cancelled_takes_nobody_along() -> None:
    async with FakeUpstream(silent) as upstream, forwarding_to(upstream) as gathering:
        ask = gathering.forwarder.answer
        first = asyncio.ensure_future(ask(query(), stream=False))
        await asyncio.sleep(0)
        second = asyncio.ensure_future(ask(query(), stream=False))
        await asyncio.sleep(0)
        upstream.say = honest
        first.cancel()

        assert addresses_in(await second) == ["192.0.2.1"]


async def test_a_failure_names_the_upstream_in_the_words_people_look_for() -> None:
    async with FakeUpstream(silent) as upstream, forwarding_to(upstream, habits=QUICK) as gathering:
        outcome = own(await gathering.forwarder.answer(query(), stream=False))

    assert outcome.rcode == RCode.SERVFAIL
    assert outcome.written_by == ""
    text = why(outcome)
    assert text.startswith("read udp 127.0.0.1:")
    assert text.endswith(f"->{upstream.address}: i/o timeout")
    assert upstream.asked("udp") == 2


async def test_a_failure_names_every_upstream() -> None:
    port = closed_port()
    nobody = Address(Endpoint("127.0.0.1", port), "Corefile:2")
    async with (
        FakeUpstream(silent) as upstream,
        forwarding_to(nobody, upstream, habits=QUICK, policy=Policy.SEQUENTIAL) as gathering,
    ):
        outcome = await gathering.forwarder.answer(query(), stream=False)

    first, second = why(outcome).split("; ")
    assert first.endswith(f"->127.0.0.1:{port}: read: connection refused")
    assert second.endswith(f"->{upstream.address}: i/o timeout")


async def test_the_next_upstream_answers_when_the_first_does_not() -> None:
    nobody = Address(Endpoint("127.0.0.1", closed_port()), "Corefile:2")
    async with (
        FakeUpstream() as upstream,
        forwarding_to(nobody, upstream, policy=Policy.SEQUENTIAL) as gathering,
    ):
        outcome = await gathering.forwarder.answer(query(), stream=False)

    assert addresses_in(outcome) == ["192.0.2.1"]


async def test_an_upstream_that_just_failed_is_asked_last() -> None:
    async with (
        FakeUpstream(silent) as dead,
        FakeUpstream() as upstream,
        forwarding_to(dead, upstream, habits=QUICK, policy=Policy.SEQUENTIAL) as gathering,
    ):
        for number in range(5):
            await gathering.forwarder.answer(query(f"n{number}.example."), stream=False)

    assert dead.asked("udp") == 1


async def test_failfast_asks_nobody_while_all_are_down() -> None:
    async with (
        FakeUpstream() as upstream,
        forwarding_to(upstream, failfast=True, checks=Checks(most_fails=1)) as gathering,
    ):
        gathering.servers[0].health.fails = 2
        outcome = await gathering.forwarder.answer(query(), stream=False)

    assert why(outcome) == "no healthy proxies"
    assert not upstream.queries
    assert gathering.forwarder.counts.all_down == 1


async def test_without_failfast_one_that_is_down_is_asked_all_the_same() -> None:
    async with (
        FakeUpstream() as upstream,
        forwarding_to(upstream, checks=Checks(most_fails=1)) as gathering,
    ):
        gathering.servers[0].health.fails = 2
        outcome = await gathering.forwarder.answer(query(), stream=False)

    assert addresses_in(outcome) == ["192.0.2.1"]
    assert gathering.forwarder.counts.all_down == 1


@pytest.mark.parametrize(("most", "asked"), [(1, 1), (3, 3), (None, 2)])
async def test_failed_tries_have_a_limit(most: int | None, asked: int) -> None:
    async with (
        FakeUpstream(silent) as upstream,
        forwarding_to(upstream, habits=QUICK, most_tries=most) as gathering,
    ):
        await gathering.forwarder.answer(query(), stream=False)

    assert upstream.asked("udp") == asked


async def test_more_questions_at_once_than_allowed_are_refused() -> None:
    async with (
        FakeUpstream(silent) as upstream,
        forwarding_to(upstream, habits=QUICK, most_concurrent=2) as gathering,
    ):
        ask = gathering.forwarder.answer
        outcomes = await asyncio.gather(
            *(ask(query(f"n{number}.example."), stream=False) for number in range(3))
        )

    assert [outcome.rcode for outcome in outcomes] == [2, 2, 5]
    assert why(outcomes[2]) == "concurrent queries exceeded maximum 2"
    assert gathering.forwarder.counts.too_many == 1


async def test_failover_asks_the_next_upstream_and_keeps_the_last_answer() -> None:
    def refusing(_: FakeUpstream, sent: bytes) -> Iterable[bytes]:
        return (reply_to(sent, rcode=RCode.REFUSED),)

    async with (
        FakeUpstream(refusing) as first,
        FakeUpstream(refusing) as second,
        forwarding_to(first, second, failover=frozenset((5,))) as gathering,
    ):
        refused = await gathering.forwarder.answer(query(), stream=False)
        first.say = second.say = honest
        answered = await gathering.forwarder.answer(query(), stream=False)

    assert foreign(refused).rcode == RCode.REFUSED
    assert addresses_in(answered) == ["192.0.2.1"]


async def test_what_an_upstream_says_about_its_failure_is_passed_on() -> None:
    explained = opt(False, extended_error(InfoCode.DNSSEC_BOGUS, "no RRSIG"))

    def bogus(_: FakeUpstream, sent: bytes) -> Iterable[bytes]:
        return (reply_to(sent, explained, rcode=RCode.SERVFAIL, counts=(0, 0, 1)),)

    async with FakeUpstream(bogus) as upstream, forwarding_to(upstream) as gathering:
        outcome = foreign(await gathering.forwarder.answer(query(), stream=False))

    assert outcome.body.octets == b""
    assert outcome.reason is not None
    assert outcome.reason.code == InfoCode.DNSSEC_BOGUS
    assert why(outcome) == f"{upstream.address} answered SERVFAIL: no RRSIG"


async def test_a_truncated_answer_is_asked_for_again_on_a_stream() -> None:
    def truncating(upstream: FakeUpstream, sent: bytes) -> Iterable[bytes]:
        if upstream.transport == "udp":
            return (reply_to(sent, flags=TC),)
        return honest(upstream, sent)

    async with FakeUpstream(truncating) as upstream, forwarding_to(upstream) as gathering:
        outcome = foreign(await gathering.forwarder.answer(query(), stream=False))

    assert not outcome.is_truncated
    assert addresses_in(outcome) == ["192.0.2.1"]


async def test_what_stays_truncated_says_so() -> None:
    def truncating(upstream: FakeUpstream, sent: bytes) -> Iterable[bytes]:
        return (reply_to(sent, flags=TC),) if upstream.transport == "udp" else ()

    async with (
        FakeUpstream(truncating) as upstream,
        forwarding_to(upstream, habits=QUICK) as gathering,
    ):
        outcome = foreign(await gathering.forwarder.answer(query(), stream=False))

    assert outcome.is_truncated


async def test_zones_are_not_transferred_through_a_forwarder() -> None:
    async with FakeUpstream() as upstream, forwarding_to(upstream) as gathering:
        outcome = await gathering.forwarder.answer(query(rrtype=RRType.AXFR), stream=True)

    assert outcome.rcode == RCode.REFUSED
    assert not upstream.queries


async def test_without_an_upstream_the_answer_says_why() -> None:
    async with forwarding_to(File("/nonexistent/resolv.conf", "Corefile:7")) as gathering:
        outcome = await gathering.forwarder.answer(query(), stream=False)

    assert outcome.rcode == RCode.SERVFAIL
    assert why(outcome) == "/nonexistent/resolv.conf does not exist (named at Corefile:7)"


async def test_a_disabled_upstream_is_never_asked_and_the_answer_says_why() -> None:
    async with FakeUpstream() as upstream, forwarding_to(upstream) as gathering:
        gathering.servers[0].disable("forwards to us")
        outcome = await gathering.forwarder.answer(query(), stream=False)

    assert why(outcome) == f"{upstream.address} forwards to us"
    assert not upstream.queries


async def test_a_hedged_question_is_answered_by_the_quicker_upstream() -> None:
    async with (
        FakeUpstream(silent) as slow,
        FakeUpstream() as quick,
        forwarding_to(slow, quick, policy=Policy.SEQUENTIAL, hedge=True) as gathering,
    ):
        gathering.servers[0].figures.p95 = 0.01
        outcome = await gathering.forwarder.answer(query(), stream=False)

    assert addresses_in(outcome) == ["192.0.2.1"]
    assert slow.asked("udp") == quick.asked("udp") == 1


@pytest.mark.parametrize(
    ("options", "rcode", "count", "goes_on"),
    [
        ({"next_rcodes": frozenset((3,))}, 3, 0, True),
        ({"next_rcodes": frozenset((3,))}, 2, 0, False),
        ({"next_on_nodata": True}, 0, 0, True),
        ({"next_on_nodata": True}, 0, 1, False),
        ({"next_on_nodata": True}, 3, 0, False),
        ({}, 3, 0, False),
    ],
)
async def test_an_answer_is_left_to_the_next_stanza_if_this_one_says_so(
    options: dict[str, Any], rcode: int, count: int, *, goes_on: bool
) -> None:
    def say(_: FakeUpstream, sent: bytes) -> Iterable[bytes]:
        return (reply_to(sent, *([record(TRUE)] * count), rcode=rcode),)

    async with FakeUpstream(say) as upstream, forwarding_to(upstream, **options) as gathering:
        outcome = await gathering.forwarder.answer(query(), stream=False)

    assert isinstance(outcome, ForeignAnswer)
    assert gathering.forwarder.goes_on(outcome) is goes_on
