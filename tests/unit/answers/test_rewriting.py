from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.answers.answer import Answer, Reason
from svcdns.answers.name_rules import Exact, InvalidNameError, Remapped, Suffix
from svcdns.answers.negative import Zone
from svcdns.answers.rewriting import (
    Asked,
    Change,
    Codes,
    Owners,
    Targets,
    TTLs,
    Values,
    changed,
    followed,
    new_code,
)
from svcdns.wire.body import rrsets_of
from svcdns.wire.codes import RCode, RRType
from svcdns.wire.name import OwnerName, from_text
from svcdns.wire.response import Body
from svcdns.wire.rrset import RRset, cname, mx_record, ns, ptr, soa_record, srv_record
from tests.support.stubs import addresses, question

A, B = from_text("www.a.example."), from_text("web.b.example.")
ASKED = Asked(question("www.a.example."), question("web.b.example."))
SAME = Asked(question("www.a.example."), question("www.a.example."))
BACK = Remapped("web.b.example.", "www.a.example.")
AUTO: tuple[Change, ...] = (Owners(BACK), Values(BACK))
TEN = b"\x0a\0\0\1"


def soa(mname: OwnerName) -> bytes:
    return soa_record(mname, B, serial=1, refresh=2, retry=3, expire=4, minimum=5)


def test_owners_are_what_was_asked_for_in_every_section() -> None:
    answer = Answer(
        answer=(addresses("web.b.example.", TEN), addresses("sub.WEB.b.example.", TEN)),
        authority_records=(addresses("web.b.example.", TEN),),
        additional=(addresses("other.example.", TEN),),
    )

    found = changed(answer, ASKED, AUTO)

    assert [rrset.owner for rrset in found.answer] == [A, from_text("sub.www.a.example.")]
    assert found.authority_records[0].owner == A
    assert found.additional == answer.additional


@pytest.mark.parametrize(
    ("rrtype", "record_of"),
    [
        (RRType.CNAME, lambda name: name),
        (RRType.DNAME, lambda name: name),
        (RRType.NS, lambda name: name),
        (RRType.PTR, lambda name: name),
        (RRType.MX, lambda name: mx_record(10, name)),
        (RRType.SRV, lambda name: srv_record(1, 2, 3, name)),
        (RRType.SOA, soa),
        (RRType.NAPTR, lambda name: b"\0\1\0\2\1S\5E2U+x\0" + name),
    ],
)
def test_the_name_in_rdata_becomes_another_and_all_else_stays(
    rrtype: int, record_of: Callable[[OwnerName], bytes]
) -> None:
    other = from_text("other.example.")
    records = (record_of(B), record_of(other))
    answer = Answer(answer=(RRset(other, rrtype, 5, records),))

    (rrset,) = changed(answer, ASKED, AUTO).answer

    assert rrset == RRset(other, rrtype, 5, (record_of(A), record_of(other)))


@pytest.mark.parametrize("rrtype", [RRType.NAPTR, RRType.MX, RRType.SRV, RRType.CNAME])
@given(record=st.binary(max_size=12))
def test_rdata_that_cannot_be_read_stays_as_it_is(rrtype: int, record: bytes) -> None:
    unlike = Values(Exact("no.such.name."))
    answer = Answer(answer=(RRset(A, rrtype, 5, (record,)),))

    assert changed(answer, SAME, (unlike,)).answer == answer.answer


def test_types_without_a_name_in_them_are_left_alone() -> None:
    text = RRset(A, RRType.TXT, 5, (B,))

    assert changed(Answer(answer=(text,)), ASKED, AUTO).answer == (text,)


@pytest.mark.parametrize(("ttl", "new"), [(0, 10), (10, 10), (15, 15), (20, 20), (999, 20)])
def test_a_ttl_is_brought_into_the_range(ttl: int, new: int) -> None:
    answer = Answer(answer=(addresses("a.example.", TEN, ttl=ttl),))

    assert changed(answer, SAME, (TTLs(10, 20),)).answer[0].ttl == new


def test_the_last_change_is_made_first() -> None:
    answer = Answer(answer=(addresses("c.", TEN),))
    changes = (Owners(Exact("b.", "a.")), Owners(Exact("c.", "b.")))

    assert changed(answer, SAME, changes).answer[0].owner == from_text("a.")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ((Codes(3, 0),), 0),
        ((Codes(2, 0),), 3),
        ((Codes(2, 0), Codes(3, 2)), 0),
        ((Codes(3, 2), Codes(2, 0)), 2),
        (AUTO, 3),
    ],
)
def test_a_code_becomes_another(changes: tuple[Change, ...], code: int) -> None:
    assert new_code(RCode.NXDOMAIN, changes) == code


def chain_of(*names: str) -> tuple[RRset, ...]:
    links = pairwise(names)
    return tuple(cname(from_text(owner), 60, from_text(target)) for owner, target in links)


def test_a_cname_leads_elsewhere_and_what_is_behind_it_is_left_out() -> None:
    answer = Answer(
        answer=(*chain_of("a.", "b.cdn.", "c.cdn.", "d."), addresses("d.", TEN)),
    )

    led = followed(answer, (Targets(Suffix(".cdn.", ".other.")),))

    assert led == (chain_of("a.", "b.other."), from_text("b.other."))


def test_cnames_before_it_are_kept_and_changed_as_all_records_are() -> None:
    answer = Answer(answer=(addresses("x.", TEN), *chain_of("web.b.example.", "b.", "C.")))

    led = followed(answer, (*AUTO, TTLs(9, 9), Targets(Exact("c.", "d."))))

    assert led is not None
    links, target = led
    kept = tuple(replace(link, ttl=9) for link in chain_of("www.a.example.", "b.", "d."))
    assert (links, target) == (kept, from_text("d."))


@pytest.mark.parametrize("changes", [(), AUTO, (Targets(Exact("nobody.", "x.")),)])
def test_without_such_a_cname_nothing_is_followed(changes: tuple[Change, ...]) -> None:
    assert followed(Answer(answer=chain_of("a.", "b.")), changes) is None


def test_a_target_that_is_no_name_is_an_error() -> None:
    with pytest.raises(InvalidNameError):
        followed(Answer(answer=chain_of("a.", "b.")), (Targets(Exact("b.", "..")),))


def test_an_owner_that_is_no_name_is_an_error() -> None:
    with pytest.raises(InvalidNameError):
        changed(Answer(answer=(addresses("b.", TEN),)), SAME, (Owners(Exact("b.", "x..")),))


def negative(asked: Asked, changes: tuple[Change, ...], zone: Zone) -> tuple[RRset, ...]:
    """What a client reads in the authority section."""
    found = changed(Answer(RCode.NXDOMAIN, authority=zone), asked, changes)
    assert found.authority is not None
    octets = found.authority.authority_at(len(asked.by_client.octets))
    _, authority, _ = rrsets_of(asked.by_client.owner, Body((0, 1, 0), octets))
    return authority


@pytest.mark.parametrize("changes", [(), AUTO, (Codes(3, 0),)])
def test_the_soa_of_a_negative_answer_is_readable_under_the_clients_name(
    changes: tuple[Change, ...],
) -> None:
    zone = Zone(from_text("b.example."), 5)
    zone.renew(7)

    assert negative(ASKED, changes, zone) == (zone.soa(),)


def test_the_soa_of_a_kept_answer_has_the_serial_of_today() -> None:
    zone = Zone(from_text("b.example."), 5)
    found = changed(Answer(RCode.NXDOMAIN, authority=zone), ASKED, AUTO).authority
    assert found is not None
    before = found.authority_at(len(ASKED.by_client.octets))

    zone.renew(8)

    after = found.authority_at(len(ASKED.by_client.octets))
    assert len(after) == len(before)
    assert rrsets_of(A, Body((0, 1, 0), after))[1] == (zone.soa(),)


def test_a_zone_of_the_clients_own_name_is_asked_itself() -> None:
    zone = Zone(from_text("example."), 5)

    assert changed(Answer(RCode.NXDOMAIN, authority=zone), ASKED, ()).authority is zone


def test_the_soa_is_changed_as_other_records_are() -> None:
    zone = Zone(from_text("example."), 5)

    (record,) = negative(ASKED, (TTLs(30, 60), Owners(Exact("example.", "x.example."))), zone)

    assert (record.ttl, record.owner) == (30, from_text("x.example."))


def test_an_soa_without_a_name_fails_at_once_and_not_when_it_is_sent() -> None:
    zone = Zone(from_text("example."), 5)

    with pytest.raises(InvalidNameError):
        negative(ASKED, (Owners(Exact("example.", "..")),), zone)


def test_a_reason_says_under_which_name_it_was_asked() -> None:
    why = Reason(0, str, ("no Service 'web'",))

    renamed = changed(Answer(RCode.NXDOMAIN, reason=why), ASKED, ())
    same = changed(Answer(RCode.NXDOMAIN, reason=why), SAME, ())
    failed = changed(Answer(RCode.SERVFAIL, reason=why), ASKED, ())

    assert renamed.reason is not None
    assert renamed.reason.text() == "no Service 'web'; asked as web.b.example."
    assert same.reason == failed.reason == why


def test_every_message_of_a_transfer_is_changed() -> None:
    def messages() -> Iterator[tuple[RRset, ...]]:
        yield (ns(B, 5, B),)
        yield (ptr(B, 5, B), addresses("c.", TEN))

    found = changed(Answer(messages=messages), ASKED, AUTO)

    assert found.messages is not None
    assert list(found.messages()) == [(ns(A, 5, A),), (ptr(A, 5, A), addresses("c.", TEN))]
