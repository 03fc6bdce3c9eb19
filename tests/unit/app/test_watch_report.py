"""What people read and machines count of a watch."""

import gc
from io import StringIO

import pytest

from svcdns.app.watch_report import CollectorRest, WatchReport
from svcdns.cluster.object_error import ObjectError
from svcdns.source.apiserver.connection import Request
from svcdns.source.apiserver.observer import Finding, Reason
from svcdns.source.apiserver.resources import NAMESPACES, SERVICES, SLICES
from svcdns.telemetry import catalogue as names
from svcdns.telemetry.metrics import Metrics

SERVER = "https://192.0.2.10:6443"


class Told:
    """A report, its clock, and everything that came of it."""

    def __init__(self, log: StringIO) -> None:
        self.now = 1000.0
        self.remarks: list[str] = []
        self.metrics = Metrics()
        self.report = WatchReport(self.metrics, self.remarks.append, lambda: self.now)
        self._log = log

    @property
    def lines(self) -> list[str]:
        return self._log.getvalue().splitlines()

    def number(self, metric: names.Metric, *labels: str) -> float:
        return self.metrics.numbers[metric.name][labels]

    def lose(self) -> None:
        self.report.lost(SERVICES, SERVER, "nothing listens there", 1.25)


@pytest.fixture
def told(log: StringIO) -> Told:
    return Told(log)


def test_a_loss_names_server_reason_and_next_attempt(told: Told) -> None:
    told.lose()

    (line,) = told.lines
    assert line == (
        f"[WARNING] watch.lost resource=services server={SERVER} "
        'error="nothing listens there" retry_seconds=1.2 serving="nothing yet"'
    )


def test_ten_minutes_without_an_api_server_are_ten_lines(told: Told) -> None:
    for _ in range(120):
        told.lose()
        told.now += 5

    assert len(told.lines) == 10


def test_what_is_served_meanwhile_and_its_age_is_said(told: Told) -> None:
    told.report.listed(SERVICES, 3, 0.5)
    told.lose()
    told.now += 61
    told.lose()

    assert told.lines[0] == "[INFO] watch.synced resource=services objects=3 seconds=0.5"
    assert told.lines[1].endswith('serving="last known state, 0 s old"')
    assert told.lines[2].endswith('serving="last known state, 61 s old"')


def test_a_recovery_says_how_long_it_took_and_clears_the_remark(told: Told) -> None:
    told.lose()
    told.now += 90
    assert told.report.lost_seconds("services") == 90

    told.report.recovered(SERVICES)

    assert told.lines[-1] == "[INFO] watch.recovered resource=services seconds=90.0"
    assert told.report.lost_seconds("services") == 0
    assert told.remarks[0].startswith("the API server has been out of reach since 20")
    assert told.remarks[-1] == ""


def test_a_second_resource_that_recovers_leaves_the_remark_of_the_first(told: Told) -> None:
    told.lose()
    told.report.lost(SLICES, SERVER, "too", 1)

    told.report.recovered(SLICES)

    assert "out of reach" in told.remarks[-1]


@pytest.mark.parametrize(
    ("resource", "name"),
    [(SERVICES, "services"), (SLICES, "endpointslices.discovery.k8s.io")],
)
def test_a_missing_permission_names_verb_resource_and_command(
    told: Told, resource: object, name: str
) -> None:
    told.report.forbidden(resource, "list", "User x cannot list", 1)  # type: ignore[arg-type]

    (line,) = told.lines
    assert line.startswith("[ERROR] watch.forbidden resource=")
    assert 'verb=list times=1 error="User x cannot list"' in line
    assert f"kubectl auth can-i list {name} --all-namespaces" in line


def test_ten_minutes_without_a_permission_are_ten_lines_that_count(told: Told) -> None:
    for times in range(1, 121):
        told.report.forbidden(SERVICES, "list", "no", times)
        told.now += 5

    counts = [line.partition("times=")[2].split()[0] for line in told.lines]
    assert counts == [str(times) for times in range(1, 121, 12)]


def test_another_verb_and_a_second_time_without_a_permission_are_said_at_once(told: Told) -> None:
    for verb, times in (("list", 1), ("watch", 1), ("list", 1)):
        told.report.forbidden(SERVICES, verb, "no", times)

    assert len(told.lines) == 3


def test_what_can_be_read_in_between_makes_no_more_lines(told: Told) -> None:
    for times in range(1, 6):
        told.report.forbidden(SERVICES, "watch", "no", times)
        told.report.listed(SERVICES, 1, 0.1)
        told.now += 25

    assert len([line for line in told.lines if "watch.forbidden" in line]) == 2


def test_what_is_forbidden_is_lost_too_until_it_is_permitted(told: Told) -> None:
    told.report.forbidden(SERVICES, "watch", "no", 1)
    told.report.forbidden(SERVICES, "list", "no", 1)
    told.now += 30
    told.report.forbidden(SERVICES, "watch", "no", 2)
    lost = told.report.lost_seconds("services")

    told.report.recovered(SERVICES)

    assert lost == 30
    assert told.remarks == ["svcdns is not permitted to read services", ""]
    assert told.report.lost_seconds("services") == 0


def test_what_can_be_read_with_the_other_verb_is_not_called_forbidden(told: Told) -> None:
    told.report.forbidden(SERVICES, "list", "no", 1)
    told.now += 30

    assert told.remarks == []
    assert told.report.lost_seconds("services") == 0


def test_what_can_be_read_is_not_called_forbidden(told: Told) -> None:
    for resource in (SLICES, SERVICES):
        for verb in ("watch", "list"):
            told.report.forbidden(resource, verb, "no", 1)

    told.report.listed(SLICES, 1, 0.1)
    told.report.applied(SERVICES, 1, ())

    assert told.remarks[-2:] == ["svcdns is not permitted to read services", ""]
    assert told.report.lost_seconds("endpointslices") == 0


def test_a_snapshot_is_in_the_remark_until_all_of_it_is_replaced(told: Told) -> None:
    text = "this is from the snapshot of 2023-11-14 22:13:20 UTC"

    told.report.restored(["services", "namespaces"], 1_700_000_000)
    told.lose()
    told.report.recovered(SERVICES)
    told.report.listed(SERVICES, 1, 0.1)
    told.report.listed(NAMESPACES, 1, 0.1)

    assert told.remarks[0] == text
    assert told.remarks[1].startswith(f"{text}; the API server has been out of reach since ")
    assert told.remarks[2:] == [text, text, ""]
    assert 'serving="the snapshot of 2023-11-14 22:13:20 UTC"' in told.lines[0]


def test_only_the_first_list_is_a_line_of_its_own(told: Told) -> None:
    told.report.listed(SERVICES, 3, 0.5)
    told.report.listed(SERVICES, 4, 0.5)
    told.report.relisted(SERVICES, Reason.EXPIRED)

    assert told.lines[1:] == ["[INFO] watch.relisted resource=services reason=expired"]
    assert told.number(names.RELISTS, "services", "expired") == 1


def test_what_cannot_be_used_is_named_and_counted(told: Told) -> None:
    problem = ObjectError("Service", "shop", "web", "spec.ports[0].port", "70000 is no port")

    told.report.rejected(SERVICES, problem)
    told.report.reduced(SERVICES, problem)
    told.report.rejected(SERVICES, "a line of 40 MB")

    what = 'what="Service shop/web: spec.ports[0].port: 70000 is no port"'
    assert told.lines == [
        f"[WARNING] watch.rejected resource=services {what}",
        f"[WARNING] watch.reduced resource=services {what}",
        '[WARNING] watch.rejected resource=services what="a line of 40 MB"',
    ]
    assert told.number(names.REJECTED, "services") == 3


def test_audits_are_counted_by_how_they_ended(told: Told) -> None:
    told.report.audited(SERVICES, Finding.AGREES)
    told.report.audited(SERVICES, Finding.COUNT)

    assert told.number(names.AUDITS, "services", "agrees") == 1
    assert told.number(names.AUDITS, "services", "count") == 1


def test_changes_are_counted_and_those_of_slices_timed(told: Told) -> None:
    told.report.applied(SERVICES, 2, ("2020-01-01T00:00:00Z",))
    told.report.applied(SLICES, 3, ("2020-01-01T00:00:00Z", "yesterday"))

    distribution = told.metrics.distributions[names.PROGRAMMING.name][("headless_with_selector",)]
    assert told.number(names.WATCH_EVENTS, "services") == 2
    assert told.number(names.WATCH_EVENTS, "endpointslices") == 3
    assert sum(distribution.counts) == 1


def test_requests_are_counted_under_the_names_of_coredns(told: Told) -> None:
    told.report.requested(Request("192.0.2.10:6443", "200", True, 0.5, 0.0))
    told.report.requested(Request("192.0.2.10:6443", "<error>", False, 0.5, 0.1))

    assert told.number(names.API_REQUESTS, "200", "GET", "192.0.2.10:6443") == 1
    assert told.number(names.API_REQUESTS, "<error>", "GET", "192.0.2.10:6443") == 1
    assert set(told.metrics.distributions[names.API_DURATION.name]) == {
        ("WATCH", "192.0.2.10:6443"),
        ("GET", "192.0.2.10:6443"),
    }


def test_a_bug_is_logged_with_its_traceback(told: Told) -> None:
    told.report.failed(SERVICES, ValueError("odd"), 1.5)

    assert told.lines[0].startswith("[ERROR] watch.failed resource=services retry_seconds=1.5")
    assert told.lines[-1] == "[ERROR]   ValueError: odd"


def test_the_collector_rests_until_the_last_list_has_ended(log: StringIO) -> None:
    del log
    rest = CollectorRest()
    reports = [WatchReport(Metrics(), lambda _: None, lambda: 0.0, rest) for _ in range(2)]
    seen = []
    try:
        for report in reports:
            report.list_begun(SERVICES)
        for report in reports:
            seen.append(gc.isenabled())
            report.list_over(SERVICES)
        seen.append(gc.isenabled())
    finally:
        gc.enable()
        gc.unfreeze()

    assert seen == [False, False, True]


def test_whoever_has_to_know_is_told_when_endpoints_changed() -> None:
    began: list[float] = []
    report = WatchReport(Metrics(), lambda _: None, lambda: 0.0, triggered=began.extend)

    report.applied(SLICES, 1, ("2026-11-24T10:00:00Z", "no time"))
    report.applied(SERVICES, 1, ())

    assert began == [1795514400.0]
