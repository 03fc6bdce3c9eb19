import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.dataplane import ipvs_messages as messages
from svcdns.dataplane.netlink_wire import attribute, attributes

ADDRESSES = st.binary(min_size=4, max_size=4) | st.binary(min_size=16, max_size=16)
PORTS = st.integers(0, 65535)
U32 = st.integers(0, 2**32 - 1)
PROTOCOLS = st.sampled_from([6, 17, 132])
NAMES = st.text("abcdefghijklmnopqrstuvwxyz_0123456789", min_size=1, max_size=15)


@given(PROTOCOLS, ADDRESSES, PORTS, NAMES, U32, U32)
def test_a_virtual_server_comes_back_as_it_was_written(
    protocol: int, address: bytes, port: int, scheduler: str, flags: int, timeout: int
) -> None:
    written = messages.service(
        protocol, address, port, scheduler=scheduler, flags=flags, timeout=timeout
    )

    found = messages.read_service(messages.command(messages.NEW_SERVICE, written))

    flags &= ~messages.HASHED
    assert found == messages.ServiceRow(protocol, address, port, scheduler, flags, timeout)
    assert len(written) % 4 == 0


@given(ADDRESSES, PORTS, st.integers(0, 2**31 - 1))
def test_a_real_server_comes_back_as_it_was_written(address: bytes, port: int, weight: int) -> None:
    payload = messages.command(messages.NEW_DEST, messages.dest(address, port, weight))

    found = messages.read_dest(payload, len(address))

    assert found == messages.DestRow(address, port, weight, messages.MASQUERADE, 0, 0, 0)


@given(st.binary(max_size=120))
def test_any_octets_are_a_row_or_none(octets: bytes) -> None:
    messages.read_service(octets)
    messages.read_dest(octets, 4)


def test_a_virtual_server_is_these_octets() -> None:
    written = messages.service(6, bytes((10, 96, 0, 1)), 80, scheduler="rr", flags=1, timeout=30)

    assert written.hex(" ", 4).split() == [
        "54000180",  # 84 octets, SERVICE, nested
        "06000100", "02000000",  # family
        "06000200", "06000000",  # protocol
        "14000300", "0a600001", "00000000", "00000000", "00000000",  # address
        "06000400", "00500000",  # port, in the order of the network
        "07000600", "72720000",  # scheduler
        "0c000700", "01000000", "ffffffff",  # flags and their mask
        "08000800", "1e000000",  # timeout
        "08000900", "ffffffff",  # netmask
    ]  # fmt: skip


def test_the_netmask_of_ipv6_is_a_number() -> None:
    written = messages.service(6, bytes(16), 80, scheduler="rr")

    assert written.endswith(attribute(9, (128).to_bytes(4, "little")))


def test_the_key_of_a_virtual_server_has_four_attributes() -> None:
    ((kind, payload),) = attributes(messages.service_key(17, bytes(4), 53))

    assert kind == 1
    assert [kind for kind, _ in attributes(payload)] == [1, 2, 3, 4]


def test_a_virtual_server_of_a_firewall_mark_is_left_out() -> None:
    mark = attribute(1, attribute(1, b"\2\0") + attribute(5, b"\1\0\0\0"))

    assert messages.read_service(messages.command(1, mark)) is None


def test_an_old_kernel_that_does_not_repeat_the_family_is_understood() -> None:
    payload = messages.command(
        5, attribute(2, attribute(1, b"\n\0\0\1".ljust(16, b"\0")) + attribute(2, b"\0\x50"))
    )

    found = messages.read_dest(payload, 4)

    assert found is not None
    assert (found.address, found.port) == (b"\n\0\0\1", 80)


def test_the_family_is_asked_for_by_name_and_found_in_the_answer() -> None:
    assert messages.get_family().endswith(b"IPVS\0\0\0\0")
    assert messages.family_of(messages.command(1, attribute(1, b"\x1c\0"))) == 28
    with pytest.raises(ValueError, match="no family"):
        messages.family_of(messages.command(1))


def test_timeouts_are_three_numbers() -> None:
    assert list(attributes(messages.timeouts(900, 0, 300))) == [
        (4, (900).to_bytes(4, "little")),
        (5, bytes(4)),
        (6, (300).to_bytes(4, "little")),
    ]
