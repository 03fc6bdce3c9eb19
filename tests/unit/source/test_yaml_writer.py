"""What is written in YAML is read back as it was, by our reader and by PyYAML's."""

from textwrap import dedent

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from svcdns.source.yaml_loader import documents
from svcdns.source.yaml_writer import Value, document

TRAPS = (
    *("", "~", "null", "true", "Yes", "NO", "on", "Off", "y", "N", "=", "<<", "-", "?", "-a", "a:"),
    *("1", "017", "0x10", "1e3", "1.5", ".5", "1:30", "1_000", ".inf", ".nan", "2001-01-01"),
    *("a: b", "a #b", "#a", "&a", "*a", "!a", "{a", "[a", "a,b", "a]", "'a'", '"a"', "\\", "%a"),
    *(" a", "a ", "\n", "a\nb", "\t", "\x00", "\x7f", "\x85", "\u2028", "\ufeff", "\U0001f600"),
    *("::1", "fd00::1", "1:2:3:4:5:6:7:8", "10.0.0.1", "10.0", "1.2.3", "None", "web-0", "@", "`"),
    *("x" * 2000, "kubernetes.io/service-name"),
)
texts = st.sampled_from(TRAPS) | st.text(st.characters(codec="utf-8"), max_size=20)
values: st.SearchStrategy[Value] = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
)
contents = st.dictionaries(texts, values, max_size=5)


def read(text: str) -> object:
    (found,) = documents(text.encode())
    assert (found.broken, found.remarks) == (None, ())
    return found.content


@given(contents)
def test_our_reader_reads_back_what_was_written(content: dict[str, Value]) -> None:
    assert read(document(content)) == content


@given(contents)
def test_a_reader_of_yaml_1_1_reads_the_same(content: dict[str, Value]) -> None:
    assert yaml.safe_load(document(content)) == content


@pytest.mark.parametrize("text", TRAPS)
def test_text_stays_text(text: str) -> None:
    content: dict[str, Value] = {"a": text, "b": [text], "c": {text: text}}

    assert read(document(content)) == yaml.safe_load(document(content)) == content


def test_it_looks_like_what_a_person_would_write() -> None:
    content: dict[str, Value] = {
        "kind": "EndpointSlice",
        "metadata": {"name": "web", "labels": {"kubernetes.io/service-name": "web"}},
        "endpoints": [
            {
                "addresses": ["10.244.1.7"],
                "conditions": {"ready": True, "serving": False},
                "targetRef": None,
            }
        ],
        "ports": [{"name": "http", "port": 80}],
        "others": [],
        "none": {},
        "long": [
            "an-endpoint-with-a-very-long-name-1",
            "an-endpoint-with-a-very-long-name-2",
            "and-one-more",
        ],
    }

    assert document(content) == dedent(
        """\
        kind: EndpointSlice
        metadata:
          name: web
          labels: {kubernetes.io/service-name: web}
        endpoints:
          - addresses: [10.244.1.7]
            conditions: {ready: true, serving: false}
            targetRef: null
        ports:
          - {name: http, port: 80}
        others: []
        none: {}
        long:
          - an-endpoint-with-a-very-long-name-1
          - an-endpoint-with-a-very-long-name-2
          - and-one-more
        """
    )


def test_nothing_but_ascii_is_written() -> None:
    assert document({"a": "ä\u2028\U0001f600\x1b"}) == 'a: "\\xE4\\u2028\\U0001F600\\x1B"\n'


def test_an_empty_document_is_a_mapping() -> None:
    assert document({}) == "{}\n"
