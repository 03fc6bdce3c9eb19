"""nftables commands: the table with its fixed chains, chains by shape, elements of one entry.

Pure: from values to text. What the names mean is in `nftables_entry`.

A change is one transaction, and yet a packet can meet half of it: a base chain keeps to the rules
of the moment in which it starts, while each look into a map finds what is there by then. A number
drawn of five is in no map when four servers have gone meanwhile, and a chain made just now has no
rules yet. So what the first base chain does not translate goes through a second one, which starts
anew, and finds rules and maps of one moment.

Source: nft(8); docs/proxy.md on the order of hooks.
"""

from collections.abc import Iterator
from hashlib import blake2s
from zlib import crc32

from svcdns.dataplane.filter import FilterOptions
from svcdns.dataplane.nftables_entry import (
    NEAR,
    PROTOCOLS,
    Entry,
    Ranges,
    Shape,
    apart,
    key_text,
    place_name,
)
from svcdns.proxy.model import VirtualKey, unpack_servers
from svcdns.wire.name import address_text

TABLE = "svcdns"
BRIDGE = f"{TABLE}-bridge"
"""Serves while the table is made anew, see `nftables_bridge`."""
COMPLETE = "complete"
"""Chain without rules, which a bridge has from the moment in which it serves."""
PROTOCOL_FIELDS = {4: "ip protocol", 16: "ip6 nexthdr"}
"""Where a set of ranges looks, by octets of an address: nft 1.0.6 turns `meta l4proto` there into
what kernels from 6.12 on refuse. IPv6 packets with extension headers are in no range."""
FAMILIES = {4: "ip", 16: "ip6"}
"""nftables's word by octets of an address."""
SEED = 0x5EED
_LAYOUT = 4
"""Counted up when `table_script` or `chain_script` write something else."""
_HELD_CLIENTS = 65535
_TURNS = 256
"""Maps for servers that take turns, for each protocol. A rule for each virtual server looks into
one, and the kernel goes through a map for each rule it gets, and through the rules of a map for
each element: with one map that would be quadratic."""


def renamed(command: str, table: str) -> str:
    """Return the same command, or block of a table, for a table of another name."""
    return command.replace(f" {TABLE} ", f" {table} ", 1)


def layout_name(options: FilterOptions) -> str:
    """Return the name of the empty chain that says how the rest of the table was written."""
    pods = sorted((network.hex(), prefix) for network, prefix in options.cluster_networks)
    means = (_LAYOUT, options.mark, options.masquerade_all, pods)
    digest = blake2s(repr(means).encode(), digest_size=6).hexdigest()
    return f"layout-{digest}"


def table_script(width: int, options: FilterOptions) -> str:
    """Return the commands for an empty table; one that exists already gets no second rule.

    Args:
        width: octets of an address, which say the family.
        options: which bit asks for masquerading, and which clients are pods.
    """
    family, mark = FAMILIES[width], options.mark
    networks = [
        f"{address_text(network)}/{prefix}"
        for network, prefix in apart(options.cluster_networks)
        if len(network) == width
    ]
    pods = f"elements = {{ {', '.join(networks)} }};" if networks else ""
    key = f"{family} daddr . meta l4proto . th dport"
    ranged = f"{family} daddr . {PROTOCOL_FIELDS[width]} . th dport . {family} saddr"
    kind = "ipv4_addr" if width == 4 else "ipv6_addr"
    triple = f"{kind} . inet_proto . inet_service"
    maps = "\n".join(
        f"  map servers-{protocol} {{ {_servers_type(family, protocol)} }}"
        for protocol in ("tcp", "udp", "sctp")
    )
    return f"""\
table {family} {TABLE} {{
  map services {{ type {triple} : verdict; }}
  map refused {{ type {triple} : verdict; }}
{maps}
  set ranged {{ type {triple}; }}
  set ranges {{ type {triple} . {kind}; flags interval; }}
  set pods {{ type {kind}; flags interval; {pods} }}
  set addresses {{ type {kind}; }}
  set hairpins {{ type {kind} . {kind}; }}
  chain {layout_name(options)} {{ }}
  chain refuse {{ meta l4proto tcp reject with tcp reset; reject; }}
  chain services {{ {key} vmap @services; }}
  chain allowed {{ {ranged} @ranges return; drop; }}
  chain ranged {{ ct state new {key} @ranged jump allowed; }}
  chain refused {{ ct state new {key} vmap @refused; }}
  chain closed {{ ct state new {family} daddr @addresses goto refuse; }}
  chain nat-prerouting {{ type nat hook prerouting priority -100; jump services; }}
  chain nat-prerouting-again {{ type nat hook prerouting priority -100; jump services; }}
  chain nat-output {{ type nat hook output priority -100; jump services; }}
  chain nat-output-again {{ type nat hook output priority -100; jump services; }}
  chain nat-postrouting {{ type nat hook postrouting priority 100;
    ct status dnat {family} saddr . {family} daddr @hairpins masquerade fully-random;
    meta mark & {mark} == 0 return;
    meta mark set meta mark ^ {mark} masquerade fully-random; }}
  chain filter-prerouting {{ type filter hook prerouting priority -110; jump ranged; }}
  chain filter-input {{ type filter hook input priority -110; jump refused; jump closed; }}
  chain filter-forward {{ type filter hook forward priority -110; jump refused; jump closed; }}
  chain filter-output {{ type filter hook output priority -110; jump ranged; jump refused; }}
  chain filter-translated {{ type filter hook output priority 0; jump closed; }}
}}
"""


def chain_script(width: int, shape: Shape, servers: bytes, options: FilterOptions) -> Iterator[str]:
    """Yield the commands that make a chain which is not there yet.

    Args:
        width: octets of an address.
        shape: what the chain does.
        servers: rows; for affinity, rules name them.
        options: which bit asks for masquerading.
    """
    family = FAMILIES[width]
    mark = f"meta mark set meta mark | {options.mark} "
    start = f"add rule {family} {TABLE} {shape.name}"
    goal = f"dnat {family} to {family} daddr . {shape.protocol} dport ."
    yield f"add chain {family} {TABLE} {shape.name}"
    if shape.near:
        near = f"{goal} numgen random mod {shape.near} offset {NEAR} map @servers-{shape.protocol}"
        yield f"{start} {family} saddr @pods {near}"
        yield f"{start} fib saddr type local {mark}{near}"
    if not shape.servers:
        # Not those of the rules above: one whose number has just gone is looked at again.
        yield f"{start} {family} saddr != @pods fib saddr type != local drop"
        return
    if shape.marking == "outside":
        yield f"{start} {family} saddr != @pods {mark}"
    always = mark if shape.marking == "all" else ""
    drawn = _drawn(shape.scheduler, family, shape.servers)
    if shape.held:
        yield from _held_rules(start, width, shape, servers, always)
    else:
        if shape.takes_turns:
            kind = _servers_type(family, shape.protocol)
            yield f"add map {family} {TABLE} {map_of(shape)} {{ {kind} }}"
        yield f"{start} {always}{goal} {drawn} map @{map_of(shape)}"


def _servers_type(family: str, protocol: str) -> str:
    key = f"{family} daddr . {protocol} dport . numgen inc mod 2"
    return f"typeof {key} : {family} daddr . {protocol} dport;"


def map_of(shape: Shape) -> str:
    """Return the name of the map in which the servers of such a chain are."""
    if not shape.takes_turns:
        return f"servers-{shape.protocol}"
    return f"turns-{shape.protocol}-{crc32(shape.own.encode()) % _TURNS:02x}"


def _held_rules(start: str, width: int, shape: Shape, servers: bytes, always: str) -> Iterator[str]:
    """Yield first who is held by which server, then how the others are shared out."""
    family, kind = FAMILIES[width], "ipv4_addr" if width == 4 else "ipv6_addr"
    rules = []
    for at, server in enumerate(unpack_servers(servers, width)):
        held = held_name(shape, server.address, server.port)
        held_set = f"type {kind}; size {_HELD_CLIENTS}; flags dynamic,timeout;"
        yield f"add set {family} {TABLE} {held} {{ {held_set} }}"
        host = address_text(server.address) if width == 4 else f"[{address_text(server.address)}]"
        rest = (
            f"update @{held} {{ {family} saddr timeout {shape.held}s }} {always}"
            f"meta l4proto {shape.protocol} dnat {family} to {host}:{server.port}"
        )
        yield f"{start} {family} saddr @{held} {rest}"
        rules.append(f"{start} {_turn(shape, family, at)} {rest}")
    yield from rules


def held_name(shape: Shape, address: bytes, port: int) -> str:
    """Return the name of the set of clients that stay with one server."""
    return f"{held_start(shape)}{place_name(address, port)}"


def held_start(shape: Shape) -> str:
    """Return how the names of all sets of clients of one virtual server start."""
    return f"held/{shape.protocol}-{shape.own.removeprefix('/')}/"


def held_names(width: int, shape: Shape, servers: bytes) -> frozenset[str]:
    """Return the names of all sets that a chain needs."""
    if not shape.held:
        return frozenset()
    rows = unpack_servers(servers, width)
    return frozenset(held_name(shape, server.address, server.port) for server in rows)


class Elements:
    """Elements to be added or deleted, one command for each set or map."""

    def __init__(self) -> None:
        self._texts: dict[tuple[str, str], list[str]] = {}

    def __bool__(self) -> bool:
        return bool(self._texts)

    def put(self, width: int, container: str, text: str) -> None:
        """Take in one element."""
        self._texts.setdefault((FAMILIES[width], container), []).append(text)

    def commands(self, verb: str) -> Iterator[str]:
        """Yield the commands: `add` or `delete`."""
        for (family, container), texts in self._texts.items():
            yield f"{verb} element {family} {TABLE} {container} {{ {', '.join(texts)} }}"


def put_difference(
    key: VirtualKey, old: Entry, new: Entry, deleted: Elements, added: Elements
) -> None:
    """Take in the elements by which two entries of a virtual server differ.

    A key that stays with another value is deleted and added: in one transaction, so that no
    packet sees it missing.
    """
    width, text = len(key.address), key_text(key)
    for container, was, becomes in (
        ("services", old.chain, new.chain),
        ("refused", old.refusal, new.refusal),
    ):
        goto = "goto " if container == "services" else ""
        if was != becomes:
            if was:
                deleted.put(width, container, text)
            if becomes:
                added.put(width, container, f"{text} : {goto}{becomes}")
    near = f"servers-{PROTOCOLS[key.protocol]}"
    there, wanted = (_map_of(one.chain) or near for one in (old, new))
    if there == wanted:
        _put_servers(key, 0, there, old.servers, new.servers, deleted, added)
    else:
        _put_servers(key, 0, there, old.servers, b"", deleted, added)
        _put_servers(key, 0, wanted, b"", new.servers, deleted, added)
    _put_servers(key, NEAR, near, old.near, new.near, deleted, added)
    _put_ranges(key, old.ranges, new.ranges, deleted, added)


def _put_ranges(
    key: VirtualKey, old: Ranges, new: Ranges, deleted: Elements, added: Elements
) -> None:
    if old == new:
        return
    width, text = len(key.address), key_text(key)
    if not new:
        deleted.put(width, "ranged", text)
    if not old:
        added.put(width, "ranged", text)
    for elements, ranges in (
        (deleted, sorted(set(old) - set(new))),
        (added, sorted(set(new) - set(old))),
    ):
        for network, prefix in ranges:
            elements.put(width, "ranges", f"{text} . {address_text(network)}/{prefix}")


def _map_of(chain: str) -> str:
    shape = Shape.named(chain)
    return map_of(shape) if shape is not None else ""


def _put_servers(
    key: VirtualKey,
    first: int,
    container: str,
    old: bytes,
    new: bytes,
    deleted: Elements,
    added: Elements,
) -> None:
    if old == new:
        return
    width = len(key.address)
    step = width + 2
    start = f"{address_text(key.address)} . {key.port} ."
    for at in range(max(len(old), len(new)) // step):
        was, becomes = (rows[at * step : (at + 1) * step] for rows in (old, new))
        if was == becomes:
            continue
        if any(was):  # zeros stand for one that is missing
            deleted.put(width, container, f"{start} {first + at}")
        if becomes:
            host, port = address_text(becomes[:width]), int.from_bytes(becomes[width:])
            added.put(width, container, f"{start} {first + at} : {host} . {port}")


def _drawn(scheduler: str, family: str, count: int) -> str:
    """Return the expression that draws one of `count` numbers."""
    return {
        "random": f"numgen random mod {count}",
        "rr": f"numgen inc mod {count}",
        "sh": f"jhash {family} saddr mod {count} seed {SEED}",
        "dh": f"jhash {family} daddr mod {count} seed {SEED}",
    }[scheduler]


def _turn(shape: Shape, family: str, at: int) -> str:
    """Return the condition on which a client that is held by nobody gets server `at`.

    Rules before it have not matched, so of `count - at` turns that are left one is meant.
    """
    left = shape.servers - at
    if shape.scheduler in {"sh", "dh"}:
        return f"{_drawn(shape.scheduler, family, shape.servers)} == {at}"
    return f"{_drawn(shape.scheduler, family, left)} == 0" if left > 1 else ""
