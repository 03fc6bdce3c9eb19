"""The whole way of a query over random clusters, with dnspython as the judge of every response.

What is said is compared with the naive model; how it is said, with the standards: whoever asks
in whatever way, the first time or the third, over UDP or a stream.
"""

from typing import NamedTuple

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
from hypothesis import given, settings
from hypothesis import strategies as st

from svcdns.answers.lookup import Stanza
from svcdns.answers.settings import KubernetesSettings
from svcdns.cluster.change import WatchEvent
from svcdns.cluster.model import EndpointPort, EndpointSlice, Object, Service
from svcdns.cluster.state import State
from svcdns.route.exchange import Exchange
from svcdns.route.route import Route
from svcdns.route.router import Router
from svcdns.route.stream_responder import StreamResponder
from svcdns.route.traffic import first_lane
from svcdns.wire.name import ROOT
from tests.support.naive_model import NaiveModel
from tests.support.stubs import FixedClient, fast_of, steps_of
from tests.support.worlds import CLUSTERS, SETTINGS, questions

SERVER_SIZE = 1232


class Manner(NamedTuple):
    """How a question is asked."""

    stream: bool
    size: int | None
    """UDP payload size; None: no EDNS."""
    dnssec_ok: bool
    recursion_desired: bool
    capitals: bool


MANNERS = st.builds(
    Manner,
    st.booleans(),
    st.sampled_from([None, 0, 512, 513, 700, 1232, 4096, 65535]),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
COUNTS = st.sampled_from([0, 1, 27, 28, 40, 150])
BIG = Service("shop", "big", headless=True)
OF_THE_CROWD = st.tuples(
    st.sampled_from(["", "_http._tcp.", "pod-with-a-long-name-3."]).map(
        lambda left: f"{left}big.shop.svc.cluster.local."
    ),
    st.sampled_from(["A", "SRV", "AAAA", "TXT"]),
)


def crowd(count: int) -> list[Object]:
    """Return a headless Service whose answers are too long for some clients."""
    pieces = [
        EndpointSlice(
            "shop",
            f"big-{start}",
            "big",
            4,
            b"".join(bytes((10, 9, number >> 8, number & 255)) for number in piece),
            b"\x03" * len(piece),
            (EndpointPort("http", "TCP", 80),),
            tuple(f"pod-with-a-long-name-{number}" for number in piece),
        )
        for start in range(0, count, 100)
        if (piece := range(start, min(start + 100, count)))
    ]
    return [BIG, *pieces]


def exchange_of(objects: list[Object], options: KubernetesSettings, *, rotate: bool) -> Exchange:
    state = State()
    state.apply([WatchEvent(type(one), one.key, one) for one in objects], 1)
    state.synced = True
    stanza = Stanza(options, state)
    step = steps_of(lambda query, _: stanza.find(query.question))
    route = Route(".", ROOT, step, rotate=rotate, measured=True)
    return Exchange("dns://:53", Router([route]), clock=lambda: 0.0, on_bug=fail)


def fail(bug: Exception, _: object) -> None:
    raise bug


def response_to(exchange: Exchange, packet: bytes, *, stream: bool) -> bytes:
    """Answer as the transports do: by the fast lane if it can."""
    client = FixedClient(stream=stream, lane=first_lane(stream=stream, ipv6=False))
    if stream:
        response = StreamResponder(exchange, ipv6=False).respond(packet, client)
    else:
        response = fast_of(exchange)(packet) or exchange.respond(packet, client)
    assert isinstance(response, bytes)
    return response


def query_of(name: str, rrtype: str, manner: Manner) -> dns.message.Message:
    query = dns.message.make_query(
        name.swapcase() if manner.capitals else name,
        rrtype,
        use_edns=False if manner.size is None else 0,
        payload=manner.size or 0,
        want_dnssec=manner.dnssec_ok and manner.size is not None,
    )
    if not manner.recursion_desired:
        query.flags &= ~dns.flags.RD
    return query


def lines_of(section: list[dns.rrset.RRset]) -> frozenset[str]:
    """Return the records as the model writes them, whatever letter case the question has."""
    return frozenset(
        f"{rrset.name} {rrset.ttl} ".lower()
        + f"{dns.rdatatype.to_text(rrset.rdtype)} "
        + str(record).lower()
        for rrset in section
        for record in rrset
    )


def check_form(query: dns.message.Message, wire: bytes, manner: Manner) -> dns.message.Message:
    """Check what holds for every response, and return it."""
    response = dns.message.from_wire(wire)
    asked = query.to_wire()
    end = 12 + len(asked[12:].partition(b"\0")[0]) + 5
    limit = 65_535 if manner.stream else 512
    if not manner.stream and manner.size is not None:
        limit = min(max(512, manner.size), SERVER_SIZE)

    assert query.is_response(response)
    assert wire[12:end] == asked[12:end], "the question comes back octet for octet"
    assert len(wire) <= limit
    assert (response.flags ^ query.flags) & (dns.flags.RD | dns.flags.CD) == 0
    assert not response.flags & (dns.flags.RA | dns.flags.AD)
    assert (response.edns >= 0) == (query.edns >= 0)
    if query.edns >= 0:
        assert response.payload == SERVER_SIZE
        assert response.ednsflags & dns.flags.DO == query.ednsflags & dns.flags.DO
    if response.answer and not response.flags & dns.flags.TC:
        assert len(wire) <= len(response.to_wire(max_size=65_535)), "compressed as dnspython does"
    return response


@settings(max_examples=30, deadline=None)
@given(st.data(), CLUSTERS, SETTINGS, COUNTS, st.booleans())
def test_every_response_is_what_the_standards_and_the_model_say(
    data: st.DataObject,
    objects: list[Object],
    options: KubernetesSettings,
    count: int,
    rotate: bool,  # noqa: FBT001  drawn
) -> None:
    everything = [*objects, *crowd(count)]
    exchange = exchange_of(everything, options, rotate=rotate)
    model = NaiveModel(everything, options)
    asked = data.draw(questions(objects)) + data.draw(st.lists(OF_THE_CROWD, max_size=3))

    for name, rrtype in asked:
        for manner in data.draw(st.lists(MANNERS, min_size=1, max_size=3)):
            query = query_of(name, rrtype, manner)

            response = check_form(
                query, response_to(exchange, query.to_wire(), stream=manner.stream), manner
            )

            expected = model.ask(name, rrtype)
            assert expected is not None
            rcode, answer, additional = expected
            found = (lines_of(response.answer), lines_of(response.additional))
            assert dns.rcode.to_text(response.rcode()) == rcode.replace("NODATA", "NOERROR"), name
            if response.flags & dns.flags.TC:
                assert found[0] <= answer
                assert found[1] <= additional
                continue
            assert found == (answer, additional), (name, rrtype, manner)
            if not answer and response.edns >= 0:
                assert any(isinstance(one, dns.edns.EDEOption) for one in response.options)
