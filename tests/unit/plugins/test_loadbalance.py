from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.answers.answer import Answer
from svcdns.answers.foreign import ForeignAnswer, Outcome, opened
from svcdns.plugins.loadbalance import DIRECTIVE
from svcdns.wire.codes import RCode, RRType
from svcdns.wire.response import Body
from tests.support.directives import FixedScope, problems_of, settings_of
from tests.support.foreign import Upstream, foreign, query_for, soa
from tests.support.stubs import FixedClient, addresses, question

TURNS = "take the line out: addresses take turns in being first"


@pytest.mark.parametrize("text", ["loadbalance", "loadbalance round_robin", "loadbalance {\n}"])
def test_addresses_take_turns(text: str) -> None:
    settings = settings_of(DIRECTIVE, text)

    assert settings == ()
    assert DIRECTIVE.build(settings, FixedScope()).rotate


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (
            "loadbalance weighted weights.txt {\nreload 30s\n}",
            [
                (
                    "<weighted> loadbalance: 'weighted' is not supported yet",
                    "write: loadbalance round_robin",
                )
            ],
        ),
        (
            "loadbalance {\nprefer 10.0.0.0/8 10.0.0.1 10.0.0.0/33\n}",
            [
                (
                    (
                        '<10.0.0.1> loadbalance: invalid CIDR "10.0.0.1": '
                        "invalid CIDR address: 10.0.0.1"
                    ),
                    "write: prefer 10.0.0.0/8",
                ),
                (
                    (
                        '<10.0.0.0/33> loadbalance: invalid CIDR "10.0.0.0/33": '
                        "invalid CIDR address: 10.0.0.0/33"
                    ),
                    "write: prefer 10.0.0.0/8",
                ),
            ],
        ),
        (
            "loadbalance round_robin {\nreload 30s\n}",
            [("<reload> loadbalance: 'reload' belongs to 'weighted', not to 'round_robin'", TURNS)],
        ),
        (
            "loadbalance random",
            [
                (
                    (
                        "<random> loadbalance: wrong value for loadbalance: random, "
                        "must be one of: round_robin"
                    ),
                    "",
                )
            ],
        ),
        (
            "loadbalance roundrobin",
            [
                (
                    (
                        "<roundrobin> loadbalance: wrong value for loadbalance: roundrobin, "
                        "must be one of: round_robin"
                    ),
                    "write: loadbalance round_robin",
                )
            ],
        ),
    ],
)
def test_mistakes(text: str, problems: list[tuple[str, str]]) -> None:
    assert problems_of(DIRECTIVE, text) == problems


WWW = question("www.example.")
FAR, NEAR, NEARER = b"\1\2\3\4", b"\x0a\2\0\1", b"\x0a\1\0\1"
PREFER = "loadbalance {\nprefer 10.1.0.0/16\nprefer 10.0.0.0/8\n}"


def ordered(outcome: Outcome, rrtype: int = RRType.A, text: str = PREFER) -> Outcome:
    steps = DIRECTIVE.build(settings_of(DIRECTIVE, text), FixedScope())
    assert not steps.rotate
    assert steps.around is not None
    asked = question("www.example.", rrtype)
    said = steps.around(query_for(asked), FixedClient(), Upstream(lambda _: outcome))
    assert isinstance(said, Answer | ForeignAnswer)
    return said


def test_networks_add_up_and_bits_behind_the_prefix_do_not_count() -> None:
    text = "loadbalance round_robin {\nprefer 10.1.2.3/16 fd00::1/8\nprefer 0.0.0.0/0\n}"

    networks = settings_of(DIRECTIVE, text)

    assert networks == tuple(map(ip_network, ("10.1.0.0/16", "fd00::/8", "0.0.0.0/0")))


@pytest.mark.parametrize(
    "outcome",
    [
        Answer(answer=(addresses("www.example.", FAR, NEAR, NEARER),), depends_on=(b"\1",)),
        foreign(WWW, addresses("www.example.", FAR, NEAR, NEARER)),
    ],
)
def test_addresses_of_preferred_networks_come_first(outcome: Outcome) -> None:
    said = ordered(outcome)

    assert opened(said).answer == (addresses("www.example.", NEARER, NEAR, FAR),)
    assert said.depends_on is None


@pytest.mark.parametrize(
    "outcome",
    [
        Answer(answer=(addresses("www.example.", FAR),), depends_on=(b"\1",)),
        Answer(RCode.NXDOMAIN),
        foreign(WWW, addresses("www.example.", FAR)),
        foreign(WWW, authority=[soa()], rcode=RCode.NXDOMAIN),
        ForeignAnswer(WWW.owner, Body((2, 0, 0), b"\xc0\x0c\0")),
    ],
)
def test_what_has_no_order_stays_as_it_is(outcome: Outcome) -> None:
    assert ordered(outcome) is outcome


def test_transfers_stay_as_they_are() -> None:
    outcome = Answer(answer=(addresses("www.example.", FAR, NEAR),))

    assert ordered(outcome, RRType.AXFR) is outcome


@given(st.ip_addresses(v=4), st.integers(0, 32))
def test_every_network_can_be_preferred(address: object, prefix: int) -> None:
    (network,) = settings_of(DIRECTIVE, f"loadbalance {{\nprefer {address}/{prefix}\n}}")

    assert network == ip_network(f"{address}/{prefix}", strict=False)
