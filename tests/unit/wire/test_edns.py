import dns.edns
import dns.message
import dns.rcode
import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.wire.codes import RCode
from svcdns.wire.edns import (
    BARE_OPT,
    BARE_OPT_DO,
    InfoCode,
    extended_error,
    opt,
    option,
    read_options,
    with_option,
)

HEADER = bytes.fromhex("1234 8180 0000 0000 0000 0001")


def test_a_bare_opt_is_eleven_octets() -> None:
    assert bytes.fromhex("00 0029 04d0 00 00 0000 0000") == BARE_OPT
    assert bytes.fromhex("00 0029 04d0 00 00 8000 0000") == BARE_OPT_DO


@given(st.booleans(), st.sampled_from(RCode), st.lists(st.binary(max_size=40), max_size=3))
def test_dnspython_reads_what_was_put_into_opt(
    dnssec_ok: bool,  # noqa: FBT001 - drawn by name
    rcode: RCode,
    contents: list[bytes],
) -> None:
    record = opt(dnssec_ok, b"".join(option(65001, content) for content in contents), rcode)

    parsed = dns.message.from_wire(HEADER[:3] + bytes([rcode & 15]) + HEADER[4:] + record)

    assert parsed.edns == 0
    assert parsed.payload == 1232
    assert bool(parsed.ednsflags & 0x8000) == dnssec_ok
    assert parsed.rcode().value == rcode
    assert [found.to_wire() for found in parsed.options] == contents


# dnspython drops a NUL at the end, as some servers send one although RFC 8914 has none.
SENTENCES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=300)


@given(st.sampled_from(InfoCode), SENTENCES)
def test_extra_text_is_a_beginning_of_the_sentence(code: InfoCode, sentence: str) -> None:
    octets = extended_error(code, sentence)

    found = dns.edns.option_from_wire(dns.edns.OptionType.EDE, octets, 4, len(octets) - 4)
    assert isinstance(found, dns.edns.EDEOption)
    assert found.code.value == code
    text = found.text or ""
    assert len(text.encode()) <= 200
    assert text == sentence or sentence.startswith(text.removesuffix(" …"))


def test_a_long_sentence_ends_after_a_whole_word() -> None:
    octets = extended_error(InfoCode.OTHER, "word " * 60)

    assert octets[6:].decode() == "word " * 39 + "…"


def test_extra_text_is_never_cut_within_a_character() -> None:
    octets = extended_error(InfoCode.OTHER, "x" + "é" * 150)

    assert octets[6:].decode() == "x" + "é" * 97 + " …"


def test_a_lone_surrogate_does_not_break_the_answer() -> None:
    assert extended_error(InfoCode.OTHER, "\ud800")[6:] == b"?"


def test_options_are_read_back() -> None:
    options = option(3, b"") + option(10, b"12345678") + option(3, b"x")

    assert list(read_options(options)) == [(3, b""), (10, b"12345678"), (3, b"x")]


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(b"\0", id="one octet"),
        pytest.param(b"\0\x0a\0", id="no whole head"),
        pytest.param(b"\0\x0a\0\x01", id="content missing"),
        pytest.param(option(3, b"") + b"\0\x0a\xff\xff" + bytes(8), id="length beyond RDATA"),
    ],
)
def test_an_option_that_overruns_is_an_error(octets: bytes) -> None:
    with pytest.raises(ValueError, match="OPT"):
        list(read_options(octets))


@given(st.binary(max_size=100))
def test_any_octets_are_options_or_an_error(octets: bytes) -> None:
    try:
        found = list(read_options(octets))
    except ValueError:
        return

    assert b"".join(option(code, content) for code, content in found) == octets


@pytest.mark.parametrize(
    ("options", "content", "left"),
    [
        (b"", None, b""),
        (b"", b"new", option(10, b"new")),
        (option(3, b"x"), b"", option(3, b"x") + option(10, b"")),
        (option(10, b"a") + option(3, b"") + option(10, b"b"), None, option(3, b"")),
        (option(10, b"a") + option(3, b""), b"new", option(3, b"") + option(10, b"new")),
    ],
)
def test_one_option_takes_the_place_of_all_others_of_its_code(
    options: bytes, content: bytes | None, left: bytes
) -> None:
    assert with_option(options, 10, content) == left
