from functools import partial

import pytest

from svcdns.answers.answer import Answer
from svcdns.plugins.hosts import DIRECTIVE, Settings, build
from svcdns.route.stages import Steps
from svcdns.telemetry.plugin_metrics import HOSTS_ENTRIES, HOSTS_RELOADED
from svcdns.wire.codes import RCode, type_number
from svcdns.wire.name import from_text, reverse_name
from svcdns.wire.question import Query, Question
from tests.support.directives import FixedScope, problems_of, settings_of, warnings_of
from tests.support.following import MemoryFiles, TellingScope, running
from tests.support.stubs import FixedClient, question

PASSED_ON = Answer(RCode.REFUSED)


def steps_of(options: str, files: MemoryFiles, scope: FixedScope | None = None) -> Steps:
    settings = settings_of(DIRECTIVE, options)
    return build(settings, scope or FixedScope(), files.read, files.stamp, lambda: 1700.0)


def asked(steps: Steps, name: str, rrtype: str = "A", rrclass: int = 1) -> Answer:
    """What the steps say; `PASSED_ON` stands for the next directive."""
    query = Query(1, 0, question(name, type_number(rrtype), rrclass), None, 40)
    assert steps.answer is not None
    found = steps.answer(query, FixedClient())
    assert found is None or isinstance(found, Answer)
    return found or PASSED_ON


def reached(steps: Steps, name: str) -> bool:
    """Whether the steps have a name now."""
    assert steps.reach is not None
    assert steps.reach.has is not None
    return steps.reach.has(from_text(name))


def file(text: str) -> MemoryFiles:
    """One file, under the two names that the tests have for it."""
    return MemoryFiles(**{"FILE": text, "/etc/hosts": text})


def is_passed_on(outcome: Answer) -> bool:
    return outcome is PASSED_ON


HOSTS = "192.0.2.1 a.cluster.local\n192.0.2.2 b.other.net"


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("hosts", {}),
        ("hosts FILE", {"path": "FILE"}),
        ("hosts FILE a.org b.org", {"path": "FILE", "zones": ("a.org", "b.org")}),
        ("hosts {\n ttl 60\n}", {"ttl": 60}),
        ("hosts {\n ttl 60\n ttl 65535\n}", {"ttl": 65_535}),
        ("hosts {\n no_reverse\n}", {"reverse": False}),
        ("hosts {\n reload 15s\n}", {"reload": 15.0}),
        ("hosts {\n reload 0\n}", {"reload": 0.0}),
        ("hosts {\n fallthrough\n}", {"fallthrough": (".",)}),
        ("hosts {\n fallthrough a.org\n}", {"fallthrough": ("a.org",)}),
        (
            "hosts {\n fallthrough_unsupported\n fallthrough\n}",
            {"fallthrough": (".",), "fallthrough_unsupported": True},
        ),
    ],
)
def test_accepted_spellings(text: str, settings: dict[str, object]) -> None:
    expected = {"path": "/etc/hosts", "zones": ("cluster.local",)} | settings
    for option in ("zones", "fallthrough"):
        if option in expected:
            expected[option] = tuple(from_text(name) for name in expected[option])  # type: ignore[attr-defined]

    assert settings_of(DIRECTIVE, text) == Settings(**expected)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("hosts {\n ttl 0\n}", "<0> hosts: ttl must be in range [1, 65535]: 0"),
        ("hosts {\n ttl 65536\n}", "<65536> hosts: ttl must be in range [1, 65535]: 65536"),
        ("hosts {\n ttl x\n}", "<x> hosts: 'x' is not a number of seconds"),
        ("hosts {\n ttl\n}", "<ttl> hosts: Wrong argument count or unexpected line ending"),
        ("hosts {\n reload\n}", "<reload> hosts: Wrong argument count or unexpected line ending"),
        ("hosts {\n reload 5\n}", "<5> hosts: "),
        ("hosts {\n reload -5s\n}", "<-5s> hosts: reload must be >= 0s: -5s"),
        ("hosts {\n reload 5s 6s\n}", "<6s> hosts: Wrong argument count"),
        (
            "hosts {\n fallthrough\n 192.0.2.1 a\n}",
            "<192.0.2.1> hosts: unknown property '192.0.2.1'",
        ),
        ("hosts {\n fallthrough_unsupported\n}", "<hosts> hosts: fallthrough_unsupported requires"),
        ("hosts {\n fallthrough\n fallthrough_unsupported x\n}", "<x> hosts: Wrong argument count"),
        ("hosts\nhosts", "<hosts> hosts: this plugin can only be used once per Server Block"),
    ],
)
def test_refused_spellings(text: str, problem: str) -> None:
    found = problems_of(DIRECTIVE, text)

    assert found
    assert found[0][0].startswith(problem), found


@pytest.mark.parametrize(
    "text",
    [
        "hosts {\n ttl 5 6\n}",
        "hosts {\n no_reverse x\n}",
        "hosts {\n name address\n}",
        "hosts {\n 192.0.2.1 a..b\n}",
    ],
)
def test_what_has_no_effect_is_warned_of(text: str) -> None:
    assert warnings_of(DIRECTIVE, text)
    assert settings_of(DIRECTIVE, text)


def test_names_in_the_zones_are_answered_and_others_passed_on() -> None:
    steps = steps_of("hosts", file(HOSTS))

    assert asked(steps, "A.cluster.local").answer[0].records == (b"\xc0\0\2\1",)
    assert is_passed_on(asked(steps, "b.other.net"))
    assert is_passed_on(asked(steps, "a.cluster.local", rrclass=3))


def test_a_name_without_the_type_has_no_records_and_no_soa() -> None:
    answer = asked(steps_of("hosts", file(HOSTS)), "a.cluster.local", "MX")

    assert isinstance(answer, Answer)
    assert (answer.rcode, answer.answer, answer.authority) == (RCode.NOERROR, (), None)


@pytest.mark.parametrize(
    ("options", "passed_on"),
    [
        ("hosts", False),
        ("hosts {\n fallthrough\n}", True),
        ("hosts {\n fallthrough cluster.local\n}", True),
        ("hosts {\n fallthrough x.cluster.local\n}", False),
    ],
)
def test_an_unknown_name_is_passed_on_only_where_fallthrough_says_so(
    options: str, *, passed_on: bool
) -> None:
    answer = asked(steps_of(options, file(HOSTS)), "nope.cluster.local")

    assert is_passed_on(answer) == passed_on
    assert passed_on or answer.rcode == RCode.SERVFAIL


def test_other_types_of_a_known_name_are_passed_on_with_fallthrough_unsupported() -> None:
    options = "hosts {\n fallthrough\n fallthrough_unsupported\n}"
    steps = steps_of(options, file(HOSTS))

    assert is_passed_on(asked(steps, "a.cluster.local", "MX"))
    assert not is_passed_on(asked(steps, "a.cluster.local", "AAAA"))


def pointer(steps: Steps, address: bytes) -> bool:
    """Whether the address has a name."""
    query = Query(1, 0, Question.of(reverse_name(address), 12), None, 40)
    assert steps.answer is not None
    return steps.answer(query, FixedClient()) is not None


def test_addresses_have_names_also_outside_the_zones() -> None:
    assert pointer(steps_of("hosts", file(HOSTS)), b"\xc0\0\2\1")
    assert not pointer(steps_of("hosts", file(HOSTS)), b"\xc0\0\2\2")
    assert not pointer(steps_of("hosts {\n no_reverse\n}", file(HOSTS)), b"\xc0\0\2\1")


def test_lines_of_the_corefile_come_after_those_of_the_file() -> None:
    steps = steps_of("hosts {\n 192.0.2.9 A.cluster.local x.other.net\n}", file(HOSTS))

    (rrset,) = asked(steps, "a.cluster.local").answer

    assert rrset.records == (b"\xc0\0\2\1", b"\xc0\0\2\x09")


def test_a_file_that_is_missing_is_warned_of() -> None:
    scope = FixedScope()

    steps = steps_of("hosts FILE {\n 192.0.2.9 a.cluster.local\n}", MemoryFiles(), scope)

    assert scope.lines == ["[WARNING] plugin/hosts: File does not exist: FILE"]
    assert asked(steps, "a.cluster.local").rcode == RCode.NOERROR


def test_bad_lines_are_named_the_first_ten_of_them() -> None:
    scope = FixedScope()

    steps_of("hosts FILE", file("x a\n" * 12), scope)

    assert scope.lines[0] == "[WARNING] plugin/hosts: FILE:1: 'x' is not an IP address"
    assert scope.lines[10:] == ["[WARNING] plugin/hosts: FILE: 2 more lines have mistakes"]


def test_a_relative_file_is_below_the_root() -> None:
    scope = FixedScope()
    scope.root = "/etc/svcdns"

    steps_of("hosts FILE", MemoryFiles(), scope)

    assert scope.lines == ["[WARNING] plugin/hosts: File does not exist: /etc/svcdns/FILE"]


def test_a_file_that_is_never_read_again_needs_no_looking_after() -> None:
    assert steps_of("hosts {\n reload 0\n}", file(HOSTS)).run is None


async def test_a_changed_file_is_taken_in_and_answers_are_dropped() -> None:
    files, scope = file(HOSTS), TellingScope()
    steps = steps_of("hosts FILE {\n reload 1ms\n fallthrough\n}", files, scope)
    has = partial(reached, steps)
    before = has("a.cluster.local"), has("new.cluster.local")

    with running(steps):
        files.write("FILE", "192.0.2.7 a.cluster.local new.cluster.local")
        await scope.until(lambda: bool(scope.forgotten))

    assert before == (True, False)
    assert has("a.cluster.local")
    assert has("new.cluster.local")
    assert asked(steps, "a.cluster.local").answer[0].records == (b"\xc0\0\2\7",)
    assert scope.metrics.numbers[HOSTS_ENTRIES.name] == {("FILE",): 4}
    assert scope.metrics.numbers[HOSTS_RELOADED.name] == {(): 1700.0}


async def test_a_file_that_cannot_be_read_any_more_leaves_what_was_known() -> None:
    files, scope = file(HOSTS), TellingScope()
    steps = steps_of("hosts FILE {\n reload 1ms\n}", files, scope)

    with running(steps):
        files.write("FILE", None)
        await scope.until(lambda: bool(scope.lines))

    assert scope.lines[0].startswith("[WARNING] plugin/hosts: Failed to read hosts file 'FILE'")
    assert asked(steps, "a.cluster.local").rcode == RCode.NOERROR
