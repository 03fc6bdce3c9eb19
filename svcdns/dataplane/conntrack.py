"""UDP flows that conntrack still sends where nobody serves any more.

TCP ends with a reset; UDP has no end, so a client that goes on from one port would reach a pod
that is gone, or an address that was nobody's when its first packet came, for minutes.

It blocks: use it in `dataplane.worker`'s thread.
Source: linux/netfilter/nfnetlink_conntrack.h, net/netfilter/nf_conntrack_netlink.c.
"""

import socket
import struct
from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple

from svcdns.dataplane.netlink import NetlinkSocket, Request
from svcdns.dataplane.netlink_wire import NESTED, attribute, attributes
from svcdns.proxy.model import UDP, VirtualKey

_NETLINK_NETFILTER = 12
_GET, _DELETE = 0x101, 0x102
_GENERIC = struct.Struct("=BBH")
_TUPLE_ORIGINAL, _TUPLE_REPLY, _ID, _ZONE = 1, 2, 12, 18
_TUPLE_IP, _TUPLE_PROTO = 1, 2
_SOURCES, _DESTINATIONS = (1, 3), (2, 4)
_PROTO_NUMBER, _SOURCE_PORT, _DESTINATION_PORT = 1, 2, 3
_NAMING = (_ID, _ZONE)


class Flow(NamedTuple):
    """One entry of conntrack, as much as is asked of it."""

    key: VirtualKey
    """Protocol, and where its first packet was sent to."""
    replies_from: bytes
    """Address and port, packed, whose packets go back to the client."""
    name: bytes
    """The attributes that name it in a request."""


def forget_stale(serving: Mapping[VirtualKey, bytes]) -> None:
    """Delete UDP flows to these virtual servers that go elsewhere.

    What the kernel refuses, or cannot do without nf_conntrack_netlink, is left: flows end by
    themselves, later.

    Args:
        serving: rows of real servers (`proxy.model.pack_servers`) by virtual server; empty
            where nobody serves: then nothing of it is deleted.
    """
    with suppress(OSError), NetlinkSocket(_NETLINK_NETFILTER) as sock:
        for family in sorted({_family(key.address) for key in serving}):
            dumped = sock.dump(Request(_GET, _GENERIC.pack(family, 0, 0)))
            flows = [flow for octets in dumped if (flow := read_flow(octets)) is not None]
            sock.batch(
                Request(_DELETE, _GENERIC.pack(family, 0, 0) + flow.name)
                for flow in flows
                if is_stale(flow, serving)
            )


def is_stale(flow: Flow, serving: Mapping[VirtualKey, bytes]) -> bool:
    """Return whether a flow to one of the virtual servers goes to none of its real servers."""
    rows = serving.get(flow.key, b"")
    width = len(flow.replies_from)
    return bool(rows) and all(
        rows[at : at + width] != flow.replies_from for at in range(0, len(rows), width)
    )


def read_flow(octets: bytes) -> Flow | None:
    """Return the UDP flow of one message of a dump; None for others."""
    found = dict(attributes(octets[_GENERIC.size :]))
    with suppress(KeyError):
        original, reply = _tuple(found[_TUPLE_ORIGINAL]), _tuple(found[_TUPLE_REPLY])
        if original.protocol == UDP:
            name = attribute(_TUPLE_ORIGINAL | NESTED, found[_TUPLE_ORIGINAL]) + b"".join(
                attribute(kind, found[kind]) for kind in _NAMING if kind in found
            )
            key = VirtualKey(UDP, original.destination[:-2], _port(original.destination))
            return Flow(key, reply.source, name)
    return None


class _Tuple(NamedTuple):
    protocol: int
    source: bytes
    destination: bytes


def _tuple(octets: bytes) -> _Tuple:
    parts = dict(attributes(octets))
    ip, proto = dict(attributes(parts[_TUPLE_IP])), dict(attributes(parts[_TUPLE_PROTO]))
    number = proto[_PROTO_NUMBER][0]
    if number != UDP:
        return _Tuple(number, b"", b"")
    return _Tuple(
        number,
        next(ip[kind] for kind in _SOURCES if kind in ip) + proto[_SOURCE_PORT],
        next(ip[kind] for kind in _DESTINATIONS if kind in ip) + proto[_DESTINATION_PORT],
    )


def _port(row: bytes) -> int:
    return int.from_bytes(row[-2:], "big")


def _family(address: bytes) -> int:
    return socket.AF_INET if len(address) == 4 else socket.AF_INET6
