import pytest

from svcdns.answers.go_error import TemplateError
from svcdns.answers.go_values import (
    MAX_ROUNDS,
    Fields,
    Frame,
    Kind,
    ListOf,
    MapOf,
    Struct,
    element_of,
    elements_of,
    field_of,
    printed,
    shape_of_field,
)


def test_a_field_is_found() -> None:
    assert field_of(Struct({"Name": "a."}), "Name") == "a."
    assert field_of({"a": "x"}, "a") == "x"
    assert field_of({"a": "x"}, "b") is None


def test_a_value_without_fields_has_none() -> None:
    with pytest.raises(TemplateError, match=r"'a' has no field \.Name"):
        field_of("a", "Name")


def test_the_shape_of_a_field_is_known_before_its_value() -> None:
    assert shape_of_field(Fields({"Name": Kind.TEXT}), "Name") is Kind.TEXT
    assert shape_of_field(Fields({"Name": Kind.TEXT}), "Nope") is None
    assert shape_of_field(MapOf(), "any") is Kind.TEXT
    assert shape_of_field(Kind.ANY, "any") is Kind.ANY
    assert shape_of_field(Kind.TEXT, "any") is None
    assert shape_of_field(ListOf(), "any") is None


def test_the_shape_of_an_element_is_known_of_lists_and_maps() -> None:
    assert element_of(ListOf(Kind.NUMBER)) is Kind.NUMBER
    assert element_of(MapOf()) is Kind.TEXT
    assert element_of(Kind.NUMBER) is Kind.ANY


@pytest.mark.parametrize(
    ("value", "elements"),
    [
        (("a", "b"), [(0, "a"), (1, "b")]),
        ({"b": "1", "a": "2"}, [("a", "2"), ("b", "1")]),
        (2, [(0, 0), (1, 1)]),
        (-1, []),
        (None, []),
    ],
)
def test_range_goes_through_elements(value: object, elements: list[object]) -> None:
    assert list(elements_of(value)) == elements


@pytest.mark.parametrize("value", ["text", True, 1.5, Struct({})])
def test_range_cannot_go_through_other_values(value: object) -> None:
    with pytest.raises(TemplateError, match="range cannot go through"):
        elements_of(value)


def test_no_value_is_said_to_be_none() -> None:
    assert printed(None) == "<no value>"
    assert printed(("a",)) == "[a]"


def test_loops_have_a_greatest_number_of_rounds() -> None:
    frame = Frame(None, [])
    for _ in range(MAX_ROUNDS):
        frame.begin_round()

    with pytest.raises(TemplateError, match="more than 10,000 rounds"):
        frame.begin_round()
