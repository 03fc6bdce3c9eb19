"""The benchmark's workload: the same mix for every server, and its right rcodes known."""

from collections import Counter
from pathlib import Path

import dns.message
import dns.rdatatype
import pytest

from tests.bench.questions import MIX, Expected, workload, write_queries
from tests.bench.world import build, records

SMALL = build(services=300, namespaces=20, endpoints=700)
QUERIES = workload(SMALL, count=2_000)


def messages(path: Path) -> list[dns.message.Message]:
    octets, found = path.read_bytes(), []
    while octets:
        length = int.from_bytes(octets[:2])
        found.append(dns.message.from_wire(octets[2 : 2 + length]))
        octets = octets[2 + length :]
    return found


def test_equal_arguments_give_equal_queries() -> None:
    assert workload(SMALL, count=2_000) == QUERIES


def test_the_shares_of_the_mix_are_exact() -> None:
    kinds = Counter(query.kind for query in QUERIES)

    assert kinds == {kind: round(share * 2_000) for kind, share in MIX.items()}
    assert sum(MIX.values()) == pytest.approx(1)


def test_a_tenth_of_the_answers_is_nxdomain() -> None:
    assert Counter(query.rcode for query in QUERIES) == {"NOERROR": 1_800, "NXDOMAIN": 200}


def test_a_name_is_nxdomain_exactly_if_no_record_is_at_or_below_it() -> None:
    owners = {record.owner for record in records(SMALL)}
    existing = {owner[start:] for owner in owners for start in _label_starts(owner)}

    assert all((query.owner in existing) == (query.rcode == "NOERROR") for query in QUERIES)


def _label_starts(owner: str) -> list[int]:
    return [0, *(index + 1 for index, letter in enumerate(owner[:-1]) if letter == ".")]


def test_popular_names_are_asked_far_more_often_than_others() -> None:
    asked = Counter(query.owner for query in QUERIES if query.kind == "A")
    times = [count for _owner, count in asked.most_common()]

    assert times[0] > 10 * times[len(times) // 2]


def test_a_query_file_holds_the_queries_in_order(tmp_path: Path) -> None:
    write_queries(QUERIES[:100], tmp_path / "queries", edns_share=0)

    asked = [message.question[0] for message in messages(tmp_path / "queries")]

    assert [(str(q.name), dns.rdatatype.to_text(q.rdtype)) for q in asked] == [
        (query.owner, query.rrtype) for query in QUERIES[:100]
    ]


@pytest.mark.parametrize(("share", "count"), [(0, 0), (0.5, 50), (0.25, 25), (1, 100)])
def test_the_share_of_edns_queries_is_exact(tmp_path: Path, share: float, count: int) -> None:
    write_queries(QUERIES[:100], tmp_path / "queries", edns_share=share)

    assert sum(message.edns >= 0 for message in messages(tmp_path / "queries")) == count


@pytest.mark.parametrize("sent", [0, 1, 1_999, 2_000, 5_321])
def test_expected_totals_are_those_of_the_queries_sent(sent: int) -> None:
    rounds = QUERIES * 3

    assert Expected(QUERIES).totals(sent) == Counter(query.rcode for query in rounds[:sent])
