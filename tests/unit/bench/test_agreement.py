"""What a right answer of a measured server is."""

from collections.abc import Callable

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from tests.bench.agreement import Truth, sample
from tests.bench.questions import MIX, Query, workload
from tests.bench.world import build

WORLD = build(services=300, namespaces=20, endpoints=700)
QUERIES = workload(WORLD, count=2_000)
TRUTH = Truth(WORLD)
SERVICE = next(service for service in WORLD.services if service.address)
ADDRESS = Query("A", SERVICE.owner, "A", "NOERROR")
ABSENT = Query("AAAA", SERVICE.owner, "AAAA", "NOERROR")

Edit = Callable[[dns.message.Message], object]


def response(query: Query, *edits: Edit) -> dns.message.Message:
    """Return the right response to a query, with some edits."""
    made = dns.message.make_response(dns.message.from_wire(query.wire(edns=False)))
    made.flags |= dns.flags.AA
    if query is ADDRESS:
        made.answer.append(dns.rrset.from_text(query.owner, 30, "IN", "A", SERVICE.address))
    else:
        soa = "ns.dns.cluster.local. hostmaster.cluster.local. 1 7200 1800 86400 30"
        made.authority.append(dns.rrset.from_text("cluster.local.", 30, "IN", "SOA", soa))
    for edit in edits:
        edit(made)
    return made


@pytest.mark.parametrize("query", [ADDRESS, ABSENT], ids=["address", "no such type"])
def test_a_right_response_gives_no_complaint(query: Query) -> None:
    assert not TRUTH.complaint(query, response(query), edns=False)


@pytest.mark.parametrize(
    ("query", "edit", "words"),
    [
        pytest.param(ADDRESS, lambda m: m.set_rcode(dns.rcode.NXDOMAIN), "NXDOMAIN", id="rcode"),
        pytest.param(ADDRESS, lambda m: m.answer.clear(), "nothing instead of", id="false NODATA"),
        pytest.param(ABSENT, lambda m: m.authority.clear(), "without SOA", id="no SOA"),
        pytest.param(ADDRESS, lambda m: m.use_edns(0), "OPT came unasked", id="OPT"),
        pytest.param(
            ADDRESS,
            lambda m: setattr(m, "flags", m.flags & ~dns.flags.AA),
            "not authoritative",
            id="no AA",
        ),
    ],
)
def test_a_wrong_response_is_told_in_a_sentence(query: Query, edit: Edit, words: str) -> None:
    complaint = TRUTH.complaint(query, response(query, edit), edns=False)

    assert complaint.startswith(f"{query.owner} {query.rrtype}: ")
    assert words in complaint


def test_a_cut_off_answer_is_right_where_the_client_has_512_octets() -> None:
    cut = response(
        ADDRESS,
        lambda m: m.answer.clear(),
        lambda m: setattr(m, "flags", m.flags | dns.flags.TC),
    )

    assert not TRUTH.complaint(ADDRESS, cut, edns=False)


def test_the_sample_has_different_queries_of_every_kind() -> None:
    asked = sample(QUERIES, per_kind=5)

    assert len(set(asked)) == len(asked) == 5 * len(MIX)
    assert {query.kind for query in asked} == set(MIX)
