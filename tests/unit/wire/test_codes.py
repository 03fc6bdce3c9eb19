import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.wire.codes import (
    RCode,
    RRType,
    class_text,
    opcode_text,
    rcode_text,
    type_number,
    type_text,
)


@pytest.mark.parametrize("member", RRType, ids=str)
def test_types_have_the_numbers_that_dnspython_knows(member: RRType) -> None:
    assert dns.rdatatype.from_text(member.name).value == member


@given(st.integers(0, 0xFFFF))
def test_every_type_survives_its_text(number: int) -> None:
    assert type_number(type_text(number)) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *[("A", 1), ("https", 65), ("NXNAME", 128), ("TYPE65", 65), ("type1234", 1234)],
        *[("UID", 101), ("nsap-ptr", 23), ("Reserved", 65_535)],
    ],
)
def test_a_type_is_read_in_any_letter_case(text: str, number: int) -> None:
    assert type_number(text) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        "AAAAA",
        "TYPE",
        "TYPE65536",
        "TYPE-1",
        "TYPE1_0",
        "TYPE\N{ARABIC-INDIC DIGIT ONE}",
        "1",
        "TYPE 1",
    ],
)
def test_what_is_not_a_type_is_named_in_the_error(text: str) -> None:
    with pytest.raises(ValueError, match="is not a record type") as caught:
        type_number(text)

    assert repr(text) in str(caught.value)


def test_numbers_without_a_name_have_a_text() -> None:
    assert type_text(1234) == "TYPE1234"
    assert class_text(7) == "CLASS7"
    assert rcode_text(3841) == "3841"
    assert opcode_text(15) == "15"


def test_numbers_with_a_name_are_written_by_it() -> None:
    assert type_text(65) == "HTTPS"
    assert class_text(3) == "CH"
    assert rcode_text(RCode.NXDOMAIN) == "NXDOMAIN"
    assert rcode_text(16) == "BADVERS"
    assert opcode_text(5) == "UPDATE"
