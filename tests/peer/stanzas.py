"""Random `kubernetes` stanzas: every option that changes an answer, with others and alone."""

import ipaddress
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

REVERSE = ("in-addr.arpa", "ip6.arpa")

_LAYOUTS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    # keys of the server block, zones of the stanza
    *((("cluster.local", *REVERSE), ()),) * 3,
    *(((".",), ("cluster.local", *REVERSE)),) * 3,
    (("cluster.local", *REVERSE), ("cluster.local",)),
    (("cluster.local", "10.96.0.0/16", "10.244.0.0/15", "fd00::/16"), ()),
    ((".",), ("cluster.local", "other.test", "in-addr.arpa")),
    ((".",), ("cluster.local", "team.cluster.local", *REVERSE)),
    (("CLUSTER.local", "in-addr.arpa"), ("in-addr.arpa", "cluster.local")),
    ((".",), (".",)),
)
_SELECTORS = (
    *("app=web", "app notin (web)", "tier in (front, back)", "!tier", "app,tier notin (back)"),
)


@dataclass(frozen=True)
class Stanza:
    """One server block with a `kubernetes` stanza."""

    keys: tuple[str, ...] = ("cluster.local", *REVERSE)
    """Of the server block."""
    arguments: tuple[str, ...] = ()
    """Zones of the stanza; none for those of the keys."""
    pods: str = ""
    ttl: int | None = None
    namespaces: tuple[str, ...] = ()
    namespace_labels: str = ""
    labels: str = ""
    flags: tuple[str, ...] = ()
    """Options without arguments, and `ignore empty_service`."""
    fallthrough: tuple[str, ...] | None = None
    """Zones; none of them means all."""
    beside: tuple[str, ...] = ()
    """Other directives of the block."""
    slack: int = 0
    """Seconds by which TTLs may differ, because they count down."""
    udp_limit: int = 65_535
    """Octets of the longest UDP response, whatever the client takes."""

    @property
    def zones(self) -> tuple[str, ...]:
        """What the stanza serves, without the zones that networks stand for."""
        return tuple(zone.lower() for zone in self.arguments or self.keys if "/" not in zone)

    @property
    def all_zones(self) -> tuple[str, ...]:
        """What the stanza serves."""
        networks = (word for word in self.arguments or self.keys if "/" in word)
        return (*self.zones, *(zone for network in networks for zone in _reverse_zones(network)))

    def has(self, words: str) -> bool:
        """Return whether a line of the block begins with these words."""
        lines = (line.strip() for line in self.corefile(0).splitlines())
        return any(f"{line} ".startswith(f"{words} ") for line in lines)

    def corefile(self, port: int, *own: str, endpoint: str = "") -> str:
        """Return the server block.

        Args:
            port: of every key.
            own: directives that only one of the two servers has.
            endpoint: URL of the API server.
        """
        lines = [f"    {line}" for line in (*own, *self.beside)]
        options = [f"        {line}" for line in self._options(endpoint)]
        stanza = " ".join(("kubernetes", *self.arguments))
        keys = " ".join(f"{key}:{port}" for key in self.keys)
        return "\n".join([f"{keys} {{", *lines, f"    {stanza} {{", *options, "    }", "}", ""])

    def _options(self, endpoint: str) -> Iterator[str]:
        written = {
            "endpoint": endpoint,
            "pods": self.pods,
            "ttl": "" if self.ttl is None else str(self.ttl),
            "namespaces": " ".join(self.namespaces),
            "namespace_labels": self.namespace_labels,
            "labels": self.labels,
        }
        yield from (f"{option} {words}" for option, words in written.items() if words)
        yield from self.flags
        if self.fallthrough is not None:
            yield " ".join(("fallthrough", *self.fallthrough))


def _reverse_zones(network: str) -> list[str]:
    """Return the reverse zones that a network stands for, on the next boundary of labels."""
    whole = ipaddress.ip_network(network)
    bits = 8 if whole.version == 4 else 4
    length = -(-whole.prefixlen // bits) * bits
    labels = 2 + length // bits
    return [
        ".".join(part.network_address.reverse_pointer.split(".")[-labels:])
        for part in whole.subnets(new_prefix=length)
    ]


def make_stanzas(seed: int, count: int) -> list[Stanza]:
    """Return stanzas of that seed; the first is kubeadm's."""
    rng = Random(f"stanzas {seed}")  # noqa: S311  reproducible, not secret
    kubeadm = Stanza(pods="insecure", ttl=30, fallthrough=REVERSE)
    return [kubeadm, *(_stanza(rng) for _ in range(count - 1))]


def _stanza(rng: Random) -> Stanza:
    keys, arguments = rng.choice(_LAYOUTS)
    flags = [flag for flag in ("endpoint_pod_names", "zonal") if rng.random() < 0.5]
    if rng.random() < 0.3:
        flags.append("ignore empty_service")
    if rng.random() < 0.1:
        flags = [*(flag for flag in flags if flag != "zonal"), "noendpoints"]
    namespaces, namespace_labels = _namespaces(rng)
    zones = arguments or tuple(key for key in keys if "/" not in key)
    passed_on: Sequence[tuple[str, ...] | None] = (
        *(None,) * 3,
        (),
        REVERSE,
        (zones[0],),
        ("shop.svc.cluster.local",),
        ("elsewhere.test",),
    )
    beside = [one for one in ("loadbalance", "log") if rng.random() < 0.3]
    if rng.random() < 0.4:
        beside.append("whoami")
    return Stanza(
        keys,
        arguments,
        rng.choice(("", "disabled", "insecure", "verified", "verified")),
        rng.choice((None, 0, 5, 299, 3600)),
        namespaces,
        namespace_labels,
        rng.choice(("",) * 4 + _SELECTORS),
        tuple(flags),
        rng.choice(passed_on),
        tuple(beside),
    )


def _namespaces(rng: Random) -> tuple[tuple[str, ...], str]:
    choice = rng.choice(("", "", "", "names", "labels"))
    if choice == "names":
        return rng.choice((("shop",), ("shop", "ops"), ("shop", "gone", "nowhere"))), ""
    return (), rng.choice(_SELECTORS) if choice == "labels" else ""
