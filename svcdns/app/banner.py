"""What a person reads at the start: CoreDNS's lines, or for `--demo` what to try."""

import os
import platform
import sys
from collections.abc import Iterable
from pathlib import PurePath
from shutil import which

from svcdns import __version__
from svcdns.app.build import Configuration, Place
from svcdns.app.feed import Feed
from svcdns.app.measure import size_of
from svcdns.cluster.model import Condition, Endpoint
from svcdns.cluster.state import State
from svcdns.route.stages import HealthListener, MetricsListener, ReadyListener, ReloadWatch
from svcdns.server.listen_error import place_text

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
    system = os.uname()
    machine = f"{system.sysname.lower()}/{system.machine}"
    runs_on = f"{machine}, python{platform.python_version()}"
    return "\n".join([*zones, f"svcdns-{__version__}", runs_on])


def demo(configuration: Configuration, feed: Feed, manifests: str | None) -> str:
    """Return what is served where, and questions to try.

    Args:
        configuration: in use.
        feed: what it answers from.
        manifests: where that came from, `-` for standard input; None: there are none.
    """
    origin = {None: "", "-": "  cluster from standard input"}.get(
        manifests, f"  example cluster from {manifests}"
    )
    lines = [f"svcdns {__version__}{origin}{f' ({_contents(feed)})' if origin else ''}"]
    place = next(iter(configuration.exchanges))
    lines.append(f"  DNS      {_server(place)} udp, tcp")
    seen: dict[str, str] = {}
    for wish in configuration.declarations:
        if isinstance(wish, ReloadWatch):
            continue
        title, path = _SHOWN_PATH[type(wish)]
        host, _, port = wish.address.rpartition(":")
        seen.setdefault(title, f"http://{host or '127.0.0.1'}:{port}{path}")
    lines.extend(f"  {title:8} {address}" for title, address in sorted(seen.items()))
    tries = [*_tries(place, feed)]
    if tries:
        lines += ["", "Try:", *tries]
    return "\n".join([*lines, "", _ending(manifests)])


def _contents(feed: Feed) -> str:
    size = size_of(feed)
    counts = ((size.services, "Service"), (size.endpoints, "endpoint"), (size.pods, "pod"))
    return ", ".join(f"{count:,} {noun}{'' if count == 1 else 's'}" for count, noun in counts)


def _host(place: Place) -> str:
    return place.address or "127.0.0.1"


def _server(place: Place) -> str:
    return place_text(_host(place), place.port)


def _tries(place: Place, feed: Feed) -> Iterable[str]:
    """Return commands for what this cluster really has."""
    dig = f"  dig @{_host(place)} -p {place.port}"
    state = next(iter(feed.states()), State())
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
            yield f"  {_program()} query {peers[0].hostname}.{below} @{_server(place)}"
            return


def _program() -> str:
    """Return what to type for this program: its path where the name alone finds nothing."""
    called = sys.argv[0]
    is_ours = PurePath(called).name == "svcdns"
    return called if is_ours and which("svcdns") is None else "svcdns"


def _is_peer(endpoint: Endpoint) -> bool:
    """Whether this is a pod that others find by its own name."""
    is_ready = endpoint.conditions & Condition.READY
    return bool(is_ready and endpoint.hostname and len(endpoint.address) == 4)


def _ending(manifests: str | None) -> str:
    if manifests in (None, "-"):
        return "Ctrl-C stops."
    return f"Ctrl-C stops. Edit a file under {manifests} and ask again: the answer follows."
