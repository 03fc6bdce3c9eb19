"""From server blocks to plans, from plans to routes."""

import pytest

from svcdns.answers.answer import Answer
from svcdns.corefile.arguments import Arguments
from svcdns.corefile.errors import CorefileError
from svcdns.route.compile import Built, Findings, build, examine, read
from svcdns.route.directive import Directive, Scope
from svcdns.route.stages import AnswerStep, HealthListener, MetricsListener, Steps
from svcdns.wire.question import read_query
from tests.support.corefiles import good, read_text, said
from tests.support.directives import FixedScope
from tests.support.stubs import FixedClient, packet, question

QUERY = read_query(packet(question("www.example.")))
CLIENT = FixedClient()


def plain(name: str, steps: Steps | None = None) -> Directive:
    """A directive whose settings are the words of all its stanzas."""

    def parse(arguments: Arguments) -> list[str]:
        return [token.text for stanza in arguments for token in stanza.rest()]

    def build_it(_: list[str], __: Scope) -> Steps:
        return steps or Steps()

    return Directive(name, parse, build_it)


def complaining(name: str) -> Directive:
    """A directive that finds something wrong with every stanza, and something odd."""

    def parse(arguments: Arguments) -> None:
        for stanza in arguments:
            stanza.mistake("is wrong", "do it right")
            stanza.warning("is odd")
            stanza.skip()

    return Directive(name, parse, lambda *_: Steps())


def findings(text: str, *directives: Directive, **unsupported: str) -> Findings:
    return examine(good(text), directives, unsupported)


def built(text: str, *directives: Directive) -> Built:
    (plan,) = read(good(text), directives, {})
    return build(plan, FixedScope())


def test_settings_are_in_the_order_of_the_directives_not_of_the_corefile() -> None:
    (plan,) = findings(
        ". {\n whoami\n log\n errors\n}", *map(plain, ("errors", "log", "whoami"))
    ).plans

    assert [directive.name for directive, _ in plan.settings] == ["errors", "log", "whoami"]


def test_a_directive_is_parsed_once_with_all_its_stanzas_of_a_block() -> None:
    plans = findings("a {\n log x\n log y\n}\nb {\n log z\n}", plain("log")).plans

    assert [[settings for _, settings in plan.settings] for plan in plans] == [
        [["x", "y"]],
        [["z"]],
    ]


def test_every_mistake_of_every_block_is_found_in_the_order_of_the_text() -> None:
    found = findings(
        "a {\n whoami\n log\n}\ntls://b {\n log\n forward . 10.0.0.1\n}",
        complaining("log"),
        complaining("whoami"),
        forward="it asks others",
    )

    assert [said(mistake) for mistake in found.mistakes] == [
        "2 <whoami> whoami: is wrong",
        "3 <log> log: is wrong",
        "5 <tls://b> 'tls://' is not supported yet",
        "6 <log> log: is wrong",
        "7 <forward> 'forward' is not supported yet",
    ]
    assert [mistake.hint for mistake in found.mistakes][3:] == ["do it right", "it asks others"]
    assert [said(warning) for warning in found.warnings] == [
        "2 <whoami> whoami: is odd",
        "3 <log> log: is odd",
        "6 <log> log: is odd",
    ]


def test_a_directive_nobody_has_a_word_for_can_only_be_taken_out() -> None:
    (mistake,) = findings(". {\n erratic\n}").mistakes

    assert mistake.hint == "take the line out"


def test_words_that_nobody_reads_are_a_mistake() -> None:
    reads_nothing = Directive("log", lambda _: None, lambda *_: Steps())

    (mistake,) = findings(". {\n log x\n}", reads_nothing).mistakes

    assert said(mistake).startswith("2 <")


def test_with_a_mistake_there_are_no_plans_only_the_error() -> None:
    corefile = good(". {\n log\n}")

    with pytest.raises(CorefileError) as caught:
        read(corefile, [complaining("log")], {})

    assert [said(mistake) for mistake in caught.value.mistakes] == ["2 <log> log: is wrong"]
    assert [said(warning) for warning in caught.value.warnings] == ["2 <log> log: is odd"]


def test_mistakes_of_the_text_and_of_the_stanzas_come_in_one_error() -> None:
    reading = read_text("a {\n log\n}\nb {\n whoamI\n log\n}\n")

    with pytest.raises(CorefileError) as caught:
        read(reading.corefile, [complaining("log")], {}, reading.mistakes)

    assert [mistake.where.line for mistake in caught.value.mistakes] == [2, 5, 6]


def test_there_is_a_route_for_each_key() -> None:
    answer = Answer()
    routes = built(
        "b.example a.example 10.0.0.0/15 a.example:1053 {\n whoami\n}",
        plain("whoami", Steps(answer=lambda *_: answer)),
    ).routes

    assert [route.zone for route in routes] == [
        *("b.example.", "a.example.", "0.10.in-addr.arpa.", "1.10.in-addr.arpa."),
    ]
    assert all(route.answer(QUERY, CLIENT) is answer for route in routes)
    assert not any(route.refuses for route in routes)


def test_steps_run_in_the_order_of_the_directives() -> None:
    asked: list[str] = []

    def passes(name: str) -> AnswerStep:
        return lambda *_: asked.append(name)

    (route,) = built(
        ". {\n whoami\n kubernetes\n}",
        plain("kubernetes", Steps(answer=passes("first"))),
        plain("whoami", Steps(answer=passes("second"))),
    ).routes

    route.answer(QUERY, CLIENT)

    assert asked == ["first", "second"]


def test_an_empty_block_refuses() -> None:
    (route,) = built(". {\n}").routes

    assert route.refuses


def test_flags_of_any_directive_are_the_routes() -> None:
    (neither,) = built(". {\n log\n errors\n}", plain("errors"), plain("log")).routes
    (both,) = built(
        ". {\n log\n errors\n}",
        plain("errors", Steps(measured=True)),
        plain("log", Steps(rotate=True)),
    ).routes

    assert (neither.measured, neither.rotate) == (False, False)
    assert (both.measured, both.rotate) == (True, True)


def test_metadata_is_collected_only_for_a_block_that_wants_labels() -> None:
    labels = plain("kubernetes", Steps(metadata=lambda *_: {"k": "v"}))
    wants = plain("metadata", Steps(labelled=True))

    (without,) = built(". {\n kubernetes\n}", wants, labels).routes
    (with_labels,) = built(". {\n kubernetes\n metadata\n}", wants, labels).routes

    assert without.metadata_steps == ()
    assert len(with_labels.metadata_steps) == 1


def test_observers_of_all_of_errors_and_of_failures_are_kept_apart() -> None:
    def see(_: object) -> None:
        raise AssertionError

    (route,) = built(
        ". {\n log\n errors\n}",
        plain("errors", Steps(observe_failure=see)),
        plain("log", Steps(observe=see, observe_error=see)),
    ).routes

    assert route.observe_steps == route.error_steps == route.failure_steps == (see,)


def test_what_directives_want_opened_is_collected() -> None:
    health, metrics = HealthListener(":8080", 5.0), MetricsListener(":9153")

    one = built(
        ". {\n prometheus\n health\n}",
        plain("health", Steps(declarations=(health,))),
        plain("prometheus", Steps(declarations=(metrics,))),
    )

    assert one.declarations == (health, metrics)
    assert [name for name, _ in one.steps] == ["health", "prometheus"]


def test_only_what_is_wanted_is_built() -> None:
    (plan,) = read(good(". {\n health\n log\n}"), [plain("health"), plain("log")], {})

    one = build(plan, FixedScope(), wanted=lambda name: name != "health")

    assert [name for name, _ in one.steps] == ["log"]


def test_directives_know_where_relative_file_names_begin() -> None:
    def parse(arguments: Arguments) -> list[str]:
        return [stanza.root for stanza in arguments]

    rooted = Directive("whoami", parse, lambda _, __: Steps())
    text = ". {\n root /a\n whoami\n root /b\n}\nexample {\n whoami\n}\n"

    plans = read(good(text), [plain("root"), rooted], {})

    assert [{one.name: found for one, found in plan.settings}["whoami"] for plan in plans] == [
        ["/b"],
        [""],
    ]
