from collections.abc import Mapping

import pytest

from svcdns.answers.answer import Answer
from svcdns.answers.foreign import Outcome
from svcdns.plugins.file import DIRECTIVE, Settings, build
from svcdns.plugins.parts.file_zone import Access
from svcdns.route.stages import Steps
from svcdns.wire.codes import RCode, type_number
from svcdns.wire.name import from_text, to_text
from svcdns.wire.question import Query, Question
from tests.support.directives import FixedScope, problems_of, settings_of, warnings_of
from tests.support.following import MemoryFiles
from tests.support.stubs import FixedClient, question

PASSED_ON = Answer(RCode.REFUSED)
HEAD = "$TTL 60\n@ SOA ns hm 1 1 1 1 1\n@ NS ns\n"
FILES = MemoryFiles(
    db=f"{HEAD}ns A 192.0.2.1\nout CNAME www.other.net.\na.b A 192.0.2.3\ngone CNAME no\n",
    sub=f"{HEAD}x A 192.0.2.2\n",
)


def steps_of(text: str, files: MemoryFiles = FILES, scope: FixedScope | None = None) -> Steps:
    settings = settings_of(DIRECTIVE, text)
    return build(settings, scope or FixedScope(), Access(files.read, files.stamp))


def asked(steps: Steps, name: str, rrtype: str = "A", rrclass: int = 1) -> Answer:
    """What the steps say; `PASSED_ON` stands for the next directive."""
    assert steps.answer is not None
    query = Query(1, 0, question(name, type_number(rrtype), rrclass), None, 40)
    outcome = steps.answer(query, FixedClient())
    assert outcome is None or isinstance(outcome, Answer)
    return outcome or PASSED_ON


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("file db", {}),
        ("file db a.org b.org", {"zones": ("a.org", "b.org")}),
        ("file db {\n reload 10s\n}", {"reload": 10.0}),
        ("file db {\n reload 0\n}", {"reload": 0.0}),
        ("file db {\n reload 1m\n reload 2m\n}", {"reload": 120.0}),
        ("file db {\n reload_by_mtime\n}", {"by_mtime": True}),
        ("file db {\n upstream\n upstream 192.0.2.1\n}", {}),
        ("file db {\n fallthrough\n}", {"fallthrough": (".",)}),
        ("file db {\n fallthrough a.org b.org\n}", {"fallthrough": ("a.org", "b.org")}),
    ],
)
def test_accepted_spellings(text: str, settings: Mapping[str, object]) -> None:
    expected: dict[str, object] = {"path": "db", "zones": ("cluster.local",), **settings}
    for option in ("zones", "fallthrough"):
        if option in expected:
            expected[option] = tuple(map(from_text, expected[option]))  # type: ignore[call-overload]

    assert settings_of(DIRECTIVE, text) == (Settings(**expected),)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("file", "<file> file: Wrong argument count or unexpected line ending after 'file'"),
        ("file db {\n reload\n}", "<reload> file: Wrong argument count"),
        ("file db {\n reload -5s\n}", "<-5s> file: reload must be >= 0s: -5s"),
        ("file db {\n reload x\n}", "<x> file: "),
        ("file db {\n transfer to *\n}", "<transfer> file: unknown property 'transfer'"),
        ("file db {\n no_reload\n}", "<no_reload> file: unknown property 'no_reload'"),
    ],
)
def test_refused_spellings(text: str, problem: str) -> None:
    ((found, _), *_) = problems_of(DIRECTIVE, text)

    assert found.startswith(problem)


@pytest.mark.parametrize(
    "text",
    [
        "file db a.org\nfile db a.org",
        "file db {\n reload 5s 6s\n}",
        "file db {\n reload_by_mtime x\n}",
    ],
)
def test_what_has_no_effect_is_warned_of(text: str) -> None:
    assert warnings_of(DIRECTIVE, text)


def test_the_longest_zone_answers_and_names_of_none_are_passed_on() -> None:
    steps = steps_of("file db example.org\nfile sub sub.example.org")

    assert asked(steps, "ns.example.org").rcode == RCode.NOERROR
    assert asked(steps, "x.sub.example.org").rcode == RCode.NOERROR
    assert asked(steps, "ns.sub.example.org").rcode == RCode.NXDOMAIN
    assert asked(steps, "other.net") is PASSED_ON
    assert asked(steps, "ns.example.org", rrclass=3) is PASSED_ON


@pytest.mark.parametrize(
    ("options", "passed_on"),
    [
        ("file db example.org", False),
        ("file db example.org {\n fallthrough\n}", True),
        ("file db example.org {\n fallthrough example.org\n}", True),
        ("file db example.org {\n fallthrough sub.example.org\n}", False),
    ],
)
def test_a_missing_name_is_passed_on_only_where_fallthrough_says_so(
    options: str, *, passed_on: bool
) -> None:
    steps = steps_of(options)

    assert (asked(steps, "nope.example.org").rcode == RCode.REFUSED) == passed_on
    assert (asked(steps, "b.example.org").rcode == RCode.REFUSED) == passed_on
    assert asked(steps, "ns.example.org", "MX").rcode == RCode.NOERROR


@pytest.mark.parametrize(
    ("zone", "rrtype", "passed_on"),
    [
        ("example.org", "A", True),
        ("example.org", "DS", True),
        ("example.org", "SOA", False),
        ("example.org", "NS", False),
        ("example.org", "AXFR", False),
        ("full.org", "A", False),
    ],
)
def test_an_apex_of_nothing_but_soa_and_ns_is_passed_on_like_a_missing_name(
    zone: str, rrtype: str, *, passed_on: bool
) -> None:
    files = MemoryFiles(db=f"{HEAD}ns A 192.0.2.1\n", full=f"{HEAD}@ TXT x\nns A 192.0.2.1\n")
    text = "file db example.org {\n fallthrough\n}\nfile full full.org {\n fallthrough\n}"

    answer = asked(steps_of(text, files), zone, rrtype)

    assert (answer is PASSED_ON) == passed_on


class DenyingScope(FixedScope):
    """A server in which no name exists but those of `file`."""

    def ask(self, question: Question) -> Outcome:
        self.lines.append(to_text(question.owner))
        return Answer(RCode.NXDOMAIN)


def test_an_alias_is_never_passed_on_and_its_target_may_be() -> None:
    scope = DenyingScope()
    steps = steps_of("file db example.org {\n fallthrough\n}", scope=scope)

    answers = [asked(steps, f"{name}.example.org") for name in ("gone", "out")]

    assert all(one.answer and one.rcode == RCode.NXDOMAIN for one in answers)
    assert scope.lines == ["no.example.org.", "www.other.net."]


def test_a_zone_that_cannot_be_read_fails_and_says_so() -> None:
    scope = FixedScope()
    steps = steps_of("file gone example.org", scope=scope)

    outcome = asked(steps, "www.example.org")

    assert outcome.rcode == RCode.SERVFAIL
    assert outcome.reason is not None
    assert "could not be read from gone" in outcome.reason.text()
    (line,) = scope.lines
    assert line.startswith('[ERROR] plugin/file: Failed to open zone "example.org." in "gone": no')


def test_a_relative_file_is_below_the_root() -> None:
    scope = FixedScope()
    scope.root = "/zones"

    steps_of("file db example.org", scope=scope)

    assert '"/zones/db"' in scope.lines[0]


def test_zones_are_offered_for_transfer() -> None:
    scope = FixedScope()

    steps_of("file db example.org\nfile gone example.net", scope=scope)

    read, unread = scope.offers.zones
    assert (read.name, read.serial(), read.notifies) == (from_text("example.org"), 1, True)
    assert [rrset.rrtype for rrset in read.rrsets()] == [6, 2, 1, 5, 1, 5]
    assert (unread.serial(), list(unread.rrsets())) == (0, [])


def test_files_that_are_never_read_again_need_no_looking_after() -> None:
    assert steps_of("file db example.org {\n reload 0\n}").run is None
    assert steps_of("file db example.org").run is not None
