import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.answers.answer import Answer, on_namespace
from svcdns.route.exchange import Exchange
from svcdns.route.inner import ask
from svcdns.route.route import Route
from svcdns.route.router import Router
from svcdns.route.stages import Client
from svcdns.route.traffic import DROPPED, LANES, TIME_BUCKETS, Traffic, first_lane, portion
from svcdns.wire.codes import RRType
from svcdns.wire.edns import BARE_OPT, OptionCode, opt, option
from svcdns.wire.name import from_text
from svcdns.wire.question import Query
from tests.support.stubs import (
    FixedClient,
    addresses,
    exchange_of,
    fast_of,
    packet,
    question,
    steps_of,
)

WEB = "web.shop.svc.cluster.local."
ANSWERS = {
    question(WEB).key: Answer(
        answer=(addresses(WEB, bytes((10, 0, 0, 1))),), depends_on=(on_namespace("shop"),)
    )
}


def total(traffic: Traffic, zone: str) -> int:
    return sum(row[0] for key, row in traffic.counts.items() if key.zone == zone)


def test_the_lanes_of_a_socket_lie_side_by_side() -> None:
    for stream in (False, True):
        for ipv6 in (False, True):
            lanes = LANES[first_lane(stream=stream, ipv6=ipv6) :][:3]
            assert [lane.edns for lane in lanes] == [0, 1, 2]
            assert {lane.proto for lane in lanes} == {"tcp" if stream else "udp"}
            assert {lane.family for lane in lanes} == {"2" if ipv6 else "1"}


def test_every_response_is_counted_once_however_it_was_made() -> None:
    exchange = exchange_of(ANSWERS)
    fast = fast_of(exchange)
    exchange.respond(packet(question(WEB)), FixedClient())
    for _ in range(4):
        fast(packet(question(WEB)))
        exchange.respond(packet(question(WEB.upper())), FixedClient())

    exchange.traffic.fold()
    exchange.traffic.fold()

    assert total(exchange.traffic, "cluster.local.") == 9


def test_sizes_are_those_on_the_wire() -> None:
    exchange = exchange_of(ANSWERS)
    fast = fast_of(exchange)
    asked = packet(question(WEB), opt=BARE_OPT)
    answered = exchange.respond(asked, FixedClient())
    assert fast(asked) == answered
    assert answered is not None

    exchange.traffic.fold()

    ((key, row),) = exchange.traffic.counts.items()
    assert key.lane == ("udp", "1", 1)
    assert row == [2, 2 * len(asked), 2 * len(answered)]


def test_an_answer_kept_ready_is_counted_whole_however_it_was_sent() -> None:
    many = addresses(WEB, *(bytes((10, 1, 0, last)) for last in range(99)))
    exchange = exchange_of(
        {question(WEB).key: Answer(answer=(many,), depends_on=(on_namespace("shop"),))}
    )
    whole = exchange.respond(packet(question(WEB)), FixedClient(stream=True))
    cut = exchange.respond(packet(question(WEB)), FixedClient())
    assert isinstance(whole, bytes)
    assert isinstance(cut, bytes)
    assert len(cut) < len(whole)

    exchange.traffic.fold()

    assert sum(row[2] for row in exchange.traffic.counts.values()) == 2 * len(whole)


def test_options_of_a_query_do_not_count_when_the_answer_was_kept_ready() -> None:
    exchange = exchange_of(ANSWERS)
    plain = packet(question(WEB), opt=BARE_OPT)
    with_cookie = packet(question(WEB), opt=opt(False, option(OptionCode.COOKIE, bytes(8))))
    exchange.respond(plain, FixedClient())
    exchange.respond(with_cookie, FixedClient())

    exchange.traffic.fold()

    ((_, row),) = exchange.traffic.counts.items()
    assert row[1] == 2 * len(plain)


def test_a_question_within_a_question_is_not_counted() -> None:
    def ask_for_web(query: Query, _: Client) -> Answer | None:
        found = ask(question(WEB)) if query.question.rrtype == RRType.CNAME else None
        return found if isinstance(found, Answer) else ANSWERS.get(query.question.key)

    route = Route(
        "cluster.local.", from_text("cluster.local."), steps_of(ask_for_web), measured=True
    )
    exchange = Exchange("dns://:53", Router([route]), clock=lambda: 0.0, on_bug=print)

    exchange.respond(packet(question(WEB, RRType.CNAME)), FixedClient())
    exchange.traffic.fold()

    assert [key.rrtype for key in exchange.traffic.counts] == [RRType.CNAME]


def test_hits_of_a_dropped_entry_are_not_lost() -> None:
    exchange = exchange_of(ANSWERS)
    exchange.respond(packet(question(WEB)), FixedClient())
    exchange.drop([on_namespace("shop")])

    exchange.traffic.fold()

    assert total(exchange.traffic, "cluster.local.") == 1


def test_what_no_block_takes_is_counted_as_dropped() -> None:
    exchange = exchange_of(ANSWERS)

    exchange.respond(packet(question("example.com.")), FixedClient())

    assert total(exchange.traffic, DROPPED) == 1


def test_a_class_that_nobody_serves_is_counted_as_dropped() -> None:
    exchange = exchange_of(ANSWERS)

    exchange.respond(packet(question(WEB, rrclass=3)), FixedClient())

    assert total(exchange.traffic, DROPPED) == 1


def test_an_empty_block_is_counted_under_its_own_zone() -> None:
    route = Route("a.", from_text("a."), refuses=True)
    exchange = Exchange("dns://:53", Router([route]), clock=lambda: 0.0, on_bug=print)

    exchange.respond(packet(question("x.a.")), FixedClient())

    assert total(exchange.traffic, "a.") == 1


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(packet(question(WEB), flags=0x2000), id="NOTIFY"),
        pytest.param(packet(question(WEB), octets=b"\xc0\x0c"), id="FORMERR"),
        pytest.param(packet(question(WEB), opt=b"\0\0\x29\4\xd0\0\1" + bytes(4)), id="BADVERS"),
    ],
)
def test_what_is_no_query_is_counted_apart(octets: bytes) -> None:
    exchange = exchange_of(ANSWERS)

    exchange.respond(octets, FixedClient())

    assert exchange.traffic.malformed == 1
    assert not exchange.traffic.counts


def test_an_unmeasured_block_is_not_counted() -> None:
    exchange = exchange_of(ANSWERS, measured=False)
    exchange.respond(packet(question(WEB)), FixedClient())

    exchange.traffic.fold()

    assert not exchange.traffic.counts


def test_the_time_of_a_batch_is_credited_to_each_of_its_queries() -> None:
    traffic = Traffic("dns://:53")
    traffic.count("a.", 0, 1, (0, "kubernetes"), (40, 60), times=3)
    traffic.credit(0.0004, 3)

    traffic.fold()

    assert traffic.durations["a."] == [0, 3] + [0] * (len(TIME_BUCKETS) - 1)
    assert traffic.seconds["a."] == 3 * 0.0004


def test_asking_for_every_type_there_is_makes_no_more_than_a_few_series() -> None:
    exchange = exchange_of({}, zone="cluster.local.")

    for rrtype in range(0, 65536, 7):
        exchange.respond(packet(question(WEB, rrtype)), FixedClient())

    assert len(exchange.traffic.counts) < 30
    assert total(exchange.traffic, "cluster.local.") == len(range(0, 65536, 7))


@given(st.lists(st.integers(0, 50), min_size=1, max_size=17), st.integers(0, 200))
def test_a_portion_is_as_much_as_asked_for_and_no_more_than_there_is(
    buckets: list[int], count: int
) -> None:
    share = portion(buckets, count)

    assert sum(share) == min(count, sum(buckets))
    assert all(0 <= taken <= held for taken, held in zip(share, buckets, strict=True))


@given(
    st.lists(
        st.tuples(st.sampled_from(["a.", "b."]), st.integers(1, 5), st.floats(0, 9)), max_size=20
    )
)
def test_every_zone_has_as_many_durations_as_queries(
    batches: list[tuple[str, int, float]],
) -> None:
    traffic = Traffic("dns://:53")
    for zone, queries, seconds in batches:
        traffic.count(zone, 0, 1, (0, ""), (40, 60), times=queries)
        traffic.credit(seconds, queries)
        if queries == 5:
            traffic.fold()

    traffic.fold()

    for zone, row in traffic.durations.items():
        assert sum(row) == total(traffic, zone)
