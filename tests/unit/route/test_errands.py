"""Which questions are errands, and how their answers are said.

That they are said as all others are is shown in `tests/unit/plugins/test_errands_agree.py`.
"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.answers.answer import Answer
from svcdns.answers.foreign import Outcome
from svcdns.answers.later import Coming, Later
from svcdns.route.errand import Desk, Errand, Form, Way
from svcdns.route.errands import Errands, Holder
from svcdns.route.exchange import Exchange
from svcdns.route.responder import Said
from svcdns.route.route import Route
from svcdns.route.router import Router
from svcdns.route.traffic import OTHER_TYPE
from svcdns.wire.codes import AD, CD, RD, RCode, RRType
from svcdns.wire.edns import BARE_OPT, BARE_OPT_DO, opt
from svcdns.wire.name import ROOT, OwnerName, from_text
from svcdns.wire.plain import PlainHead, Shape
from svcdns.wire.question import MalformedQueryError, Question, read_query
from tests.support.stubs import FixedClient, packet
from tests.support.upstreams import record

ASKED = Question.of(from_text("a.example."), RRType.A)


class Sent:
    """An errand that waits for a test to bring its answer."""

    def __init__(self, desk: Desk, identity: bytes, question: bytes, form: Form) -> None:
        self.desk, self.identity, self.question, self.form = desk, identity, question, form
        self.asked_at = (0.0, 0)
        self.back: Any = None

    def depart(self) -> None:
        raise AssertionError("that is for the listener")

    def send_back(self) -> None:
        raise AssertionError("somebody wants the answer")


class NotedSender:
    """Notes what is sent."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []

    def send(
        self, desk: Desk, identity: bytes, question: bytes, form: Form, asked_at: tuple[float, int]
    ) -> Errand | None:
        assert asked_at == (0.0, 0)
        self.sent.append(Sent(desk, identity, question, form))
        return self.sent[-1]


class BrokenKeeper:
    """Has a bug."""

    excepted: tuple[OwnerName, ...] = ()

    def __init__(self) -> None:
        self.missed = [0]

    def has(self, question: bytes, dnssec_ok: bool) -> bool:  # noqa: FBT001  see `Keeper`
        return not question or dnssec_ok

    def keep(
        self,
        question: bytes,
        head: PlainHead,
        octets: bytes,
        shape: Shape | None,
        dnssec_ok: bool,  # noqa: FBT001  see `Keeper`
    ) -> bytes:
        raise RuntimeError(question, head, octets, shape, dnssec_ok)

    def hand_over(self, query: object, coming: Coming[Outcome]) -> Later[Outcome]:
        assert query
        return coming


class World:
    """A listener whose route has a way for errands."""

    def __init__(self, keeper: BrokenKeeper | None = None, **options: Any) -> None:
        self.sender = NotedSender()
        self.said: list[bytes] = []
        self.became: list[Later[Said]] = []
        self.bugs: list[Exception] = []
        zones = (from_text("cluster.local."),)
        self.known: set[OwnerName] = set()
        names = (self.known.__contains__,)
        way = Way(self.sender, keeper, zones, frozenset((RRType.HINFO,)), names)
        route = Route(".", ROOT, way=way, measured=True, **options)
        self.exchange = Exchange(
            "dns://:53",
            Router([route]),
            clock=lambda: 0.0,
            on_bug=lambda bug, _: self.bugs.append(bug),
        )
        holder = Holder(
            lambda _, response: self.said.append(response),
            lambda _, later: self.became.append(later),
            lambda _: FixedClient(),
        )
        self.errands = Errands(self.exchange, 0, holder)

    def begin(self, query: bytes) -> Errand | None:
        return self.errands.begin(query, 0, len(query), (0.0, 0))

    def close(self, *addresses: bytes) -> bytes:
        errand = self.sender.sent[-1]
        octets = b"".join(record(one) for one in addresses)
        head = errand.form.heads[b"\x81\x80\0\1" + len(addresses).to_bytes(2) + bytes(4)]
        assert head is not None
        errand.desk.close(errand, head, octets, None)
        return self.said[-1]


@pytest.mark.parametrize(
    ("option", "sent"), [(b"", BARE_OPT), (BARE_OPT, BARE_OPT), (BARE_OPT_DO, BARE_OPT_DO)]
)
def test_a_plain_question_goes_on_as_it_came(option: bytes, sent: bytes) -> None:
    world = World()
    query = packet(ASKED, flags=RD | AD, opt=option)

    errand = world.begin(query)

    assert errand is not None
    assert (errand.identity, errand.question) == (query[:2], ASKED.octets)
    assert (errand.form.asked, errand.form.asked_option) == (query[2:12], option)
    assert errand.form.size + len(ASKED.octets) == len(query)
    assert errand.form.head == (RD | AD).to_bytes(2) + b"\0\1\0\0\0\0\0\1"
    assert (errand.form.tail, errand.form.option) == (sent, option)


@pytest.mark.parametrize(
    "query",
    [
        packet(ASKED, flags=RD | CD),
        packet(ASKED, flags=0x2800),
        packet(ASKED, flags=0x8100),
        packet(ASKED, opt=opt(False, b"\0\x0a\0\0")),
        packet(ASKED, octets=from_text("A.example.") + b"\0\1\0\1"),
        packet(Question.of(ASKED.owner, RRType.A, 3)),
        packet(Question.of(ASKED.owner, RRType.HINFO)),
        packet(Question.of(from_text("x.cluster.local."), RRType.A)),
        packet(ASKED)[:-1],
        packet(ASKED) + b"\0",
        packet(ASKED)[:12],
        b"",
    ],
)
def test_other_questions_are_no_errands(query: bytes) -> None:
    world = World()

    assert world.begin(query) is None
    assert not world.sender.sent


def test_a_name_that_a_step_has_got_meanwhile_is_no_errand_any_more() -> None:
    world = World()
    before = world.begin(packet(ASKED))
    world.known.add(ASKED.owner)

    assert before is not None
    assert world.begin(packet(ASKED)) is None


@pytest.mark.parametrize(
    "options", [{"udp_limit": 512}, {"options": (lambda _: b"",)}, {"observe_steps": (print,)}]
)
def test_where_somebody_looks_at_single_exchanges_there_are_none(options: dict[str, Any]) -> None:
    assert World(**options).begin(packet(ASKED)) is None


@given(st.binary(max_size=80) | st.binary(max_size=40).map(lambda end: packet(ASKED)[:12] + end))
def test_whatever_is_an_errand_is_a_well_formed_query(octets: bytes) -> None:
    world = World()
    errand = world.begin(octets)
    try:
        query = read_query(octets)
    except MalformedQueryError:
        assert errand is None
        return

    if errand is not None:
        assert query.question.octets == query.question.key == errand.question


def test_the_answer_is_said_under_the_id_and_the_header_of_the_client() -> None:
    world = World()
    world.begin(packet(ASKED, identity=0xABCD))

    response = world.close(b"1234")

    assert response == b"\xab\xcd\x81\x80\0\1\0\1\0\0\0\0" + ASKED.octets + record(b"1234")
    ((key, row),) = world.exchange.traffic.counts.items()
    assert (key.zone, key.rrtype, key.rcode, key.written_by) == (".", RRType.A, 0, "forward")
    assert row == [1, 27, 43]


def test_addresses_take_turns() -> None:
    world = World(rotate=True)
    firsts = []
    for _ in range(3):
        world.begin(packet(ASKED))
        firsts.append(world.close(b"1234", b"5678")[27 + 12 :][:4])

    assert firsts == [b"1234", b"5678", b"1234"]


def test_addresses_behind_an_alias_take_turns() -> None:
    world = World(rotate=True)
    alias = record(b"\3cdn\xc0\x0e", RRType.CNAME)
    owner = (0xC000 | len(packet(ASKED)) + 12).to_bytes(2)
    addresses = [record(one, owner=owner) for one in (b"1234", b"5678", b"9abc")]
    said = []
    for _ in range(4):
        world.begin(packet(ASKED))
        errand = world.sender.sent[-1]
        head = errand.form.heads[b"\x81\x80\0\1\0\4" + bytes(4)]
        assert head is not None
        shape = Shape(30, (), len(alias), len(addresses[0]))
        errand.desk.close(errand, head, alias + b"".join(addresses), shape)
        said.append(world.said[-1][len(packet(ASKED)) :])

    first, second, third = addresses
    assert said == [
        b"".join((alias, *turned))
        for turned in (
            *((first, second, third), (second, third, first), (third, first, second)),
            (first, second, third),
        )
    ]


def test_a_denial_is_said_and_counted_as_one() -> None:
    world = World(rotate=True)
    world.begin(packet(ASKED))
    errand = world.sender.sent[-1]
    head = errand.form.heads[b"\x81\x83\0\1\0\0\0\1\0\0"]
    assert head is not None

    errand.desk.close(errand, head, b"an SOA", Shape(30, (), 6, 0))

    assert world.said[-1][2:] == b"\x81\x83\0\1\0\0\0\1\0\0" + ASKED.octets + b"an SOA"
    ((key, _),) = world.exchange.traffic.counts.items()
    assert key.rcode == RCode.NXDOMAIN


def test_a_bug_is_told_and_the_query_fails() -> None:
    world = World(BrokenKeeper())
    world.begin(packet(ASKED))

    response = world.close(b"1234")

    assert response[3] & 0x0F == RCode.SERVFAIL
    assert len(world.bugs) == 1


class ForgetfulKeeper(BrokenKeeper):
    """Has another one."""

    def has(self, question: bytes, dnssec_ok: bool) -> bool:  # noqa: FBT001  see `Keeper`
        raise RuntimeError(question, dnssec_ok)


def test_what_cannot_begin_because_of_a_bug_goes_the_other_way() -> None:
    assert World(ForgetfulKeeper()).begin(packet(ASKED)) is None


def test_who_makes_up_types_takes_no_memory_and_is_counted() -> None:
    world = World()
    for rrtype in range(1000, 3100):
        world.begin(packet(Question.of(ASKED.owner, rrtype)))
        errand = world.sender.sent[-1]
        head = errand.form.heads[b"\x81\x83\0\1\0\0\0\1\0\0"]
        assert head is not None
        errand.desk.close(errand, head, b"an SOA", Shape(30, (), 6, 0))

    desk: Any = world.sender.sent[0].desk
    assert 0 < len(desk._rows) <= 1024  # noqa: SLF001  what must not grow is seen by nobody
    ((key, row),) = world.exchange.traffic.counts.items()
    assert (key.rrtype, row[0]) == (OTHER_TYPE, 2100)


def test_what_is_kept_is_no_errand() -> None:
    world = World(keeper := BrokenKeeper())

    assert world.begin(packet(ASKED, opt=BARE_OPT_DO)) is None
    assert world.begin(packet(ASKED)) is not None
    assert keeper.missed == [1]


@pytest.mark.parametrize("keeper", [None, BrokenKeeper()])
def test_what_is_handed_over_is_said_like_any_other_answer(keeper: BrokenKeeper | None) -> None:
    world = World(keeper)
    world.begin(packet(ASKED, identity=0xABCD))
    errand = world.sender.sent[-1]
    coming: Coming[Outcome] = Coming(_nobody_waits)
    said: list[bytes] = []

    errand.desk.hand_over(errand, coming)
    coming.receive(said.append)
    coming.bring(Answer(RCode.NXDOMAIN))

    assert list(map(id, world.became)) == [id(coming)]
    assert (said[0][:2], said[0][3] & 0x0F) == (b"\xab\xcd", RCode.NXDOMAIN)


def _nobody_waits() -> Any:
    raise AssertionError
