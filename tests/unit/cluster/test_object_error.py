"""An error names the object and the field as a person would look for them."""

import pytest

from svcdns.cluster.object_error import MalformedError, ObjectError, subject


@pytest.mark.parametrize(
    ("namespace", "name", "text"),
    [
        pytest.param("shop", "web", "Service shop/web", id="namespace and name"),
        pytest.param("", "shop", "Service shop", id="name"),
        pytest.param("", "", "Service", id="neither"),
        pytest.param("shop", "", "Service shop/", id="no name"),
    ],
)
def test_an_object_is_called_by_kind_namespace_and_name(
    namespace: str, name: str, text: str
) -> None:
    assert subject("Service", namespace, name) == text


def test_an_error_says_object_field_and_problem() -> None:
    error = ObjectError("Service", "shop", "web", "spec.type", "expected text, found a number")

    assert str(error) == "Service shop/web: spec.type: expected text, found a number"


def test_an_error_about_an_unknown_object_says_the_problem_alone() -> None:
    assert str(ObjectError("", "", "", "", "is no object")) == "is no object"


def test_malformed_octets_say_where() -> None:
    assert MalformedError("cut off", 17).octet == 17
