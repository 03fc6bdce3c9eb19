from contextvars import Context

import dns.flags
import dns.message
import dns.rcode
from hypothesis import given
from hypothesis import strategies as st

from svcdns.answers.answer import Answer, on_namespace
from svcdns.route.exchange import Exchange
from svcdns.route.inner import MAX_DEPTH, ask
from svcdns.route.responder import Reply
from svcdns.route.route import Route
from svcdns.route.router import Router
from svcdns.route.stages import Client, Observed
from svcdns.wire.codes import RCode
from svcdns.wire.edns import BARE_OPT
from svcdns.wire.name import from_text
from svcdns.wire.question import Query
from tests.support.stubs import (
    FixedClient,
    addresses,
    exchange_of,
    fast_of,
    packet,
    question,
    step_of,
    steps_of,
)

WEB = "web.shop.svc.cluster.local."
CLIENT = FixedClient()
KEPT = (on_namespace("shop"),)
ANSWERS = {
    question(WEB).key: Answer(answer=(addresses(WEB, bytes((10, 0, 0, 1))),), depends_on=KEPT)
}


def parsed(response: Reply) -> dns.message.Message:
    assert isinstance(response, bytes)
    return dns.message.from_wire(response)


def reason_of(response: Reply) -> str:
    return str(parsed(response).options[0].text)


def test_an_answer_is_computed_once_and_kept_until_it_is_dropped() -> None:
    asked: list[Query] = []

    def step(query: Query, _: Client) -> Answer:
        asked.append(query)
        return ANSWERS[question(WEB).key]

    route = Route("cluster.local.", from_text("cluster.local."), steps_of(step))
    exchange = Exchange("dns://:53", Router([route]), clock=lambda: 0.0, on_bug=lambda *_: None)

    exchange.respond(packet(question(WEB)), CLIENT)
    exchange.respond(packet(question(WEB.upper())), CLIENT)
    exchange.drop(KEPT)
    exchange.respond(packet(question(WEB)), CLIENT)

    assert len(asked) == 2


def test_the_letter_case_of_the_question_comes_back() -> None:
    response = parsed(
        exchange_of(ANSWERS).respond(packet(question("WeB.sHop.svc.Cluster.local.")), CLIENT)
    )

    assert response.question[0].name.to_text() == "WeB.sHop.svc.Cluster.local."
    assert response.answer[0].name.to_text() == "WeB.sHop.svc.Cluster.local."


def test_a_name_outside_every_zone_is_refused_with_the_reason() -> None:
    response = exchange_of(ANSWERS).respond(packet(question("example.com."), opt=BARE_OPT), CLIENT)

    assert parsed(response).rcode() == dns.rcode.REFUSED
    assert reason_of(response) == "no server block here serves example.com."


def test_a_class_other_than_in_is_refused() -> None:
    response = exchange_of(ANSWERS).respond(packet(question(WEB, rrclass=3)), CLIENT)

    assert parsed(response).rcode() == dns.rcode.REFUSED


def test_an_empty_block_refuses() -> None:
    route = Route(".", from_text("."), refuses=True)
    exchange = Exchange("dns://:53", Router([route]), clock=lambda: 0.0, on_bug=lambda *_: None)

    assert parsed(exchange.respond(packet(question(WEB)), CLIENT)).rcode() == dns.rcode.REFUSED


def test_a_question_nobody_answers_fails_and_says_what_to_do() -> None:
    response = exchange_of({}).respond(packet(question(WEB), opt=BARE_OPT), CLIENT)

    assert parsed(response).rcode() == dns.rcode.SERVFAIL
    assert "fallthrough" in reason_of(response)


def test_reasons_can_be_turned_off() -> None:
    response = exchange_of({}, reasons=False).respond(packet(question(WEB), opt=BARE_OPT), CLIENT)

    assert not parsed(response).options


def test_a_bug_in_a_step_fails_one_query_and_is_reported() -> None:
    bugs: list[Exception] = []

    def broken(_: Query, __: Client) -> Answer:
        raise ZeroDivisionError

    route = Route("cluster.local.", from_text("cluster.local."), steps_of(broken))
    exchange = Exchange(
        "dns://:53",
        Router([route]),
        clock=lambda: 0.0,
        on_bug=lambda bug, _: bugs.append(bug),
    )

    response = exchange.respond(packet(question(WEB)), CLIENT)

    assert parsed(response).rcode() == dns.rcode.SERVFAIL
    assert [type(bug) for bug in bugs] == [ZeroDivisionError]


def test_a_bug_in_an_observer_is_reported_and_the_next_one_still_sees_it() -> None:
    seen: list[Observed] = []
    bugs: list[Exception] = []

    def broken(_: Observed) -> None:
        raise ZeroDivisionError

    exchange = exchange_of(ANSWERS, observe=(broken, seen.append), bugs=bugs)
    exchange.respond(packet(question(WEB)), CLIENT)

    exchange.observe()

    assert len(seen) == 1
    assert len(bugs) == 1


def test_observers_see_hits_too_but_only_after_the_response_has_left() -> None:
    seen: list[Observed] = []
    exchange = exchange_of(ANSWERS, observe=(seen.append,))
    asked = packet(question(WEB))
    assert fast_of(exchange)(asked) is None

    first = exchange.respond(asked, CLIENT)
    assert isinstance(first, bytes)
    second = exchange.respond(asked, CLIENT)
    assert not seen
    exchange.observe()

    assert first == second
    assert [observed.response_size for observed in seen] == [len(first)] * 2
    assert all(observed.answer is not None for observed in seen)


def test_who_looks_at_errors_sees_each_of_them_and_leaves_the_rest_to_the_fast_lane() -> None:
    seen: list[Observed] = []
    other = question("x.y.")
    step = step_of(ANSWERS | {other.key: Answer(RCode.REFUSED, depends_on=())})
    route = Route(".", from_text("."), steps_of(step), error_steps=(seen.append,))
    exchange = Exchange("dns://:53", Router([route]), clock=lambda: 0.0, on_bug=lambda *_: None)

    for _ in range(2):
        exchange.respond(packet(question(WEB)), CLIENT)
        exchange.respond(packet(other), CLIENT)
    exchange.observe()

    assert [observed.query.question for observed in seen] == [other] * 2
    assert fast_of(exchange)(packet(question(WEB))) is not None
    assert fast_of(exchange)(packet(other)) is None


def test_bare_and_observed_blocks_answer_alike() -> None:
    bare, observed = exchange_of(ANSWERS), exchange_of(ANSWERS, observe=(lambda _: None,))

    for asked in (
        packet(question(WEB)),
        packet(question(WEB), opt=BARE_OPT),
        packet(question("x.y.")),
    ):
        for _ in range(2):
            assert bare.respond(asked, CLIENT) == observed.respond(asked, CLIENT)


def test_a_question_within_a_question_ends_at_the_depth_limit() -> None:
    depths: list[int] = []

    def asks_itself(query: Query, _: Client) -> Answer:
        depths.append(len(depths))
        found = ask(query.question)
        return found if isinstance(found, Answer) else Answer(RCode.NXDOMAIN)

    route = Route("cluster.local.", from_text("cluster.local."), steps_of(asks_itself))
    exchange = Exchange("dns://:53", Router([route]), clock=lambda: 0.0, on_bug=print)

    response = exchange.respond(packet(question(WEB)), CLIENT)

    assert parsed(response).rcode() == dns.rcode.NXDOMAIN
    assert len(depths) == MAX_DEPTH + 1


def test_asking_outside_an_exchange_finds_nobody() -> None:
    assert Context().run(ask, question(WEB)) is None


@given(st.binary(max_size=300))
def test_any_packet_gets_a_response_or_silence(octets: bytes) -> None:
    bugs: list[Exception] = []

    response = exchange_of(ANSWERS, bugs=bugs).respond(octets, CLIENT)

    assert not bugs
    if response is not None:
        assert parsed(response).id == int.from_bytes(octets[:2])


def test_whoever_looks_at_failures_only_leaves_the_fast_lane_alone() -> None:
    failed: list[Observed] = []
    route = Route(
        "cluster.local.",
        from_text("cluster.local."),
        steps_of(step_of(ANSWERS)),
        failure_steps=(failed.append,),
    )
    exchange = Exchange("dns://:53", Router([route]), clock=lambda: 0.0, on_bug=lambda *_: None)

    exchange.respond(packet(question(WEB)), CLIENT)
    exchange.respond(packet(question("nobody.cluster.local.")), CLIENT)
    exchange.observe()

    assert fast_of(exchange)(packet(question(WEB))) is not None
    assert [observed.query.question.owner for observed in failed] == [
        from_text("nobody.cluster.local.")
    ]
    assert "fallthrough" in failed[0].error
