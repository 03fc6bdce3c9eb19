"""Odd packets, one a file: each says what `read_query` and the records walker make of it.

A file is octets in hexadecimal with comments behind `#`. The comment `query:` is the question,
or what the sender gets instead of an answer; `records:` is how many records can be walked.
A packet that has once broken something belongs here.
"""

import re
from pathlib import Path
from typing import NamedTuple

import dns.message
import pytest

from svcdns.wire.codec import decode
from svcdns.wire.codes import rcode_text, type_text
from svcdns.wire.name import to_text
from svcdns.wire.question import MalformedQueryError, read_query
from svcdns.wire.records import MalformedMessageError, records

FILES = sorted(Path(__file__).with_name("packets").glob("*.hex"))


class Packet(NamedTuple):
    octets: bytes
    query: str
    records: str


def read(file: Path) -> Packet:
    text = file.read_text(encoding="ascii")
    said = dict(re.findall(r"^# (query|records): (.+)$", text, re.MULTILINE))
    octets = bytes.fromhex(re.sub(r"#.*", "", text))
    return Packet(octets, said["query"], said["records"])


def outcome(octets: bytes) -> tuple[str, bytes | None]:
    """Return what the sender gets, as the files say it, and the octets of an error."""
    try:
        question = read_query(octets).question
    except MalformedQueryError as error:
        if error.rcode is None:
            return "no reply", error.reply
        return rcode_text(error.rcode), error.reply
    return f"{to_text(question.owner)} {type_text(question.rrtype)}", None


def test_there_is_a_corpus() -> None:
    assert len(FILES) >= 30


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_sender_gets_what_the_file_says(file: Path) -> None:
    packet = read(file)

    said, reply = outcome(packet.octets)

    assert said == packet.query
    if reply is not None:
        assert rcode_text(dns.message.from_wire(reply).rcode()) == said
        assert len(reply) <= len(packet.octets) + 11


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_walk_finds_what_the_file_says(file: Path) -> None:
    packet = read(file)

    try:
        found = str(len(list(records(packet.octets))))
    except MalformedMessageError:
        found = "malformed"

    assert found == packet.records


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_decoding_ends_with_a_message_or_an_error(file: Path) -> None:
    octets = read(file).octets

    try:
        message = decode(octets)
    except MalformedMessageError:
        return

    assert message.id == int.from_bytes(octets[:2])
