"""What the kernel says of a table, octet by octet."""

import socket

import pytest

from svcdns.dataplane.netlink_wire import attribute, attributes
from svcdns.dataplane.nftables_messages import (
    GET_CHAIN,
    GET_ELEMENTS,
    GET_SET,
    Element,
    elements_in,
    name_in,
    request,
)

HEAD = bytes((socket.AF_INET, 0, 0, 0))
KEY = bytes.fromhex("0a6022da 06000000 00500000")


def nested(kind: int, *parts: bytes) -> bytes:
    return attribute(kind | 0x8000, b"".join(parts))


def element(*parts: bytes) -> bytes:
    return HEAD + attribute(1, b"svcdns\0") + nested(3, nested(1, *parts))


def test_a_request_names_table_and_set() -> None:
    made = request(GET_ELEMENTS, 16, "svcdns", "services")

    assert made.kind == 10 << 8 | 13
    assert made.payload[:4] == bytes((socket.AF_INET6, 0, 0, 0))
    assert list(attributes(made.payload[4:])) == [(1, b"svcdns\0"), (2, b"services\0")]


def test_chains_and_sets_of_other_tables_have_no_name() -> None:
    ours, theirs = (HEAD + attribute(1, name) for name in (b"svcdns\0", b"other\0"))

    assert name_in(GET_CHAIN, "svcdns", ours + attribute(3, b"refuse\0")) == "refuse"
    assert name_in(GET_SET, "svcdns", ours + attribute(2, b"pods\0")) == "pods"
    assert name_in(GET_CHAIN, "svcdns", theirs + attribute(3, b"refuse\0")) == ""


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (nested(2, attribute(1, b"\xff\xff\xff\xfc"), attribute(2, b"refuse\0")), "goto refuse"),
        (nested(2, attribute(1, bytes(4))), "drop"),
        (nested(2, attribute(1, b"\0\0\0\1")), "1"),
    ],
)
def test_verdicts_read_as_in_a_script(verdict: bytes, expected: str) -> None:
    payload = element(nested(1, attribute(1, KEY)), nested(2, verdict))

    assert list(elements_in(payload)) == [Element(KEY, verdict=expected)]


def test_a_map_has_values_and_an_interval_an_end() -> None:
    value = element(nested(1, attribute(1, KEY)), nested(2, attribute(1, b"12345678")))
    interval = element(nested(1, attribute(1, KEY)), nested(10, attribute(1, b"last")))

    assert list(elements_in(value)) == [Element(KEY, value=b"12345678")]
    assert list(elements_in(interval)) == [Element(KEY, b"last")]


def test_a_message_that_is_cut_off_has_fewer_elements() -> None:
    payload = element(nested(1, attribute(1, KEY)))

    for length in range(len(payload)):
        assert list(elements_in(payload[:length])) in ([], [Element(b"")])
