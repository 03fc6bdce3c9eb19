"""RE2 and nothing else: what it finds, what it refuses and how it says so."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.route.patterns import MAX_PATTERN, compile_pattern

FOREIGN = " (RE2 knows neither back-references nor look-around)"


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        pytest.param(".* i/o timeout$", "read udp: i/o timeout", True, id="CoreDNS's example"),
        pytest.param(".* i/o timeout$", "i/o timeout once", False, id="end of text"),
        pytest.param("timeout", "i/o timeout once", True, id="anywhere, not only at the start"),
        pytest.param("(?i)TIMEOUT", "i/o timeout", True, id="flags"),
        pytest.param(r"\pL+", "é", True, id="Unicode class"),
        pytest.param(r"a\z", "a", True, id="end of text, RE2's spelling"),
        pytest.param("", "anything", True, id="empty pattern"),
    ],
)
def test_a_pattern_is_looked_for_as_go_does(pattern: str, text: str, *, found: bool) -> None:
    assert compile_pattern(pattern).is_found_in(text) is found


@pytest.mark.parametrize(
    ("pattern", "text", "groups"),
    [
        (r"(\w+)-(\w+)", "a ftp-west b", ("ftp-west", "ftp", "west")),
        ("a(?:b)(c)?(?P<name>d)?", "abd", ("abd", "", "d")),
        ("a", "bab", ("a",)),
        ("", "", ("",)),
        ("(a)", "b", None),
    ],
)
def test_groups_hold_what_the_first_match_has(
    pattern: str, text: str, groups: tuple[str, ...] | None
) -> None:
    compiled = compile_pattern(pattern)

    assert compiled.groups(text) == groups
    assert groups is None or compiled.group_count == len(groups) - 1


@pytest.mark.parametrize(
    ("pattern", "sentence"),
    [
        ("[", "'[' is not a regular expression: missing ]: ["),
        ("*a", "'*a' is not a regular expression: no argument for repetition operator: *"),
        (r"\q", r"'\q' is not a regular expression: invalid escape sequence: \q"),
        (
            r"(a)\1",
            r"'(a)\1' is not a regular expression: invalid escape sequence: \1" + FOREIGN,
        ),
        (
            "(?<=a)b",
            "'(?<=a)b' is not a regular expression: invalid perl operator: (?<=" + FOREIGN,
        ),
        ("a\udc80", "the regular expression is not text in UTF-8"),
        (
            "x" * (MAX_PATTERN + 1),
            "a regular expression of 10,001 characters is too long: at most 10,000 are read",
        ),
    ],
)
def test_what_is_not_re2_is_refused_in_one_sentence(pattern: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        compile_pattern(pattern)

    assert str(caught.value) == sentence


def test_a_long_pattern_is_quoted_in_part() -> None:
    with pytest.raises(ValueError, match=r"'x{57}\.\.\.' is not") as caught:
        compile_pattern("x" * 100 + "[")

    assert len(str(caught.value)) < 200


def test_groups_are_known_by_number_and_some_by_name() -> None:
    pattern = compile_pattern(r"(a)(?P<second>b)?(?P<third>c)")

    assert (pattern.group_count, pattern.group_names) == (3, {"second": 2, "third": 3})


def test_the_longest_pattern_allowed_is_compiled() -> None:
    assert compile_pattern("x" * MAX_PATTERN).is_found_in("x" * MAX_PATTERN)


def test_nested_repetition_stays_linear() -> None:
    assert not compile_pattern("(a*)*b").is_found_in("a" * 5_000)


@given(st.text(max_size=40))
def test_any_text_gives_a_pattern_or_a_sentence(text: str) -> None:
    try:
        pattern = compile_pattern(text)
    except ValueError as error:
        sentence = str(error)
    else:
        sentence = f"'{pattern.text}' is one"

    assert sentence.startswith(f"'{text}' is ")


def test_the_library_writes_nothing_of_its_own(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="regular expression"):
        compile_pattern("[")

    assert capfd.readouterr() == ("", "")
