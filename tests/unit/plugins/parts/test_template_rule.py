import pytest

from svcdns.answers.go_template import Struct, compile_template
from svcdns.plugins.parts.template_rule import WHOLE, Labels, RecordError, Rule, values_of
from svcdns.route.patterns import compile_pattern
from svcdns.wire.codes import RRClass, RRType
from svcdns.wire.name import OwnerName, from_text
from svcdns.wire.question import Query, Question
from svcdns.wire.rrset import RRset
from tests.support.stubs import FixedClient, question

EXAMPLE = from_text("example.")


def rule(*answers: str, **fields: object) -> Rule:
    templates = tuple(compile_template(answer, WHOLE) for answer in answers)
    given = {"rrclass": 1, "rrtype": 1, "zones": (EXAMPLE,)} | fields
    return Rule("Corefile:2", answer=templates, **given)  # type: ignore[arg-type]


def query(name: str = "a.example.", rrtype: int = 1, rrclass: int = 1) -> Query:
    return Query(7, 0x0100, question(name, rrtype, rrclass), None, 29)


@pytest.mark.parametrize(
    ("name", "rrtype", "rrclass", "is_meant"),
    [
        ("a.example.", RRType.A, RRClass.IN, True),
        ("example.", RRType.A, RRClass.IN, True),
        ("a.test.", RRType.A, RRClass.IN, False),
        ("a.example.", RRType.AAAA, RRClass.IN, False),
        ("a.example.", RRType.A, RRClass.CH, False),
        ("a.example.", RRType.ANY, RRClass.IN, True),
        ("a.example.", RRType.A, RRClass.ANY, True),
    ],
)
def test_zone_type_and_class_say_whom_it_is_for(
    name: str, rrtype: int, rrclass: int, *, is_meant: bool
) -> None:
    assert (rule().zone_for(query(name, rrtype, rrclass)) == EXAMPLE) is is_meant


def test_any_is_for_every_type_and_class() -> None:
    meant = rule(rrclass=RRClass.ANY, rrtype=RRType.ANY)

    assert meant.zone_for(query(rrtype=RRType.MX, rrclass=RRClass.CH)) == EXAMPLE


def test_the_longest_zone_counts() -> None:
    zones = (EXAMPLE, from_text("a.example."), from_text("x.a.example."))

    assert rule(zones=zones).zone_for(query("b.a.example.")) == from_text("a.example.")


def test_the_first_pattern_that_matches_counts() -> None:
    first, second = compile_pattern(r"^x(\d)?"), compile_pattern(r"^(?P<a>a)[.]")
    meant = rule(patterns=(first, second))

    assert meant.match("x.example.") == (first, ("x", ""))
    assert meant.match("a.example.") == (second, ("a.", "a"))
    assert meant.match("b.example.") is None
    assert rule().match("b.example.") == (None, ("b.example.",))


def test_fallthrough_is_for_names_below_its_zones() -> None:
    passing = rule(fallthrough=(from_text("a.example."),))

    assert passing.passes_on(from_text("b.a.example."))
    assert not passing.passes_on(from_text("b.example."))
    assert not rule().passes_on(from_text("b.a.example."))


@pytest.mark.parametrize(
    ("asked", "labels"),
    [
        (query(), Labels("example.", "IN", "A")),
        (query(rrtype=RRType.ANY), Labels("example.", "IN", "A")),
        (query(rrclass=RRClass.ANY), Labels("example.", "IN", "A")),
        (query(rrtype=4321), Labels("example.", "IN", "")),
    ],
)
def test_metrics_name_zone_class_and_type(asked: Query, labels: Labels) -> None:
    assert rule().labels(asked, EXAMPLE) == labels


def values(asked: Query, meant: Rule) -> Struct:
    matched = meant.match("ip-10.example.")
    assert matched is not None
    client = FixedClient("10.244.0.7")
    meta = [lambda *_: {"kubernetes/service": "web"}]
    return values_of(asked, client, meant.labels(asked, EXAMPLE), matched, meta)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{{ .Name }}", "ip-10.example."),
        ("{{ .Zone }} {{ .Class }} {{ .Type }}", "example. IN A"),
        ("{{ .Match }} {{ index .Match 1 }}", "[ip-10. 10] 10"),
        ("{{ .Group.a }} {{ index .Group `1` }}", "10 10"),
        ("{{ .Regex }}", r"^ip-(?P<a>\d+)[.]"),
        ("{{ .Remote }}", "10.244.0.7"),
        ('{{ .Meta "kubernetes/service" }}{{ .Meta "nope" }}', "web"),
        ("{{ .Question.Name }} {{ .Question.Qtype }} {{ .Question.Qclass }}", "iP-10.example. 1 1"),
        ("{{ .Message.Id }} {{ .Message.Opcode }} {{ .Message.Response }}", "7 0 false"),
        ("{{ .Message.RecursionDesired }} {{ .Message.CheckingDisabled }}", "true false"),
        ("{{ range .Message.Question }}{{ .Name }}{{ end }}", "iP-10.example."),
        ("{{ (index .Message.Question 0).Qtype }}", "1"),
    ],
)
def test_a_template_knows_the_question(text: str, found: str) -> None:
    meant = rule(patterns=(compile_pattern(r"^ip-(?P<a>\d+)[.]"),))

    made = values(query("iP-10.example."), meant)

    assert compile_template(text, WHOLE).render(made) == found


@pytest.mark.parametrize(
    ("text", "is_alike"),
    [
        ("{{ .Name }} 60 IN A 192.0.2.1", True),
        ("{{ .Zone }}{{ .Match }}{{ .Group }}{{ .Type }}{{ .Class }}{{ .Regex }}", True),
        ("{{ .Remote }}", False),
        ('{{ .Meta "a/b" }}', False),
        ("{{ .Question.Name }}", False),
        ("{{ .Message.Id }}", False),
        ("{{ with $ }}{{ .Remote }}{{ end }}", False),
    ],
)
def test_what_uses_more_than_the_question_is_not_kept(text: str, *, is_alike: bool) -> None:
    assert rule(text).depends_on_question_alone is is_alike


def test_records_that_belong_together_are_one_set() -> None:
    meant = rule(
        "{{ .Name }} 60 IN A 192.0.2.1",
        "{{ .Name }} 60 IN A 192.0.2.2",
        "{{ .Name }} 61 IN A 192.0.2.3",
        "b.example IN CNAME c.example",
        "b.example IN CNAME d.example",
        "",
        "{{ if eq .Type `MX` }}never a record{{ end }}",
    )

    answer = meant.records(values(query(), meant)).answer

    owner = from_text("a.example.")
    assert answer == (
        RRset(owner, RRType.A, 60, (b"\xc0\0\2\1", b"\xc0\0\2\2")),
        RRset(owner, RRType.A, 61, (b"\xc0\0\2\3",)),
        RRset(from_text("b.example"), RRType.CNAME, 3600, (from_text("c.example"),)),
        RRset(from_text("b.example"), RRType.CNAME, 3600, (from_text("d.example"),)),
    )


@pytest.mark.parametrize(
    ("text", "problem", "rendered"),
    [
        ("{{ index .Match 7 }}", "index: 7 is out of range", False),
        ("{{ .Name }} 60 IN A 1.2.3.400", "'a.example. 60 IN A 1.2.3.400' is not a record", True),
        ("{{ .Name }} 60 IN A 192.0.2.1\n{{ .Name }} 60 IN A 192.0.2.2", "more than one", True),
    ],
)
def test_what_makes_no_record_says_why(text: str, problem: str, *, rendered: bool) -> None:
    meant = rule(text)

    with pytest.raises(RecordError, match=problem) as caught:
        meant.records(values(query(), meant))

    assert (caught.value.section, caught.value.template) == ("answer", text)
    assert caught.value.rendered is rendered


def test_every_template_is_known_by_its_section() -> None:
    one = compile_template("a", WHOLE)
    meant = rule("b", authority=(one,), additional=(one,))

    assert [section for section, _ in meant.templates] == ["answer", "authority", "additional"]


def test_a_name_cannot_smuggle_a_record() -> None:
    owner = OwnerName(b'\x16x 1 IN A 1.1.1.1\n;( "\\' + b"\x07example\0")
    meant = rule("{{ .Name }} 60 IN TXT {{ .Zone }}")
    asked = Query(7, 0, Question.of(owner, 1), None, 29)
    matched = (None, ("",))

    made = values_of(asked, FixedClient(), Labels("example.", "IN", "A"), matched, [])

    assert [rrset.owner for rrset in meant.records(made).answer] == [owner.lower()]
