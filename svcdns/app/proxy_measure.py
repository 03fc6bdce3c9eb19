"""What the proxy's metrics read from its parts when somebody asks."""

from svcdns.dataplane.backend import Backend
from svcdns.dataplane.reconcile import Reconciler
from svcdns.dataplane.userspace import Userspace
from svcdns.telemetry import catalogue
from svcdns.telemetry import proxy_metrics as names
from svcdns.telemetry.log import output
from svcdns.telemetry.metrics import Metrics


def measure_proxy(metrics: Metrics, reconciler: Reconciler, backend: Backend) -> None:
    """Let `metrics` follow a proxy."""
    metrics.read(
        names.REAL_SERVERS, lambda: sum(map(len, reconciler.done.virtual_servers.values()))
    )
    metrics.read(names.DRAINING, lambda: reconciler.draining)
    metrics.read(catalogue.LOG_SUPPRESSED, lambda: output().suppressed)
    metrics.read(catalogue.LOG_LOST, lambda: output().lost)
    if isinstance(backend, Userspace):
        figures = backend.figures
        metrics.read(names.CONNECTIONS, lambda: figures.accepted, "accepted")
        metrics.read(names.CONNECTIONS, lambda: figures.refused, "refused")
        metrics.read(names.CONNECTIONS, lambda: figures.unanswered, "unanswered")
        metrics.read(names.DIAL_FAILURES, lambda: figures.dial_failures)
        metrics.read(names.FILES, lambda: backend.files)
