"""What another server answered, read as far as passing it on needs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.wire.body import rrsets_of
from svcdns.wire.codes import RRType
from svcdns.wire.edns import BARE_OPT, InfoCode, extended_error, opt
from svcdns.wire.name import from_text
from svcdns.wire.records import MalformedMessageError
from svcdns.wire.reply import Reply, read_reply

OWNER = from_text("a.example.")
QUESTION = OWNER + b"\0\1\0\1"
POINTER = b"\xc0\x0c"


def record(rdata: bytes = b"1234", rrtype: int = RRType.A, owner: bytes = POINTER) -> bytes:
    return owner + rrtype.to_bytes(2) + b"\0\1\0\0\0\x1e" + len(rdata).to_bytes(2) + rdata


def message(*sections: list[bytes], rcode: int = 0) -> bytes:
    padded = [*sections, [], [], []][:3]
    counts = b"".join(len(section).to_bytes(2) for section in padded)
    head = b"\x12\x34\x81" + bytes((0x80 | rcode,)) + b"\0\1" + counts
    return head + QUESTION + b"".join(b"".join(section) for section in padded)


def read(octets: bytes) -> Reply:
    return read_reply(octets, OWNER, RRType.A)


def test_the_body_is_what_follows_the_question() -> None:
    reply = read(message([record(), record(b"5678")]))

    assert reply.flags == 0x8180
    assert reply.body.counts == (2, 0, 0)
    assert reply.body.octets == record() + record(b"5678")
    assert not reply.has_opt


def test_the_opt_is_taken_out() -> None:
    reply = read(message([record()], [], [BARE_OPT]))

    assert reply.has_opt
    assert reply.body.counts == (1, 0, 0)
    assert reply.body.octets == record()


def test_an_opt_before_other_records_is_taken_out_too() -> None:
    server = from_text("ns.example.")
    glue = record(b"5678", owner=server)
    octets = message([record()], [record(server, RRType.NS)], [BARE_OPT, glue])

    reply = read(octets)

    _, _, additional = rrsets_of(OWNER, reply.body)
    assert [rrset.owner for rrset in additional] == [server]
    assert reply.body.counts == (1, 1, 1)


def test_the_rcode_has_the_bits_of_the_opt() -> None:
    extended = opt(False, rcode=23)

    assert read(message([], [], [extended], rcode=7)).rcode == 23


def test_the_first_extended_error_is_read() -> None:
    options = extended_error(InfoCode.BLOCKED, "not here") + extended_error(0, "second")

    assert read(message([], [], [opt(False, options)])).explained == (15, "not here")


def test_options_that_cannot_be_read_say_nothing() -> None:
    assert read(message([], [], [opt(False, b"\0\x0f\0\x99")])).explained is None


@pytest.mark.parametrize(
    "octets",
    [
        message([record()])[:-1],
        message([record()])[:-5],
        message([record()])[:40],
        message([record(owner=b"\xc0\x1c")]),
        message([record(owner=b"\xc0\x00")]),
        message([record(owner=b"\x40a\0")]),
        message([record(owner=b"\x3f" + bytes(63))]),
        message([], [], [BARE_OPT, BARE_OPT]),
        message([], [], [b"\1a" + BARE_OPT]),
        message([record(owner=(b"\x3f" + b"a" * 63) * 5 + b"\0")]),
    ],
)
def test_what_cannot_be_read_is_worth_nothing(octets: bytes) -> None:
    with pytest.raises(MalformedMessageError):
        read(octets)


def test_octets_behind_the_last_record_are_left_out() -> None:
    assert read(message([record()]) + b"behind").body.octets == record()


@given(st.binary(max_size=120), st.lists(st.integers(0, 3), min_size=3, max_size=3))
def test_any_octets_are_read_or_malformed(octets: bytes, counts: list[int]) -> None:
    head = message()[:6] + b"".join(count.to_bytes(2) for count in counts)
    try:
        reply = read(head + QUESTION + octets)
    except MalformedMessageError:
        return
    assert sum(reply.body.counts) <= sum(counts)
    if sum(reply.body.counts):
        rrsets_of(OWNER, reply.body)


@given(
    st.lists(st.binary(min_size=4, max_size=4), min_size=1, max_size=4),
    st.sampled_from([b"", BARE_OPT, opt(False, extended_error(InfoCode.BLOCKED, "no"))]),
    st.integers(0, 5),
)
def test_what_is_seen_at_a_glance_is_what_stepping_over_the_records_shows(
    addresses: list[bytes], option: bytes, rcode: int
) -> None:
    answer = [record(address) for address in addresses]
    glance = read(message(answer, [], [option] if option else [], rcode=rcode))
    # The same with the owner spelled out, which is no usual reply.
    spelled = [record(address, owner=OWNER) for address in addresses]
    walked = read(message(spelled, [], [option] if option else [], rcode=rcode))

    assert glance.body.counts == (len(answer), 0, 0)
    assert glance.body.octets == b"".join(answer)
    assert rrsets_of(OWNER, glance.body) == rrsets_of(OWNER, walked.body)
    assert glance._replace(body=walked.body) == walked
