"""What is told of syncs, and how often."""

from collections import Counter
from collections.abc import Iterator
from io import StringIO

import pytest

from svcdns.dataplane.backend import DataplaneError, Failure
from svcdns.dataplane.retries import News, subject
from svcdns.dataplane.sync_report import SyncReport
from svcdns.proxy.model import Desired, Skipped
from svcdns.proxy.operations import AddVirtual, Bind
from svcdns.telemetry import proxy_metrics as names
from svcdns.telemetry.log import Output, redirect
from svcdns.telemetry.metrics import Metrics
from tests.support.reconciling import desired, virtual

ADD = AddVirtual(virtual(1))


@pytest.fixture(autouse=True)
def log() -> Iterator[StringIO]:
    stream = StringIO()
    before = redirect(Output(stream))
    yield stream
    redirect(before)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(names.PAGE)


@pytest.fixture
def report(metrics: Metrics) -> SyncReport:
    return SyncReport(metrics, lambda: 1_700_000_000.0)


def test_only_the_first_sync_is_told(report: SyncReport, metrics: Metrics, log: StringIO) -> None:
    for _ in range(2):
        report.queued()
        report.synced(desired(virtual(1)), 3, 0.25)

    assert log.getvalue() == (
        "[INFO] proxy.synced virtual_servers=1 addresses=1 skipped=0 seconds=0.25\n"
    )
    assert metrics.numbers[names.LAST_SYNC.name] == {(): 1_700_000_000.0}
    assert metrics.numbers[names.LAST_QUEUED.name] == {(): 1_700_000_000.0}
    assert metrics.numbers[names.DRAINING.name] == {(): 3}
    assert metrics.distributions[names.SYNC_DURATION.name][()].total == 0.5


def test_what_is_skipped_is_told_once_as_long_as_it_is(
    report: SyncReport, metrics: Metrics, log: StringIO
) -> None:
    skipped = Desired(skipped=(Skipped("Service shop/web", "why"),))
    for plan in (skipped, skipped, Desired(), skipped):
        report.planned(plan)

    line = '[WARNING] proxy.skipped object="Service shop/web" reason=why\n'
    assert log.getvalue() == 2 * line
    assert metrics.numbers[names.SKIPPED.name] == {(): 1}


def test_operations_are_counted_by_how_they_ended(
    report: SyncReport, metrics: Metrics, log: StringIO
) -> None:
    failure = Failure(ADD, "EINVAL")

    report.applied([Bind(bytes(4))], [failure], [News(failure, 1.0)])

    assert metrics.numbers[names.OPERATIONS.name] == {("Bind",): 1}
    assert metrics.numbers[names.FAILURES.name] == {("AddVirtual",): 1}
    assert log.getvalue() == (
        "[WARNING] proxy.failed object=10.96.0.1:80/TCP error=EINVAL retry_seconds=1.0\n"
    )


def test_policies_without_a_local_endpoint_are_counted(
    report: SyncReport, metrics: Metrics
) -> None:
    report.planned(Desired(without_local={"internal": 2, "external": 0}))

    assert metrics.numbers[names.WITHOUT_LOCAL.name] == {("internal",): 2, ("external",): 0}


def test_an_audit_says_what_somebody_else_changed(
    report: SyncReport, metrics: Metrics, log: StringIO
) -> None:
    report.audited(Counter())
    report.audited(Counter((subject(ADD), subject(ADD))))

    assert metrics.numbers[names.AUDITS.name] == {("agreed",): 1, ("repaired",): 1}
    assert log.getvalue() == "[WARNING] proxy.repaired operations=2 objects=10.96.0.1:80/TCP\n"


def test_a_backend_out_of_order_is_told_once(report: SyncReport, log: StringIO) -> None:
    error = DataplaneError("read virtual servers", "EPERM", "add NET_ADMIN")
    report.broken(error, 1.0)
    report.broken(error, 2.0)
    report.mended()
    report.broken(error, 1.0)

    assert log.getvalue().count("[ERROR] proxy.broken") == 2
    assert log.getvalue().count("[INFO] proxy.mended") == 1
