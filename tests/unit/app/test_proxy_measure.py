"""What the proxy's page reads when somebody looks."""

from svcdns.app.proxy_measure import measure_proxy
from svcdns.dataplane.fake import Fake
from svcdns.dataplane.reconcile import Reconciler
from svcdns.dataplane.sync_report import SyncReport
from svcdns.dataplane.userspace import Userspace
from svcdns.telemetry.exposition import render
from svcdns.telemetry.metrics import Metrics
from svcdns.telemetry.proxy_metrics import PAGE
from tests.support.reconciling import nothing


async def test_mode_userspace_shows_its_clients() -> None:
    metrics, backend = Metrics(PAGE), Userspace(listen="127.0.0.1")
    measure_proxy(metrics, Reconciler(backend, nothing, SyncReport(metrics)), backend)
    backend.figures.accepted = 3
    backend.figures.dial_failures = 2

    text = render(metrics).body.decode()

    assert 'svcdns_proxy_userspace_clients_total{outcome="accepted"} 3.0' in text
    assert "svcdns_proxy_userspace_dial_failures_total 2.0" in text
    assert "svcdns_proxy_userspace_files 0.0" in text
    assert "svcdns_proxy_real_servers 0.0" in text


async def test_other_modes_have_no_clients_of_their_own() -> None:
    metrics, backend = Metrics(PAGE), Fake()
    measure_proxy(metrics, Reconciler(backend, nothing, SyncReport(metrics)), backend)

    text = render(metrics).body.decode()

    assert "svcdns_proxy_userspace_clients_total{" not in text
    assert "svcdns_proxy_draining 0.0" in text
