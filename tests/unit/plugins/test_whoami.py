import dns.message
import dns.rdatatype
import pytest

from svcdns.answers.answer import Answer
from svcdns.plugins.whoami import DIRECTIVE
from svcdns.route.exchange import Exchange
from svcdns.route.route import Route
from svcdns.route.router import Router
from svcdns.wire.codes import RCode
from svcdns.wire.name import ROOT
from svcdns.wire.question import Query
from tests.support.directives import FixedScope, problems_of, settings_of
from tests.support.stubs import FixedClient, packet, question, steps_of


def asked(name: str, client: FixedClient, rrtype: int = 1) -> dns.message.Message:
    """What dnspython reads in the response of a server with nothing but whoami."""
    steps = DIRECTIVE.build(settings_of(DIRECTIVE, "whoami"), FixedScope())
    assert steps.answer is not None
    exchange = Exchange(
        "dns://:53",
        Router([Route(".", ROOT, steps_of(steps.answer))]),
        clock=lambda: 0.0,
        on_bug=lambda bug, _: pytest.fail(repr(bug)),
    )
    response = exchange.respond(packet(question(name, rrtype)), client)
    assert isinstance(response, bytes)
    return dns.message.from_wire(response)


def records(message: dns.message.Message) -> list[str]:
    return [text for rrset in message.additional for text in rrset.to_text().split("\n")]


@pytest.mark.parametrize(
    ("client", "lines"),
    [
        pytest.param(
            FixedClient("10.244.0.7", 51234),
            [
                "example.org. 0 IN A 10.244.0.7",
                "_udp.example.org. 0 IN SRV 0 0 51234 .",
            ],
            id="IPv4 over UDP",
        ),
        pytest.param(
            FixedClient("10.244.0.7", 40000, stream=True),
            [
                "example.org. 0 IN A 10.244.0.7",
                "_tcp.example.org. 0 IN SRV 0 0 40000 .",
            ],
            id="IPv4 over TCP",
        ),
        pytest.param(
            FixedClient("fd00::7", 51234),
            [
                "example.org. 0 IN AAAA fd00::7",
                "_udp.example.org. 0 IN SRV 0 0 51234 .",
            ],
            id="IPv6 over UDP",
        ),
        pytest.param(
            FixedClient("::1", 1, stream=True),
            [
                "example.org. 0 IN AAAA ::1",
                "_tcp.example.org. 0 IN SRV 0 0 1 .",
            ],
            id="IPv6 over TCP",
        ),
    ],
)
def test_the_additional_section_says_who_asks(client: FixedClient, lines: list[str]) -> None:
    message = asked("example.org.", client)

    assert records(message) == lines
    assert message.rcode() == dns.rcode.NOERROR
    assert message.answer == []
    assert message.authority == []
    assert message.flags & dns.flags.AA


@pytest.mark.parametrize("rrtype", [dns.rdatatype.TXT, dns.rdatatype.SOA, dns.rdatatype.ANY])
def test_every_type_has_the_same_answer(rrtype: int) -> None:
    message = asked("example.org.", FixedClient(), rrtype)

    assert records(message)[0] == "example.org. 0 IN A 10.244.0.7"


def test_the_root_can_be_asked() -> None:
    assert records(asked(".", FixedClient()))[1] == "_udp. 0 IN SRV 0 0 51234 ."


def test_the_letters_of_the_question_are_kept() -> None:
    message = asked("eXample.ORG.", FixedClient())

    assert str(message.additional[0].name) == "eXample.ORG."


def test_a_name_that_leaves_no_room_has_no_srv() -> None:
    longest = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 61]) + "."

    message = asked(longest, FixedClient())

    assert [rrset.rdtype for rrset in message.additional] == [dns.rdatatype.A]


def test_the_answer_is_never_kept() -> None:
    steps = DIRECTIVE.build(None, FixedScope())
    query = Query(1, 0x0100, question("example.org."), None, 29)

    answer = steps.answer(query, FixedClient()) if steps.answer else None

    assert isinstance(answer, Answer)
    assert answer.depends_on is None
    assert answer.rcode is RCode.NOERROR
    assert answer.written_by == "whoami"


def test_it_takes_no_words() -> None:
    assert problems_of(DIRECTIVE, "whoami really") == [
        (
            "<really> whoami: Wrong argument count or unexpected line ending after 'really'",
            "take out: really",
        )
    ]
