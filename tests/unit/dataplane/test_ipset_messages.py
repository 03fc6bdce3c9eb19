import socket
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.dataplane import ipset_messages as messages
from svcdns.dataplane.netlink_wire import NESTED, attribute, attributes
from svcdns.proxy.filter_rows import Purpose, Row

PLACE_PURPOSES = (
    *(Purpose.SERVED, Purpose.CLUSTER, Purpose.MASQUERADED, Purpose.HAIRPIN),
    *(Purpose.RANGED, Purpose.REFUSED, Purpose.DROPPED),
)


@st.composite
def rows(draw: st.DrawFn) -> Row:
    """A row of any purpose, with the fields that it has a use for."""
    purpose = draw(st.sampled_from(list(Purpose)))
    address = draw(st.binary(min_size=4, max_size=4) | st.binary(min_size=16, max_size=16))
    port = draw(st.integers(1, 65535))
    if purpose is Purpose.ADDRESS:
        return Row(purpose, address)
    if purpose is Purpose.HEALTH:
        return Row(purpose, protocol=6, port=port)
    row = Row(purpose, address, draw(st.sampled_from([6, 17, 132])), port)
    if purpose in PLACE_PURPOSES:
        return row
    source = draw(st.binary(min_size=len(address), max_size=len(address)))
    return row._replace(source=source, prefix=draw(st.integers(1, 8 * len(address))))


def listed(payload: bytes) -> bytes:
    """What a dump would say of the set after this change."""
    found = dict(attributes(payload[4:]))
    entries = attribute(8 | NESTED, attribute(7 | NESTED, found[7]))
    return payload[:4] + attribute(2, found[2]) + entries


@given(rows())
def test_a_row_comes_back_as_it_was_written(row: Row) -> None:
    payload = messages.change("SVCDNS-ANY", row, socket.AF_INET)

    name, entries = messages.read_listing(listed(payload))

    assert name == "SVCDNS-ANY"
    assert [messages.read_entry(row.purpose, octets) for octets in entries] == [row]


@given(st.sampled_from(list(Purpose)), st.binary(max_size=80))
def test_any_octets_are_a_row_or_an_error(purpose: Purpose, octets: bytes) -> None:
    with suppress(ValueError):
        messages.read_entry(purpose, octets)


def test_a_whole_address_as_a_range_is_listed_without_its_prefix() -> None:
    row = Row(Purpose.RANGE, b"\n\0\0\1", 6, 80, b"\n\0\0\2", 32)
    payload = messages.change("SVCDNS-RANGE", row, socket.AF_INET)
    octets = dict(attributes(payload[4:]))[7]
    without = b"".join(attribute(kind, one) for kind, one in attributes(octets) if kind != 21)

    assert messages.read_entry(Purpose.RANGE, without) == row


def test_an_entry_that_is_cut_off_is_an_error() -> None:
    with pytest.raises(ValueError, match="cut off"):
        messages.read_entry(Purpose.SERVED, b"")


def test_a_dump_asks_for_every_set() -> None:
    assert dict(attributes(messages.listing()[4:])) == {1: b"\6"}
