"""Streams: the fast lane first, and no limit but that of the framing."""

import dns.flags
import dns.message

from svcdns.answers.answer import Answer
from svcdns.route.stages import Observed
from svcdns.route.stream_responder import StreamResponder
from svcdns.wire.edns import BARE_OPT
from tests.support.stubs import FixedClient, addresses, exchange_of, packet, question

WEB = "web.shop.svc.cluster.local."
CLIENT = FixedClient(stream=True, lane=6)
MANY = addresses(WEB, *(bytes((10, 1, 0, last)) for last in range(200)))
ANSWERS = {question(WEB).key: Answer(answer=(MANY,), depends_on=())}


def test_a_stream_answers_at_full_length() -> None:
    responder = StreamResponder(exchange_of(ANSWERS), ipv6=False)

    for _ in range(2):
        response = responder.respond(packet(question(WEB)), CLIENT)
        assert isinstance(response, bytes)
        message = dns.message.from_wire(response)
        assert len(message.answer[0]) == 200
        assert not message.flags & dns.flags.TC


def test_both_ways_of_a_stream_say_the_same() -> None:
    exchange = exchange_of(ANSWERS)
    responder = StreamResponder(exchange, ipv6=False)
    asked = packet(question(WEB), opt=BARE_OPT)

    slow = exchange.respond(asked, CLIENT)

    assert responder.respond(asked, CLIENT) == slow


def test_what_is_reported_goes_to_the_exchange() -> None:
    seen: list[Observed] = []
    exchange = exchange_of(ANSWERS, observe=(seen.append,))
    responder = StreamResponder(exchange, ipv6=True)

    responder.respond(packet(question(WEB)), CLIENT)
    responder.observe()
    responder.credit(0.001, 1)
    exchange.traffic.fold()

    assert len(seen) == 1
    assert sum(exchange.traffic.durations["cluster.local."]) == 1
