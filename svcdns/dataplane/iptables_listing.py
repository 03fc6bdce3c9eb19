"""From what iptables-save prints to virtual servers: the way back from `iptables_rules`.

Pure. Source: iptables-save(8).
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from svcdns.dataplane.filter import FilterOptions
from svcdns.dataplane.iptables_rules import JUMPS, PREFIX, SHARED, fixed_chains
from svcdns.proxy.model import PROTOCOLS, RealServer, VirtualKey, pack_servers
from svcdns.wire.name import pack_address

_PLACE = re.compile(
    r"-d (?P<host>\S+)/\d+ -p (?P<protocol>\w+) .*?--dport (?P<port>\d+)"
    r'.*? --comment "(?P<service>\S+) (?P<scheduler>\w+) (?P<flags>0x[0-9a-f]+) (?P<seconds>\d+)"'
    r".* -j (?P<target>\S+)"
)
_GOAL = re.compile(r"--to-destination \[?(?P<host>[0-9a-f.:]+?)\]?:(?P<port>\d+)$")
_CLOSED = re.compile(r"-d (\S+)/\d+ ")


class Found(NamedTuple):
    """One virtual server as its rules have it."""

    scheduler: str
    flags: int
    persistence_timeout: int
    servers: bytes
    rules: int
    """In chains of its own."""


class Saved(NamedTuple):
    """Our chains of one family."""

    virtual: Mapping[VirtualKey, Found]
    addresses: frozenset[bytes]
    chains: Mapping[str, Mapping[str, tuple[str, ...]]]
    """Rules by table and chain."""
    missing_jumps: tuple[tuple[str, str, str, str], ...]

    def is_whole(self, width: int, options: FilterOptions) -> bool:
        """Return whether jumps and fixed chains are there; their rules are counted."""
        if self.missing_jumps:
            return False
        return all(
            len(self.chains.get(table, {}).get(f"{PREFIX}{chain}", ())) == len(rules)
            for table, chains in fixed_chains(width, options).items()
            for chain, rules in chains.items()
        ) and all(
            f"{PREFIX}{chain}" in self.chains.get(table, {})
            for table, chains in SHARED.items()
            for chain in chains
        )


def read_saved(text: str) -> Saved:
    """Return what the output of iptables-save says of ours."""
    chains: dict[str, dict[str, list[str]]] = {}
    jumps: set[tuple[str, str, str]] = set()
    current: dict[str, list[str]] = {}
    table = ""
    for line in text.splitlines():
        if line.startswith("*"):
            table = line[1:]
            current = chains.setdefault(table, {})
        elif line.startswith(f":{PREFIX}"):
            current.setdefault(line[1:].partition(" ")[0], [])
        elif line.startswith(f"-A {PREFIX}"):
            _, chain, rule = line.split(" ", 2)
            current.setdefault(chain, []).append(rule)
        elif line.startswith("-A ") and f"-j {PREFIX}" in line:
            words = line.split(" ")
            jumps.add((table, words[1], words[words.index("-j") + 1].removeprefix(PREFIX)))
    nat = chains.get("nat", {})
    virtual = {}
    for shared in ("SERVICES", "NODEPORTS"):
        virtual.update(_virtual(nat.get(f"{PREFIX}{shared}", ()), nat))
    for key, one in _virtual(chains.get("filter", {}).get(f"{PREFIX}REFUSED", ()), {}).items():
        virtual.setdefault(key, one)
    closed = chains.get("filter", {}).get(f"{PREFIX}CLOSED", ())
    return Saved(
        virtual,
        frozenset(pack_address(found[1]) for one in closed if (found := _CLOSED.match(one))),
        {
            name: {chain: tuple(rules) for chain, rules in ours.items()}
            for name, ours in chains.items()
        },
        tuple(one for one in JUMPS if one[:3] not in jumps),
    )


def _virtual(
    rules: list[str] | tuple[str, ...], nat: Mapping[str, list[str]]
) -> dict[VirtualKey, Found]:
    virtual = {}
    for rule in rules:
        found = _PLACE.match(rule)
        if found is None:
            continue
        key = VirtualKey(
            PROTOCOLS[found["protocol"].upper()], pack_address(found["host"]), int(found["port"])
        )
        servers: set[RealServer] = set()
        count = _follow(found["target"], nat, servers)
        virtual[key] = Found(
            found["scheduler"],
            int(found["flags"], 16),
            int(found["seconds"]),
            pack_servers(servers),
            count,
        )
    return virtual


def _follow(chain: str, nat: Mapping[str, list[str]], servers: set[RealServer]) -> int:
    """Take in the servers that packets in a chain can reach; return how many rules there are."""
    rules = nat.get(chain, ())
    count = len(rules)
    seen = set()
    for rule in rules:
        target = rule.rpartition("-j ")[2].split(" ")[0]
        if target == "DNAT":
            goal = _GOAL.search(rule)
            if goal is not None:
                servers.add(RealServer(pack_address(goal["host"]), int(goal["port"])))
        elif _is_own(chain, target) and target not in seen:
            seen.add(target)
            count += _follow(target, nat, servers)
    return count


def _is_own(chain: str, target: str) -> bool:
    # Chains of one virtual server end alike; EXT may also lead to SVC of another, the short cut
    # of the node and its pods.
    if not target.startswith(PREFIX) or target.count("-") < 2:
        return False
    return target.split("-")[1] == "SEP" or target.split("-")[2:] == chain.split("-")[2:]
