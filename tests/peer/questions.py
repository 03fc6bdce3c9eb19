"""Questions about a cluster: names that exist, names that nearly do, and every kind of type.

A question is drawn in two steps: the shape of a name, then words that the cluster knows or that
nobody knows. One in five is spelled in mixed case, one in ten is broken by force.
"""

import ipaddress
from collections.abc import Callable, Iterator
from random import Random
from typing import NamedTuple

import dns.rdatatype

from tests.peer.clusters import (
    CHAIN,
    HOSTS,
    NAMESPACES,
    POD_IPS,
    POD_IPS6,
    PODS,
    PORT_NAMES,
    SERVICES,
    ZONES,
    Cluster,
)
from tests.peer.stanzas import Stanza

Labels = tuple[bytes, ...]

TYPES = {
    # How often each is asked; it is one of CoreDNS's branches, or stands for all others.
    "A": 20,
    "AAAA": 16,
    "SRV": 16,
    "PTR": 6,
    "CNAME": 8,
    "TXT": 8,
    "SOA": 4,
    "NS": 4,
    "MX": 3,
    "HTTPS": 3,
    "ANY": 3,
    **dict.fromkeys(("HINFO", "DS", "SVCB", "CAA", "NAPTR", "DNSKEY", "AXFR", "IXFR", "NULL"), 1),
    **dict.fromkeys(("TYPE0", "TYPE65280", "TYPE249", "SIG", "RRSIG"), 0.5),
}
_NUMBERS = {name: int(dns.rdatatype.from_text(name)) for name in TYPES}
_PTR = _NUMBERS["PTR"]
_WORDS = (
    *("nothing", "x", "_", "_tcp", "svc", "pod", "dns", "ns", "-", "a.b", "*", "\u00e9", "q" * 63),
)
_ODD = (
    *("1-2-3", "1-2-3-4-5", "01-2-3-4", "256-1-1-1", "--", "fd00--g", "-", "10.244.0.1"),
    *("fd00-244-0-0-0-0-0-1", "FD00-244--1", "--ffff-10-0-0-1", "--ffff-a00-1"),
)
"""Labels that are nearly a Pod's address, and some that are."""
_RD, _CD, _AD, _Z = 0x0100, 0x0010, 0x0020, 0x0040


class Ask(NamedTuple):
    """One query, but for its id."""

    labels: Labels
    """As they are spelled, leftmost first."""
    rrtype: int
    flags: int = _RD
    opt: bytes = b""
    stream: bool = False
    rrclass: int = 1

    @property
    def name(self) -> bytes:
        """The name in wire form."""
        return b"".join(bytes((len(label),)) + label for label in self.labels) + b"\0"

    @property
    def question(self) -> bytes:
        """The question section."""
        return self.name + self.rrtype.to_bytes(2) + self.rrclass.to_bytes(2)

    @property
    def udp_size(self) -> int:
        """Octets the client can take."""
        return max(512, int.from_bytes(self.opt[3:5]))

    @property
    def lower(self) -> Labels:
        """The labels in lower case."""
        return tuple(label.lower() for label in self.labels)

    @property
    def dnssec_ok(self) -> bool:
        """The flag DO."""
        return bool(self.opt[7:8] and self.opt[7] & 0x80)

    def wire(self, identity: int) -> bytes:
        """Return the message."""
        additional = len(self.opt) > 0
        counts = (1).to_bytes(2) + bytes(4) + additional.to_bytes(2)
        head = identity.to_bytes(2) + self.flags.to_bytes(2) + counts
        return head + self.question + self.opt

    def __str__(self) -> str:
        name = ".".join(_shown(label) for label in self.labels) + "."
        kind = dns.rdatatype.to_text(dns.rdatatype.RdataType(self.rrtype))
        way = " tcp" if self.stream else ""
        edns = f" opt={self.opt.hex()}" if self.opt else ""
        return f"{name} {kind} flags={self.flags:#06x}{way}{edns}"


def _shown(label: bytes) -> str:
    text = label.decode("latin-1").replace("\\", "\\\\").replace(".", "\\.")
    return text if text.isascii() and text.isprintable() else ascii(text)[1:-1]


def opt(size: int = 1232, *, do: bool = False, options: bytes = b"", version: int = 0) -> bytes:
    """Return the OPT record of a query."""
    fixed = size.to_bytes(2) + bytes((0, version, 0x80 * do, 0)) + len(options).to_bytes(2)
    return b"\0\0\x29" + fixed + options


def dashed(address: str) -> str:
    """Return an address as it is a label of an endpoint's name."""
    label = address.replace(".", "-").replace(":", "-")
    return f"{label}0" if label.endswith("-") else label


def reverse_labels(address: str) -> list[str]:
    """Return the reverse name of an address."""
    return ipaddress.ip_address(address).reverse_pointer.split(".")


def make_questions(seed: int, cluster: Cluster, stanza: Stanza, count: int) -> list[Ask]:
    """Return questions of that seed about a cluster, as a stanza names it."""
    rng = Random(f"questions {seed} {stanza}")  # noqa: S311  reproducible, not secret
    draw = _Draw(rng, cluster, stanza)
    return [draw.ask() for _ in range(count)]


class _Draw:
    """Draws questions about one cluster."""

    def __init__(self, rng: Random, cluster: Cluster, stanza: Stanza) -> None:
        self.rng = rng
        self.cluster = cluster
        self.zones = stanza.zones
        self.forward = [zone for zone in self.zones if not zone.endswith("arpa")]
        # The long row of ExternalNames is one thing, not a dozen.
        self.keys = [key for key in cluster.keys if not key[1].startswith("step-")]
        self.keys += [("shop", f"step-{step}") for step in (0, 1, CHAIN - 2, CHAIN - 1, CHAIN)]
        self._shapes: dict[Callable[[], list[str]], int] = {
            self.below_service: 50,
            self.pod: 12,
            self.reverse: 14,
            self.fixed: 12,
            self.outside: 3,
        }

    def ask(self) -> Ask:
        rng = self.rng
        shape = rng.choices(list(self._shapes), list(self._shapes.values()))[0]
        labels = [label.encode() for label in shape()]
        if rng.random() < 0.1:
            labels = self.broken(labels)
        if rng.random() < 0.2:
            labels = [self.mixed(label) for label in labels]
        kind = rng.choices(list(_NUMBERS.values()), list(TYPES.values()))[0]
        if shape == self.reverse and rng.random() < 0.7:
            kind = _PTR
        flags = rng.choice((_RD, _RD, 0)) | rng.choice((0, 0, 0, _CD, _AD, _Z, _CD | _AD))
        edns = rng.choice((b"", b"", opt(), opt(4096), opt(512), opt(0), opt(1400, do=True)))
        kept = tuple(labels)
        while sum(map(len, kept)) + len(kept) > 254:
            kept = kept[1:]
        return Ask(kept, kind, flags, edns, rng.random() < 0.1)

    def zone(self) -> list[str]:
        return [label for label in self.rng.choice(self.forward).split(".") if label]

    def below_service(self) -> list[str]:
        rng = self.rng
        if rng.random() < 0.85:
            namespace, service = rng.choice(self.keys)
        else:
            namespace = rng.choice((*NAMESPACES, *_WORDS))
            service = rng.choice((*SERVICES, *_WORDS))
        left = rng.choices(
            (self.nothing, self.endpoint, self.port, self.node, self.zonal, self.long),
            (30, 22, 22, 6, 12, 4),
        )[0]
        return [*left((namespace, service)), service, namespace, "svc", *self.zone()]

    def nothing(self, _: tuple[str, str]) -> list[str]:
        return []

    def endpoint(self, key: tuple[str, str]) -> list[str]:
        known = [*self._labels(key)] or [*HOSTS]
        unknown = (*HOSTS, *PODS, *map(dashed, (*POD_IPS, *POD_IPS6)), *_WORDS)
        return [self.rng.choice(known if self.rng.random() < 0.8 else unknown)[:63]]

    def _labels(self, key: tuple[str, str]) -> Iterator[str]:
        for one in self.cluster.endpoints(key):
            yield from map(dashed, one["addresses"])
            yield from (ipaddress_dashes(ip) for ip in one["addresses"] if ":" in ip)
            if "hostname" in one:
                yield one["hostname"]
            if "targetRef" in one:
                yield one["targetRef"]["name"]

    def port(self, _: tuple[str, str]) -> list[str]:
        rng = self.rng
        name = rng.choice((*PORT_NAMES * 3, "", "nothing", "_http"))
        protocol = rng.choice(("tcp", "tcp", "udp", "sctp", "", "http", "zone"))
        return [f"_{name}" if rng.random() < 0.8 else name or "_", self._dash(protocol)]

    def _dash(self, word: str) -> str:
        return f"_{word}" if self.rng.random() < 0.8 else word or "_"

    def node(self, _: tuple[str, str]) -> list[str]:
        return [self._dash(self.rng.choice(("tcp", "udp", "sctp", "zone", "", "dns", "icmp")))]

    def zonal(self, _: tuple[str, str]) -> list[str]:
        rng = self.rng
        zone = rng.choice((*ZONES, "nowhere", "eu", "us-1a.x")).split(".")
        directive = rng.choice(("pin", "pin", "prefer", "prefer", "near"))
        marker = rng.choice(("_zone",) * 6 + ("zone", "_tcp"))
        full = [*zone, directive, marker]
        return full[rng.choice((0, 0, 0, 0, len(zone))) :]

    def long(self, _: tuple[str, str]) -> list[str]:
        return self.rng.choices((*_WORDS, *PORT_NAMES, "_tcp"), k=self.rng.choice((3, 4)))

    def pod(self) -> list[str]:
        rng = self.rng
        address = rng.choice((*POD_IPS, *POD_IPS6, "192.0.2.7", "::1", "::ffff:10.0.0.1"))
        label = dashed(address) if rng.random() < 0.7 else rng.choice((*_ODD, *HOSTS, *_WORDS))
        if rng.random() < 0.1:
            label = address.replace(".", "-").replace(":", "-")
        left = [rng.choice(("x", "_http", "_tcp"))] if rng.random() < 0.08 else []
        namespace = rng.choice((*NAMESPACES, "nowhere"))
        return [*left, label, namespace, "pod", *self.zone()]

    def reverse(self) -> list[str]:
        rng = self.rng
        known = (*self.cluster.addresses, *self.cluster.addresses, "10.96.0.77", "fd00:96::77")
        labels = reverse_labels(rng.choice(known))
        way = rng.random()
        if way < 0.15:
            return labels[rng.randrange(len(labels) - 1) :]
        if way < 0.25:
            at = rng.randrange(len(labels) - 2)
            labels[at] = rng.choice(("01", "256", "x", "10", "-1", "f", "g"))
        elif way < 0.3:
            labels.insert(0, rng.choice(("1", "x", "_tcp")))
        return labels

    def fixed(self) -> list[str]:
        rng = self.rng
        names = (
            *((), ("svc",), ("pod",), ("dns",), ("ns", "dns"), ("dns-version",), ("apex", "dns")),
            *(("x",), ("x", "dns-version"), ("x", "ns", "dns"), ("x", "dns"), ("svc", "svc")),
            *((rng.choice(NAMESPACES), "svc"), (rng.choice(NAMESPACES), "pod"), ("nowhere", "svc")),
            *(("svc", "pod"), ("pod", "pod"), ("web", "shop")),
        )
        zone = rng.choice((*self.zones, *self.forward * 3))
        return [*rng.choice(names), *(label for label in zone.split(".") if label)]

    def outside(self) -> list[str]:
        rng = self.rng
        names = ("www.example.com", "com", "local", "xcluster.local", "arpa", "in-addr.arpa", "")
        if rng.random() < 0.3:  # nearly as long as a name can be
            return ["x" * rng.randint(40, 63), "y" * 63, "z" * 63, "w" * 40, *self.zone()]
        return [label for label in rng.choice(names).split(".") if label]

    def broken(self, labels: list[bytes]) -> list[bytes]:
        rng = self.rng
        changed = list(labels)
        at = rng.randrange(len(labels) + 1)
        word = rng.choice((*_WORDS, *PORT_NAMES, "shop")).encode()
        match rng.choice(("insert", "drop", "replace", "octets", "double")):
            case "insert":
                changed.insert(at, word)
            case "drop" if changed:
                changed.pop(at % len(changed))
            case "replace" if changed:
                changed[at % len(changed)] = word
            case "octets" if changed:
                odd = (b"\0", b".", b"\\", b"\xff", b" ", b"/", b":", b"@", b"web.shop", b"A\x80")
                changed[at % len(changed)] = rng.choice(odd)
            case _:
                changed = changed + changed
        return changed

    def mixed(self, label: bytes) -> bytes:
        text = label.decode("latin-1")
        if not text.isascii():
            return label
        letters = (c.upper() if self.rng.random() < 0.5 else c for c in text)
        return "".join(letters).encode("latin-1")


def ipaddress_dashes(address: str) -> str:
    """Return the longest spelling of an IPv6 address, with dashes."""
    return ipaddress.ip_address(address).exploded.replace(":", "-")
