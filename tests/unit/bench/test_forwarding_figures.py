"""What a run with another DNS server behind us has found, and its budget."""

import json

from tests.bench.figures import Machine
from tests.bench.forwarding_figures import (
    ADDRESSES,
    ForwardFindings,
    Reloads,
    Silence,
    as_document,
    page,
    verdicts,
)
from tests.bench.load import Sample

MACHINE = Machine("a processor", 2, "Linux 6.1", "CPython 3.11.7", 0.0)


def costs(*microseconds: float) -> dict[int, Sample]:
    return {number: Sample(one, 1000.0, 0, 1.0, "") for number, one in enumerate(microseconds)}


def found(**misses: dict[int, Sample]) -> ForwardFindings:
    findings = ForwardFindings(MACHINE, "2 rounds")
    findings.misses[ADDRESSES] = {name.replace("_", "-"): one for name, one in misses.items()}
    return findings


def words(findings: ForwardFindings) -> dict[tuple[str, str], str]:
    return {(line.subject, line.demand.split()[-1]): line.word for line in verdicts(findings)}


def test_a_ratio_is_taken_inside_a_round() -> None:
    findings = found(svcdns=costs(10, 40), coredns_kubeadm=costs(20, 80), dnsmasq=costs(9, 36))

    said = words(findings)

    assert said["miss", "coredns"] == "met"
    assert said["miss", "dnsmasq"] == "not met"


def test_what_was_not_measured_is_open() -> None:
    assert set(words(found()).values()) == {"open"}


def test_lost_queries_memory_and_files_are_counted_over_all_reloads() -> None:
    findings = found()
    findings.reloads = Reloads(100, 5000, 1, 0, (0.001,), 60.0, 69.0, 14, 14)

    said = words(findings)

    assert said["reloads, lost", "none"] == "not met"
    assert said["reloads, memory", "more"] == "met"
    assert said["reloads, files", "before"] == "met"
    assert "1 of 5,000 queries lost" in page(findings)


def test_waiting_beside_a_silent_upstream_is_compared_in_its_round() -> None:
    findings = found()
    findings.silences.append(Silence((0.001, 0.001), (0.001, 0.0016)))

    assert words(findings)["silent upstream", "alone"] == "not met"


def test_figures_beside_wrong_answers_are_void() -> None:
    findings = found(svcdns=costs(1), dnsmasq=costs(2))
    findings.complaints.append("miss, svcdns: 3 SERVFAIL too many")

    assert words(findings)["miss", "dnsmasq"] == "void"
    assert "wrong: miss, svcdns" in page(findings)


def test_json_holds_every_round_and_the_budget() -> None:
    document = json.loads(json.dumps(as_document(found(svcdns=costs(1)))))

    assert document["misses"][ADDRESSES]["svcdns"]["0"][0] == 1
    assert document["budget"]


def test_where_no_server_can_be_asked_the_reason_is_all_there_is() -> None:
    assert page("no upstream") == "Not measured: forwarding: no upstream\n"
    assert as_document("no upstream") == {"skipped": "no upstream"}
