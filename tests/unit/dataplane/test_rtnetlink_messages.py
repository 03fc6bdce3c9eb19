import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.dataplane import rtnetlink_messages as messages
from svcdns.dataplane.netlink_wire import attribute


@given(
    st.integers(1, 2**31 - 1),
    st.binary(min_size=4, max_size=4) | st.binary(min_size=16, max_size=16),
)
def test_an_address_comes_back_as_it_was_written(number: int, packed: bytes) -> None:
    written = messages.address(number, packed)

    assert messages.read_address(written) == messages.BoundAddress(number, packed)


@given(st.binary(max_size=80))
def test_any_octets_are_an_address_or_none(octets: bytes) -> None:
    messages.read_address(octets)
    messages.read_link(octets)


def test_a_host_address_is_these_octets() -> None:
    assert messages.address(5, b"\n\0\0\1").hex(" ", 4).split() == [
        "02200000",  # family, prefix length, flags, scope
        "05000000",  # device
        "08000200", "0a000001",  # IFA_LOCAL
        "08000100", "0a000001",  # IFA_ADDRESS
    ]  # fmt: skip


def test_an_ipv6_address_is_usable_at_once() -> None:
    assert messages.address(5, bytes(16))[:4] == bytes((10, 128, 2, 0))


def test_of_a_point_to_point_link_the_own_address_counts() -> None:
    head = messages.addresses()

    found = messages.read_address(head + attribute(1, b"\n\0\0\2") + attribute(2, b"\n\0\0\1"))

    assert found == messages.BoundAddress(0, b"\n\0\0\1")


def test_a_dummy_device_says_its_name_and_kind() -> None:
    assert messages.read_link(messages.dummy("kube-ipvs0")) == messages.Link(
        0, "kube-ipvs0", "dummy"
    )


def test_a_device_is_asked_for_by_name_or_number() -> None:
    assert messages.read_link(messages.link_named("eth0")) == messages.Link(0, "eth0", "")
    assert messages.read_link(messages.link_numbered(7)) == messages.Link(7, "", "")


@pytest.mark.parametrize("packed", [b"\n\x60\0\1", bytes(15) + b"\1"])
@pytest.mark.parametrize("source", [b"", b"\xc0\0\2\1"])
def test_a_route_is_read_as_it_was_made(packed: bytes, source: bytes) -> None:
    made = messages.local_route(7, packed, source)

    assert messages.read_route(made) == messages.BoundAddress(7, packed)


@pytest.mark.parametrize("place", [4, 5, 7])  # table, protocol, type
def test_a_route_of_somebody_else_is_none_of_ours(place: int) -> None:
    made = bytearray(messages.local_route(7, b"\n\x60\0\1"))
    made[place] ^= 1

    assert messages.read_route(bytes(made)) is None


@given(st.binary(max_size=60))
def test_any_octets_are_a_route_of_ours_or_none(octets: bytes) -> None:
    found = messages.read_route(octets)

    assert found is None or len(found.packed) in {4, 16}


def test_a_link_says_whether_it_is_up() -> None:
    up, down = (messages.read_link(of(7)) for of in (messages.link_up, messages.link_numbered))

    assert up == messages.Link(7, "", "", is_up=True)
    assert down == messages.Link(7, "", "", is_up=False)
