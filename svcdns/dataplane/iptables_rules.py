"""iptables rules of virtual servers, in kube-proxy's shapes under our prefix; and the way back.

Chains of one virtual server, in table nat: `SVCDNS-SVC-…` balances (`-SVL-` over the servers of
policy Local), `-EXT-` decides on masquerading for addresses reached from outside, `-FW-` lets in
source ranges, `-SEP-` is one server. One rule in a chain that all share leads to them. Where
nobody serves there is but a rule in table filter.

Pure. Source: iptables-extensions(8); kube-proxy's chains, as facts.
"""

from base64 import b32encode
from collections.abc import Iterator
from hashlib import sha256
from typing import NamedTuple

from svcdns.dataplane.filter import FilterOptions
from svcdns.proxy.model import (
    PERSISTENT,
    PROTOCOL_TEXTS,
    Kind,
    RealServer,
    VirtualKey,
    VirtualServer,
)
from svcdns.wire.name import address_text

PREFIX = "SVCDNS-"
SCHEDULERS = frozenset({"random", "rr"})
REASON = (
    "iptables rules neither count connections nor hash addresses, so they cannot keep to it; "
    "choose random or rr, or use the mode ipvs, nftables or userspace"
)
SHARED = {
    "nat": ("SERVICES", "NODEPORTS"),
    "filter": ("REFUSED", "FIREWALL", "CLOSED"),
}
"""Chains with a rule for each virtual server or address, by table."""


class SharedRule(NamedTuple):
    """A rule in a chain that all virtual servers share."""

    table: str
    chain: str
    text: str


class VirtualRules(NamedTuple):
    """All rules of one virtual server."""

    chains: dict[str, tuple[str, ...]]
    """Rules by chain of its own, in table nat; chains that are jumped to come first."""
    shared: tuple[SharedRule, ...]


def rules_of(one: VirtualServer, near: str, options: FilterOptions) -> VirtualRules:
    """Return the rules of a virtual server.

    Args:
        one: with a scheduler of `SCHEDULERS`.
        near: chain that serves the node and its pods where policy is Local; empty: none.
        options: whom to masquerade.
    """
    shared: list[SharedRule] = []
    place, comment = _place(one.key), _comment(one)
    if one.source_ranges:
        shared.append(SharedRule("filter", "FIREWALL", f"{place} -j DROP"))
    if not one.servers and not near:
        target = "DROP" if one.drops else _reject(one.key)
        shared.append(SharedRule("filter", "REFUSED", f"{place}{comment} -j {target}"))
        return VirtualRules({}, tuple(shared))
    chains: dict[str, tuple[str, ...]] = {}
    balancing = chain_name("SVL" if one.external_local else "SVC", one.key)
    servers = tuple(one.real_servers())
    for server in servers:
        chains[_server_chain(one.key, server)] = tuple(_server_rules(one, server))
    if servers:
        chains[balancing] = tuple(_balancing_rules(one, servers, options))
    target = balancing
    if one.kind != Kind.CLUSTER:
        target = chain_name("EXT", one.key)
        chains[target] = tuple(_external_rules(one, near, balancing if servers else "", options))
    if one.source_ranges:
        allowed, target = target, chain_name("FW", one.key)
        chains[target] = tuple(
            f"-s {address_text(network)}/{prefix} -j {allowed}"
            for network, prefix in one.source_ranges
        )
    if not servers:  # policy Local, and only the node and its pods are served
        gone = "DROP" if one.drops else _reject(one.key)
        shared.append(SharedRule("filter", "REFUSED", f"{place} -j {gone}"))
    start = "NODEPORTS" if one.kind == Kind.NODE else "SERVICES"
    shared.append(SharedRule("nat", start, f"{place}{comment} -j {target}"))
    return VirtualRules(chains, tuple(shared))


def address_rule(address: bytes) -> SharedRule:
    """Return the rule that closes an address for what no virtual server serves."""
    reject = "icmp6-port-unreachable" if len(address) == 16 else "icmp-port-unreachable"
    return SharedRule("filter", "CLOSED", f"{_host(address)} -j REJECT --reject-with {reject}")


def chain_name(kind: str, key: VirtualKey, more: bytes = b"") -> str:
    """Return the name of a chain; iptables takes no more than 28 characters."""
    octets = bytes((key.protocol,)) + key.port.to_bytes(2) + key.address + more
    return f"{PREFIX}{kind}-{b32encode(sha256(octets).digest())[:16].decode()}"


def cluster_chain(key: VirtualKey) -> str:
    """Return the chain that balances a cluster address."""
    return chain_name("SVC", key)


def can_serve(one: VirtualServer) -> str:
    """Return why a virtual server cannot be made; empty when it can."""
    if one.scheduler not in SCHEDULERS:
        return f"scheduler {one.scheduler}: {REASON}"
    if one.key.protocol not in PROTOCOL_TEXTS:
        return f"protocol {one.key.protocol} has no ports that iptables knows"
    return ""


def fixed_chains(width: int, options: FilterOptions) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return the rules that are always the same: by table, by chain without the prefix.

    Args:
        width: octets of an address, which say the family.
        options: the mark, and which clients are pods.
    """
    mark = f"{options.mark:#x}"
    pods = [one for one in options.cluster_networks if len(one[0]) == width]
    outside = [f"-s {address_text(network)}/{prefix} -j RETURN" for network, prefix in pods]
    return {
        "nat": {
            "MARK-MASQ": (f"-j MARK --or-mark {mark}",),
            "OUTSIDE": (*outside, f"-j {PREFIX}MARK-MASQ") if pods else (),
            "POSTROUTING": (
                f"-m mark ! --mark {mark}/{mark} -j RETURN",
                f"-j MARK --xor-mark {mark}",
                "-j MASQUERADE --random-fully",
            ),
        },
        "filter": {
            "FORWARD": (
                "-m conntrack --ctstate INVALID -j DROP",
                f"-m mark --mark {mark}/{mark} -j ACCEPT",
                "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
            ),
        },
    }


JUMPS = (
    ("nat", "PREROUTING", "SERVICES", ""),
    ("nat", "OUTPUT", "SERVICES", ""),
    ("nat", "PREROUTING", "NODEPORTS", "-m addrtype --dst-type LOCAL"),
    ("nat", "OUTPUT", "NODEPORTS", "-m addrtype --dst-type LOCAL"),
    ("nat", "POSTROUTING", "POSTROUTING", ""),
    ("filter", "FORWARD", "FORWARD", ""),
    *(
        ("filter", chain, ours, "-m conntrack --ctstate NEW")
        for chain in ("INPUT", "FORWARD", "OUTPUT")
        for ours in ("CLOSED", "FIREWALL", "REFUSED")
    ),
)
"""Table, built-in chain, chain of ours it starts with, condition. Each goes to the top, so of
one built-in chain the last comes first."""


def _balancing_rules(
    one: VirtualServer, servers: tuple[RealServer, ...], options: FilterOptions
) -> Iterator[str]:
    if one.kind == Kind.CLUSTER:
        if options.masquerade_all:
            yield f"-j {PREFIX}MARK-MASQ"
        elif any(len(network) == len(one.key.address) for network, _ in options.cluster_networks):
            yield f"-j {PREFIX}OUTSIDE"
    if held := _held_seconds(one):
        for server in servers:
            chain = _server_chain(one.key, server)
            yield f"-m recent --name {chain} --rcheck --seconds {held} --reap --rsource -j {chain}"
    for at, server in enumerate(servers):
        left = len(servers) - at
        turn = ""
        if left > 1 and one.scheduler == "rr":
            turn = f"-m statistic --mode nth --every {left} --packet 0 "
        elif left > 1:
            turn = f"-m statistic --mode random --probability {1 / left:.11f} "
        yield f"{turn}-j {_server_chain(one.key, server)}"


def _external_rules(
    one: VirtualServer, near: str, balancing: str, options: FilterOptions
) -> Iterator[str]:
    if near:
        for network, prefix in options.cluster_networks:
            if len(network) == len(one.key.address):
                yield f"-s {address_text(network)}/{prefix} -j {near}"
        yield f"-m addrtype --src-type LOCAL -j {PREFIX}MARK-MASQ"
        yield f"-m addrtype --src-type LOCAL -j {near}"
    if not one.external_local:
        yield f"-j {PREFIX}MARK-MASQ"
    if balancing:
        yield f"-j {balancing}"


def _server_rules(one: VirtualServer, server: RealServer) -> Iterator[str]:
    # A pod that reaches itself has to get its answer from the Service.
    chain = _server_chain(one.key, server)
    host = address_text(server.address)
    goal = f"[{host}]:{server.port}" if ":" in host else f"{host}:{server.port}"
    protocol = PROTOCOL_TEXTS[one.key.protocol].lower()
    keep = f"-m recent --name {chain} --set --rsource " if _held_seconds(one) else ""
    yield f"-s {host}/{len(server.address) * 8} -j {PREFIX}MARK-MASQ"
    yield f"-p {protocol} {keep}-m {protocol} -j DNAT --to-destination {goal}"


def _held_seconds(one: VirtualServer) -> int:
    return one.persistence_timeout if one.flags & PERSISTENT else 0


def _server_chain(key: VirtualKey, server: RealServer) -> str:
    return chain_name("SEP", key, server.address + server.port.to_bytes(2))


def _host(address: bytes) -> str:
    return f"-d {address_text(address)}/{len(address) * 8}"


def _place(key: VirtualKey) -> str:
    protocol = PROTOCOL_TEXTS[key.protocol].lower()
    return f"{_host(key.address)} -p {protocol} -m {protocol} --dport {key.port}"


def _comment(one: VirtualServer) -> str:
    """Return what tells people, and the next start, whose rule it is."""
    words = f"{one.service} {one.scheduler} {one.flags:#x} {one.persistence_timeout}"
    return f' -m comment --comment "{words}"'


def _reject(key: VirtualKey) -> str:
    if PROTOCOL_TEXTS[key.protocol] == "TCP":
        return "REJECT --reject-with tcp-reset"
    reject = "icmp6-port-unreachable" if len(key.address) == 16 else "icmp-port-unreachable"
    return f"REJECT --reject-with {reject}"
