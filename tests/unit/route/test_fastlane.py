import dns.edns
import dns.flags
import dns.message
import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.answers.answer import Answer, Reason, on_namespace
from svcdns.route.exchange import Exchange
from svcdns.wire.edns import BARE_OPT, opt
from svcdns.wire.name import from_text
from tests.support.stubs import (
    FixedAuthority,
    FixedClient,
    addresses,
    exchange_of,
    fast_of,
    packet,
    question,
)

ONE, TWO, THREE = (bytes((10, 0, 0, last)) for last in (1, 2, 3))
WEB = "web.shop.svc.cluster.local."
NODATA = "empty.shop.svc.cluster.local."
BIG = "big.shop.svc.cluster.local."
KEPT = (on_namespace("shop"),)
ZONE = FixedAuthority(from_text("cluster.local."))
ANSWERS = {
    question(WEB).key: Answer(answer=(addresses(WEB, ONE, TWO, THREE),), depends_on=KEPT),
    question(NODATA).key: Answer(
        authority=ZONE, reason=Reason(0, lambda: "no IPv4 address"), depends_on=KEPT
    ),
    question(BIG).key: Answer(
        answer=(
            addresses(BIG, *(bytes((10, 1, high, low)) for high in range(2) for low in range(60))),
        ),
        depends_on=KEPT,
    ),
}
CLIENT = FixedClient()


def warm(*, rotate: bool = False) -> Exchange:
    exchange = exchange_of(ANSWERS, rotate=rotate)
    for key in ANSWERS:
        exchange.respond(packet(question(WEB), octets=key), CLIENT)
    return exchange


def parsed(response: bytes | None) -> dns.message.Message:
    assert response is not None
    return dns.message.from_wire(response)


def test_what_is_not_in_the_table_is_not_for_the_fast_lane() -> None:
    fast = fast_of(warm())

    assert fast(packet(question("nope.shop.svc.cluster.local."))) is None


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param(packet(question(WEB), flags=0x8100), id="a response"),
        pytest.param(packet(question(WEB), flags=0x2900), id="UPDATE"),
        pytest.param(packet(question(WEB), flags=0x0110), id="CD set"),
        pytest.param(
            packet(question(WEB), opt=opt(False, b"\0\x0a\0\x08" + bytes(8))), id="cookie"
        ),
        pytest.param(packet(question(WEB.upper())), id="upper case"),
        pytest.param(packet(question(WEB)) + b"\0", id="an octet too many"),
        pytest.param(packet(question(WEB))[:-1], id="an octet too few"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_whatever_is_not_plain_is_left_to_the_exchange(odd: bytes) -> None:
    assert fast_of(warm())(odd) is None


def test_the_id_rd_and_letter_of_the_question_come_back() -> None:
    fast = fast_of(warm())

    for flags in (0x0000, 0x0100, 0x0120):
        response = parsed(fast(packet(question(WEB), identity=7, flags=flags)))
        assert response.id == 7
        assert bool(response.flags & dns.flags.RD) == bool(flags & 0x0100)
        assert not response.flags & dns.flags.AD
        assert response.flags & dns.flags.AA


def test_addresses_take_turns_in_being_first() -> None:
    fast = fast_of(warm(rotate=True))

    firsts = [parsed(fast(packet(question(WEB)))).answer[0][0].address for _ in range(6)]

    assert sorted(firsts) == sorted(2 * ["10.0.0.1", "10.0.0.2", "10.0.0.3"])
    assert firsts[:3] == firsts[3:]


def test_a_negative_entry_gets_the_soa_of_the_moment_and_says_why() -> None:
    exchange = warm()
    fast = fast_of(exchange)
    ZONE.ttl = 9
    try:
        response = fast(packet(question(NODATA), opt=BARE_OPT))
    finally:
        ZONE.ttl = 5

    assert response is not None
    message = dns.message.from_wire(response)
    assert message.authority[0].ttl == 9
    assert [option.text for option in message.options] == ["no IPv4 address"]


def test_an_answer_over_the_limit_is_cut_and_says_so() -> None:
    fast = fast_of(warm())

    plain = parsed(fast(packet(question(BIG))))
    with_edns = fast(packet(question(BIG), opt=BARE_OPT))

    assert plain.flags & dns.flags.TC
    assert 0 < len(plain.answer[0]) < 120
    assert with_edns is not None
    assert len(with_edns) <= 1232
    assert dns.message.from_wire(with_edns).edns == 0


def test_a_stream_has_no_such_limit() -> None:
    fast = fast_of(warm(), stream=True)

    assert len(parsed(fast(packet(question(BIG)))).answer[0]) == 120


OPTS = st.one_of(
    st.just(b""),
    st.builds(
        lambda size, do: b"\0\0\x29" + size.to_bytes(2) + bytes((0, 0, 0x80 * do, 0, 0, 0)),
        st.sampled_from([0, 512, 600, 1232, 4096, 65535]),
        st.booleans(),
    ),
)


@given(
    st.sampled_from([WEB, NODATA, BIG]),
    st.integers(0, 0xFFFF),
    st.sampled_from([0, 0x0100, 0x0020, 0x0120]),
    OPTS,
    st.booleans(),
)
def test_both_ways_say_the_same(
    name: str,
    identity: int,
    flags: int,
    opt_record: bytes,
    stream: bool,  # noqa: FBT001
) -> None:
    exchange = warm()
    asked = packet(question(name), identity=identity, flags=flags, opt=opt_record)

    fast = fast_of(exchange, stream=stream)(asked)

    slow = exchange.respond(asked, FixedClient(stream=stream))
    assert fast is None or fast == slow


def test_the_reason_never_pushes_records_out() -> None:
    zone = FixedAuthority(from_text("cluster.local."), padding=330)
    asked = question(NODATA)
    reason = Reason(0, lambda: "x" * 150)
    exchange = exchange_of({asked.key: Answer(authority=zone, reason=reason, depends_on=KEPT)})
    small = packet(asked, opt=b"\0\0\x29\x02\0\0\0\0\0\0\0")
    slow = exchange.respond(small, CLIENT)

    fast = fast_of(exchange)(small)

    assert fast == slow
    assert fast is not None
    assert fast.endswith(BARE_OPT)
    assert int.from_bytes(fast[8:10]) == 1


@given(
    st.lists(
        st.tuples(st.sampled_from([0, 512, 1024, 1200, 1232, 4096]), st.booleans()), max_size=12
    ),
    st.integers(20, 90),
)
def test_a_cut_that_is_ready_is_cut_as_the_first_one_was(
    asked: list[tuple[int, bool]], count: int
) -> None:
    many = addresses(BIG, *(bytes((10, 1, 0, low)) for low in range(count)))
    exchange = exchange_of({question(BIG).key: Answer(answer=(many,), depends_on=KEPT)})
    exchange.respond(packet(question(BIG)), CLIENT)
    fast = fast_of(exchange)

    for size, rd in asked:
        opt_record = b"\0\0\x29" + size.to_bytes(2) + bytes(6) if size else b""
        query = packet(question(BIG), flags=0x0100 * rd, opt=opt_record)
        assert fast(query) == fast(query) == exchange.respond(query, CLIENT)


def test_each_rotation_is_cut_for_itself() -> None:
    exchange = warm(rotate=True)
    fast = fast_of(exchange)

    firsts = [parsed(fast(packet(question(BIG)))).answer[0][0].address for _ in range(16)]

    assert len(set(firsts)) == 8
    assert firsts[:8] == firsts[8:]
