import dns.message
import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.answers.answer import Reason
from svcdns.answers.negative import Zone, name_error, nodata
from svcdns.cluster.state import State
from svcdns.wire.codes import RCode, RRType
from svcdns.wire.edns import InfoCode
from svcdns.wire.name import from_labels, from_text, labels, to_text
from svcdns.wire.rrset import RRset
from tests.support.stubs import question

ZONE = from_text("cluster.local")
WHY = Reason(InfoCode.OTHER, lambda: "because")


def decoded(zone: Zone, owner: str) -> str:
    """Return the SOA line that a client reads in a negative response to `owner`."""
    asked = question(owner)
    head = b"\0\1\x84\0\0\1\0\0\0\1\0\0"
    message = dns.message.from_wire(head + asked.octets + zone.authority_at(len(asked.octets)))
    return str(message.authority[0])


@pytest.mark.parametrize("owner", ["cluster.local.", "web.shop.svc.cluster.local."])
def test_the_soa_points_into_the_question(owner: str) -> None:
    zone = Zone(ZONE, 5)
    zone.renew(1_499_347_823)

    assert decoded(zone, owner) == (
        "cluster.local. 5 IN SOA ns.dns.cluster.local. hostmaster.cluster.local. "
        "1499347823 7200 1800 86400 5"
    )


def test_the_soa_repeats_the_letter_case_of_the_question() -> None:
    assert decoded(Zone(ZONE, 5), "x.ClusTer.local.").startswith(
        "ClusTer.local. 5 IN SOA ns.dns.Cl"
    )


def test_the_root_zone_has_a_soa() -> None:
    assert decoded(Zone(from_text("."), 5), "x.").startswith(". 5 IN SOA ns.dns. hostmaster. 0 ")


@pytest.mark.parametrize(("ttl", "shown"), [(0, 0), (30, 30), (300, 300), (3600, 300)])
def test_the_soa_lives_for_the_ttl_but_five_minutes_at_most(ttl: int, shown: int) -> None:
    line = decoded(Zone(ZONE, ttl), "x.cluster.local.")

    assert line.split()[1] == str(shown)
    assert line.split()[-1] == str(ttl)


def test_a_new_serial_is_in_the_next_soa() -> None:
    zone = Zone(ZONE, 5)
    before = zone.authority_at(40)

    zone.renew(7)

    assert zone.authority_at(40) != before
    assert zone.authority_at(40) is zone.authority_at(40)


def test_a_zone_follows_the_serial_of_its_state_by_itself() -> None:
    state = State()
    zone = Zone(ZONE, 5, state)
    decoded(zone, "x.cluster.local.")

    state.serial = 42

    assert " 42 7200 " in decoded(zone, "x.cluster.local.")
    assert int.from_bytes(zone.soa().records[0][-20:-16]) == 42


def test_the_apex_answer_says_the_same_as_the_negative_one() -> None:
    zone = Zone(ZONE, 5)
    zone.renew(3)

    soa = zone.soa()

    assert soa.owner == ZONE
    assert (soa.rrtype, soa.ttl) == (RRType.SOA, 5)
    line = str(dns.message.from_wire(_message(soa)).answer[0])
    assert line == decoded(zone, "cluster.local.")


def _message(soa: RRset) -> bytes:
    fixed = soa.rrtype.to_bytes(2) + b"\0\1" + soa.ttl.to_bytes(4)
    record = soa.owner + fixed + len(soa.records[0]).to_bytes(2) + soa.records[0]
    return b"\0\1\x84\0\0\0\0\1\0\0\0\0" + record


LABELS = st.lists(st.binary(min_size=1, max_size=20), max_size=5)


@given(LABELS, LABELS)
def test_the_soa_can_be_read_for_any_name_in_any_zone(
    left: list[bytes], right: list[bytes]
) -> None:
    zone = Zone(from_labels(right), 5)
    owner = from_labels([*left, *right])
    asked = question(to_text(owner))

    record = zone.authority_at(len(asked.octets))

    head = b"\0\1\x84\0\0\1\0\0\0\1\0\0"
    message = dns.message.from_wire(head + asked.octets + record)
    assert message.authority[0].name.labels[:-1] == labels(zone.name)


def test_nodata_is_kept_for_the_types_people_ask_for_and_no_others() -> None:
    zone = Zone(ZONE, 5)

    for rrtype in (RRType.A, RRType.AAAA, RRType.HTTPS, RRType.SRV, RRType.ANY):
        assert nodata(zone, rrtype, WHY, ()).depends_on == ()
    for number in (int(RRType.CAA), 4711):
        answer = nodata(zone, number, WHY, ())
        assert (answer.depends_on, answer.authority, answer.rcode) == (None, zone, 0)


def test_a_name_error_is_servfail_and_not_ready_until_all_is_loaded() -> None:
    zone = Zone(ZONE, 5)

    early, late = name_error(zone, WHY, synced=False), name_error(zone, WHY, synced=True)

    assert (late.rcode, late.authority, late.reason) == (RCode.NXDOMAIN, zone, WHY)
    assert (early.rcode, early.authority) == (RCode.SERVFAIL, zone)
    assert early.reason is not None
    assert early.reason.code == InfoCode.NOT_READY
    assert "still being loaded" in early.reason.text()
