"""What the nftables table holds for one virtual server, and the names of chains that serve it.

Almost nothing is made for a virtual server alone: real servers are elements of one map with
address, port and a number as key, and a chain only draws the number. So virtual servers of the
same shape (marking, scheduler, count) share a chain, and ten thousand of them are elements, which
the kernel takes ten times faster than chains and rules. Chains of their own have those that
keep something: `rr` its turn, affinity its clients, and policy Local its two lists. For affinity
rules name the servers too, and a digest of them is in the chain's name: another list is another
chain.

Pure. Source: nft(8), EXPRESSIONS, on numgen, jhash and concatenations.
"""

import re
from hashlib import blake2s
from ipaddress import IPv4Network, IPv6Network, collapse_addresses
from typing import NamedTuple

from svcdns.dataplane.filter import FilterOptions
from svcdns.proxy.model import (
    PERSISTENT,
    PROTOCOL_TEXTS,
    SCHED_1,
    SCTP,
    TCP,
    UDP,
    Kind,
    VirtualKey,
    VirtualServer,
)
from svcdns.wire.name import address_text

SCHEDULERS = frozenset({"random", "rr", "sh", "dh"})
"""What can be balanced by rules: by chance, in turn, by hash of source or destination."""
REASON = (
    "nftables rules do not count connections and have no weights, so they cannot keep to it; "
    "choose random, rr, sh or dh, or use the mode ipvs or userspace"
)
NEAR = 32768
"""Numbers from here on are servers for the node and its pods, see `Entry.near`."""
PROTOCOLS = {TCP: "tcp", UDP: "udp", SCTP: "sctp"}

_SHAPE = re.compile(
    r"(?P<marking>all|outside|plain)-(?P<scheduler>random|rr|sh|dh)-(?P<servers>\d+)"
    r"-(?P<protocol>tcp|udp|sctp)(?:-near(?P<near>\d+))?"
    r"(?:-held(?P<held>\d+))?(?:-of(?P<digest>[0-9a-f]{8}))?(?P<own>/.*)?"
)

Ranges = tuple[tuple[bytes, int], ...]


class Shape(NamedTuple):
    """What a chain does. All of it is in the chain's name."""

    marking: str
    """Whose packets are masqueraded: `all`, `outside` (clients that are no pods) or `plain`."""
    scheduler: str
    servers: int
    """How many real servers."""
    protocol: str
    near: int = 0
    """Real servers for the node and its pods."""
    held: int = 0
    """Seconds for which a client stays with its server."""
    digest: str = ""
    """Of the servers, where the rules name them."""
    own: str = ""
    """Address and port, where no other virtual server may use the chain."""

    @property
    def name(self) -> str:
        """Return the name of the chain."""
        near = f"-near{self.near}" if self.near else ""
        held = f"-held{self.held}" if self.held else ""
        digest = f"-of{self.digest}" if self.digest else ""
        head = f"{self.marking}-{self.scheduler}-{self.servers}-{self.protocol}"
        return f"{head}{near}{held}{digest}{self.own}"

    @classmethod
    def named(cls, chain: str) -> "Shape | None":
        """Return what a chain does by its name; None if it is none of these chains."""
        found = _SHAPE.fullmatch(chain)
        if found is None:
            return None
        return cls(
            found["marking"],
            found["scheduler"],
            int(found["servers"]),
            found["protocol"],
            int(found["near"] or 0),
            int(found["held"] or 0),
            found["digest"] or "",
            found["own"] or "",
        )

    @property
    def takes_turns(self) -> bool:
        """Return whether the rule counts whose turn it is."""
        return self.scheduler == "rr" and self.servers > 0 and not self.held

    @property
    def flags(self) -> int:
        """Return the flags of a virtual server that is served like this.

        With `sh` a server that went is in no map any more, so SCHED_1 holds by itself.
        """
        return (PERSISTENT if self.held else 0) | (SCHED_1 if self.scheduler == "sh" else 0)


class Entry(NamedTuple):
    """Everything the table holds for one virtual server."""

    chain: str = ""
    """Where its packets go; empty when it has no servers."""
    refusal: str = ""
    """`drop` or `goto refuse`, when nobody serves it."""
    servers: bytes = b""
    """Rows of address and port, in the order of their numbers."""
    near: bytes = b""
    """For clients on this node, where `servers` are only those of policy Local."""
    ranges: Ranges = ()
    """Networks of clients, none inside another."""


NOTHING = Entry()
"""Of a virtual server that is not there."""


def entry_of(one: VirtualServer, near: bytes, options: FilterOptions) -> Entry:
    """Return what the table has to hold for a virtual server.

    Args:
        one: with a scheduler of `SCHEDULERS`.
        near: rows of servers of the Service's cluster address, for policy Local.
        options: whom to masquerade.
    """
    ranges = apart(one.source_ranges) if one.source_ranges else ()
    if not one.servers and not near:
        return Entry("", "drop" if one.drops else "goto refuse", b"", b"", ranges)
    key, width = one.key, len(one.key.address) + 2
    held = one.persistence_timeout if one.flags & PERSISTENT and one.servers else 0
    keeps = held or near or (one.scheduler == "rr" and one.servers)
    shape = Shape(
        _marking(one, options),
        one.scheduler,
        len(one.servers) // width,
        PROTOCOLS[key.protocol],
        len(near) // width,
        held,
        blake2s(one.servers, digest_size=4).hexdigest() if held else "",
        f"/{place_name(key.address, key.port)}" if keeps else "",
    )
    return Entry(shape.name, "", one.servers, near, ranges)


def place_name(address: bytes, port: int) -> str:
    """Return address and port as a part of a name, which may hold no colon."""
    return f"{address_text(address).replace(':', '_')}-{port}"


def key_text(key: VirtualKey) -> str:
    """Return the key of an element of most sets: `10.96.0.10 . tcp . 80`."""
    return f"{address_text(key.address)} . {PROTOCOLS[key.protocol]} . {key.port}"


def can_serve(one: VirtualServer) -> str:
    """Return why a virtual server cannot be made; empty when it can."""
    if one.scheduler not in SCHEDULERS:
        return f"scheduler {one.scheduler}: {REASON}"
    if one.key.protocol not in PROTOCOLS:
        known = ", ".join(PROTOCOL_TEXTS[number] for number in PROTOCOLS)
        return f"protocol {one.key.protocol} is none of {known}"
    return ""


def _marking(one: VirtualServer, options: FilterOptions) -> str:
    if one.kind != Kind.CLUSTER:
        return "plain" if one.external_local else "all"
    if options.masquerade_all:
        return "all"
    width = len(one.key.address)
    is_known = any(len(network) == width for network, _ in options.cluster_networks)
    return "outside" if is_known else "plain"


def apart(ranges: Ranges) -> Ranges:
    """Return the same addresses in networks that do not overlap, which one set can hold."""
    fours = [IPv4Network(one, strict=False) for one in ranges if len(one[0]) == 4]
    sixes = [IPv6Network(one, strict=False) for one in ranges if len(one[0]) == 16]
    return (
        *((one.network_address.packed, one.prefixlen) for one in collapse_addresses(fours)),
        *((one.network_address.packed, one.prefixlen) for one in collapse_addresses(sixes)),
    )
