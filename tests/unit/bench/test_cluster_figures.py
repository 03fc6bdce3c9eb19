"""What is found on a real API server becomes verdicts and a page; a figure never fails a run."""

import json

import pytest

from tests.bench.cluster_figures import (
    ClusterFindings,
    Relist,
    Round,
    Server,
    Stormy,
    as_document,
    page,
    ratio,
    verdicts,
)
from tests.bench.figures import Machine
from tests.bench.freshness import Fresh
from tests.bench.starting import Start

MACHINE = Machine("Example CPU", 2, "Linux 6.1", "CPython 3.11.7", 0.5)


def a_round(cpu: float, wall: float, *, megabytes: float = 80.0, fresh: float = 0.001) -> Round:
    """Return one life; a relist adds 20 % of memory."""
    relist = Relist(0.5, megabytes, 1.2 * megabytes, (0.001, 0.002))
    return Round(Start(cpu, wall, megabytes), megabytes, [Fresh(fresh, 2 * fresh)] * 2, relist)


def findings(**rounds: list[Round]) -> ClusterFindings:
    """Return a run of these servers."""
    found = ClusterFindings(MACHINE, "10 Services", "2 rounds")
    for name, lives in rounds.items():
        found.servers.append(Server(name, "1.0", dict(enumerate(lives))))
    return found


def words(found: ClusterFindings) -> dict[str, str]:
    """Return the verdicts by subject; of the two about a single change, the last."""
    return {line.subject: line.word for line in verdicts(found)}


def test_a_ratio_is_taken_inside_each_round() -> None:
    found = findings(
        svcdns=[a_round(1, 2), a_round(10, 20), a_round(2, 4)],
        coredns=[a_round(1, 1), a_round(5, 20), a_round(1, 2)],
    )

    assert ratio(found, lambda start: start.cpu_seconds) == pytest.approx(2.0)
    assert ratio(found, lambda start: start.wall_seconds) == pytest.approx(2.0)


def test_a_round_in_which_one_did_not_start_counts_for_neither() -> None:
    found = findings(svcdns=[a_round(1, 1), a_round(9, 9)], coredns=[a_round(1, 1), Round()])

    assert ratio(found, lambda start: start.cpu_seconds) == pytest.approx(1.0)


def test_the_budget_says_met_not_met_or_open() -> None:
    found = findings(
        svcdns=[a_round(2.0, 1.1, megabytes=91.0, fresh=0.004)], coredns=[a_round(1, 1)]
    )

    said = words(found)

    assert said == {
        "change, idle": "met",
        "change, storm": "open",
        "start, wall": "met",
        "start, CPU": "not met",
        "memory": "not met",
        "memory, relist": "met",
        "query, relist": "met",
    }


def test_without_coredns_its_ratios_are_open() -> None:
    said = words(findings(svcdns=[a_round(1, 1)]))

    assert (said["start, wall"], said["start, CPU"], said["memory"]) == ("open", "open", "met")


def test_figures_beside_wrong_answers_are_void() -> None:
    found = findings(svcdns=[a_round(1, 1)])
    found.servers[0].complaints.append("round 1: 3 wrong")

    assert words(found)["memory"] == "void"
    assert "  wrong: round 1: 3 wrong" in page(found)


def test_the_page_shows_quantiles_over_all_rounds_and_the_spread_of_them() -> None:
    found = findings(svcdns=[a_round(1, 1, fresh=0.001), a_round(3, 3, fresh=0.005)])
    found.servers[0].storms.append(Stormy((0.01, 0.02), (0.001,)))

    shown = page(found)

    assert "p50 1.00, p90 5.00, p99 5.00, most 5.00 ms of 4" in shown
    assert "2.00 s (1.00-3.00)" in shown
    assert "p50 10.00, p90 20.00, p99 20.00, most 20.00 ms of 2" in shown


def test_json_holds_every_round_and_the_budget() -> None:
    document = json.loads(json.dumps(as_document(findings(svcdns=[a_round(1, 2)]))))

    (server,) = document["servers"]
    assert server["rounds"]["0"]["relist"][0] == 0.5
    assert {line["subject"] for line in document["budget"]} >= {"memory", "query, relist"}


def test_where_there_is_no_api_server_the_reason_is_all_there_is() -> None:
    assert page("no etcd here").startswith("Not measured: ")
    assert as_document("no etcd here") == {"skipped": "no etcd here"}
