import struct

from hypothesis import given
from hypothesis import strategies as st

from svcdns.server.interfaces import address_of, interface_addresses, messages

NAMES = {1: "lo", 4: "eth0"}
ETH0 = struct.pack("=BBBBi", 2, 24, 0, 0, 4)


def attribute(kind: int, octets: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(octets), kind) + octets + bytes(-len(octets) % 4)


def test_this_machine_has_loopback() -> None:
    assert ("lo", "127.0.0.1", False) in {
        (one.interface, one.text, one.is_global) for one in interface_addresses()
    }


def test_of_a_link_between_two_the_own_end_counts() -> None:
    own, peer = bytes((10, 0, 0, 1)), bytes((10, 0, 0, 2))

    found = address_of(ETH0 + attribute(1, peer) + attribute(2, own), NAMES)

    assert found is not None
    assert (found.interface, found.text, found.is_global) == ("eth0", "10.0.0.1", True)


def test_a_link_local_address_names_its_interface() -> None:
    packed = b"\xfe\x80" + bytes(13) + b"\x01"

    found = address_of(struct.pack("=BBBBi", 10, 64, 0, 253, 4) + attribute(1, packed), NAMES)

    assert found is not None
    assert (found.text, found.is_global) == ("fe80::1%eth0", False)


def test_an_interface_that_is_gone_has_no_address() -> None:
    assert address_of(ETH0 + attribute(2, bytes(4)), {}) is None


@given(st.binary(max_size=200))
def test_any_octets_of_a_dump_are_read_or_left_out(octets: bytes) -> None:
    for _, payload in messages(octets):
        address_of(payload, NAMES)
    address_of(octets, NAMES)
