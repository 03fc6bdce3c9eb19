"""What the operator asks of one node's service proxy, as a value, and what follows from it.

`cli.proxy_flags` and `app.proxy_config` fill it; texts become addresses, networks and times
here, so that a flag and a field of a file are read the same way.

Source: the flags of kube-proxy 1.36 and its configuration file, v1alpha1.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any

from svcdns.cluster.model import Node
from svcdns.corefile.quantities import parse_duration
from svcdns.proxy.options import SCHEDULERS, Network, ProxyOptions
from svcdns.wire.name import pack_address

MODES = ("ipvs", "nftables", "iptables", "userspace", "auto")
DEFAULT_SCHEDULERS = {"nftables": "random", "iptables": "random"}
"""By mode, as kube-proxy has it; all others take turns: `rr`."""
PRIMARY = "primary"
"""Instead of networks: the addresses by which the Node is known."""
EVERYWHERE = (Network(bytes(4), 0), Network(bytes(16), 0))


@dataclass(frozen=True, slots=True)
class ProxySettings:
    """How to proxy."""

    mode: str = "ipvs"
    """One of `MODES`."""
    packet_filter: str = "auto"
    """Beside IPVS: `nftables`, `iptables`, or the first of the two that works."""
    manifests: str | None = None
    """Folder or file of Kubernetes objects, `-` for standard input; None: an API server."""
    kubeconfig: str = ""
    context: str = ""
    servers: tuple[str, ...] = ()
    """URLs of API servers; empty: the one that the kubeconfig names."""
    snapshot: str = ""
    """File of the last known state; empty: none."""
    node: str = ""
    """Name of the Node."""
    zone: str = ""
    """Its topology zone; empty: what the Node says."""
    node_addresses: tuple[bytes, ...] = ()
    """Of the Node, packed; empty: what the Node, or this machine, says."""
    nodeport_networks: tuple[Network, ...] = ()
    """Node ports are served at the node's addresses in these; empty: at its primary ones."""
    cluster_networks: tuple[Network, ...] = ()
    scheduler: str = ""
    """Empty: the mode's own."""
    exclude: tuple[Network, ...] = ()
    strict_arp: bool = False
    external_ips: bool = False
    masquerade_all: bool = False
    masquerade_bit: int = 14
    local_fallback: bool = False
    drain_seconds: float = 300.0
    sync_seconds: float = 30.0
    """The kernel is read and compared at least so often."""
    min_sync_seconds: float = 0.05
    """Changes are gathered for so long."""
    tcp_seconds: float = 0.0
    """After which IPVS forgets a connection that is silent; 0: the kernel's own time."""
    tcp_fin_seconds: float = 0.0
    udp_seconds: float = 0.0
    device: str = "kube-ipvs0"
    """Where addresses are bound."""
    binding: str = "device"
    """How: as addresses of the `device`, or by a `route` each."""
    healthz: str = "0.0.0.0:10256"
    metrics: str = "127.0.0.1:10249"
    listen: str = ""
    """Userspace mode: serve every port at this address instead of its own; empty: do not."""
    log_json: bool = False


def proxy_options(
    settings: ProxySettings, node: Node | None, local: Iterable[bytes] = ()
) -> ProxyOptions:
    """Return what the plan has to know.

    Args:
        settings: what was asked for.
        node: the Node object of that name; None: there is none.
        local: packed addresses of this machine's other devices; empty when it is not the node.
    """
    here = tuple(local)
    return ProxyOptions(
        node=settings.node,
        zone=settings.zone or (node.zone if node is not None else ""),
        node_addresses=_serving(settings, node, here),
        other_addresses=frozenset(here),
        scheduler=scheduler_of(settings),
        cluster_networks=settings.cluster_networks,
        exclude=settings.exclude,
        external_ips=settings.external_ips,
        masquerade_all=settings.masquerade_all,
        masquerade_bit=settings.masquerade_bit,
        strict_arp=settings.strict_arp,
        local_fallback=settings.local_fallback,
        drain_seconds=settings.drain_seconds,
    )


def scheduler_of(settings: ProxySettings) -> str:
    """Return how endpoints are chosen where a Service says nothing."""
    return settings.scheduler or DEFAULT_SCHEDULERS.get(settings.mode, "rr")


def _serving(
    settings: ProxySettings, node: Node | None, here: tuple[bytes, ...]
) -> tuple[bytes, ...]:
    """Return where node ports are served: of what is named, else of the Node, else of us."""
    of_node = node.addresses if node is not None else ()
    networks = settings.nodeport_networks
    if not networks:
        primary = settings.node_addresses or of_node or here
        # Two of a family are two names of one machine only if somebody says so.
        return primary if settings.node_addresses else _first_of_each_family(primary)
    found = dict.fromkeys(settings.node_addresses or (*of_node, *here))
    return tuple(one for one in found if any(network.holds(one) for network in networks))


def _first_of_each_family(addresses: Iterable[bytes]) -> tuple[bytes, ...]:
    by_width: dict[int, bytes] = {}
    for address in addresses:
        by_width.setdefault(len(address), address)
    return tuple(by_width.values())


def read_network(text: str) -> Network:
    """Return a network.

    Raises:
        ValueError: it is none; says what would be one.
    """
    try:
        found = ip_network(text.strip(), strict=False)
    except ValueError:
        raise ValueError(f"'{text}' is not a network: write 10.244.0.0/16") from None
    return Network(found.network_address.packed, found.prefixlen)


def read_nodeport_networks(words: Iterable[str]) -> tuple[Network, ...]:
    """Return networks of node addresses; none for `primary`, every one for `all`.

    Raises:
        ValueError: a word is none of these.
    """
    texts = words_of(words)
    if PRIMARY in texts:
        if texts != (PRIMARY,):
            raise ValueError(f"'{PRIMARY}' stands alone: networks beside it have no meaning")
        return ()
    if "all" in texts:
        return EVERYWHERE
    return tuple(map(read_network, texts))


def read_address(text: str) -> bytes:
    """Return an address, packed.

    Raises:
        ValueError: it is none.
    """
    try:
        return pack_address(text.strip())
    except ValueError:
        raise ValueError(f"'{text}' is not an address: write 192.0.2.10 or 2001:db8::10") from None


def read_seconds(text: object) -> float:
    """Return a time; a bare number is seconds.

    Raises:
        ValueError: it is none, or negative.
    """
    try:
        seconds = float(text) if isinstance(text, int) else parse_duration(str(text))
    except ValueError:
        raise ValueError(f"'{text}' is not a time: write 30s, 500ms or 1m30s") from None
    if seconds < 0:
        raise ValueError(f"'{text}' is negative")
    return seconds


def read_scheduler(text: str) -> str:
    """Return the name of a scheduler; whether the kernel has it is seen later.

    Raises:
        ValueError: it cannot be one.
    """
    if not text.isalnum() or len(text) > 15:
        known = ", ".join((*SCHEDULERS, "random"))
        raise ValueError(f"'{text}' is no scheduler: {known}")
    return text


def read_listener(text: str) -> str:
    """Return address and port; empty for "nowhere".

    Raises:
        ValueError: it is not of this form.
    """
    if not text:
        return ""
    host, colon, port = text.rpartition(":")
    if not colon:  # kube-proxy's file may leave out the port
        raise ValueError(f"'{text}' has no port: write 127.0.0.1:10249")
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        raise ValueError(f"'{text}' is not an address and a port: 127.0.0.1:10249") from None
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and int(port) <= 65535):
        raise ValueError(f"'{text}': '{port}' is not a port number")
    return text


def words_of(values: Iterable[str]) -> tuple[str, ...]:
    """Return the words of options that may be repeated and separated by commas."""
    return tuple(word.strip() for value in values for word in value.split(",") if word.strip())


def read_bit(value: object) -> int:
    """Return the number of a bit of a packet's mark.

    Raises:
        ValueError: it is none.
    """
    text = str(value)
    if not (text.isascii() and text.isdigit() and int(text) < 32):
        raise ValueError(f"'{text}' is not a number from 0 to 31")
    return int(text)


def read_mode(text: str) -> str:
    """Return the mode; kube-proxy's empty word stands for the default one.

    Raises:
        ValueError: it is none.
    """
    if text and text not in MODES:
        raise ValueError(f"'{text}' is no mode: {', '.join(MODES)}")
    return text or MODES[0]


def _networks(values: Iterable[str]) -> tuple[Network, ...]:
    return tuple(map(read_network, words_of(values)))


READERS: Mapping[str, Callable[[Any], object]] = {
    "mode": read_mode,
    "servers": words_of,
    "node": lambda text: text.strip().lower(),
    "node_addresses": lambda values: tuple(map(read_address, words_of(values))),
    "nodeport_networks": read_nodeport_networks,
    "cluster_networks": _networks,
    "exclude": _networks,
    "scheduler": read_scheduler,
    "masquerade_bit": read_bit,
    "drain_seconds": read_seconds,
    "sync_seconds": read_seconds,
    "min_sync_seconds": read_seconds,
    "tcp_seconds": read_seconds,
    "tcp_fin_seconds": read_seconds,
    "udp_seconds": read_seconds,
    "healthz": read_listener,
    "metrics": read_listener,
}
"""By field of `ProxySettings`: from what is written to its value, or ValueError. Fields that are
not here are taken as they are written."""
