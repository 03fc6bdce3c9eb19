from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.answers.answer import Answer
from svcdns.answers.foreign import ForeignAnswer, Outcome
from svcdns.plugins.log import COMBINED_FORM, DEFAULT_FORM, DIRECTIVE, Rule, class_of, compile_form
from svcdns.route.observing import is_error
from svcdns.route.stages import Observed
from svcdns.wire.codes import RCode, RRType
from svcdns.wire.edns import Edns
from svcdns.wire.name import from_labels, from_text
from svcdns.wire.question import Query, Question
from svcdns.wire.response import Body
from tests.support.directives import FixedScope, problems_of, settings_of, warnings_of
from tests.support.stubs import FixedAuthority, FixedClient, addresses

CLIENT = FixedClient()
ZONE = FixedAuthority(from_text("cluster.local."))
POSITIVE = Answer(answer=(addresses("example.com.", b"\n\0\0\1"),))
EMPTY = Answer()
NODATA = Answer(authority=ZONE)
NXDOMAIN = Answer(RCode.NXDOMAIN, authority=ZONE)
NXDOMAIN_BARE = Answer(RCode.NXDOMAIN)
NXDOMAIN_BEHIND_CNAME = Answer(RCode.NXDOMAIN, POSITIVE.answer, authority=ZONE)


def observed(
    name: str = "Example.com.",
    answer: Outcome | None = POSITIVE,
    *,
    client: FixedClient = CLIENT,
    rrtype: int = RRType.A,
    rrclass: int = 1,
    rcode: int | None = None,
    flags: int = 0x8180,
    edns: Edns | None = None,
    size: int = 40,
    response_size: int = 74,
    seconds: float = 0.001234567,
    metadata: Mapping[str, str] | None = None,
    question: Question | None = None,
) -> Observed:
    asked = question or Question.of(from_text(name), rrtype, rrclass)
    query = Query(4711, 0x0100, asked, edns, size)
    seen = (answer.rcode if answer else RCode.REFUSED) if rcode is None else rcode
    return Observed(
        query,
        client,
        answer,
        seen,
        flags,
        response_size,
        seconds,
        "",
        ".",
        lambda: metadata or {},
    )


def lines_of(text: str, *exchanges: Observed) -> list[str]:
    scope = FixedScope()
    steps = DIRECTIVE.build(settings_of(DIRECTIVE, text), scope)
    step = steps.observe or steps.observe_error
    assert step is not None
    for exchange in exchanges:
        step(exchange)
    return scope.lines


@pytest.mark.parametrize(
    ("exchange", "line"),
    [
        pytest.param(
            observed(edns=Edns(1232, 0, dnssec_ok=False)),
            '[INFO] 10.244.0.7:51234 - 4711 "A IN example.com. udp 40 false 1232" '
            "NOERROR qr,rd,ra 74 0.001234567s",
            id="IPv4, EDNS",
        ),
        pytest.param(
            observed(
                client=FixedClient("fd00::7", 5353, stream=True),
                rrtype=RRType.AAAA,
                flags=0x8580,
                edns=Edns(4096, 0, dnssec_ok=True),
                seconds=2.0,
            ),
            '[INFO] [fd00::7]:5353 - 4711 "AAAA IN example.com. tcp 40 true 65535" '
            "NOERROR qr,aa,rd,ra 74 2s",
            id="IPv6, TCP, DO",
        ),
        pytest.param(
            observed("shop.cluster.local.", NXDOMAIN, flags=0x8503, size=37, response_size=130),
            '[INFO] 10.244.0.7:51234 - 4711 "A IN shop.cluster.local. udp 37 false 512" '
            "NXDOMAIN qr,aa,rd 130 0.001234567s",
            id="NXDOMAIN, no EDNS",
        ),
        pytest.param(
            observed(flags=0x87F0, edns=Edns(100, 0, dnssec_ok=False)),
            '[INFO] 10.244.0.7:51234 - 4711 "A IN example.com. udp 40 false 512" '
            "NOERROR qr,aa,tc,rd,ra,z,ad,cd 74 0.001234567s",
            id="all flags, EDNS size below 512",
        ),
        pytest.param(
            observed(rrtype=4711, rrclass=77, rcode=3841, flags=0, seconds=0),
            '[INFO] 10.244.0.7:51234 - 4711 "TYPE4711 CLASS77 example.com. udp 40 false 512" '
            "3841 - 74 0s",
            id="numbers without a name, no flags",
        ),
        pytest.param(
            observed(".", rrtype=RRType.NS),
            '[INFO] 10.244.0.7:51234 - 4711 "NS IN . udp 40 false 512" '
            "NOERROR qr,rd,ra 74 0.001234567s",
            id="root",
        ),
    ],
)
def test_the_common_format_is_coredns_line(exchange: Observed, line: str) -> None:
    assert lines_of("log", exchange) == [line]
    assert lines_of("log . {common}", exchange) == [line]
    assert lines_of("log . {combined}", exchange) == [f'{line} "0"']


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("{remote}", "[::1]"),
        ("{local}", "[fd00::10]"),
        ("{port}", "51234"),
        ("{proto}", "udp"),
        ("{type}", "A"),
        ("{class}", "IN"),
        ("{name}", "example.com."),
        ("{size}", "40"),
        ("{>id}", "4711"),
        ("{>opcode}", "0"),
        ("{>do}", "false"),
        ("{>bufsize}", "512"),
        ("{rcode}", "NOERROR"),
        ("{>rflags}", "qr,rd,ra"),
        ("{rsize}", "74"),
        ("{duration}", "0.001234567s"),
        ("{/kubernetes/service}", "web"),
        ("{/kubernetes/unknown}", "-"),
        ("{/meta}", "-"),
        ("{/quoted}", r"say \"no\" \\ stop"),
        ("{common}x", "{common}x"),
        ("{unknown} {NAME} {}", "{unknown} {NAME} {}"),
        ("{{remote}}", "{[::1]}"),
        ("{ A {name} A }", "{ A example.com. A }"),
        ("Foo } {name", "Foo } {name"),
        ("A { {type} {/meta} } B", "A { A - } B"),
        ("{>id", "{>id"),
        ("", ""),
    ],
)
def test_placeholders_are_filled_and_the_rest_stays(form: str, text: str) -> None:
    exchange = observed(
        client=FixedClient("::1", local_address="fd00::10"),
        metadata={"kubernetes/service": "web", "quoted": r'say "no" \ stop'},
    )

    assert compile_form(form)(exchange) == text


def test_metadata_is_computed_only_when_the_format_asks() -> None:
    asked: list[None] = []

    def metadata() -> Mapping[str, str]:
        asked.append(None)
        return {"a/b": "1", "a/c": "2"}

    exchange = observed()._replace(metadata=metadata)

    compile_form(DEFAULT_FORM)(exchange)
    assert asked == []
    assert compile_form("{/a/b} {/a/c}")(exchange) == "1 2"
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("exchange", "name"),
    [
        pytest.param(observed(answer=POSITIVE), "success", id="an answer"),
        pytest.param(observed(answer=EMPTY), "success", id="empty, no SOA"),
        pytest.param(observed(answer=NODATA), "denial", id="NODATA"),
        pytest.param(observed(answer=NXDOMAIN), "denial", id="NXDOMAIN"),
        pytest.param(observed(answer=NXDOMAIN_BARE), "denial", id="NXDOMAIN, no SOA"),
        pytest.param(observed(answer=NXDOMAIN_BEHIND_CNAME), "error", id="NXDOMAIN, answers"),
        pytest.param(observed(answer=Answer(RCode.SERVFAIL)), "error", id="SERVFAIL"),
        pytest.param(observed(answer=Answer(RCode.NOTIMP)), "error", id="NOTIMP"),
        pytest.param(observed(answer=Answer(RCode.FORMERR)), "error", id="FORMERR"),
        pytest.param(observed(answer=None), "error", id="REFUSED"),
        pytest.param(observed(answer=None, rcode=RCode.NOERROR), "success", id="no answer kept"),
        pytest.param(observed(rrtype=RRType.AXFR), "error", id="AXFR"),
        pytest.param(observed(rrtype=RRType.IXFR), "error", id="IXFR"),
    ],
)
def test_a_response_has_one_class(exchange: Observed, name: str) -> None:
    assert class_of(exchange) == name
    for other in ("success", "denial", "error"):
        lines = lines_of(f"log {{\nclass {other}\n}}", exchange)
        assert bool(lines) == (other == name)

    if exchange.answer is not None:
        assert is_error(exchange.query.question, exchange.answer) == (name == "error")


@pytest.mark.parametrize(
    ("counts", "rcode", "name"),
    [
        ((0, 1, 0), 0, "denial"),
        ((1, 0, 0), 0, "success"),
        ((0, 1, 0), 3, "denial"),
        ((1, 0, 0), 3, "error"),
        ((0, 1, 0), 2, "error"),
    ],
)
def test_what_has_names_that_cannot_be_read_has_a_class_all_the_same(
    counts: tuple[int, int, int], rcode: int, name: str
) -> None:
    beyond = b"\xc0\x0c\0\6\0\1\0\0\0\x1e\0\x18" + b"\xff\xff" * 2 + bytes(20)
    answer = ForeignAnswer(from_text("example.com."), Body(counts, beyond), rcode)

    assert class_of(observed(answer=answer, rcode=rcode)) == name


@pytest.mark.parametrize(
    ("text", "is_bare"),
    [
        ("log {\nclass error\n}", True),
        ("log a.example {\nclass error\n}\nlog . {\nclass error\n}", True),
        ("log {\nclass denial error\n}", False),
        ("log {\nclass error\n}\nlog a.example", False),
        ("log", False),
    ],
)
def test_only_who_logs_nothing_but_errors_looks_away_from_the_rest(
    text: str,
    is_bare: bool,  # noqa: FBT001  a column of the table
) -> None:
    steps = DIRECTIVE.build(settings_of(DIRECTIVE, text), FixedScope())

    assert (steps.observe is None, steps.observe_error is not None) == (is_bare, is_bare)


def test_class_all_and_several_lines_of_classes() -> None:
    exchanges = [observed(answer=answer) for answer in (POSITIVE, NODATA, Answer(RCode.SERVFAIL))]

    assert len(lines_of("log {\nclass all\n}", *exchanges)) == 3
    assert len(lines_of("log {\nclass denial error\n}", *exchanges)) == 2
    assert len(lines_of("log {\nclass denial\nclass success\n}", *exchanges)) == 2


def test_only_the_first_scope_that_has_the_name_counts() -> None:
    text = (
        'log shop.example.org "first {name}" {\nclass error\n}\n'
        'log example.org EXAMPLE.net "second {name}"'
    )

    lines = lines_of(
        text,
        observed("a.shop.example.org."),
        observed("a.shop.example.org.", Answer(RCode.SERVFAIL)),
        observed("b.example.org."),
        observed("Example.NET."),
        observed("xexample.org."),
    )

    assert lines == [
        "[INFO] first a.shop.example.org.",
        "[INFO] second b.example.org.",
        "[INFO] second example.net.",
    ]


def test_a_hostile_name_stays_within_its_quotes() -> None:
    name = from_labels([b'a" NOERROR qr 1 0s\n[INFO] x', b"\x1b[2J\xff", b"b.c d"])

    (line,) = lines_of("log", observed(question=Question.of(name, RRType.A)))

    assert (
        r'"A IN a\"\032noerror\032qr\0321\0320s\010[info]\032x.\027[2j\255.b\.c\032d. udp' in line
    )


@given(st.lists(st.binary(min_size=1, max_size=20), max_size=4))
def test_no_name_makes_more_than_one_printable_line(labels: list[bytes]) -> None:
    exchange = observed(question=Question.of(from_labels(labels), RRType.A))

    line = compile_form(DEFAULT_FORM)(exchange)

    assert line.isascii()
    assert line.isprintable()
    assert line.replace(r"\"", "").count('"') == 2


@given(st.text(st.sampled_from("{}/>a remote"), max_size=30))
def test_any_format_can_be_used(form: str) -> None:
    compile_form(form)(observed())


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("log", (Rule(),)),
        ("log example.org", (Rule(from_text("example.org.")),)),
        ("log .", (Rule(),)),
        (
            "log a b {combined}",
            (Rule(from_text("a."), COMBINED_FORM), Rule(from_text("b."), COMBINED_FORM)),
        ),
        ('log . "x {name}"', (Rule(form="x {name}"),)),
        ("log a b", (Rule(from_text("a.")), Rule(from_text("b.")))),
        ("log 10.0.0.0/8", (Rule(from_text("10.in-addr.arpa.")),)),
        ("log\nlog a", (Rule(), Rule(from_text("a.")))),
        ("log {\nclass error\n}", (Rule(classes=frozenset({"error"})),)),
        (
            "log a b {combined} {\nclass denial error\n}",
            (
                Rule(from_text("a."), COMBINED_FORM, frozenset({"denial", "error"})),
                Rule(from_text("b."), COMBINED_FORM, frozenset({"denial", "error"})),
            ),
        ),
    ],
)
def test_rules_are_read(text: str, rules: tuple[Rule, ...]) -> None:
    assert settings_of(DIRECTIVE, text) == rules


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (
            "log {\nclass\n}",
            [
                (
                    "<class> log: Wrong argument count or unexpected line ending after 'class'",
                    "write: class all",
                )
            ],
        ),
        (
            "log {\nclass denials\n}",
            [
                (
                    (
                        "<denials> log: wrong value for class: denials, "
                        "must be one of: all, success, denial, error"
                    ),
                    "write: class denial",
                )
            ],
        ),
        (
            "log {\nclasses error\n}",
            [("<classes> log: unknown property 'classes'; did you mean 'class'?", "")],
        ),
        (
            "log a..b {common}",
            [("<a..b> log: zone is not a valid domain name: 'a..b' has an empty label", "")],
        ),
    ],
)
def test_mistakes(text: str, problems: list[tuple[str, str]]) -> None:
    assert problems_of(DIRECTIVE, text) == problems


@pytest.mark.parametrize(
    ("text", "warnings"),
    [
        ("log {common}", ["log: a single word is a name, so nothing will be logged"]),
        (
            'log . "{rflags} {name} {/a/b}"',
            ["log: '{rflags}' is printed as it is: no such placeholder"],
        ),
        ("log . {combined}", []),
        ("log . {common}", []),
    ],
)
def test_what_is_hardly_meant_is_warned_of(text: str, warnings: list[str]) -> None:
    assert warnings_of(DIRECTIVE, text) == warnings
