import asyncio
from types import CoroutineType
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import pytest

from svcdns.answers.foreign import ForeignAnswer, Outcome
from svcdns.answers.later import Later
from svcdns.app.build import Configuration
from svcdns.plugins.template import DIRECTIVE
from svcdns.route.exchange import Exchange
from svcdns.telemetry.metrics import Metrics
from svcdns.wire.codes import TC
from svcdns.wire.name import from_text
from svcdns.wire.question import Query, Question
from svcdns.wire.response import Body, compose
from tests.support.configured import ask, configured, records
from tests.support.directives import FixedScope, settings_of
from tests.support.stubs import FixedClient, addresses, packet, question

COREFILE = r"""
.:53 {
    template IN A ip.example {
        match ^ip-(?P<a>\d+)-(?P<b>\d+)[.]ip[.]example[.]$
        answer "{{ .Name }} 60 IN A 10.0.{{ .Group.a }}.{{ .Group.b }}"
    }
    template IN A remote {
        answer "{{ .Name }} 60 IN A {{ .Remote }}"
    }
    template IN ANY gone {
        rcode NXDOMAIN
        authority "gone. 60 IN SOA ns.gone. hostmaster.gone. (1 60 60 60 60)"
        ederror 21 "not any more"
    }
    template IN A broken {
        answer "{{ index .Match 7 }}"
    }
    template IN A refused {
        rcode REFUSED
    }
    template IN A failing {
        rcode SERVFAIL
    }
    template IN A empty {
        rcode NOERROR
    }
    template IN ANY alias {
        answer "{{ .Name }} 30 IN CNAME ip-1-2.ip.example."
    }
    template IN ANY lost {
        answer "{{ .Name }} 30 IN CNAME nowhere.else."
    }
    template IN ANY endless {
        answer "{{ .Name }} 30 IN CNAME {{ .Name }}"
    }
    template IN ANY ping {
        answer "ping. 30 IN CNAME pong."
    }
    template IN ANY pong {
        answer "pong. 30 IN CNAME ping."
    }
}
"""


def served(**around: Any) -> tuple[Exchange, Configuration]:
    configuration = configured(COREFILE, **around)
    (exchange,) = configuration.exchanges.values()
    return exchange, configuration


def reason(message: dns.message.Message) -> str:
    """What the Extended DNS Error says."""
    (option,) = message.options
    return f"{int(option.code)} {option.text}"


def test_a_name_becomes_a_record() -> None:
    message = ask(served()[0], "IP-1-2.ip.example.")

    assert records(message) == ["IP-1-2.ip.example. 60 IN A 10.0.1.2"]
    assert message.flags & dns.flags.AA
    assert not message.options


def test_the_client_may_be_in_a_record() -> None:
    assert records(ask(served()[0], "a.remote.")) == ["a.remote. 60 IN A 10.244.0.7"]


@pytest.mark.parametrize(
    ("name", "rcode", "why"),
    [
        ("a.gone.", "NXDOMAIN", "21 not any more"),
        ("a.refused.", "REFUSED", "0 the template at Corefile:18 answers a.refused. with REFUSED"),
        (
            "a.failing.",
            "SERVFAIL",
            "0 the template at Corefile:21 answers a.failing. with SERVFAIL",
        ),
        ("a.empty.", "NOERROR", "0 the template at Corefile:24 answers a.empty. with no A record"),
        (
            "x.ip.example.",
            "SERVFAIL",
            (
                "0 the template at Corefile:3 is for x.ip.example., but no 'match' of it is; "
                "'fallthrough' would pass the name on"
            ),
        ),
        (
            "a.broken.",
            "SERVFAIL",
            (
                "0 the template at Corefile:15 failed for a.broken.: "
                "index: 7 is out of range, there are 0 to 0"
            ),
        ),
        (
            "ip-1-256.ip.example.",
            "SERVFAIL",
            (
                "0 the template at Corefile:3 failed for ip-1-256.ip.example.: "
                "'ip-1-256.ip.example. 60 IN A 10.0.1.256' is not a record: "
                "A address: '10.0.1.256' is not an IP address"
            ),
        ),
    ],
)
def test_an_answer_without_records_says_why(name: str, rcode: str, why: str) -> None:
    message = ask(served()[0], name)

    assert dns.rcode.to_text(message.rcode()) == rcode
    assert records(message) == []
    assert reason(message) == why[:202]


def test_a_failure_is_not_authoritative_and_a_code_of_the_corefile_is() -> None:
    exchange, _ = served()

    assert not ask(exchange, "a.failing.").flags & dns.flags.AA
    assert ask(exchange, "a.refused.").flags & dns.flags.AA


def test_the_other_sections_have_their_records() -> None:
    message = ask(served()[0], "a.gone.")

    assert [str(rrset) for rrset in message.authority] == [
        "gone. 60 IN SOA ns.gone. hostmaster.gone. 1 60 60 60 60"
    ]


def test_a_cname_is_followed() -> None:
    exchange, _ = served()

    assert records(ask(exchange, "a.alias.")) == [
        "a.alias. 30 IN CNAME ip-1-2.ip.example.",
        "ip-1-2.ip.example. 60 IN A 10.0.1.2",
    ]
    assert records(ask(exchange, "a.alias.", 5)) == ["a.alias. 30 IN CNAME ip-1-2.ip.example."]


def test_a_cname_that_leads_nowhere_says_so() -> None:
    message = ask(served()[0], "a.lost.")

    assert records(message) == ["a.lost. 30 IN CNAME nowhere.else."]
    assert "leads to nowhere.else., which has no address: no next plugin" in reason(message)


@pytest.mark.parametrize(
    ("name", "links"),
    [
        ("a.endless.", ["a.endless. 30 IN CNAME a.endless."]),
        ("ping.", ["ping. 30 IN CNAME pong.", "pong. 30 IN CNAME ping."]),
    ],
)
def test_cnames_in_a_circle_come_to_an_end(name: str, links: list[str]) -> None:
    assert records(ask(served()[0], name)) == links


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("ip-1-2.ip.example.", 1),
        ("a.empty.", 1),
        ("a.alias.", 1),
        ("a.gone.", 1),
        ("a.remote.", 0),
        ("a.broken.", 0),
        ("a.failing.", 0),
        ("x.ip.example.", 0),
        ("a.lost.", 0),
    ],
)
def test_what_only_the_question_decides_is_kept_when_it_is_asked_again(
    name: str, kept: int
) -> None:
    exchange, _ = served()

    ask(exchange, name)
    assert len(exchange) == 0
    ask(exchange, name)
    # An alias needs what it leads to, which is asked once more by then.
    ask(exchange, name)

    assert len(exchange) == kept


def test_a_flood_of_names_is_not_kept() -> None:
    exchange, _ = served()

    for number in range(200):
        ask(exchange, f"ip-1-{number}.ip.example.")

    assert len(exchange) == 0


def numbers(metrics: Metrics, name: str) -> dict[tuple[str, ...], float]:
    return metrics.numbers.get(name, {})


def test_matches_are_counted_kept_or_not() -> None:
    metrics = Metrics()
    exchange, configuration = served(metrics=metrics)

    for number in range(1, 8):
        ask(exchange, "ip-1-2.ip.example.")
        for tick in configuration.ticks:
            tick(float(number))
    exchange.traffic.fold()
    for tick in configuration.ticks:
        tick(8.0)

    labels = ("dns://:53", "ip.example.", "", "IN", "A")
    assert numbers(metrics, "coredns_template_matches_total") == {labels: 7}


def test_failures_are_counted_by_what_failed() -> None:
    metrics = Metrics()
    exchange, configuration = served(metrics=metrics)

    ask(exchange, "a.broken.")
    ask(exchange, "ip-1-256.ip.example.")
    for tick in configuration.ticks:
        tick(1.0)

    assert numbers(metrics, "coredns_template_template_failures_total") == {
        ("dns://:53", "broken.", "", "IN", "A", "answer", "{{ index .Match 7 }}"): 1
    }
    (labels,) = numbers(metrics, "coredns_template_rr_failures_total")
    assert labels[:6] == ("dns://:53", "ip.example.", "", "IN", "A", "answer")


class AskingScope(FixedScope):
    """A scope that has one answer to every question, at once or later."""

    def __init__(self, outcome: Outcome | None, *, later: bool = False) -> None:
        super().__init__()
        self.outcome = outcome
        self.later = later

    def ask(self, question: Question) -> Outcome | Later[Outcome | None] | None:
        assert question.rrtype == 1
        return self._wait() if self.later else self.outcome

    async def _wait(self) -> Outcome | None:
        return self.outcome


TWO_ALIASES = """
template IN A cluster.local {
    answer "{{ .Name }} 30 IN CNAME one.example." "{{ .Name }} 30 IN CNAME two.example."
}
"""


def answered(scope: FixedScope, text: str = TWO_ALIASES) -> Any:
    steps = DIRECTIVE.build(settings_of(DIRECTIVE, text), scope)
    assert steps.answer is not None
    outcome = steps.answer(Query(1, 0, question("a.cluster.local."), None, 29), FixedClient())
    return asyncio.run(outcome) if isinstance(outcome, CoroutineType) else outcome


def foreign(**fields: Any) -> ForeignAnswer:
    owner = from_text("one.example.")
    body = compose(owner, (addresses("one.example.", b"\xc0\0\2\1"),))
    return ForeignAnswer(owner, body, **fields)


@pytest.mark.parametrize("later", [False, True])
def test_every_cname_is_followed_at_once_or_later(*, later: bool) -> None:
    answer = answered(AskingScope(foreign(), later=later))

    assert [rrset.rrtype for rrset in answer.answer] == [5, 1, 5]
    assert answer.depends_on is None


def test_an_answer_that_was_cut_cuts_the_whole() -> None:
    assert answered(AskingScope(foreign(is_truncated=True))).raised == TC


def test_an_answer_that_cannot_be_read_leaves_the_cname() -> None:
    broken = ForeignAnswer(from_text("one.example."), Body((1, 0, 0), b"\xc0"))

    answer = answered(AskingScope(broken))

    assert [rrset.rrtype for rrset in answer.answer] == [5, 5]


def test_a_query_of_any_spelling_is_answered() -> None:
    exchange, _ = served()
    asked = question("ip-1-2.ip.example.")

    for _ in range(3):
        response = exchange.respond(packet(asked, octets=asked.octets.upper()), FixedClient())

    assert isinstance(response, bytes)
    assert records(dns.message.from_wire(response)) == ["IP-1-2.IP.EXAMPLE. 60 IN A 10.0.1.2"]
