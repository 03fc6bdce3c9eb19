import struct

from hypothesis import given
from hypothesis import strategies as st

from svcdns.dataplane.conntrack import Flow, is_stale, read_flow
from svcdns.dataplane.netlink_wire import NESTED, attribute
from svcdns.proxy.model import TCP, UDP, VirtualKey

CLIENT, VIP, POD, OTHER = b"\n\0\0\1", b"\n\x60\0\1", b"\n\1\1\2", b"\n\1\2\2"
KEY = VirtualKey(UDP, VIP, 53)


def way(protocol: int, source: bytes, port: int, to: bytes, to_port: int) -> bytes:
    sources, destinations = (1, 2) if len(source) == 4 else (3, 4)
    addresses = attribute(sources, source) + attribute(destinations, to)
    ports = (
        attribute(1, bytes((protocol,)))
        + attribute(2, struct.pack(">H", port))
        + attribute(3, struct.pack(">H", to_port))
    )
    return attribute(1 | NESTED, addresses) + attribute(2 | NESTED, ports)


def entry(protocol: int = UDP, pod: bytes = POD, vip: bytes = VIP, client: bytes = CLIENT) -> bytes:
    return (
        bytes(4)
        + attribute(1 | NESTED, way(protocol, client, 4000, vip, 53))
        + attribute(2 | NESTED, way(protocol, pod, 8053, client, 4000))
        + attribute(12, b"\0\0\0\7")
    )


def test_a_udp_flow_says_where_it_went_and_who_replies() -> None:
    flow = read_flow(entry())

    assert flow is not None
    assert flow.key == KEY
    assert flow.replies_from == POD + struct.pack(">H", 8053)
    assert flow.name.endswith(attribute(12, b"\0\0\0\7"))


def test_an_ipv6_flow_is_read_too() -> None:
    flow = read_flow(entry(pod=bytes(15) + b"\2", vip=bytes(15) + b"\1", client=bytes(16)))

    assert flow is not None
    assert flow.key == VirtualKey(UDP, bytes(15) + b"\1", 53)


def test_flows_of_other_protocols_are_left_out() -> None:
    assert read_flow(entry(protocol=TCP)) is None


@given(st.binary(max_size=100))
def test_any_octets_are_a_flow_or_none(octets: bytes) -> None:
    read_flow(octets)


def test_a_flow_to_a_server_that_is_gone_is_stale() -> None:
    flow = Flow(KEY, POD + b"\x1f\x75", b"")

    assert is_stale(flow, {KEY: OTHER + b"\x1f\x75"})
    assert not is_stale(flow, {KEY: OTHER + b"\x1f\x75" + POD + b"\x1f\x75"})


def test_a_flow_is_left_alone_where_nobody_serves() -> None:
    flow = Flow(KEY, POD + b"\x1f\x75", b"")

    assert not is_stale(flow, {KEY: b""})
    assert not is_stale(flow, {})
