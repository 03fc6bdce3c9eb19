"""The packet filter of IPVS as nftables commands: one table for each family, a set a purpose.

Where in the kernel each chain stands, and why:

- filter, prerouting and output, -110: a packet still has the virtual address, before nat and
  before IPVS, so source ranges hold for the node's own packets too;
- nat, prerouting and output, -101: marks what has to be masqueraded; postrouting does it, behind
  IPVS. To its own address a packet is translated so that it counts as translated: to accept it
  would not keep the port mappings of others away, in their tables at -100;
- filter, input, 0: before IPVS on that path (98), closes the addresses of our device.

Pure. Source: nft(8), ip_vs_core.c on its hooks.
"""

from collections.abc import Iterable, Iterator

from svcdns.dataplane.filter import FilterOptions
from svcdns.dataplane.nftables_entry import apart as apart_ranges
from svcdns.dataplane.nftables_script import FAMILIES, PROTOCOL_FIELDS
from svcdns.proxy.filter_rows import Purpose, Row
from svcdns.wire.name import address_text, pack_address

TABLE = "svcdns-ipvs"
"""Not that of the mode nftables: one mode can take over from the other without a gap."""

_PROTOCOLS = {6: "tcp", 17: "udp", 132: "sctp"}
_NUMBERS = {text: number for number, text in _PROTOCOLS.items()}
_BY_ADDRESS = {Purpose.ADDRESS, Purpose.HAIRPIN, Purpose.RANGE, Purpose.HEALTH}


def table_script(width: int, options: FilterOptions) -> str:
    """Return the commands for an empty table that is not there yet.

    Args:
        width: octets of an address, which say the family.
        options: what the rules depend on.
    """
    family, mark = FAMILIES[width], options.mark
    kind = "ipv4_addr" if width == 4 else "ipv6_addr"
    loopback = "127.0.0.0/8" if width == 4 else "::1"
    place = f"{family} daddr . meta l4proto . th dport"
    ranged = f"{family} daddr . {PROTOCOL_FIELDS[width]} . th dport . {family} saddr"
    triple = f"{kind} . inet_proto . inet_service"
    plain = "\n".join(
        f"  set {purpose.value} {{ type {triple}; }}"
        for purpose in Purpose
        if purpose not in _BY_ADDRESS
    )
    return f"""\
table {family} {TABLE} {{
{plain}
  set address {{ type {kind}; }}
  set hairpin {{ type {triple} . {kind}; }}
  set range {{ type {triple} . {kind}; flags interval; }}
  set health {{ type inet_service; }}
  chain marking {{ meta mark set meta mark | {mark}; }}
  chain refuse {{ meta l4proto tcp reject with tcp reset; reject; }}
  chain allowed {{ {ranged} @range return; drop; }}
  chain early {{ ct state new {place} @dropped drop; {place} @ranged jump allowed; }}
  chain services {{
    {family} saddr {loopback} return;
    {_cluster_rule(width, options)}
    {place} @masqueraded jump marking;
    {place} @served dnat {family} to {family} daddr; }}
  chain filter-prerouting {{ type filter hook prerouting priority -110; jump early; }}
  chain filter-output {{ type filter hook output priority -110; jump early;
    ct state new {place} @refused goto refuse; }}
  chain nat-prerouting {{ type nat hook prerouting priority -101; jump services; }}
  chain nat-output {{ type nat hook output priority -101; jump services; }}
  chain nat-postrouting {{ type nat hook postrouting priority 100;
    {place} . {family} saddr @hairpin masquerade fully-random;
    meta mark & {mark} == 0 return;
    meta mark set meta mark ^ {mark} masquerade fully-random; }}
  chain filter-input {{ type filter hook input priority 0;
    ct state new {place} @refused goto refuse;
    {place} @served accept;
    tcp dport @health accept;
    ct state new {family} daddr @address goto refuse; }}
}}
"""


def chains_of(width: int, options: FilterOptions) -> dict[str, int]:
    """Return how many rules each chain of the table has."""
    counts: dict[str, int] = {}
    for part in table_script(width, options).split("  chain ")[1:]:
        name, _, body = part.partition(" {")
        rules = [one.strip(" }\n") for one in body.split(";")]
        counts[name] = sum(bool(one) and not one.startswith("type ") for one in rules)
    return counts


def widths_of(row: Row) -> tuple[int, ...]:
    """Return the families whose table holds a row, by octets of an address."""
    return (len(row.address),) if row.address else tuple(FAMILIES)


def element(row: Row) -> str:
    """Return a row as an element of its purpose's set."""
    if row.purpose is Purpose.HEALTH:
        return str(row.port)
    address = address_text(row.address)
    if row.purpose is Purpose.ADDRESS:
        return address
    place = f"{address} . {_PROTOCOLS[row.protocol]} . {row.port}"
    if row.purpose is Purpose.HAIRPIN:
        return f"{place} . {address}"
    if row.purpose is Purpose.RANGE:
        return f"{place} . {address_text(row.source)}/{row.prefix}"
    return place


def read_element(purpose: Purpose, text: str) -> Row:
    """Return the row of one element."""
    if purpose is Purpose.HEALTH:
        return Row(purpose, protocol=6, port=int(text))
    host, *rest = text.split(" . ")
    if purpose is Purpose.ADDRESS:
        return Row(purpose, pack_address(host))
    row = Row(purpose, pack_address(host), _NUMBERS[rest[0]], int(rest[1]))
    if purpose is Purpose.RANGE:
        network, _, prefix = rest[2].partition("/")
        source = pack_address(network)
        return row._replace(source=source, prefix=int(prefix or len(source) * 8))
    return row


def element_commands(verb: str, rows: Iterable[Row]) -> Iterator[str]:
    """Yield the commands that `add` or `delete` rows, one for each set."""
    texts: dict[tuple[int, Purpose], list[str]] = {}
    for row in rows:
        for width in widths_of(row):
            texts.setdefault((width, row.purpose), []).append(element(row))
    for (width, purpose), some in texts.items():
        name = f"{FAMILIES[width]} {TABLE} {purpose.value}"
        yield f"{verb} element {name} {{ {', '.join(some)} }}"


def apart(rows: Iterable[Row]) -> frozenset[Row]:
    """Return rows that mean the same, with ranges that do not overlap: a set holds no others."""
    kept: set[Row] = set()
    by_place: dict[Row, list[Row]] = {}
    for row in rows:
        if row.purpose is Purpose.RANGE:
            by_place.setdefault(row._replace(source=b"", prefix=0), []).append(row)
        else:
            kept.add(row)
    for place, some in by_place.items():
        ranges = tuple((row.source, row.prefix) for row in some)
        kept.update(
            place._replace(source=source, prefix=prefix) for source, prefix in apart_ranges(ranges)
        )
    return frozenset(kept)


def _cluster_rule(width: int, options: FilterOptions) -> str:
    family = FAMILIES[width]
    place = f"{family} daddr . meta l4proto . th dport"
    if options.masquerade_all:
        return f"{place} @cluster jump marking;"
    pods = [
        f"{address_text(network)}/{prefix}"
        for network, prefix in options.cluster_networks
        if len(network) == width
    ]
    if pods:
        return f"{family} saddr != {{ {', '.join(pods)} }} {place} @cluster jump marking;"
    # The node's own packets get the virtual address as their source: it is a local one.
    return f"{family} saddr . meta l4proto . th dport @cluster jump marking;"
