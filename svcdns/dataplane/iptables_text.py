"""The packet filter of IPVS in the words of ipset and iptables, as text. Nothing runs here.

Every chain and set bears the prefix IPVS-SVCDNS-. The rules are always the same; only the entries
of the sets change. Where in the kernel each rule stands, and why:

- mangle PREROUTING and OUTPUT, before IPVS: a packet still has the virtual address, so source
  ranges hold for the node's own packets too;
- nat PREROUTING and OUTPUT: marks what has to be masqueraded; POSTROUTING does it, behind IPVS;
- filter INPUT, before IPVS on that path: closes the addresses of our device, and answers for
  virtual servers without endpoints.

Source: ipset(8), iptables-extensions(8), iptables-restore(8), ip_vs_core.c.
"""

import socket
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_network

from svcdns.dataplane.filter import FilterOptions
from svcdns.proxy.filter_rows import Purpose, Row

PREFIX = "IPVS-SVCDNS-"
"""Not that of the mode iptables: one mode can take over from the other without a gap."""
FAMILIES: Mapping[int, int] = {socket.AF_INET: 4, socket.AF_INET6: 16}
"""Octets of an address, by family."""

_TYPES = {
    Purpose.HAIRPIN: "hash:ip,port,ip",
    Purpose.RANGE: "hash:ip,port,net",
    Purpose.ADDRESS: "hash:ip",
    Purpose.HEALTH: "bitmap:port",
}
CLOSING = frozenset((Purpose.RANGED, Purpose.ADDRESS, Purpose.REFUSED, Purpose.DROPPED))
"""What keeps packets out."""
MOST_ENTRIES = 1 << 20
"""Of one set."""

JUMPS = (
    ("mangle", "PREROUTING", "FIREWALL"),
    ("mangle", "OUTPUT", "FIREWALL"),
    ("nat", "PREROUTING", "SERVICES"),
    ("nat", "OUTPUT", "SERVICES"),
    ("nat", "POSTROUTING", "POSTROUTING"),
    ("filter", "FORWARD", "FORWARD"),
    ("filter", "INPUT", "INPUT"),
)
"""Table, built-in chain and the chain of ours it starts with."""

_OURS = {
    "mangle": ("FIREWALL", "RANGES"),
    "nat": ("SERVICES", "CLUSTER", "MARK", "POSTROUTING"),
    "filter": ("FORWARD", "INPUT"),
}


def set_name(purpose: Purpose, family: int) -> str:
    """Return the name of the set that holds the rows of one purpose."""
    return f"{PREFIX}{'6-' if family == socket.AF_INET6 else ''}{purpose.name}"


def families(row: Row) -> tuple[int, ...]:
    """Return the families whose sets hold a row."""
    if not row.address:
        return tuple(FAMILIES)
    return (socket.AF_INET if len(row.address) == 4 else socket.AF_INET6,)


def sets_made() -> str:
    """Return the input of `ipset -exist restore` after which every set is there."""
    return _joined(
        f"create {set_name(purpose, family)} {_type(purpose, family)}"
        for purpose in Purpose
        for family in FAMILIES
    )


def rules(options: FilterOptions, family: int, saved: str) -> str:
    """Return the input of `iptables-restore --noflush` that puts all rules in place.

    Args:
        options: what the rules depend on.
        family: AF_INET or AF_INET6.
        saved: what iptables-save says; jumps that are there are not made twice.
    """
    return _restored(
        (*_chain_lines(table), *_jump_lines(table, saved), *_rule_lines(table, options, family))
        for table in _OURS
    )


def is_whole(options: FilterOptions, family: int, saved: str) -> bool:
    """Return whether `saved` has all our rules. Their number is compared, not their spelling."""
    for table in _OURS:
        there = _table_lines(table, saved)
        wanted = Counter(line.split()[1] for line in _rule_lines(table, options, family))
        found = Counter(line.split()[1] for line in there if line.startswith(f"-A {PREFIX}"))
        if wanted != found or any(_jump_lines(table, saved)):
            return False
    return True


def no_rules(saved: str, prefix: str = PREFIX) -> str:
    """Return the input of `iptables-restore --noflush` that takes our chains away.

    Args:
        saved: what iptables-save says.
        prefix: of the chains.
    """

    def lines(table: str) -> Iterator[str]:
        there = _table_lines(table, saved)
        chains = [one.split()[0][1:] for one in there if one.startswith(f":{prefix}")]
        yield from (f":{chain} - [0:0]" for chain in chains)
        yield from (
            f"-D{one[2:]}"
            for one in there
            if f" -j {prefix}" in one and not one.startswith(f"-A {prefix}")
        )
        yield from (f"-X {chain}" for chain in chains)

    return _restored(tuple(lines(table)) for table in _OURS)


def _rule_lines(table: str, options: FilterOptions, family: int) -> tuple[str, ...]:
    mark = f"{options.mark:#x}/{options.mark:#x}"
    loopback = "::1/128" if family == socket.AF_INET6 else "127.0.0.0/8"
    refuse = "icmp6-port-unreachable" if family == socket.AF_INET6 else "icmp-port-unreachable"

    def within(purpose: Purpose, fields: str) -> str:
        return f"-m set --match-set {set_name(purpose, family)} {fields}"

    new = "-m conntrack --ctstate NEW"
    refused = f"{new} {within(Purpose.REFUSED, 'dst,dst')}"
    pods = [
        f"{ip_network(network)}"
        for network in options.cluster_networks
        if (len(network[0]) == 16) == (family == socket.AF_INET6)
    ]
    if options.masquerade_all or pods:
        cluster = f"{within(Purpose.CLUSTER, 'dst,dst')} -j {PREFIX}CLUSTER"
    else:
        # The node's own packets get the virtual address as their source: it is a local one.
        cluster = f"{within(Purpose.CLUSTER, 'src,dst')} -j {PREFIX}MARK"
    spared = [] if options.masquerade_all else pods
    by_table = {
        "mangle": (
            f"FIREWALL {new} {within(Purpose.DROPPED, 'dst,dst')} -j DROP",
            f"FIREWALL {within(Purpose.RANGED, 'dst,dst')} -j {PREFIX}RANGES",
            f"RANGES {within(Purpose.RANGE, 'dst,dst,src')} -j RETURN",
            "RANGES -j DROP",
        ),
        "nat": (
            f"SERVICES -s {loopback} -j RETURN",
            f"SERVICES {cluster}",
            f"SERVICES {within(Purpose.MASQUERADED, 'dst,dst')} -j {PREFIX}MARK",
            f"SERVICES {within(Purpose.SERVED, 'dst,dst')} -j ACCEPT",
            *(f"CLUSTER -s {network} -j RETURN" for network in spared),
            f"CLUSTER -j {PREFIX}MARK",
            f"MARK -j MARK --or-mark {options.mark:#x}",
            f"POSTROUTING {within(Purpose.HAIRPIN, 'dst,dst,src')} -j MASQUERADE",
            f"POSTROUTING -m mark ! --mark {mark} -j RETURN",
            f"POSTROUTING -j MARK --xor-mark {options.mark:#x}",
            "POSTROUTING -j MASQUERADE --random-fully",
        ),
        "filter": (
            f"FORWARD -m mark --mark {mark} -j ACCEPT",
            "FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
            f"INPUT -p tcp {refused} -j REJECT --reject-with tcp-reset",
            f"INPUT {refused} -j REJECT --reject-with {refuse}",
            f"INPUT {within(Purpose.SERVED, 'dst,dst')} -j RETURN",
            f"INPUT -p tcp {within(Purpose.HEALTH, 'dst')} -j ACCEPT",
            f"INPUT {new} {within(Purpose.ADDRESS, 'dst')} -j REJECT --reject-with {refuse}",
        ),
    }
    return tuple(f"-A {PREFIX}{line}" for line in by_table[table])


def _chain_lines(table: str) -> Iterator[str]:
    return (f":{PREFIX}{chain} - [0:0]" for chain in _OURS[table])


def _jump_lines(table: str, saved: str) -> Iterator[str]:
    there = _table_lines(table, saved)
    for where, chain, ours in JUMPS:
        target = f" -j {PREFIX}{ours}"
        if where == table and not any(
            line.startswith(f"-A {chain} ") and f"{line} ".find(f"{target} ") >= 0 for line in there
        ):
            yield f"-I {chain} 1{target}"


def _table_lines(table: str, saved: str) -> list[str]:
    found: list[str] = []
    current = ""
    for line in saved.splitlines():
        if line.startswith("*"):
            current = line[1:].strip()
        elif current == table:
            found.append(line)
    return found


def _restored(tables: Iterable[tuple[str, ...]]) -> str:
    return _joined(
        line
        for table, lines in zip(_OURS, tables, strict=True)
        for line in (f"*{table}", *lines, "COMMIT")
    )


def _type(purpose: Purpose, family: int) -> str:
    kind = _TYPES.get(purpose, "hash:ip,port")
    if purpose is Purpose.HEALTH:
        return f"{kind} range 0-65535"
    return (
        f"{kind} family {'inet6' if family == socket.AF_INET6 else 'inet'} maxelem {MOST_ENTRIES}"
    )


def _joined(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
