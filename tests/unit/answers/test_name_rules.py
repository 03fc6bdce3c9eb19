import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.answers.name_rules import (
    Exact,
    Group,
    InvalidNameError,
    Label,
    NewName,
    Prefix,
    Regex,
    Remapped,
    Resuffixed,
    Substring,
    Suffix,
    absolute,
    name_of,
    read_template,
)
from svcdns.wire.name import from_text, to_text

names = st.from_regex(r"([a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?\.){1,5}", fullmatch=True)
text = st.text("ab.{}0129/", max_size=12)


@pytest.mark.parametrize(
    ("rule", "name", "new"),
    [
        (Exact("a.example.", "b.example."), "a.example.", "b.example."),
        (Exact("a.example.", "b.example."), "x.a.example.", None),
        (Prefix("www.", "web."), "www.a.example.", "web.a.example."),
        (Prefix("www.", "web."), "www2.a.example.", None),
        (Prefix("www.", "web."), "a.www.example.", None),
        (Suffix(".a.example.", ".b.example."), "x.y.a.example.", "x.y.b.example."),
        (Suffix("a.example.", "b.example."), "a.example.org.", None),
        (Suffix("a.example.", "b.example."), "xa.example.", "xb.example."),
        (Suffix(".a.example.", ".b.example."), "a.example.", None),
        (Substring("a.", "bc."), "a.a.da.", "bc.bc.dbc."),
        (Substring("z.", "bc."), "a.a.da.", None),
        (Remapped("b.example.", "a.example."), "B.Example.", "a.example."),
        (Remapped("b.example.", "a.example."), "Sub.b.example.", "Sub.a.example."),
        (Remapped("b.example.", "a.example."), "bb.example.", None),
        (Remapped("b.example.", "a.example."), "example.", None),
        (Resuffixed(".b.", ".a."), "X.B.", "X.a."),
        (Resuffixed(".b.", ".a."), "b.", None),
    ],
)
def test_a_rule_makes_another_name_of_those_it_is_meant_for(
    rule: NewName, name: str, new: str | None
) -> None:
    assert rule(name) == new


def test_an_expression_replaces_the_whole_name() -> None:
    def groups(name: str) -> tuple[str, ...] | None:
        match = re.search(r"(\w+)-(\w+)\.a\.", name)
        return None if match is None else (match[0], *match.groups())

    rule = Regex(groups, read_template("{2}.{1}.{0}b.", 2))

    assert rule("before.ftp-west.a.example.") == "west.ftp.ftp-west.a.b."
    assert rule("ftp.a.example.") is None


@pytest.mark.parametrize(
    ("template", "pieces"),
    [
        ("b.example.", ("b.example.",)),
        ("{1}.B.", (Group(1), ".b.")),
        ("{0}{1}", (Group(0), Group(1))),
        ("{}{x}.", ("{}", "{x}", ".")),
        ("{.}", ("{.}",)),
        ("{{1}}", ("{", Group(1), "}")),
    ],
)
def test_what_is_in_braces_and_no_number_is_text(template: str, pieces: tuple[object, ...]) -> None:
    assert read_template(template, 2).pieces == pieces


def test_metadata_is_put_in_in_lower_case() -> None:
    template = read_template("{1}.{kubernetes/client-namespace}.SVC.", 1, labelled=True)

    assert template.pieces[2] == Label("kubernetes/client-namespace")
    assert template.filled(("", "web"), {"kubernetes/client-namespace": "Shop"}) == "web.shop.svc."
    assert template.filled(("", "web"), {"kubernetes/client-namespace": ""}) is None
    assert template.filled(("", "web")) is None


def test_what_metadata_hold_is_no_placeholder() -> None:
    template = read_template("{a/b}.", 1, labelled=True)

    assert template.filled(("", "web"), {"a/b": "{1}"}) == "{1}."


@pytest.mark.parametrize(
    ("template", "labelled", "sentence"),
    [
        ("{2}.", False, "there is no group {2}: the expression has 1"),
        ("{2}.", True, "there is no group {2}: the expression has 1"),
        ("{x}.", True, "'{x}' is neither a group nor a label of metadata"),
        ("{/x}.", True, "'{/x}' is neither a group nor a label of metadata"),
        ("{1.", True, "a brace stands alone"),
        ("1}.", True, "a brace stands alone"),
    ],
)
def test_a_placeholder_that_stands_for_nothing_is_an_error(
    template: str,
    labelled: bool,  # noqa: FBT001  a table
    sentence: str,
) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        read_template(template, 1, labelled=labelled)


@given(text, st.booleans())
def test_any_text_is_a_template_or_an_error(template: str, labelled: bool) -> None:  # noqa: FBT001
    try:
        read = read_template(template, 9, labelled=labelled)
    except ValueError:
        return

    if not labelled:
        plain = re.sub(r"\{0+([0-9])\}", r"{\1}", template)
        assert read.filled([f"{{{number}}}" for number in range(10)]) == plain
    assert not labelled or "{" not in "".join(one for one in read.pieces if isinstance(one, str))


@given(names, names, st.from_regex(r"([a-z]{1,5}\.){0,2}", fullmatch=True))
def test_what_an_exact_rule_did_is_undone(old: str, new: str, below: str) -> None:
    answered = below + new

    assert Remapped(new, old)(answered) == below + old


@given(names, names)
def test_rules_agree_with_what_python_says_of_text(name: str, wanted: str) -> None:
    assert (Prefix(wanted)(name) is not None) == name.startswith(wanted)
    assert (Suffix(wanted)(name) is not None) == name.endswith(wanted)
    assert (Substring(wanted)(name) is not None) == (wanted in name)
    assert (Exact(wanted)(name) is not None) == (wanted == name)


@pytest.mark.parametrize(
    ("written", "whole"),
    [("a", "a."), ("a.", "a."), (".", "."), ("", "."), (r"a\.", r"a\.."), (r"a\\.", r"a\\.")],
)
def test_a_name_gets_its_final_dot(written: str, whole: str) -> None:
    assert absolute(written) == whole


@pytest.mark.parametrize("made", ["", "a..b.", f"{'a' * 64}.", "é."])
def test_what_is_no_name_says_what_was_made(made: str) -> None:
    with pytest.raises(InvalidNameError, match=re.escape(f"invalid name after rewrite: {made}")):
        name_of(made)


@given(names)
def test_a_name_that_was_made_is_read_back(name: str) -> None:
    assert to_text(name_of(name)) == name == to_text(from_text(name))
