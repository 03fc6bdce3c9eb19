import asyncio

import pytest

from svcdns.answers.answer import Answer
from svcdns.plugins.parts.transfer_notify import Secondary, notification
from svcdns.plugins.transfer import DIRECTIVE, Settings, build
from svcdns.route.offers import ZoneContents
from svcdns.route.stages import Steps
from svcdns.wire.codes import RCode, RRType
from svcdns.wire.name import from_text
from svcdns.wire.question import Query
from svcdns.wire.rrset import RRset, addresses, soa_record
from tests.support.directives import FixedScope, problems_of, settings_of
from tests.support.following import TellingScope, running
from tests.support.stubs import FixedClient, question

ZONE = from_text("cluster.local")
WWW = addresses(from_text("www.cluster.local"), 5, (b"\xc0\0\2\1",))


def soa(serial: int) -> RRset:
    rdata = soa_record(ZONE, ZONE, serial=serial, refresh=1, retry=1, expire=1, minimum=1)
    return RRset(ZONE, RRType.SOA, 5, (rdata,))


class Contents:
    """A zone whose serial a test can raise; 0 is a zone that is not there yet."""

    def __init__(self, serial: int = 7) -> None:
        self.serial = serial

    def offer(self, *, notifies: bool = False) -> ZoneContents:
        return ZoneContents(
            ZONE,
            lambda: self.serial,
            lambda: iter((soa(self.serial), WWW) if self.serial else ()),
            notifies,
        )


def steps_of(
    text: str = "transfer {\n to *\n}",
    contents: Contents | None = None,
    scope: FixedScope | None = None,
    *,
    notifies: bool = False,
) -> Steps:
    scope = scope or FixedScope()
    steps = build(settings_of(DIRECTIVE, text), scope)
    scope.offers.zones.append((contents or Contents()).offer(notifies=notifies))
    return steps


def asked(
    steps: Steps,
    rrtype: int = RRType.AXFR,
    name: str = "cluster.local",
    *,
    client: str = "192.0.2.9",
    serial: int | None = None,
    rrclass: int = 1,
) -> Answer | None:
    assert steps.answer is not None
    query = Query(1, 0, question(name, rrtype, rrclass), None, 40, serial)
    answer = steps.answer(query, FixedClient(client, stream=True))
    assert answer is None or isinstance(answer, Answer)
    return answer


def sent(answer: Answer | None) -> list[tuple[RRset, ...]]:
    assert answer is not None
    assert answer.messages is not None
    assert answer.depends_on is None
    return list(answer.messages())


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("transfer {\n to *\n}", {"to_all": True}),
        ("transfer a.org {\n to *\n}", {"to_all": True, "zones": (from_text("a.org"),)}),
        ("transfer {\n to 192.0.2.1\n}", {"to": (Secondary("192.0.2.1"),)}),
        (
            "transfer {\n to 192.0.2.1:54 2001:db8::1\n to [2001:db8::2] [2001:db8::3]:55 *\n}",
            {
                "to_all": True,
                "to": (
                    Secondary("192.0.2.1", 54),
                    Secondary("2001:db8::1"),
                    Secondary("2001:db8::2"),
                    Secondary("2001:db8::3", 55),
                ),
            },
        ),
        (
            "transfer {\n to 192.0.2.1\n source 192.0.2.53\n}",
            {"to": (Secondary("192.0.2.1"),), "source": "192.0.2.53"},
        ),
    ],
)
def test_accepted_spellings(text: str, settings: dict[str, object]) -> None:
    expected = Settings(**({"zones": (ZONE,)} | settings))  # type: ignore[arg-type]

    assert settings_of(DIRECTIVE, text) == (expected,)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("transfer", "<transfer> transfer: 'to' is required"),
        ("transfer {\n}", "<transfer> transfer: 'to' is required"),
        ("transfer {\n to\n}", "<to> transfer: Wrong argument count or unexpected line ending"),
        ("transfer {\n to ns\n}", "<ns> transfer: must specify an IP address: 'ns'"),
        ("transfer {\n to 10.0.0.0/8\n}", "<10.0.0.0/8> transfer: must specify an IP address"),
        ("transfer {\n to tls://192.0.2.1\n}", "<tls://192.0.2.1> transfer: must specify an IP"),
        ("transfer {\n to 192.0.2.1:0\n}", "<192.0.2.1:0> transfer: must specify an IP address"),
        ("transfer {\n to *\n source x\n}", '<x> transfer: invalid source address "x"'),
        ("transfer {\n to *\n source\n}", "<source> transfer: Wrong argument count"),
        (
            "transfer {\n to *\n source ::1\n source ::2\n}",
            "<source> transfer: source already specified",
        ),
        ("transfer {\n to *\n source ::1 ::2\n}", "<::2> transfer: Wrong argument count"),
        ("transfer {\n to *\n from ::1\n}", "<from> transfer: unknown property 'from'"),
    ],
)
def test_refused_spellings(text: str, problem: str) -> None:
    ((found, _), *_) = problems_of(DIRECTIVE, text)

    assert found.startswith(problem)


def test_a_zone_is_handed_out_and_that_is_logged() -> None:
    scope = FixedScope()

    messages = sent(asked(steps_of(scope=scope)))

    assert messages == [(soa(7), WWW, soa(7))]
    (line,) = scope.lines
    assert line == (
        "[INFO] plugin/transfer: Outgoing transfer of 3 records of zone "
        '"cluster.local." to 192.0.2.9 for 7 SOA serial'
    )


@pytest.mark.parametrize(("serial", "records"), [(7, 1), (6, 3), (8, 3)])
def test_who_has_the_current_serial_gets_the_soa_only(serial: int, records: int) -> None:
    (message,) = sent(asked(steps_of(), RRType.IXFR, serial=serial))

    assert message[0] == message[-1] == soa(7)
    assert len(message) == records


def test_an_ixfr_that_does_not_say_what_it_has_fails() -> None:
    answer = asked(steps_of(), RRType.IXFR)

    assert answer is not None
    assert answer.rcode == RCode.SERVFAIL


@pytest.mark.parametrize(
    ("to", "client", "allowed"),
    [
        ("*", "198.51.100.1", True),
        ("192.0.2.9", "192.0.2.9", True),
        ("192.0.2.9:54", "192.0.2.9", True),
        ("192.0.2.9", "::ffff:192.0.2.9", True),
        ("2001:db8::1", "2001:db8:0::1", True),
        ("192.0.2.9", "192.0.2.8", False),
        ("192.0.2.9", "2001:db8::1", False),
        ("192.0.2.9", "unknown", False),
    ],
)
def test_only_those_that_a_to_names_get_the_zone(to: str, client: str, *, allowed: bool) -> None:
    answer = asked(steps_of(f"transfer {{\n to {to}\n}}"), client=client)

    assert answer is not None
    assert (answer.messages is not None) == allowed
    if not allowed:
        assert answer.rcode == RCode.REFUSED
        assert answer.reason is not None
        assert client in answer.reason.text()


def test_what_is_no_zone_is_refused() -> None:
    answer = asked(steps_of(), name="www.cluster.local")

    assert answer is not None
    assert answer.rcode == RCode.REFUSED


def test_a_zone_that_is_not_there_yet_fails() -> None:
    answer = asked(steps_of(contents=Contents(0)))

    assert answer is not None
    assert answer.rcode == RCode.SERVFAIL


def test_other_questions_and_zones_are_for_others() -> None:
    steps = steps_of()

    assert asked(steps, RRType.A) is None
    assert asked(steps, name="example.org") is None
    assert asked(steps, rrclass=3) is None


def test_the_stanza_with_the_longest_zone_decides() -> None:
    steps = steps_of("transfer . {\n to 192.0.2.1\n}\ntransfer cluster.local {\n to *\n}")

    assert sent(asked(steps))


class Listener(asyncio.DatagramProtocol):
    """A secondary that answers each notification."""

    def __init__(self) -> None:
        self.received: asyncio.Queue[bytes] = asyncio.Queue()

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.received.put_nowait(data)
        self._transport.sendto(data[:2] + bytes([data[2] | 0x80]) + data[3:], addr)


async def test_secondaries_are_told_of_each_new_serial() -> None:
    loop = asyncio.get_running_loop()
    transport, listener = await loop.create_datagram_endpoint(Listener, local_addr=("127.0.0.1", 0))
    port = transport.get_extra_info("sockname")[1]
    contents, scope = Contents(7), TellingScope()
    text = f"transfer {{\n to 127.0.0.1:{port}\n source 127.0.0.1\n}}"
    steps = steps_of(text, contents, scope, notifies=True)

    with running(steps):
        first = await listener.received.get()
        contents.serial = 8
        second = await listener.received.get()
    transport.close()

    assert first[2:] == second[2:] == notification(ZONE, 0)[2:]
    assert scope.lines == []


def test_without_secondaries_nobody_is_told() -> None:
    assert steps_of("transfer {\n to *\n}").run is None
