"""Answers as octets: an entry says what the answer itself would say."""

import dns.flags
import dns.message
import dns.rcode
import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.answers.answer import Answer, Reason
from svcdns.answers.table import Entry, Label
from svcdns.route.render import Manner, entry_of, repeat, say
from svcdns.wire.codes import RCode, RRType
from svcdns.wire.edns import BARE_OPT, BARE_OPT_DO, InfoCode
from svcdns.wire.name import from_text
from svcdns.wire.question import Query, read_query
from svcdns.wire.rrset import RRset, cname, mx_record
from tests.support.foreign import foreign
from tests.support.messages import rrsets
from tests.support.stubs import FixedAuthority, addresses, packet, question

WEB = "web.shop.svc.cluster.local."
ASKED = question(WEB)
ZONE = FixedAuthority(from_text("cluster.local."))
WHY = Reason(InfoCode.OTHER, "no Service '{}'".format, ("web",))
SMALL_OPT = b"\0\0\x29\x02\0\0\0\0\0\0\0"


def numbered(count: int) -> tuple[bytes, ...]:
    return tuple(bytes((10, 0, 0, last)) for last in range(count))


def answer_of(count: int) -> Answer:
    return Answer(answer=(addresses(WEB, *numbered(count)),))


def query(opt: bytes = b"") -> Query:
    return read_query(packet(ASKED, opt=opt))


def entry(answer: Answer, *, rotate: bool = False, reasons: bool = True) -> Entry:
    label = Label("cluster.local.", answer.written_by, answer.rcode)
    return entry_of(ASKED, answer, label, rotate=rotate, reasons=reasons, observed=False)


def again(asked: Query, kept: Entry, turn: int, manner: Manner) -> bytes:
    response = repeat(asked, kept, turn, manner)
    assert response is not None
    return response


def parsed(response: bytes) -> dns.message.Message:
    return dns.message.from_wire(response)


def first(response: bytes) -> str:
    return str(parsed(response).answer[0][0])


def test_an_entry_that_does_not_rotate_has_one_body() -> None:
    assert len(entry(answer_of(5)).bodies) == 1


@pytest.mark.parametrize(("count", "bodies"), [(1, 1), (2, 2), (8, 8), (30, 8)])
def test_a_rotating_entry_has_a_body_for_each_turn_up_to_a_limit(count: int, bodies: int) -> None:
    rotating = entry(answer_of(count), rotate=True)

    firsts = [first(again(query(), rotating, turn, Manner(stream=True))) for turn in range(bodies)]

    assert len(rotating.bodies) == bodies
    assert len(set(firsts)) == bodies


def test_every_turn_has_all_addresses() -> None:
    rotating = entry(answer_of(30), rotate=True)

    for turn in range(9):
        found = parsed(again(query(), rotating, turn, Manner(stream=True))).answer[0]
        assert sorted(str(record) for record in found) == sorted(
            f"10.0.0.{last}" for last in range(30)
        )


def test_a_chain_stays_in_front_of_its_addresses() -> None:
    target = "api.shop.svc.cluster.local."
    chain = cname(from_text(WEB), 5, from_text(target))
    rotating = entry(Answer(answer=(chain, addresses(target, *numbered(3)))), rotate=True)

    messages = [parsed(again(query(), rotating, turn, Manner(stream=False))) for turn in range(3)]

    assert {str(message.answer[0]) for message in messages} == {f"{WEB} 5 IN CNAME {target}"}
    assert {str(message.answer[1][0]) for message in messages} == {f"10.0.0.{n}" for n in range(3)}


def test_a_negative_entry_holds_no_soa_but_knows_who_does() -> None:
    negative = entry(Answer(RCode.NXDOMAIN, authority=ZONE))

    assert negative.bodies == [None]
    assert negative.authority is ZONE


def test_only_an_observed_entry_keeps_the_answer() -> None:
    answer = answer_of(1)
    label = Label("", "", 0)

    kept, bare = (
        entry_of(ASKED, answer, label, rotate=False, reasons=True, observed=observed)
        for observed in (True, False)
    )

    assert kept.answer is answer
    assert bare.answer is None


def test_without_reasons_an_entry_has_bare_options() -> None:
    negative = Answer(RCode.NXDOMAIN, authority=ZONE, reason=WHY)

    assert entry(negative, reasons=False).options == (BARE_OPT, BARE_OPT_DO)
    assert entry(negative).options != (BARE_OPT, BARE_OPT_DO)


@pytest.mark.parametrize("opt", [BARE_OPT, BARE_OPT_DO])
def test_the_reason_goes_to_those_who_can_read_it(opt: bytes) -> None:
    negative = Answer(RCode.NXDOMAIN, authority=ZONE, reason=WHY)

    silent = parsed(say(query(), negative, WHY, 0, Manner(stream=False)))
    told = parsed(say(query(opt), negative, WHY, 0, Manner(stream=False)))
    untold = parsed(say(query(opt), negative, None, 0, Manner(stream=False)))

    assert silent.edns == -1
    assert [str(option.text) for option in told.options] == ["no Service 'web'"]
    assert not untold.options
    assert bool(told.ednsflags & dns.flags.DO) == (opt is BARE_OPT_DO)
    assert told.rcode() == dns.rcode.NXDOMAIN
    assert len(told.authority) == 1


def test_the_reason_gives_way_to_records() -> None:
    long = Reason(InfoCode.OTHER, lambda: "x" * 150)
    negative = Answer(RCode.NXDOMAIN, authority=FixedAuthority(ZONE.name, padding=330), reason=long)

    for response in (
        say(query(SMALL_OPT), negative, long, 0, Manner(stream=False)),
        again(query(SMALL_OPT), entry(negative), 0, Manner(stream=False)),
    ):
        assert response.endswith(BARE_OPT)
        assert int.from_bytes(response[8:10]) == 1
        assert not response[2] & 0x02


@pytest.mark.parametrize(
    ("opt", "stream", "most"),
    [
        pytest.param(b"", False, 512, id="no EDNS"),
        pytest.param(SMALL_OPT, False, 512, id="512 in EDNS"),
        pytest.param(BARE_OPT, False, 1232, id="1232 in EDNS"),
        pytest.param(b"", True, 65_535, id="stream"),
    ],
)
def test_a_long_answer_is_cut_to_what_the_client_takes(
    opt: bytes,
    stream: bool,  # noqa: FBT001  a column of the table
    most: int,
) -> None:
    answer = answer_of(200)

    response = say(query(opt), answer, None, 0, Manner(stream=stream))

    assert len(response) <= most
    assert bool(parsed(response).flags & dns.flags.TC) == (not stream)
    assert again(query(opt), entry(answer), 0, Manner(stream=stream)) == response


def test_an_answer_of_somebody_else_is_not_authoritative() -> None:
    foreign = Answer(RCode.SERVFAIL, authoritative=False)

    assert not parsed(say(query(), foreign, None, 0, Manner(stream=False))).flags & dns.flags.AA
    assert not parsed(again(query(), entry(foreign), 0, Manner(stream=False))).flags & dns.flags.AA


@given(
    st.lists(rrsets(), max_size=3).map(tuple),
    st.lists(rrsets(), max_size=2).map(tuple),
    st.sampled_from([None, ZONE]),
    st.sampled_from([RCode.NOERROR, RCode.NXDOMAIN, RCode.SERVFAIL]),
    st.sampled_from([None, WHY]),
    st.sampled_from([b"", BARE_OPT, BARE_OPT_DO, SMALL_OPT]),
    st.booleans(),
)
def test_an_entry_says_what_the_answer_says(
    answers: tuple[object, ...],
    additional: tuple[object, ...],
    authority: FixedAuthority | None,
    rcode: RCode,
    reason: Reason | None,
    opt: bytes,
    stream: bool,  # noqa: FBT001
) -> None:
    if authority is not None:
        answers = additional = ()  # a negative answer has nothing but the SOA
    answer = Answer(rcode, answers, additional, authority, reason=reason)  # type: ignore[arg-type]

    kept = again(query(opt), entry(answer), 0, Manner(stream=stream))

    assert kept == say(query(opt), answer, reason, 0, Manner(stream=stream))


@given(st.integers(1, 40), st.integers(0, 100))
def test_both_ways_take_the_same_turns(count: int, turn: int) -> None:
    answer = answer_of(count)

    kept = again(query(), entry(answer, rotate=True), turn, Manner(stream=True))

    assert kept == say(query(), answer, None, turn, Manner(stream=True))


@pytest.mark.parametrize("rrtype", [RRType.TXT, RRType.SRV, RRType.PTR])
def test_sets_of_other_types_stay_as_they_are(rrtype: int) -> None:
    records = tuple(bytes((0, 0, 0, 0, 0, port, 1, 97, 0)) for port in range(4))
    ordered = Answer(answer=(RRset(ASKED.owner, rrtype, 5, records),))

    assert len(entry(ordered, rotate=True).bodies) == 1
    assert say(query(), ordered, None, 1, Manner(stream=True)) == say(
        query(), ordered, None, 0, Manner(stream=True)
    )


def test_addresses_of_an_upstream_take_turns_and_nothing_else_changes() -> None:
    whole = foreign(
        ASKED, addresses(WEB, *numbered(4)), additional=[addresses("a.example.", b"\1\2\3\4")]
    )
    kept = entry_of(ASKED, whole, Label("", "cache", 0), rotate=True, reasons=False, observed=False)

    said = [
        dns.message.from_wire(say(query(), whole, None, turn, Manner(stream=True)))
        for turn in range(4)
    ]

    bodies = [kept.body(turn, len(ASKED.octets)) for turn in range(8)]
    assert bodies[0] == whole.body.octets
    assert len(set(bodies)) == 4
    assert len({message.answer[0][0] for message in said}) == 4
    assert all(message.answer == said[0].answer for message in said)
    assert all(message.additional == said[0].additional for message in said)


def test_addresses_of_an_upstream_stay_without_rotation() -> None:
    whole = foreign(ASKED, addresses(WEB, *numbered(4)))
    kept = entry_of(
        ASKED, whole, Label("", "cache", 0), rotate=False, reasons=False, observed=False
    )

    assert {kept.body(turn, len(ASKED.octets)) for turn in range(8)} == {whole.body.octets}


def test_a_rotation_is_made_when_its_turn_comes() -> None:
    rotating = entry(answer_of(3), rotate=True)
    made = [sum(body is not None for body in rotating.bodies)]

    for turn in range(3):
        again(query(), rotating, turn, Manner(stream=True))
        made.append(sum(body is not None for body in rotating.bodies))

    assert made == [1, 1, 2, 3]
    assert rotating.turned is None, "the answer itself is not held any longer"


@given(st.integers(2, 12), st.integers(0, 20))
def test_every_rotation_is_as_long_as_the_first(count: int, turn: int) -> None:
    names = [from_text(f"mx{number}.{'x' * (number + 1)}.example.") for number in range(count)]
    mail = RRset(ASKED.owner, RRType.MX, 5, tuple(mx_record(10, name) for name in names))
    rotating = entry(Answer(answer=(mail,)), rotate=True)

    bodies = [rotating.body(number, 0) for number in (0, turn)]
    assert len({body and len(body) for body in bodies}) == 1


def test_a_rotation_of_another_length_is_left_out() -> None:
    # Behind 16 KiB no pointer reaches, so which name comes first decides what is compressed.
    filler = RRset(ASKED.owner, RRType.TXT, 5, (bytes((255,)) + bytes(255),) * 61)
    names = ["a.far.away.example.", "far.away.example.", "b.example."]
    mail = tuple(mx_record(10, from_text(name)) for name in names * 9)
    answer = Answer(answer=(filler, RRset(ASKED.owner, RRType.MX, 5, mail)))

    rotating = entry(answer, rotate=True)

    for turn in range(8):
        response = again(query(), rotating, turn, Manner(stream=True))
        assert len(parsed(response).answer[1]) == 3
