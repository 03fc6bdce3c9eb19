import pytest

from svcdns.plugins.parts.template_rule import Rule
from svcdns.plugins.template import DIRECTIVE
from svcdns.wire.codes import RCode, RRClass, RRType
from svcdns.wire.name import ROOT, from_text
from tests.support.configured import ask, configured, records
from tests.support.directives import problems_of, settings_of, warnings_of


def rule_of(text: str) -> Rule:
    (rule,) = settings_of(DIRECTIVE, text)
    assert isinstance(rule, Rule)
    return rule


def block(*lines: str, head: str = "template IN A") -> str:
    return "\n".join([f"{head} {{", *lines, "}"])


def test_a_stanza_alone_is_for_all_names_of_its_block() -> None:
    rule = rule_of("template IN A")

    assert (rule.rrclass, rule.rrtype) == (RRClass.IN, RRType.A)
    assert rule.zones == (from_text("cluster.local."),)
    assert (rule.patterns, rule.rcode, rule.fallthrough, rule.error) == ((), 0, (), None)
    assert rule.place == "Corefile:2"


def test_every_option_is_read() -> None:
    rule = rule_of(
        block(
            "match ^a ^b",
            "match ^c",
            'answer "a. 60 IN A 192.0.2.1" "a. 60 IN A 192.0.2.2"',
            'authority "example. 60 IN NS ns.example."',
            'additional "ns.example. 60 IN A 192.0.2.53"',
            "rcode NXDOMAIN",
            'ederror 21 "not here"',
            "fallthrough example.org in-addr.arpa",
            head="template ANY ANY Example.org 10.0.0.0/8",
        )
    )

    assert (rule.rrclass, rule.rrtype) == (RRClass.ANY, RRType.ANY)
    assert rule.zones == (from_text("example.org."), from_text("10.in-addr.arpa."))
    assert [pattern.text for pattern in rule.patterns] == ["^a", "^b", "^c"]
    assert [len(rule.answer), len(rule.authority), len(rule.additional)] == [2, 1, 1]
    assert (rule.rcode, rule.error) == (RCode.NXDOMAIN, (21, "not here"))
    assert rule.fallthrough == (from_text("example.org."), from_text("in-addr.arpa."))


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ("fallthrough", "fallthrough", (ROOT,)),
        ("ederror 4", "error", (4, "")),
        ("rcode NOTIMPL", "rcode", RCode.NOTIMP),
        ("rcode BADKEY", "rcode", RCode.BADKEY),
    ],
)
def test_accepted(line: str, field: str, value: object) -> None:
    assert getattr(rule_of(block(line)), field) == value


COUNT = "Wrong argument count or unexpected line ending after"


@pytest.mark.parametrize(
    ("text", "problem", "hint"),
    [
        ("template", f"<template> template: {COUNT} 'template'", "write: template IN"),
        ("template IN", f"<IN> template: {COUNT} 'IN'", "write: template IN A"),
        ("template in A", "<in> template: invalid query class in", "write: IN"),
        ("template IN AAAAA", "<AAAAA> template: invalid RR class AAAAA", "write: AAAA"),
        ("template IN A a..b", "<a..b> template: zone is not a valid domain name", ""),
        (block("match"), f"<match> template: {COUNT} 'match'", "write: match REGEX"),
        (block("match ("), "<(> template: could not parse regex: '(' is not a", ""),
        (block(r"match (?=a)"), "<(?=a)> template: could not parse regex", ""),
        (block(f"match {'a' * 10001}"), "is too long: at most 10,000 are read", ""),
        (block("answer"), f"<answer> template: {COUNT} 'answer'", "write: answer"),
        (
            block('answer "{{ .Nope }}"'),
            "<.Nope> template: could not compile template: there is no field .Nope here",
            "known are: .Name, .Zone",
        ),
        (
            block('answer "{{ .Var.ip }}"'),
            "<.Var> template: could not compile template: there is no field .Var here",
            "",
        ),
        (
            block('additional "{{ lower .Name }}"'),
            "<lower> template: could not compile template: function 'lower' not defined",
            "known are: and, eq",
        ),
        (
            block(r'authority "{{ index .Group \"a\" }} {{ end }}"'),
            "could not compile template: unexpected {{end}}",
            "",
        ),
        (
            block('answer "{{ if eq .Type "A" }}{{ end }}"'),
            "could not compile template: an action is not closed",
            r"the whole record stands in quotes; a quote within is written \"",
        ),
        (
            block("answer a. 60 IN A 192.0.2.1"),
            "<a.> template: 'a.' is not a record: ",
            'write: answer "a. 60 IN A 192.0.2.1"',
        ),
        (
            block('answer "a. 60 IN A 192.0.2.256"'),
            "'a. 60 IN A 192.0.2.256' is not a record: A address",
            "",
        ),
        (block("rcode"), f"<rcode> template: {COUNT} 'rcode'", "write: rcode NXDOMAIN"),
        (block("rcode nxdomain"), "<nxdomain> template: unknown rcode nxdomain", "NXDOMAIN"),
        (block("rcode 3"), "<3> template: unknown rcode 3", ""),
        (block("ederror"), f"<ederror> template: {COUNT} 'ederror'", "write: ederror"),
        (block("ederror 21 a b"), f"<b> template: {COUNT} 'b'", "take out: b"),
        (block("ederror x"), "<x> template: 'x' is not a code of an extended DNS error", ""),
        (
            block("ederror +5"),
            "<+5> template: '+5' is not a code of an extended DNS error",
            "write: 5",
        ),
        (block("ederror 65536"), "ederror must be in range [0, 65535]: 65536", ""),
        (block("nope"), "<nope> template: unknown property 'nope'", ""),
        (block("var ip group('a')"), "<var> template: 'var' is not supported yet", "pattern"),
        (block("expr true"), "<expr> template: 'expr' is not supported yet", "pattern"),
    ],
)
def test_mistakes(text: str, problem: str, hint: str) -> None:
    ((found, said),) = problems_of(DIRECTIVE, text)

    assert problem in found
    assert hint in said


@pytest.mark.parametrize(
    ("text", "warnings"),
    [
        (block("upstream 1.1.1.1"), ["template: upstream has no effect any more"]),
        (
            block("match (?P<b>x)", 'answer "{{ .Group.a }} IN A 192.0.2.1"'),
            ["template: no pattern has a group 'a'"],
        ),
        (
            block("match (?P<b>x)", "match (?P<a>x)", 'answer "{{ .Group.a }} IN A 192.0.2.1"'),
            [],
        ),
    ],
)
def test_what_is_hardly_meant_is_warned_of(text: str, warnings: list[str]) -> None:
    assert warnings_of(DIRECTIVE, text) == warnings


def test_stanzas_are_tried_in_the_order_of_the_corefile() -> None:
    corefile = "\n".join(
        [
            ".:53 {",
            block("match ^a[.]", 'answer "{{ .Name }} 1 A 192.0.2.1"', "fallthrough"),
            block('answer "{{ .Name }} 2 A 192.0.2.2"', head="template IN A example"),
            "whoami",
            "}",
        ]
    )
    (exchange,) = configured(corefile).exchanges.values()

    assert records(ask(exchange, "a.example.")) == ["a.example. 1 IN A 192.0.2.1"]
    assert records(ask(exchange, "b.example.")) == ["b.example. 2 IN A 192.0.2.2"]
    assert [rrset.ttl for rrset in ask(exchange, "b.test.").additional] == [0, 0]


@pytest.mark.parametrize(
    ("metadata", "text"), [("metadata", '"shop/web"'), ("", '"/"')], ids=["with", "without"]
)
def test_metadata_can_be_in_a_record(metadata: str, text: str) -> None:
    meta = r"{{ .Meta \"kubernetes/namespace\" }}/{{ .Meta \"kubernetes/service\" }}"
    stanza = block(f'answer "{{{{ .Name }}}} 5 IN TXT {meta}"', head="template IN TXT")
    corefile = f"cluster.local:53 {{\n{metadata}\n{stanza}\nkubernetes\n}}\n"
    (exchange,) = configured(corefile).exchanges.values()

    message = ask(exchange, "web.shop.svc.cluster.local.", RRType.TXT)

    assert records(message) == [f"web.shop.svc.cluster.local. 5 IN TXT {text}"]
    assert len(exchange) == 0
