r"""Nasty Corefiles, one a file: each says how many blocks and mistakes are found in it.

A file is text in which `\xNN` is an octet, so that it can hold what no editor would keep. A
Corefile that has once broken something belongs here. The same texts are then cut, joined and
repeated at random: whatever comes out is a Corefile or a list of mistakes, in bounded time.
"""

import re
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.corefile.parser import Reading
from tests.support.corefiles import read_text

FILES = sorted(Path(__file__).with_name("corefiles").glob("*.txt"))
ENVIRONMENT = {"ZONE": "a.org", "PORT": "5300", "LOG": "log", "BRACE": "{", "SNIPPET": "none"}


class Nasty(NamedTuple):
    text: str
    blocks: int
    mistakes: int


def read(file: Path) -> Nasty:
    written = file.read_bytes()
    said = dict(re.findall(rb"^# (blocks|mistakes): (\d+)\n", written, re.MULTILINE))
    octets = re.sub(
        rb"\\x([0-9a-f]{2})",
        lambda escape: bytes.fromhex(escape[1].decode()),
        written.split(b"\n", 2)[2],
    )
    return Nasty(octets.decode("utf-8", "replace"), int(said[b"blocks"]), int(said[b"mistakes"]))


def outcome(text: str) -> Reading:
    return read_text(text, {"Corefile": text}, ENVIRONMENT)


def complain_if_a_mark_is_elsewhere(reading: Reading) -> None:
    for mistake in (*reading.mistakes, *reading.corefile.warnings):
        assert 1 <= mistake.width <= len(mistake.where.text) - mistake.where.column + 1
        assert all(line.replace("\t", " ").isprintable() for line in str(mistake).split("\n"))


def test_there_is_a_corpus() -> None:
    assert len(FILES) >= 45


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_the_file_says_is_found_in_it(file: Path) -> None:
    nasty = read(file)

    reading = outcome(nasty.text)

    complain_if_a_mark_is_elsewhere(reading)
    found = (len(reading.corefile.blocks), len(reading.mistakes))
    assert found == (nasty.blocks, nasty.mistakes), "\n".join(map(str, reading.mistakes))


TEXTS = [read(file).text for file in FILES]
SLICES = st.tuples(st.sampled_from(TEXTS), st.integers(0, 400), st.integers(1, 400)).map(
    lambda piece: piece[0][piece[1] : piece[1] + piece[2]]
)


@given(st.lists(SLICES | st.text(max_size=5), max_size=6).map("".join))
def test_pieces_of_them_are_read_as_well(text: str) -> None:
    complain_if_a_mark_is_elsewhere(outcome(text))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{\n" * 20_000, id="opening braces"),
        pytest.param("}\n" * 20_000, id="closing braces"),
        pytest.param(". {\nlog " + "{\nx " * 20_000 + "}\n" * 20_002, id="nested"),
        pytest.param(". {\nlog " + "{\nx " * 20_000, id="nested, not closed"),
        pytest.param('"\n' * 20_001, id="quotes"),
        pytest.param('"' + "\\" * 100_001, id="backslashes"),
        pytest.param("x" * 200_000, id="one word"),
        pytest.param("x " * 50_000, id="one line"),
        pytest.param("x,\n" * 20_000, id="one address list"),
        pytest.param(". {\n" + "xyzzy\n" * 20_000 + "}\n", id="unknown directives"),
        pytest.param(". {\nlog {\n" + "a b c\n" * 20_000 + "}\n}\n", id="options"),
        pytest.param("0.0.0.0/1 " * 20_000 + "{\n}\n", id="networks"),
        pytest.param("(a) {\n" * 5_000, id="snippets, not closed"),
        pytest.param("a.b {\n" * 5_000, id="blocks, not closed"),
        pytest.param("import x\n" * 20_000, id="imports"),
        pytest.param("import *\n" * 5_000, id="imports of the same file"),
        pytest.param("{$A}" * 20_000, id="variables"),
        pytest.param("{%" * 50_000, id="variables, not closed"),
        pytest.param("#" * 200_000, id="hashes"),
        pytest.param("a#" * 50_000, id="hashes in words"),
    ],
)
def test_size_alone_breaks_nothing(text: str) -> None:
    complain_if_a_mark_is_elsewhere(outcome(text))
