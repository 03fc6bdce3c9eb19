import socket
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns import __version__
from svcdns.answers.answer import Answer
from svcdns.plugins.chaos import DIRECTIVE, Settings, build
from svcdns.wire.codes import RRClass, RRType
from tests.support.directives import FixedScope, problems_of, settings_of, warnings_of
from tests.support.foreign import query_for
from tests.support.stubs import FixedClient, question


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("chaos", Settings(f"svcdns-{__version__}")),
        ("chaos v1", Settings("v1")),
        ("chaos v1 bob alice bob", Settings("v1", ("alice", "bob"))),
        ('chaos "v 1" "the authors"', Settings("v 1", ("the authors",))),
    ],
)
def test_settings(text: str, settings: Settings) -> None:
    assert settings_of(DIRECTIVE, text) == settings


def test_it_takes_no_block() -> None:
    assert problems_of(DIRECTIVE, "chaos {\nversion 1\n}")


def test_a_second_stanza_is_warned_of() -> None:
    assert warnings_of(DIRECTIVE, "chaos a\nchaos b") == [
        "chaos: only the first 'chaos' of a server block is used"
    ]


def said(
    name: str, settings: Settings, rrtype: int = RRType.TXT, rrclass: int = RRClass.CH
) -> list[str] | None:
    steps = build(settings, FixedScope(), chance=Random(1))  # noqa: S311  it is no secret
    assert steps.answer is not None
    assert steps.any_class
    answer = steps.answer(query_for(question(name, rrtype, rrclass)), FixedClient())
    if answer is None:
        return None
    assert isinstance(answer, Answer)
    (rrset,) = answer.answer
    assert (rrset.rrclass, rrset.ttl, answer.authoritative) == (RRClass.CH, 0, False)
    return [record[1:].decode() for record in rrset.records]


SETTINGS = Settings("v1", ("alice", "bob", "carol"))


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("version.bind.", ["v1"]),
        ("Version.Server.", ["v1"]),
        ("hostname.bind.", [socket.gethostname()]),
        ("id.server.", [socket.gethostname()]),
    ],
)
def test_names_of_class_ch_are_answered(name: str, texts: list[str]) -> None:
    assert said(name, SETTINGS) == texts


def test_authors_come_in_an_order_of_their_own() -> None:
    texts = said("authors.bind.", SETTINGS)

    assert texts is not None
    assert sorted(texts) == list(SETTINGS.authors)
    assert texts != list(SETTINGS.authors)


@pytest.mark.parametrize(
    ("name", "rrtype", "rrclass"),
    [
        ("other.bind.", RRType.TXT, RRClass.CH),
        ("version.bind.", RRType.A, RRClass.CH),
        ("version.bind.", RRType.TXT, RRClass.IN),
    ],
)
def test_all_else_is_passed_on(name: str, rrtype: int, rrclass: int) -> None:
    assert said(name, SETTINGS, rrtype, rrclass) is None


@given(st.text(max_size=300))
def test_a_text_is_cut_to_what_fits(version: str) -> None:
    answer = build(Settings(version), FixedScope()).answer
    assert answer is not None

    said = answer(query_for(question("version.bind.", RRType.TXT, RRClass.CH)), FixedClient())

    assert isinstance(said, Answer)
    (record,) = said.answer[0].records
    assert record[1:] == version.encode(errors="replace")[:255]
    assert record[0] == len(record) - 1
