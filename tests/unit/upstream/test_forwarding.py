"""Which names a stanza takes."""

import pytest

from svcdns.upstream.forwarding import Forwarding
from svcdns.wire.name import from_text


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("example.", True),
        ("a.example.", True),
        ("in.example.", False),
        ("a.in.example.", False),
        ("notin.example.", True),
        ("example.org.", False),
        (".", False),
    ],
)
def test_names_below_the_zone_are_taken_but_for_the_excepted(name: str, *, taken: bool) -> None:
    stanza = Forwarding(from_text("example."), excepted=(from_text("in.example."),))

    assert stanza.takes(from_text(name)) is taken


def test_the_zone_itself_is_never_excepted() -> None:
    assert Forwarding(from_text("example."), excepted=(from_text("."),)).takes(
        from_text("example.")
    )


@pytest.mark.parametrize(
    ("stanza", "may"),
    [
        (Forwarding(), False),
        (Forwarding(next_on_nodata=True), True),
        (Forwarding(next_rcodes=frozenset((3,))), True),
    ],
)
def test_a_stanza_knows_whether_another_may_follow(stanza: Forwarding, *, may: bool) -> None:
    assert stanza.may_go_on is may
