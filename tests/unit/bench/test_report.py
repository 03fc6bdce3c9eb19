"""Figures become verdicts and a page; a figure never becomes a failure."""

import json

import pytest

from tests.bench.figures import Findings, Machine, Server, Traffic, ratio, verdicts
from tests.bench.load import Sample
from tests.bench.report import as_json, page
from tests.bench.starting import Start


def findings(**microseconds: list[float]) -> Findings:
    """Return a run in which each server was measured under `udp` alone."""
    found = Findings(
        Machine("Example CPU", 2, "Linux 6.1", "CPython 3.11.7", 0.5),
        world="10 Services",
        workload="20 queries",
        method="2 x 1 s",
        traffic=[Traffic("udp", "UDP", "blast")],
    )
    for name, values in microseconds.items():
        server = Server(name, "1.0", starts=[Start(2.0, 2.5, 60.0)])
        server.samples["udp"] = {
            number: Sample(value, 1e6 / value, 0, 1.0, "") for number, value in enumerate(values)
        }
        found.servers.append(server)
    return found


def test_a_ratio_is_taken_inside_each_round() -> None:
    drifting = findings(svcdns=[4.0, 40.0, 8.0], nsd=[4.0, 20.0, 4.0])

    assert ratio(drifting, "udp", "svcdns", "nsd") == pytest.approx(2.0)


def test_a_round_that_one_server_missed_counts_for_neither() -> None:
    found = findings(svcdns=[4.0, 40.0, 8.0], nsd=[4.0, 4.0, 4.0])
    del found.servers[0].samples["udp"][1]

    assert ratio(found, "udp", "svcdns", "nsd") == pytest.approx(1.5)


def test_a_ratio_to_a_server_that_is_missing_is_not_known() -> None:
    assert ratio(findings(svcdns=[4.0]), "udp", "svcdns", "nsd") is None


def test_the_budget_says_met_not_met_or_open() -> None:
    words = {
        (line.subject, line.demand): line.word
        for line in verdicts(findings(svcdns=[6.0], nsd=[4.0]))
    }

    assert words["udp", "at most 1.30 x nsd"] == "not met"
    assert words["start", "at most 3.00 s CPU"] == "met"
    assert words["udp", "at most 0.25 x coredns-kubeadm"] == "open"


def test_the_page_shows_medians_extremes_and_ratios() -> None:
    text = page(findings(svcdns=[5.0, 5.2, 6.0], nsd=[4.0, 4.0, 4.0]))

    line = next(line for line in text.splitlines() if line.startswith("svcdns 1.0"))
    assert line.split()[2:] == ["5.20", "(5.00-6.00)", "1.30", "-", "200,000", "0"]


def test_the_page_says_whose_answers_were_wrong() -> None:
    wrong = findings(svcdns=[5.0])
    wrong.servers[0].complaints.append("udp: 3 NXDOMAIN too many")

    assert "svcdns: udp: 3 NXDOMAIN too many" in page(wrong)
    assert wrong.has_complaints


def test_a_price_of_wrong_answers_is_void() -> None:
    wrong = findings(svcdns=[4.0], nsd=[4.0])
    wrong.servers[0].complaints.append("udp: 3 NXDOMAIN too many")

    assert next(verdicts(wrong)).word == "void"


def test_json_holds_every_round_and_the_budget() -> None:
    document = json.loads(as_json(findings(svcdns=[5.0, 6.0], nsd=[5.0, 5.0])))

    (ours, _theirs) = document["servers"]
    assert [sample["microseconds"] for sample in ours["samples"]["udp"]] == [5.0, 6.0]
    assert document["budget"][0]["verdict"] == "met"
