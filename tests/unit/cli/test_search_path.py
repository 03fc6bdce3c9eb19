"""Names in the order in which a resolver in a Pod tries them."""

import pytest

from svcdns.cli.search_path import candidates


@pytest.mark.parametrize(
    ("name", "tried"),
    [
        (
            "web",
            ["web.shop.svc.a.b", "web.svc.a.b", "web.a.b", "web"],
        ),
        (
            "web.other",
            ["web.other.shop.svc.a.b", "web.other.svc.a.b", "web.other.a.b", "web.other"],
        ),
        (
            "a.b.c.d.e.f",
            ["a.b.c.d.e.f", "a.b.c.d.e.f.shop.svc.a.b", "a.b.c.d.e.f.svc.a.b", "a.b.c.d.e.f.a.b"],
        ),
        ("www.example.", ["www.example."]),
    ],
)
def test_the_search_list_is_tried_as_dots_decide(name: str, tried: list[str]) -> None:
    assert list(candidates(name, "shop", "a.b")) == tried
