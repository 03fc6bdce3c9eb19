from svcdns.plugins.debug import DIRECTIVE
from tests.support.directives import FixedScope, problems_of, settings_of


def test_it_asks_for_debug_lines() -> None:
    settings = settings_of(DIRECTIVE, "debug\ndebug")

    assert DIRECTIVE.build(settings, FixedScope()).debug


def test_it_takes_no_words() -> None:
    assert problems_of(DIRECTIVE, "debug yes") == [
        (
            "<yes> debug: Wrong argument count or unexpected line ending after 'yes'",
            "take out: yes",
        )
    ]
