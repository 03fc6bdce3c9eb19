from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.answers.answer import Answer
from svcdns.corefile.networks import Network
from svcdns.plugins.acl import ACTIONS, DIRECTIVE, Policy, Rule
from svcdns.route.stages import Steps
from svcdns.telemetry.plugin_metrics import ACL_ALLOWED, ACL_BLOCKED, ACL_DROPPED, ACL_FILTERED
from svcdns.wire.codes import RCode, RRType
from svcdns.wire.edns import InfoCode
from svcdns.wire.name import from_text
from svcdns.wire.question import Query
from tests.support.configured import ask, configured, feed_of
from tests.support.directives import (
    FixedScope,
    arguments_of,
    problems_of,
    settings_of,
    warnings_of,
)
from tests.support.stubs import FixedClient, question

HERE = (from_text("cluster.local."),)
ELSEWHERE = (from_text("a.example."), from_text("b.example."))
SOURCES = (Network(1, 128, 128), Network(10, 8, 32), Network(0x0A000001, 32, 32))
EXPECTED = "expect 'allow', 'block', 'filter' or 'drop'"
NAME = "web.cluster.local."


def built(text: str, scope: FixedScope | None = None) -> Steps:
    return DIRECTIVE.build(settings_of(DIRECTIVE, text), scope or FixedScope())


def said(
    steps: Steps, name: str = NAME, rrtype: int = RRType.A, address: str = "10.244.0.7"
) -> str:
    """Return what happens to a query, in the words of the Corefile."""
    assert steps.answer is not None
    query = Query(1, 0x0100, question(name, rrtype), None, 40)
    answer = steps.answer(query, FixedClient(address))
    if answer is None:
        return "allow"
    assert isinstance(answer, Answer)
    assert answer.written_by == "acl"
    assert answer.depends_on is None
    if answer.is_silent:
        return "drop"
    assert answer.answer == ()
    assert not answer.authoritative
    assert answer.reason is not None
    if answer.rcode == RCode.REFUSED:
        assert answer.reason.code == InfoCode.BLOCKED
        return "block"
    assert answer.rcode == RCode.NOERROR
    assert answer.reason.code == InfoCode.FILTERED
    return "filter"


@pytest.mark.parametrize("action", ACTIONS)
def test_an_action_is_for_everybody_unless_it_says_for_whom(action: str) -> None:
    assert said(built(f"acl {{\n{action}\n}}")) == action


@pytest.mark.parametrize(
    ("address", "action"),
    [
        ("10.244.0.7", "allow"),
        ("10.244.1.7", "filter"),
        ("10.1.1.1", "block"),
        ("::ffff:10.1.1.1", "block"),
        ("192.0.2.1", "allow"),
        ("fd00::1", "drop"),
        ("fd00::1%eth0", "drop"),
        ("fe80::1", "allow"),
    ],
)
def test_the_first_rule_that_is_meant_counts(address: str, action: str) -> None:
    steps = built(
        "acl {\nallow net 10.244.0.0/24\nfilter net 10.244.0.0/16\n"
        "block net 10.0.0.0/8\ndrop net fd00::/8\n}"
    )

    assert said(steps, address=address) == action


@pytest.mark.parametrize(
    ("rrtype", "action"),
    [(RRType.A, "block"), (RRType.AAAA, "block"), (RRType.TXT, "allow"), (65, "allow")],
)
def test_a_rule_may_be_for_some_types(rrtype: int, action: str) -> None:
    steps = built("acl {\nblock type A AAAA net 10.0.0.0/8\n}")

    assert said(steps, rrtype=rrtype) == action
    assert said(steps, rrtype=rrtype, address="192.0.2.1") == "allow"


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("a.cluster.local.", "filter"),
        ("x.a.cluster.local.", "filter"),
        ("xa.cluster.local.", "block"),
        ("b.cluster.local.", "allow"),
        ("example.org.", "allow"),
    ],
)
def test_stanzas_are_tried_one_after_the_other(name: str, action: str) -> None:
    steps = built(
        "acl a.cluster.local {\nfilter\n}\nacl b.cluster.local {\nallow\n}\nacl {\nblock\n}"
    )

    assert said(steps, name) == action


def test_a_stanza_without_a_rule_for_the_client_leaves_it_to_the_next() -> None:
    steps = built("acl {\nallow net 192.0.2.1\n}\nacl {\nblock\n}")

    assert said(steps) == "block"
    assert said(steps, address="192.0.2.1") == "allow"


def test_who_has_no_address_that_can_be_read_is_blocked() -> None:
    assert said(built("acl {\nallow\n}"), address="a socket") == "block"


def test_the_reason_says_who_asked_for_what() -> None:
    steps = built("acl {\nblock type AAAA net 10.0.0.0/8\n}")
    query = Query(1, 0x0100, question(NAME, RRType.AAAA), None, 40)
    assert steps.answer is not None

    answer = steps.answer(query, FixedClient("10.244.0.7"))

    assert isinstance(answer, Answer)
    assert answer.reason is not None
    assert answer.reason.text() == (
        "a rule of acl with the action 'block' is meant for 10.244.0.7 "
        "asking for AAAA in the zone cluster.local."
    )


def test_queries_are_counted_and_handed_over_once_a_second() -> None:
    scope = FixedScope()
    steps = built("acl {\nblock type A\nfilter type TXT\ndrop type MX\n}", scope)
    assert steps.tick is not None

    for rrtype in (RRType.A, RRType.A, RRType.TXT, RRType.MX, RRType.SRV):
        said(steps, rrtype=rrtype)
    steps.tick(1.0)
    said(steps, rrtype=RRType.SRV)
    steps.tick(inf)
    steps.tick(inf)

    block = ("dns://:53", "cluster.local.", "")
    numbers = scope.metrics.numbers
    assert numbers[ACL_BLOCKED.name] == {block: 2}
    assert numbers[ACL_FILTERED.name] == {block: 1}
    assert numbers[ACL_DROPPED.name] == {block: 1}
    assert numbers[ACL_ALLOWED.name] == {("dns://:53", ""): 2}


def test_nothing_is_kept_for_the_next_client() -> None:
    feed = feed_of("Service shop/web 10.96.4.7 port http/TCP 80")
    configuration = configured(
        "cluster.local {\nacl {\nblock net 192.0.2.0/24\n}\nkubernetes cluster.local\n}", feed
    )
    (exchange,) = configuration.exchanges.values()

    for _ in range(3):
        assert ask(exchange, "web.shop.svc.cluster.local.").answer
    assert len(exchange) == 0


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("acl {\nblock\n}", (Rule(HERE, (Policy("block", None, None),)),)),
        ("acl {\nBLOCK Type * NET *\n}", (Rule(HERE, (Policy("block", None, None),)),)),
        ("acl {\nblock type A None\n}", (Rule(HERE, (Policy("block", None, None),)),)),
        ("acl {\nblock type A * B net * x\n}", (Rule(HERE, (Policy("block", None, None),)),)),
        ("acl {\ndrop type a TYPE65\n}", (Rule(HERE, (Policy("drop", (1, 65), None),)),)),
        (
            "acl {\nfilter net ::1 10.0.0.0/8 type A net 10.0.0.1\n}",
            (
                Rule(
                    HERE,
                    (Policy("filter", (1,), SOURCES),),
                ),
            ),
        ),
        (
            "acl a.example B.example {\nallow\n}",
            (
                Rule(
                    (from_text("a.example."), from_text("b.example.")),
                    (Policy("allow", None, None),),
                ),
            ),
        ),
    ],
)
def test_rules_are_read(text: str, rules: tuple[Rule, ...]) -> None:
    assert settings_of(DIRECTIVE, text) == rules


@pytest.mark.parametrize(
    ("text", "problem", "hint"),
    [
        (
            "acl {\nblok\n}",
            f"<blok> acl: unexpected token 'blok'; {EXPECTED}",
            "write: block",
        ),
        (
            "acl {\nrefuse net *\n}",
            "<refuse> acl: unexpected token 'refuse'; expect 'allow', 'block', 'filter' or 'drop'",
            "known are: allow, block, filter, drop",
        ),
        (
            "acl {\nblock 10.0.0.0/8\n}",
            "<10.0.0.0/8> acl: unexpected token '10.0.0.0/8'; expect 'type | net'",
            "write: net 10.0.0.0/8",
        ),
        (
            "acl {\nblock AAAA\n}",
            "<AAAA> acl: unexpected token 'AAAA'; expect 'type | net'",
            "write: type AAAA",
        ),
        (
            "acl {\nblock net\n}",
            "<net> acl: no token specified in 'net' section",
            "write: net 10.0.0.0/8",
        ),
        (
            "acl {\nblock type net 10.0.0.0/8\n}",
            "<type> acl: no token specified in 'type' section",
            "write: type A",
        ),
        (
            "acl {\nblock net local\n}",
            "<local> acl: illegal CIDR notation 'local'",
            "write an address, or a network as in 10.0.0.0/8 and fd00::/8",
        ),
        (
            "acl {\nblock type AA\n}",
            "<AA> acl: 'AA' is not a record type: write A, AAAA, SRV and so on, or TYPE1234",
            "",
        ),
        (
            "acl a..b {\nblock\n}",
            "<a..b> acl: zone is not a valid domain name: 'a..b' has an empty label",
            "",
        ),
        (
            "acl {\nblock {\ntype A\n}\n}",
            "<block> acl: 'block' takes no block",
            "take the braces out",
        ),
    ],
)
def test_mistakes(text: str, problem: str, hint: str) -> None:
    assert problems_of(DIRECTIVE, text) == [(problem, hint)]


@pytest.mark.parametrize("text", ["acl", "acl {\n}", "acl example.org {\n}"])
def test_a_stanza_that_does_nothing_is_warned_of(text: str) -> None:
    assert warnings_of(DIRECTIVE, text) == ["acl: there is no rule, so every query is let through"]


@given(
    st.lists(
        st.sampled_from(["block", "allow", "type", "net", "A", "*", "10.0.0.0/8", "::1", "x", "{"]),
        min_size=1,
    )
)
def test_any_words_are_a_rule_or_a_mistake(words: list[str]) -> None:
    text = " ".join(f'"{word}"' for word in words)
    arguments = arguments_of("acl", f"acl {{\n{text}\n}}")

    rules = DIRECTIVE.parse(arguments)

    assert arguments.mistakes or len(rules[0].policies) == 1
