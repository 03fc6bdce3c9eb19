import struct

from hypothesis import given
from hypothesis import strategies as st

from svcdns.dataplane import netlink_wire as wire

KINDS = st.integers(0, 0x3FFF)
PAYLOADS = st.binary(max_size=300)


@given(st.lists(st.tuples(KINDS, PAYLOADS), max_size=8))
def test_attributes_come_back_as_they_were_put_in(pairs: list[tuple[int, bytes]]) -> None:
    octets = b"".join(wire.attribute(kind, payload) for kind, payload in pairs)

    assert list(wire.attributes(octets)) == pairs
    assert len(octets) % 4 == 0


@given(st.binary(max_size=200))
def test_any_octets_are_read_to_some_end(octets: bytes) -> None:
    assert sum(4 + len(payload) for _, payload in wire.attributes(octets)) <= len(octets)
    assert sum(16 + len(one.payload) for one in wire.messages(octets)) <= len(octets)


@given(st.lists(st.tuples(st.integers(0, 0xFFFF), PAYLOADS), max_size=5))
def test_requests_that_follow_one_another_are_told_apart(pairs: list[tuple[int, bytes]]) -> None:
    octets = b"".join(
        wire.request(kind, wire.ACK, sequence, payload)
        for sequence, (kind, payload) in enumerate(pairs)
    )

    found = list(wire.messages(octets))

    assert [(one.kind, one.payload) for one in found] == pairs
    assert [one.sequence for one in found] == list(range(len(pairs)))
    assert all(one.flags == wire.REQUEST | wire.ACK for one in found)


def test_flag_bits_of_an_attribute_are_not_part_of_its_type() -> None:
    assert list(wire.attributes(wire.attribute(2 | wire.NESTED, b"x"))) == [(2, b"x")]


def test_an_error_says_its_number_and_the_kernels_words() -> None:
    echoed = wire.HEADER.pack(16, 20, 1, 7, 0)
    text = wire.attribute(1, b"Unknown device type\0")
    capped = wire.Message(wire.ERROR, 0x300, 7, struct.pack("=i", -95) + echoed + text)

    assert wire.verdict_of(capped) == wire.Verdict(95, "Unknown device type")


def test_an_error_that_echoes_the_whole_request_says_its_words_behind_it() -> None:
    request = wire.request(20, 0, 7, b"12345678")
    text = wire.attribute(1, b"no\0")
    whole = wire.Message(wire.ERROR, 0x200, 7, struct.pack("=i", -1) + request + text)

    assert wire.verdict_of(whole) == wire.Verdict(1, "no")


def test_an_acknowledgement_has_the_number_zero() -> None:
    payload = struct.pack("=i", 0) + wire.HEADER.pack(16, 20, 1, 7, 0)

    assert wire.verdict_of(wire.Message(wire.ERROR, 0, 7, payload)) == wire.Verdict(0, "")


def test_an_error_that_is_cut_off_says_nothing() -> None:
    assert wire.verdict_of(wire.Message(wire.ERROR, 0x200, 7, b"\0")) == wire.Verdict(0, "")
    assert wire.verdict_of(wire.Message(wire.ERROR, 0x200, 7, b"\xff" * 4)).number == 1
