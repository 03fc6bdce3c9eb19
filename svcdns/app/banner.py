"""What a person reads at the start: CoreDNS's lines, or for `--demo` what to try."""

import sys
from collections.abc import Iterable

from svcdns import __version__
from svcdns.app.build import Configuration, Place
from svcdns.app.feed import Feed
from svcdns.cluster.model import Condition, Endpoint, Pod, Service
from svcdns.route.stages import HealthListener, MetricsListener, ReadyListener

_SHOWN_PATH = {
    MetricsListener: ("metrics", "/metrics"),
    ReadyListener: ("ready", "/ready"),
    HealthListener: ("health", "/health"),
}


def plain(configuration: Configuration) -> str:
    """Return CoreDNS's lines: zones with their ports, then version and platform."""
    zones = [
        f"{zone}:{place.port}{f' on {place.address}' if place.address else ''}"
        for place, exchange in configuration.exchanges.items()
        for zone in exchange.router.zones
    ]
    python = ".".join(str(part) for part in sys.version_info[:3])
    return "\n".join([*zones, f"svcdns-{__version__}", f"{sys.platform}, python{python}"])


def demo(configuration: Configuration, feed: Feed, manifests: str) -> str:
    """Return what is served where, and questions to try."""
    lines = [f"svcdns {__version__}  example cluster from {manifests} ({_contents(feed)})"]
    place = next(iter(configuration.exchanges))
    lines.append(f"  DNS      {_host(place)}:{place.port} udp, tcp")
    seen: dict[str, str] = {}
    for wish in configuration.declarations:
        title, path = _SHOWN_PATH[type(wish)]
        host, _, port = wish.address.rpartition(":")
        seen.setdefault(title, f"http://{host or '127.0.0.1'}:{port}{path}")
    lines.extend(f"  {title:8} {address}" for title, address in sorted(seen.items()))
    return "\n".join([*lines, "", "Try:", *_tries(place, feed), "", *_ending(manifests)])


def _contents(feed: Feed) -> str:
    state = feed.state()
    endpoints = sum(
        len(one)
        for service in state.services
        for one in state.slices(service.namespace, service.name)
    )
    counts = ((state.count(Service), "Service"), (endpoints, "endpoint"), (state.count(Pod), "pod"))
    return ", ".join(f"{count:,} {noun}{'' if count == 1 else 's'}" for count, noun in counts)


def _host(place: Place) -> str:
    return place.address or "127.0.0.1"


def _tries(place: Place, feed: Feed) -> Iterable[str]:
    """Return commands for what this cluster really has."""
    dig = f"  dig @{_host(place)} -p {place.port}"
    state = feed.state()
    services = sorted(state.services, key=lambda service: service.key)
    with_address = [one for one in services if one.addresses and one.namespace != "kube-system"]
    by_preference = sorted(with_address, key=lambda one: one.name != "my-service")
    for one in by_preference[:1]:
        yield f"{dig} {one.name}.{one.namespace}.svc.cluster.local"
    for one in services:
        slices = state.slices(one.namespace, one.name)
        peers = [peer for part in slices for peer in part.endpoints() if _is_peer(peer)]
        port = next((port for port in one.ports if port.name), None)
        if one.headless and peers and port is not None:
            below = f"{one.name}.{one.namespace}.svc.cluster.local"
            dashed = "-".join(str(octet) for octet in peers[0].address)
            yield f"{dig} _{port.name}._{port.protocol.lower()}.{below} SRV"
            yield f"{dig} {dashed}.{one.namespace}.pod.cluster.local"
            yield f"  svcdns query {peers[0].hostname}.{below} @{_host(place)}:{place.port}"
            return


def _is_peer(endpoint: Endpoint) -> bool:
    """Whether this is a pod that others find by its own name."""
    is_ready = endpoint.conditions & Condition.READY
    return bool(is_ready and endpoint.hostname and len(endpoint.address) == 4)


def _ending(manifests: str) -> Iterable[str]:
    yield f"Ctrl-C stops. Edit a file under {manifests} and ask again: the answer follows."
