"""What the metrics read from the parts of the process, wired up in one place."""

import sys
from dataclasses import fields
from functools import partial

from svcdns import __version__
from svcdns.app.build import Configuration
from svcdns.app.feed import KINDS, Feed
from svcdns.server.limits import Connections
from svcdns.telemetry import metrics as names
from svcdns.telemetry.log import output
from svcdns.telemetry.metrics import Metrics


def measure(
    metrics: Metrics, configuration: Configuration, feed: Feed, connections: Connections
) -> None:
    """Let `metrics` follow everything of this process that is counted."""
    python = ".".join(str(part) for part in sys.version_info[:3])
    metrics.set(names.BUILD, 1, __version__, "", f"python{python}")
    metrics.replace(
        names.PLUGIN_ENABLED,
        {(server, zone, "", name): 1.0 for server, zone, name in configuration.enabled},
    )
    for exchange in configuration.exchanges.values():
        metrics.follow(exchange.traffic)
        metrics.read(names.TABLE_ENTRIES, exchange.__len__, exchange.traffic.server)
    for kind in KINDS:
        metrics.read(names.OBJECTS, partial(_count, feed, kind), f"{kind.__name__.lower()}s")
    metrics.read(names.LAST_CHANGE, lambda: feed.last_change)
    metrics.read(names.TCP_CONNECTIONS, lambda: connections.open)
    for event in fields(connections.counts):
        reading = partial(getattr, connections.counts, event.name)
        metrics.read(names.TCP_EVENTS, reading, event.name)
    metrics.read(names.LOG_SUPPRESSED, lambda: output().suppressed)
    metrics.read(names.LOG_LOST, lambda: output().lost)


def _count(feed: Feed, kind: type) -> float:
    return sum(state.count(kind) for state in feed.states())
