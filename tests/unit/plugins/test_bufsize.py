import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.plugins.bufsize import DIRECTIVE, build
from tests.support.directives import FixedScope, problems_of, settings_of, warnings_of


@pytest.mark.parametrize(
    ("text", "size"),
    [("bufsize", 1232), ('bufsize "1220"', 1220), ("bufsize 512", 512), ("bufsize 4096", 4096)],
)
def test_settings(text: str, size: int) -> None:
    settings = settings_of(DIRECTIVE, text)

    assert settings == size
    assert build(settings, FixedScope()).udp_limit == size


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("bufsize 511", "<511> bufsize: bufsize must be in range [512, 4096]: 511"),
        ("bufsize 4097", "<4097> bufsize: bufsize must be in range [512, 4096]: 4097"),
        ("bufsize 1k", "<1k> bufsize: '1k' is not a number of octets"),
        (
            "bufsize 512 512",
            "<512> bufsize: Wrong argument count or unexpected line ending after '512'",
        ),
    ],
)
def test_mistakes(text: str, problem: str) -> None:
    assert [found for found, _ in problems_of(DIRECTIVE, text)] == [problem]


def test_a_size_without_effect_is_warned_of() -> None:
    assert warnings_of(DIRECTIVE, "bufsize 4096") == [
        "bufsize: UDP responses never exceed 1232 octets, so this has no effect"
    ]
    assert not warnings_of(DIRECTIVE, "bufsize 1232")


def test_a_second_stanza_is_warned_of() -> None:
    assert warnings_of(DIRECTIVE, "bufsize 600\nbufsize 700") == [
        "bufsize: only the first 'bufsize' of a server block is used"
    ]
    assert settings_of(DIRECTIVE, "bufsize 600\nbufsize 700") == 600


@given(st.integers(-9999, 9999))
def test_sizes_that_rfc_6891_knows_are_taken(size: int) -> None:
    assert bool(problems_of(DIRECTIVE, f"bufsize {size}")) is not (512 <= size <= 4096)
