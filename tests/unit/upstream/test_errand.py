"""A plain question on its way: its reply ends it, anything else makes it like all others."""

import asyncio
import errno
import os
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from svcdns.answers.foreign import Outcome
from svcdns.answers.later import Coming
from svcdns.route.errand import Errand, Form
from svcdns.upstream.datagram import Datagrams
from svcdns.upstream.endpoint import Endpoint, Transport
from svcdns.upstream.errand import Errands, may_be_sent
from svcdns.upstream.forwarding import Forwarding
from svcdns.upstream.gathering import Gathering
from svcdns.upstream.policy import Policy
from svcdns.upstream.server import Habits
from svcdns.upstream.targets import Address
from svcdns.wire.codes import TC, RCode, RRType
from svcdns.wire.edns import BARE_OPT
from svcdns.wire.name import from_text
from svcdns.wire.plain import PlainHead, PlainHeads, Shape
from svcdns.wire.question import Question
from tests.support.streams import until
from tests.support.stubs import packet
from tests.support.upstreams import (
    LIE,
    TRUE,
    FakeUpstream,
    addresses_in,
    closed_port,
    forwarding_to,
    honest,
    query,
    record,
    reply_to,
    silent,
)

ASKED = Question.of(from_text("a.example."), RRType.A)
PACKET = packet(ASKED)
HEADS = PlainHeads(recursion_desired=True, wants_ad=False, with_opt=False)
FORM = Form(
    size=12,
    asked=PACKET[2:12],
    asked_option=b"",
    head=PACKET[2:11] + b"\1",
    tail=BARE_OPT,
    option=b"",
    limit=512,
    dnssec_ok=False,
    lane=0,
    heads=HEADS,
)


class NotedDesk:
    """Notes what becomes of errands."""

    def __init__(self) -> None:
        self.closed: list[bytes] = []
        self.shapes: list[Shape | None] = []
        self.outcomes: list[Outcome] = []
        self.handed_over = 0

    def close(self, errand: Errand, head: PlainHead, octets: bytes, shape: Shape | None) -> None:
        assert errand.identity == PACKET[:2]
        assert (head.answers == 1) is (shape is None)
        self.closed.append(octets)
        self.shapes.append(shape)

    def hand_over(self, errand: Errand, coming: Coming[Outcome]) -> None:
        assert errand.identity == PACKET[:2]
        self.handed_over += 1
        coming.receive(self.outcomes.append)


class Office:
    """Sends errands of one stanza."""

    def __init__(self, gathering: Gathering, datagrams: Datagrams) -> None:
        self.desk = NotedDesk()
        self.datagrams = datagrams
        self.gathering = gathering
        self._errands = Errands(gathering.forwarder, datagrams)

    def send(self) -> Errand | None:
        # Each is a batch of its own.
        asked_at = (asyncio.get_running_loop().time(), 0)
        errand = self._errands.send(self.desk, PACKET[:2], ASKED.octets, FORM, asked_at)
        if errand is not None:
            errand.depart()
        return errand

    def must_send(self) -> Errand:
        errand = self.send()
        assert errand is not None
        return errand


@asynccontextmanager
async def office_of(*upstreams: FakeUpstream | Address, **options: Any) -> AsyncIterator[Office]:
    datagrams = Datagrams()
    async with forwarding_to(*upstreams, **options) as gathering:
        yield Office(gathering, datagrams)
        assert not len(datagrams)
        assert not len(gathering.forwarder.flights)
        assert not gathering.forwarder.going
    datagrams.close()


async def test_a_plain_reply_ends_it_without_a_task() -> None:
    async with FakeUpstream() as upstream, office_of(upstream) as office:
        before = len(asyncio.all_tasks())
        office.must_send()
        await until(lambda: bool(office.desk.closed))
        figures = office.gathering.servers[0].figures

        assert len(asyncio.all_tasks()) <= before

    assert office.desk.closed == [record(TRUE)]
    assert not office.desk.handed_over
    assert (figures.asked, figures.datagrams, len(figures.untaken)) == (1, 1, 1)


SOA = b"\0\0\6\0\1\0\0\0\x3c\0\x16\0\0" + bytes(16) + (30).to_bytes(4)
ALIAS = record(b"\3cdn\xc0\x0e", RRType.CNAME)
ADDRESS = record(TRUE, owner=(0xC000 | len(PACKET) + 12).to_bytes(2), ttl=20)


@pytest.mark.parametrize(
    ("records", "counts", "rcode", "shape"),
    [
        ((SOA,), (0, 1, 0), 0, Shape(30, (5,), len(SOA), 0)),
        ((SOA,), (0, 1, 0), 3, Shape(30, (5,), len(SOA), 0)),
        (
            (ALIAS, ADDRESS),
            (2, 0, 0),
            0,
            Shape(20, (6, len(ALIAS) + 6), len(ALIAS), len(ADDRESS)),
        ),
    ],
)
async def test_denials_and_aliases_end_it_too(
    records: tuple[bytes, ...], counts: tuple[int, int, int], rcode: int, shape: Shape
) -> None:
    def say(_: FakeUpstream, sent: bytes) -> Iterable[bytes]:
        return (reply_to(sent, *records, rcode=rcode, counts=counts),)

    async with FakeUpstream(say) as upstream, office_of(upstream) as office:
        office.must_send()
        await until(lambda: bool(office.desk.closed))
        figures = office.gathering.servers[0].figures

    assert office.desk.closed == [b"".join(records)]
    assert office.desk.shapes == [shape]
    assert not office.desk.handed_over
    assert list(figures.untaken) == [rcode]


async def test_with_an_rcode_that_fails_over_another_one_is_asked() -> None:
    def say(_: FakeUpstream, sent: bytes) -> Iterable[bytes]:
        return (reply_to(sent, SOA, rcode=3, counts=(0, 1, 0)),)

    failover = frozenset((RCode.NXDOMAIN,))
    async with (
        FakeUpstream(say) as first,
        FakeUpstream(say) as second,
        office_of(first, second, failover=failover) as office,
    ):
        office.must_send()
        await until(lambda: bool(office.desk.outcomes))

    assert (first.asked("udp"), second.asked("udp")) == (1, 1)
    assert not office.desk.closed


async def test_what_cannot_be_sent_is_told_like_any_other_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with FakeUpstream() as upstream, office_of(upstream, most_tries=1) as office:
        monkeypatch.setattr(office.datagrams, "connect", lambda *_: Unsendable())
        office.must_send()
        await until(lambda: bool(office.desk.outcomes))

    (outcome,) = office.desk.outcomes
    assert outcome.reason is not None
    assert "write udp" in outcome.reason.text()
    assert "no buffer space" in outcome.reason.text().lower()


class Unsendable(socket.socket):
    """A socket without room."""

    def send(self, *_: object) -> int:
        raise OSError(errno.ENOBUFS, os.strerror(errno.ENOBUFS))


async def test_each_has_an_id_and_a_port_of_its_own() -> None:
    async with FakeUpstream() as upstream, office_of(upstream) as office:
        for number in range(1, 9):
            office.must_send()
            await until(lambda number=number: len(office.desk.closed) == number)  # type: ignore[misc]

        assert len({sent[:2] for _, sent in upstream.queries}) > 1
        assert len(set(upstream.ports)) > 1
        assert {sent[2:] for _, sent in upstream.queries} == {FORM.head + ASKED.octets + BARE_OPT}


async def test_equal_questions_are_one() -> None:
    async with FakeUpstream(silent) as upstream, office_of(upstream) as office:
        errand = office.must_send()
        assert office.send() is None
        other = asyncio.ensure_future(office.gathering.forwarder.answer(query(), stream=False))
        await until(lambda: office.gathering.forwarder.flights.joined == 1)
        await until(lambda: upstream.asked("udp") == 1)
        (_, sent) = upstream.queries[0]
        upstream.say = honest
        upstream.datagram_received(sent, upstream.peer)

        assert addresses_in(await other) == ["192.0.2.1"]
        errand.send_back()  # too late to change anything

    assert office.desk.closed == [record(TRUE)]


def wrong_id(sent: bytes) -> bytes:
    return bytes((sent[0] ^ 1,)) + reply_to(sent, record(LIE))[1:]


def wrong_question(sent: bytes) -> bytes:
    return reply_to(
        sent, record(LIE), question=packet(Question.of(from_text("b.example."), 1))[12:]
    )


def no_response(sent: bytes) -> bytes:
    return sent


@pytest.mark.parametrize("lie", [wrong_id, wrong_question, no_response])
async def test_what_is_no_reply_is_waited_past(lie: object) -> None:
    def say(upstream: FakeUpstream, sent: bytes) -> Iterable[bytes]:
        return (lie(sent), *honest(upstream, sent))  # type: ignore[operator]

    async with FakeUpstream(say) as upstream, office_of(upstream) as office:
        office.must_send()
        await until(lambda: bool(office.desk.closed))

        assert office.datagrams.wrong == 1
    assert office.desk.closed == [record(TRUE)]


async def test_what_was_cut_is_asked_for_again_like_any_other_question() -> None:
    def cut(upstream: FakeUpstream, sent: bytes) -> Iterable[bytes]:
        flags = TC if upstream.transport == "udp" else 0
        return (reply_to(sent, record(TRUE), flags=flags),)

    async with FakeUpstream(cut) as upstream, office_of(upstream) as office:
        office.must_send()
        await until(lambda: bool(office.desk.outcomes))

    assert upstream.asked("tcp") == 1
    assert not office.desk.closed
    assert addresses_in(office.desk.outcomes[0]) == ["192.0.2.1"]


async def test_after_silence_the_next_upstream_is_asked() -> None:
    habits = Habits(read_timeout=0.1)
    async with (
        FakeUpstream(silent) as first,
        FakeUpstream(silent) as second,
        office_of(first, second, habits=habits) as office,
    ):
        office.must_send()
        await until(lambda: first.asked("udp") + second.asked("udp") == 1)
        first.say = second.say = honest
        await until(lambda: bool(office.desk.outcomes))

    assert addresses_in(office.desk.outcomes[0]) == ["192.0.2.1"]


async def test_a_closed_port_is_known_at_once() -> None:
    target = Address(Endpoint("127.0.0.1", closed_port()), "Corefile:2")
    async with office_of(target, most_tries=1) as office:
        office.must_send()
        await until(lambda: bool(office.desk.outcomes))

    (outcome,) = office.desk.outcomes
    assert outcome.reason is not None
    assert "connection refused" in outcome.reason.text()


async def test_who_sends_it_back_leaves_nothing_open() -> None:
    async with FakeUpstream(silent) as upstream, office_of(upstream) as office:
        errand = office.must_send()
        errand.send_back()
        errand.send_back()

    assert not office.desk.closed
    assert not office.desk.handed_over


async def test_who_goes_the_other_way_has_taken_no_turn() -> None:
    async with (
        FakeUpstream(silent) as one,
        FakeUpstream(silent) as other,
        office_of(one, other, policy=Policy.ROUND_ROBIN) as office,
    ):
        first, second = office.gathering.servers
        second.without_edns_until = asyncio.get_running_loop().time() + 60.0
        asked = []
        for _ in range(4):
            assert office.send() is None
            asked.append(office.gathering.forwarder.in_order()[0])

    assert asked == [first, second, first, second]


async def test_one_of_two_that_is_down_is_passed_over() -> None:
    never = asyncio.Event()
    async with FakeUpstream() as one, FakeUpstream() as other, office_of(one, other) as office:
        health = office.gathering.servers[0].health
        health.fails = 3
        health.doubt(never.wait, lambda: None)
        office.must_send()
        await until(lambda: bool(office.desk.closed))

    assert (one.asked("udp"), other.asked("udp")) == (0, 1)


async def test_where_nobody_is_up_there_are_no_errands() -> None:
    async with FakeUpstream() as upstream, office_of(upstream) as office:
        office.gathering.servers[0].health.fails = 3

        assert office.send() is None


async def test_over_the_limit_there_are_no_errands() -> None:
    async with FakeUpstream(silent) as upstream, office_of(upstream, most_concurrent=1) as office:
        office.gathering.forwarder.going = 1

        assert office.send() is None
        office.gathering.forwarder.going = 0


@pytest.mark.parametrize(
    "options",
    [
        {"hedge": True},
        {"next_on_nodata": True},
        {"failover": frozenset((0,))},
        {"habits": Habits(force_tcp=True)},
        {"habits": Habits(source="127.0.0.1")},
        {"habits": Habits(random_case=True)},
        {"targets": (Address(Endpoint("10.0.0.2", 853, Transport.TLS), "Corefile:2"),)},
    ],
)
def test_where_one_datagram_is_not_the_plain_way_there_are_none(options: dict[str, object]) -> None:
    assert may_be_sent(Forwarding())
    assert not may_be_sent(Forwarding(**options))  # type: ignore[arg-type]
