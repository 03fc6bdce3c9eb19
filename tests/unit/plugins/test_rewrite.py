import dns.message
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.answers.name_rules import Exact, Resuffixed, Substring, Suffix
from svcdns.answers.rewriting import Codes, Owners, Targets, TTLs, Values
from svcdns.plugins.rewrite import DIRECTIVE, FIELDS
from svcdns.route.exchange import Exchange
from svcdns.route.query_options import Action, Fixed, OptionRule
from svcdns.route.query_rules import AnswerRule, NameRule, NumberRule, Rule
from svcdns.wire.edns import BARE_OPT
from tests.support.configured import ask, configured, feed_of, records
from tests.support.directives import (
    FixedScope,
    arguments_of,
    problems_of,
    settings_of,
    warnings_of,
)
from tests.support.stubs import fast_of, packet, question

CLUSTER = """
Service shop/web 10.96.4.7 port http/TCP 80
Service shop/db headless port sql/TCP 5432
EndpointSlice shop/db-1 of db port sql/TCP 5432: 10.1.0.3 hostname=db-0
Service shop/mail ExternalName mail.example.com
Pod shop/client 10.244.0.7
"""
WEB, MAIL = "web.shop.svc.cluster.local.", "mail.example.com."


def serving(rules: str, options: str = "") -> Exchange:
    """Return a server with these rules in front of a cluster."""
    text = f". {{\n{rules}\nkubernetes cluster.local {{\n{options}\n}}\n}}"
    (exchange,) = configured(text, feed_of(CLUSTER)).exchanges.values()
    return exchange


def section(message: dns.message.Message) -> list[str]:
    return [line for rrset in message.additional for line in rrset.to_text().splitlines()]


def test_a_name_stands_for_a_service() -> None:
    message = ask(serving(f"rewrite name Shop.example.org {WEB}"), "shop.example.ORG.")

    assert records(message) == ["shop.example.ORG. 5 IN A 10.96.4.7"]
    assert message.question[0].to_text() == "shop.example.ORG. IN A"


def test_a_domain_stands_for_a_namespace_and_srv_follows() -> None:
    exchange = serving("rewrite name suffix .shop.example .shop.svc.cluster.local answer auto")

    message = ask(exchange, "_sql._tcp.db.shop.example.", dns.rdatatype.SRV)

    assert records(message) == [
        "_sql._tcp.db.shop.example. 5 IN SRV 0 100 5432 db-0.db.shop.example."
    ]
    assert section(message) == ["db-0.db.shop.example. 5 IN A 10.1.0.3"]


def test_without_an_answer_rule_the_answer_is_about_the_new_name() -> None:
    exchange = serving("rewrite name suffix .shop.example .shop.svc.cluster.local")

    assert records(ask(exchange, "web.shop.example.")) == [f"{WEB} 5 IN A 10.96.4.7"]


def test_a_search_path_that_was_appended_twice_is_cut() -> None:
    exchange = serving(
        "rewrite stop {\n"
        r"name regex (^(?:[^\.]+\.)+)svc\.cluster\.local\.svc\.cluster\.local {1}svc.cluster.local"
        "\n"
        r"answer name (^(?:[^\.]+\.)+)svc\.cluster\.local {1}svc.cluster.local.svc.cluster.local"
        "\n"
        r"answer value (^(?:[^\.]+\.)+)svc\.cluster\.local {1}svc.cluster.local.svc.cluster.local"
        "\n}"
    )
    asked = "web.shop.svc.cluster.local.svc.cluster.local."

    assert records(ask(exchange, asked)) == [f"{asked} 5 IN A 10.96.4.7"]


def test_names_in_rdata_become_others() -> None:
    exchange = serving(
        "rewrite name exact mail.example.org mail.shop.svc.cluster.local answer value "
        r"(.*)\.example\.com\. {1}.example.net"
    )

    message = ask(exchange, "mail.example.org.", dns.rdatatype.CNAME)

    assert records(message) == ["mail.example.org. 5 IN CNAME mail.example.net."]


def test_a_missing_name_is_denied_by_the_zone_that_was_asked() -> None:
    exchange = serving("rewrite name suffix .shop.example .shop.svc.cluster.local")

    for _ in range(3):  # the third is said from the table
        message = ask(exchange, "none.shop.example.")
        assert message.rcode() == dns.rcode.NXDOMAIN
        (soa,) = message.authority
        assert soa.name.to_text() == "cluster.local."
        (option,) = message.options
        assert str(option).endswith("; asked as none.shop.svc.cluster.local.")


def test_an_answer_is_kept_and_the_fast_lane_has_it() -> None:
    exchange = serving(f"rewrite name shop.example.org {WEB}")
    query = packet(question("shop.example.org."), opt=BARE_OPT)
    ask(exchange, "shop.example.org.")

    response = fast_of(exchange)(query)

    assert response is not None
    assert records(dns.message.from_wire(response)) == ["shop.example.org. 5 IN A 10.96.4.7"]


def test_rules_that_look_at_the_client_keep_nothing() -> None:
    exchange = serving(
        "metadata\n"
        r"rewrite name regex ^([^.]+)\.here\.$ "
        "{1}.{kubernetes/client-namespace}.svc.cluster.local. metadata answer auto",
        "pods verified",
    )

    assert records(ask(exchange, "web.here.")) == ["web.here. 5 IN A 10.96.4.7"]
    assert len(exchange) == 0


def test_a_target_leads_elsewhere_through_the_whole_server() -> None:
    exchange = serving(f"rewrite cname {MAIL} {WEB}")

    message = ask(exchange, "mail.shop.svc.cluster.local.")

    assert records(message) == [
        "mail.shop.svc.cluster.local. 5 IN CNAME web.shop.svc.cluster.local.",
        f"{WEB} 5 IN A 10.96.4.7",
    ]


def test_targets_that_lead_in_a_circle_end() -> None:
    exchange = serving(f"rewrite cname {MAIL} mail.shop.svc.cluster.local")

    message = ask(exchange, "mail.shop.svc.cluster.local.")

    assert message.rcode() == dns.rcode.NOERROR
    assert len(records(message)) < 10


def test_ttl_and_code_are_those_of_the_rules() -> None:
    exchange = serving(
        "rewrite continue ttl regex .* 30-\nrewrite rcode suffix .local NXDOMAIN NOERROR"
    )

    found, missing = ask(exchange, WEB), ask(exchange, "none.shop.svc.cluster.local.")

    assert records(found) == [f"{WEB} 30 IN A 10.96.4.7"]
    assert missing.rcode() == dns.rcode.NOERROR
    assert missing.authority[0].ttl == 30


def test_an_invalid_name_fails_and_says_so() -> None:
    message = ask(serving("rewrite name prefix web. ."), "web.shop.example.")

    assert message.rcode() == dns.rcode.SERVFAIL
    (option,) = message.options
    assert str(option).endswith("invalid name after rewrite: .shop.example.")


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("name A b", NameRule(False, Exact("a.", "b."), is_restored=True)),
        ("stop NAME exact a b", NameRule(False, Exact("a.", "b."), is_restored=True)),
        ("CONTINUE name a b", NameRule(True, Exact("a.", "b."), is_restored=True)),
        ("name exact a b answer auto", NameRule(False, Exact("a.", "b."), is_restored=True)),
        ("name suffix .a .b", NameRule(False, Suffix(".a.", ".b."))),
        (
            "name suffix .a .b answer auto",
            NameRule(
                False,
                Suffix(".a.", ".b."),
                changes=(Owners(Resuffixed(".b.", ".a.")), Values(Resuffixed(".b.", ".a."))),
            ),
        ),
        (
            "name substring .a. .b. answer auto",
            NameRule(False, Substring(".a.", ".b."), is_restored=True),
        ),
        ("{\nname a b\n}", NameRule(False, Exact("a.", "b."), is_restored=True)),
        ("continue {\nname a b\n}", NameRule(True, Exact("a.", "b."), is_restored=True)),
        (
            "name {\nsubstring .a.\n.b. answer\nauto\n}",
            NameRule(False, Substring(".a.", ".b."), is_restored=True),
        ),
        ("type any hinfo", NumberRule(False, "rrtype", 255, 13)),
        ("continue type TYPE65 A", NumberRule(True, "rrtype", 65, 1)),
        ("class ch IN", NumberRule(False, "rrclass", 3, 1)),
        ("ttl a 30", AnswerRule(False, Exact("a."), TTLs(30, 30))),
        ("ttl exact a 30-300", AnswerRule(False, Exact("a."), TTLs(30, 300))),
        ("ttl suffix .a 30-", AnswerRule(False, Suffix(".a."), TTLs(30, 0x7FFFFFFF))),
        ("ttl suffix .a -30", AnswerRule(False, Suffix(".a."), TTLs(0, 30))),
        ("ttl a 4294967295", AnswerRule(False, Exact("a."), TTLs(0xFFFFFFFF, 0xFFFFFFFF))),
        ("rcode a SERVFAIL noerror", AnswerRule(False, Exact("a."), Codes(2, 0))),
        ("rcode suffix a 3 23", AnswerRule(False, Suffix("a."), Codes(3, 23))),
        ("rcode a 003 0", AnswerRule(False, Exact("a."), Codes(3, 0))),
        ("rcode a badsig dsotypeni", AnswerRule(False, Exact("a."), Codes(16, 11))),
        ("cname A b.", AnswerRule(False, None, Targets(Exact("a.", "b.")))),
        ("cname suffix .a. .b", AnswerRule(False, None, Targets(Suffix(".a.", ".b")))),
        ("cname substring cdn x", AnswerRule(False, None, Targets(Substring("cdn", "x")))),
        ("continue edns0 local unset 3", OptionRule(True, Action.UNSET, 3, Fixed(b""))),
        ("edns0 local unset 1_000", OptionRule(False, Action.UNSET, 1000, Fixed(b""))),
    ],
)
def test_rules_are_read(text: str, rule: Rule) -> None:
    assert settings_of(DIRECTIVE, f"rewrite {text}") == (rule,)


def test_answer_rules_add_up_in_their_order() -> None:
    (rule,) = settings_of(DIRECTIVE, "rewrite name exact a b answer value x y name b a")

    assert [type(change) for change in rule.changes] == [Values, Owners]


def test_several_rules_act_in_their_order() -> None:
    rules = settings_of(DIRECTIVE, "rewrite name a b\nrewrite ttl a 30\nrewrite type A AAAA")

    assert [type(rule) for rule in rules] == [NameRule, AnswerRule, NumberRule]


@pytest.mark.parametrize(
    ("text", "per_client"),
    [
        ("rewrite name a b", False),
        ("rewrite name regex (a) {1} metadata", True),
        ("rewrite name a b\nrewrite edns0 subnet set 24 56", True),
        ("rewrite edns0 local set 1 {qname}", False),
    ],
)
def test_nothing_is_kept_only_if_a_rule_looks_at_the_client(text: str, *, per_client: bool) -> None:
    steps = DIRECTIVE.build(settings_of(DIRECTIVE, text), FixedScope())

    assert steps.per_client is per_client


COMBINED = "auto name answer rule cannot be combined with explicit name answer rules"
WRONG = "rewrite: Wrong argument count or unexpected line ending after"


@pytest.mark.parametrize(
    ("text", "problem", "hint"),
    [
        ("rewrite", f"<rewrite> {WRONG} 'rewrite'", "write: rewrite name"),
        ("rewrite stop", f"<stop> {WRONG} 'stop'", "write: rewrite stop name"),
        ("rewrite name a", f"<a> {WRONG} 'a'", "write: rewrite name a NAME"),
        ("rewrite type A", f"<A> {WRONG} 'A'", "write: rewrite type A A"),
        ("rewrite type A AAAA MX", f"<MX> {WRONG} 'MX'", "take out: MX"),
        ("rewrite nam a b", "<nam> rewrite: invalid rule type 'nam'", "write: name"),
        (
            "rewrite address a b",
            "<address> rewrite: invalid rule type 'address'",
            f"known are: {', '.join(FIELDS)}",
        ),
        (
            "rewrite answer name a b",
            "<answer> rewrite: response rewrites must begin with a name rule",
            "put 'name FROM TO' in front of it",
        ),
        (
            "rewrite name exact a b auto",
            "<auto> rewrite: 'auto' stands behind the new name",
            "what is done to the answer begins with: answer",
        ),
        ("rewrite name exact a b answer", f"<answer> {WRONG} 'answer'", "AUTO"),
        (
            "rewrite name exact a b answer name x",
            f"<x> {WRONG} 'x'",
            "write: rewrite name exact a b answer name x NAME",
        ),
        (
            "rewrite name exact a b answer ttl 5",
            "<ttl> rewrite: 'ttl' is nothing that can be done to an answer",
            "write: answer auto, answer name RE NAME or answer value RE NAME",
        ),
        (
            "rewrite name suffix .a .b answer auto answer name x y",
            f"<name> rewrite: {COMBINED}",
            "take out one of them",
        ),
        (
            "rewrite name suffix .a .b metadata",
            "<metadata> rewrite: metadata is only supported for regex name rules",
            "write: name regex",
        ),
        (
            "rewrite name regex a {x}.b metadata",
            "<{x}.b> rewrite: '{x}' is neither a group nor a label of metadata",
            "groups are written ( ) and {1}",
        ),
        (
            "rewrite type A AA",
            "<AA> rewrite: 'AA' is not a record type: write A, AAAA, SRV and so on, or TYPE1234",
            "write: A",
        ),
        (
            "rewrite class IN XX",
            "<XX> rewrite: invalid class 'XX': there are IN, CH, HS, NONE and ANY",
            "write: IN",
        ),
        *(
            (
                f"rewrite ttl a {ttl}",
                f"<{ttl}> rewrite: invalid TTL '{ttl}' for a ttl rule",
                "write: 30, 30-300, 30- or -300",
            )
            for ttl in ("-", "30s", "300-30", "1-2-3", "4294967296", "00000000011")
        ),
        (
            "rewrite rcode a OK 24",
            "<OK> rewrite: invalid RCODE 'OK': write NOERROR, NXDOMAIN, 3 and so on",
            "write: NXDOMAIN",
        ),
        (
            "rewrite name a b {\n}",
            "<rewrite> rewrite: 'rewrite' takes no block",
            "take the braces out",
        ),
    ],
)
def test_mistakes(text: str, problem: str, hint: str) -> None:
    expected = hint.replace("AUTO", "write: rewrite name exact a b answer auto")

    assert problems_of(DIRECTIVE, text)[0] == (problem, expected)


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("rewrite name regex b", "'regex' is read as a name, for want of a word"),
        (
            "rewrite {\nname regex a b\nanswer name auto\nanswer value x y\n}",
            "'auto' is read as a regular expression here",
        ),
        (
            "rewrite ttl prefix www 30",
            "'prefix www' stands for 'www.', whole labels at the end of it",
        ),
        (
            "rewrite cname suffix .a .b",
            "no target ends like that: there is a final dot",
        ),
    ],
)
def test_what_is_hardly_meant_is_warned_of(text: str, warning: str) -> None:
    assert warnings_of(DIRECTIVE, text) == [f"rewrite: {warning}"]


WORDS = [
    *FIELDS,
    "stop",
    "exact",
    "regex",
    "a.",
    "{1}",
    "(b)",
    "answer",
    "auto",
    "value",
    "3",
    "30-",
]


@given(st.lists(st.sampled_from(WORDS), max_size=9))
def test_any_words_are_a_rule_or_a_mistake(words: list[str]) -> None:
    text = " ".join(f'"{word}"' for word in words)
    arguments = arguments_of("rewrite", f"rewrite {text}")

    rules = DIRECTIVE.parse(arguments)

    assert arguments.mistakes or len(rules) == 1
    assert all(mistake.hint for mistake in arguments.mistakes)
