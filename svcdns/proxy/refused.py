"""Addresses that no Service gets, because serving them would take something else away.

Source: RFC 6890 (special-purpose addresses); CVE-2020-8554 (external addresses).
"""

from collections.abc import Collection

from svcdns.proxy.model import Kind
from svcdns.proxy.options import ProxyOptions

_METADATA = (bytes((169, 254, 169, 254)), bytes.fromhex("fd000ec2000000000000000000000254"))


def why_refused(
    kind: Kind, address: bytes, options: ProxyOptions, nodes: Collection[bytes] = ()
) -> str:
    """Return why an address is not served, as the end of a sentence; empty if it is.

    Args:
        kind: of the address.
        address: packed.
        options: of the node.
        nodes: packed addresses of all Nodes.
    """
    is_own = address in options.node_addresses or address in options.other_addresses
    is_nodes = is_own or address in nodes
    if kind is Kind.NODE or (is_nodes and kind is Kind.BALANCER):
        return ""  # a load balancer may deliver to a node's own address
    if is_nodes:
        whose = "this node" if is_own else "a node"
        return f"is an address of {whose}: packets for the node would be balanced"
    if address in _METADATA:
        return "is where clouds have their metadata: pods would be answered by a Service"
    found = (why for is_one, why in _SPECIAL if is_one(address))
    return next(found, "")


def _is_loopback(address: bytes) -> bool:
    return address[0] == 127 if len(address) == 4 else address == bytes(15) + b"\x01"


def _is_link_local(address: bytes) -> bool:
    if len(address) == 4:
        return address.startswith(b"\xa9\xfe")
    return address[0] == 0xFE and address[1] & 0xC0 == 0x80


def _is_multicast(address: bytes) -> bool:
    return address[0] == 0xFF if len(address) == 16 else address[0] & 0xF0 == 0xE0


_SPECIAL = (
    (lambda address: not any(address), "is the unspecified address"),
    (_is_loopback, "is a loopback address"),
    (_is_link_local, "is a link-local address"),
    (_is_multicast, "is a multicast address"),
)
