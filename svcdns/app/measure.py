"""What the metrics read from the parts of the process, and what there is to be counted."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import partial
from typing import NamedTuple, Protocol

from svcdns import __version__
from svcdns.app.build import Configuration
from svcdns.app.feed import KINDS, Feed
from svcdns.cluster.model import EndpointSlice, Pod, Service
from svcdns.server.limits import Connections
from svcdns.telemetry import catalogue as names
from svcdns.telemetry.log import output
from svcdns.telemetry.metrics import Metrics


class Watching(Protocol):
    """One watch, as `app.live` has it."""

    @property
    def resources(self) -> tuple[str, ...]:
        """Names of what is followed."""
        ...

    def lost_seconds(self, resource_name: str) -> float:
        """Return for how long a resource has not been followed; 0 while it is well."""
        ...

    def silent_seconds(self, resource_name: str) -> float:
        """Return how long ago anything was heard about a resource."""
        ...


class Size(NamedTuple):
    """How much a feed knows; an object that two stanzas see with selectors of their own is two."""

    services: int
    slices: int
    endpoints: int
    pods: int


def size_of(feed: Feed) -> Size:
    """Return how much `feed` knows now; looks at every slice."""
    endpoints = sum(
        len(one)
        for state in feed.states()
        for service in state.services
        for one in state.slices(service.namespace, service.name)
    )
    services, slices, pods = (_count(feed, kind) for kind in (Service, EndpointSlice, Pod))
    return Size(services, slices, endpoints, pods)


def measure_configuration(metrics: Metrics, configuration: Configuration) -> None:
    """Let `metrics` follow what this configuration counts, and show no table of another one."""
    metrics.replace(
        names.PLUGIN_ENABLED,
        {(server, zone, "", name): 1.0 for server, zone, name in configuration.enabled},
    )
    metrics.forget(names.TABLE_ENTRIES)
    for exchange in configuration.exchanges.values():
        metrics.follow(exchange.traffic)
        metrics.read(names.TABLE_ENTRIES, exchange.__len__, exchange.traffic.server)


def measure(metrics: Metrics, feed: Feed, connections: Connections) -> None:
    """Let `metrics` follow everything of this process that is counted, whatever it serves."""
    python = ".".join(str(part) for part in sys.version_info[:3])
    metrics.set(names.BUILD, 1, __version__, "", f"python{python}")
    for kind in KINDS:
        metrics.read(names.OBJECTS, partial(_count, feed, kind), f"{kind.__name__.lower()}s")
    metrics.read(names.LAST_CHANGE, lambda: feed.last_change)
    metrics.read(names.TCP_CONNECTIONS, lambda: connections.open)
    for event in fields(connections.counts):
        reading = partial(getattr, connections.counts, event.name)
        metrics.read(names.TCP_EVENTS, reading, event.name)
    metrics.read(names.LOG_SUPPRESSED, lambda: output().suppressed)
    metrics.read(names.LOG_LOST, lambda: output().lost)


def measure_lives(metrics: Metrics, lives: Sequence[Watching]) -> None:
    """Let `metrics` follow the watches; of several of one resource, the worst one counts."""
    for name in dict.fromkeys(name for live in lives for name in live.resources):
        watching = [live for live in lives if name in live.resources]
        lost = [partial(live.lost_seconds, name) for live in watching]
        silent = [partial(live.silent_seconds, name) for live in watching]
        metrics.read(names.WATCH_LOST, partial(_worst, lost), name)
        metrics.read(names.LAST_CONTACT, partial(_worst, silent), name)


def _worst(readings: Sequence[Callable[[], float]]) -> float:
    return max(reading() for reading in readings)


def _count(feed: Feed, kind: type) -> int:
    return sum(state.count(kind) for state in feed.states())
