import pytest

from svcdns.plugins.metadata import DIRECTIVE
from tests.support.directives import FixedScope, problems_of, settings_of


@pytest.mark.parametrize(
    ("text", "zones"),
    [
        pytest.param("metadata", ("cluster.local.",), id="the block's zones"),
        ("metadata Example.ORG .", ("example.org.", ".")),
        ("metadata 10.0.0.0/8", ("10.in-addr.arpa.",)),
    ],
)
def test_zones_are_read(text: str, zones: tuple[str, ...]) -> None:
    assert settings_of(DIRECTIVE, text) == zones


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (
            "metadata\nmetadata",
            [
                (
                    "<metadata> metadata: this plugin can only be used once per Server Block",
                    "the first one is at Corefile:2: make one of them",
                )
            ],
        ),
        (
            "metadata {\nx\n}",
            [("<metadata> metadata: 'metadata' takes no block", "take the braces out")],
        ),
    ],
)
def test_mistakes(text: str, problems: list[tuple[str, str]]) -> None:
    assert problems_of(DIRECTIVE, text) == problems


def test_it_asks_for_labels_to_be_collected() -> None:
    assert DIRECTIVE.build((".",), FixedScope()).labelled


def test_zones_do_not_narrow_for_which_names_labels_are_collected() -> None:
    settings = settings_of(DIRECTIVE, "metadata elsewhere.example")

    assert DIRECTIVE.build(settings, FixedScope()).labelled
