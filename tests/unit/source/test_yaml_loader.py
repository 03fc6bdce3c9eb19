"""YAML means what Kubernetes takes it to mean, and a mistake is found where it stands."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from svcdns.source.yaml_loader import Remark, YamlDocument, YamlError, documents, line_of


@pytest.fixture(params=["libyaml", "pure Python"], autouse=True)
def _loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run every test with the parser in C and with the one in Python."""
    if request.param == "pure Python":
        monkeypatch.setattr("svcdns.source.yaml_loader._LOADER", yaml.SafeLoader)


def contents(text: str) -> list[object]:
    return [document.content for document in documents(text.encode())]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        pytest.param("yes", "yes", id="yes"),
        pytest.param("No", "No", id="No"),
        pytest.param("on", "on", id="on"),
        pytest.param("y", "y", id="y"),
        pytest.param("1:30", "1:30", id="minutes"),
        pytest.param("190:20:30", "190:20:30", id="hours"),
        pytest.param("017", "017", id="octal"),
        pytest.param("0x1F", "0x1F", id="hexadecimal"),
        pytest.param("0b11", "0b11", id="binary"),
        pytest.param("1_000", "1_000", id="underscore"),
        pytest.param("2026-01-01", "2026-01-01", id="day"),
        pytest.param("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", id="time"),
        pytest.param("1.10", "1.10", id="version"),
        pytest.param("1e3", "1e3", id="exponent"),
        pytest.param(".5", ".5", id="fraction"),
        pytest.param(".inf", ".inf", id="infinity"),
        pytest.param("=", "=", id="value tag of YAML 1.1"),
        pytest.param("<<", "<<", id="merge sign as a value"),
        pytest.param("fd00::1", "fd00::1", id="IPv6 address"),
        pytest.param("10.96.0.1", "10.96.0.1", id="IPv4 address"),
        pytest.param("+", "+", id="sign alone"),
        pytest.param("9" * 19, "9" * 19, id="more digits than any field wants"),
        pytest.param("true", True, id="true"),
        pytest.param("False", False, id="False"),
        pytest.param("80", 80, id="number"),
        pytest.param("-5", -5, id="negative"),
        pytest.param("0", 0, id="zero"),
        pytest.param("~", None, id="tilde"),
        pytest.param("null", None, id="null"),
        pytest.param("", None, id="nothing"),
        pytest.param("'null'", "null", id="quoted null"),
        pytest.param('"80"', "80", id="quoted number"),
        pytest.param("''", "", id="quoted nothing"),
        pytest.param("!!str 80", "80", id="explicit text"),
        pytest.param("!!int '80'", 80, id="explicit number"),
        pytest.param("! 80", "80", id="non-specific tag"),
        pytest.param("!!timestamp 2026-01-01", "2026-01-01", id="explicit time"),
        pytest.param("|\n  a\n  b", "a\nb", id="block"),
    ],
)
def test_plain_text_is_what_is_written(written: str, value: object) -> None:
    assert contents(f"key: {written}") == [{"key": value}]


@pytest.mark.parametrize("key", ["yes", "1", "null", "1.5", "true", "~"])
def test_keys_are_text(key: str) -> None:
    assert contents(f"{key}: a") == [{key: "a"}]


def test_a_stream_has_its_documents_with_their_lines() -> None:
    text = b"# comment\na: 1\n---\n# nothing\n---\n\n- b\n...\n---\nc\n"

    found = list(documents(text))

    assert [(document.line, document.content) for document in found] == [
        (2, {"a": 1}),
        (5, None),
        (7, ["b"]),
        (10, "c"),
    ]


@pytest.mark.parametrize("text", ["", "# comment only\n", "\n\n"])
def test_an_empty_stream_has_no_documents(text: str) -> None:
    assert contents(text) == []


def test_anchors_and_merges_give_what_they_stand_for() -> None:
    text = "a: &a {x: 1, y: 2}\nb: &b {y: 3}\nc: *a\nd: {<<: *a, y: 9}\ne: {<<: [*b, *a]}\n"

    (content,) = contents(text)

    assert content == {
        "a": {"x": 1, "y": 2},
        "b": {"y": 3},
        "c": {"x": 1, "y": 2},
        "d": {"x": 1, "y": 9},
        "e": {"x": 1, "y": 3},
    }


def test_a_key_that_is_written_twice_is_remarked_and_the_last_one_counts() -> None:
    (document,) = documents(b"a: 1\nb:\n  a: 2\na: 3\n")

    assert document == YamlDocument(
        1,
        {"a": 3, "b": {"a": 2}},
        None,
        (Remark(4, "'a' is written twice; the last one is used"),),
    )


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        pytest.param("a: 1\nb: !secret x\n", 2, "the tag !secret is not understood", id="tag"),
        pytest.param("a: !!set {x}\n", 1, "is not understood", id="set"),
        pytest.param("a: !!python/name:os.system x", 1, "is not understood", id="Python object"),
        pytest.param("a: 1\n? [x]\n: 2\n", 2, "the key of a mapping has to be text", id="key"),
        pytest.param("a: {{ .Values.x }}\n", 1, "has to be text", id="template of a chart"),
        pytest.param("a: *b\n", 1, "nothing above is called &b", id="alias"),
        pytest.param("a: &a\n  - *a\n", 2, "nothing above is called &a", id="loop"),
        pytest.param("a: {<<: 1}\n", 1, "'<<' has to be a mapping, or a list of them", id="merge"),
        pytest.param("[" * 120 + "]" * 120, 1, "is nested more than 100 deep", id="deep"),
    ],
)
def test_a_document_without_a_value_says_why_and_the_others_stay(
    text: str, line: int, problem: str
) -> None:
    before, broken, after = documents(f"before: 1\n---\n{text}\n---\nafter: 1\n".encode())

    assert before.content == {"before": 1}
    assert broken.content is None
    assert broken.broken is not None
    assert problem in broken.broken.problem
    assert broken.broken.line == line + 2
    assert after.content == {"after": 1}


@pytest.mark.parametrize(
    ("octets", "line"),
    [
        pytest.param(b"a: 1\nb: [", 3, id="open list"),
        pytest.param(b"a: 1\nb: c: d\n", 2, id="two colons"),
        pytest.param(b"a:\n\t- b\n", 2, id="tab"),
        pytest.param(b"a: \xff", 0, id="not UTF-8"),
        pytest.param(b"a: \x00", 0, id="control character"),
    ],
)
def test_octets_that_are_no_yaml_say_where(octets: bytes, line: int) -> None:
    with pytest.raises(YamlError) as caught:
        list(documents(octets))

    # The parser in Python blames an open list on the end of the line before.
    assert caught.value.line in {line, line - (line == 3)}
    assert caught.value.problem


def test_utf_16_is_yaml_too() -> None:
    assert next(documents("a: é".encode("utf-16"))).content == {"a": "é"}


LINES = b"""\
kind: First
---
kind: List
items:
  - metadata: {name: a}
  - metadata:
      name: b
    spec:
      ports:
        - port: 80
        - name: x
          port: 70000
"""


@pytest.mark.parametrize(
    ("document", "path", "line"),
    [
        pytest.param(1, "kind", 1, id="first document"),
        pytest.param(2, "items", 4, id="key"),
        pytest.param(2, "items[1].spec.ports[1].port", 12, id="deep"),
        pytest.param(2, "items[1].spec.ports[1].protocol", 11, id="not there: the part that is"),
        pytest.param(2, "items[7].spec", 4, id="no such item"),
        pytest.param(2, "kind.name", 3, id="text has no parts"),
        pytest.param(2, "", 3, id="the document"),
        pytest.param(2, "items[0].metadata.labels[...]", 5, id="words of a message"),
    ],
)
def test_a_field_is_found_at_its_line(document: int, path: str, line: int) -> None:
    assert line_of(LINES, document, path) == line


TEXT = st.text(max_size=8) | st.sampled_from(("yes", "1:30", "017", "2026-01-01", "~", "a: b", "#"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**17), 10**17) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=12,
)


@given(VALUES)
def test_any_value_that_is_dumped_is_read_again(value: object) -> None:
    dumped = yaml.safe_dump(value).encode()

    (document,) = documents(dumped)

    assert document.content == value


@given(st.text(alphabet="ab:-[]{}#&*!|>'\"%@,? \n\t<0", max_size=40))
def test_any_text_is_documents_or_a_yaml_error(text: str) -> None:
    try:
        found = list(documents(text.encode()))
    except YamlError as error:
        assert error.problem  # noqa: PT017  # either outcome is right
    else:
        assert all(document.line > 0 for document in found)
