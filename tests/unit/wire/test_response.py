from itertools import chain

import dns.flags
import dns.message
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from svcdns.wire.codes import AA, CD, QR, RA, RD, TC, RCode, RRType
from svcdns.wire.edns import BARE_OPT, BARE_OPT_DO, Edns, InfoCode, extended_error, opt, option
from svcdns.wire.name import OwnerName, from_text, lower
from svcdns.wire.question import Query, Question, read_query
from svcdns.wire.records import MalformedMessageError, question_end, records
from svcdns.wire.response import EMPTY, Body, assemble, compose, limit_of, truncate
from svcdns.wire.rrset import RRset, addresses, cname, mx_record, ns, ptr, soa_record, srv_record
from tests.support.messages import KIN, SECTIONS, lines_in, lines_of

WEB = from_text("web.shop.svc.cluster.local.")
A_IN = b"\x00\x01\x00\x01"
HEADER = bytes.fromhex("1234 0100 0001 0000 0000 0000")
SOA_NUMBERS = "00000001 00000002 00000003 00000004 00000005"
OPTS = st.one_of(
    st.sampled_from([b"", BARE_OPT, BARE_OPT_DO]),
    st.builds(lambda text: opt(True, extended_error(22, text)), st.text(max_size=60)),
)

Sections = tuple[tuple[RRset, ...], ...]


def query_for(owner: OwnerName, flags: int = RD) -> Query:
    return Query(0x1234, flags, Question.of(owner, RRType.ANY), None, 40)


def whole(owner: OwnerName, body: Body, record: bytes = b"") -> bytes:
    return assemble(query_for(owner), 0, body, authoritative=True, opt=record, limit=0xFFFF)


def many(count: int) -> Body:
    return compose(
        WEB, [addresses(WEB, 5, [bytes([10, 0, n >> 8, n & 255]) for n in range(count)])]
    )


# compose


@given(KIN, SECTIONS)
def test_dnspython_reads_exactly_what_was_composed(owner: OwnerName, sections: Sections) -> None:
    body = compose(lower(owner), *sections)

    assert body.counts == tuple(
        sum(len(rrset.records) for rrset in section) for section in sections
    )
    assert lines_in(whole(owner, body)) == lines_of(sections)


@given(KIN, SECTIONS)
def test_one_body_fits_every_spelling_of_the_question(owner: OwnerName, sections: Sections) -> None:
    body = compose(lower(owner), *sections)

    message = whole(OwnerName(owner.swapcase()), body)

    assert message[12 : 12 + len(owner)] == owner.swapcase()
    assert lines_in(message) == lines_of(sections)


def test_an_owner_that_is_the_question_is_a_pointer_to_it() -> None:
    body = compose(WEB, [addresses(WEB, 5, [b"\x0a\0\0\x01", b"\x0a\0\0\x02"])])

    assert body == (
        (2, 0, 0),
        bytes.fromhex(
            "c00c 0001 0001 00000005 0004 0a000001 c00c 0001 0001 00000005 0004 0a000002"
        ),
    )


@pytest.mark.parametrize(
    ("rrset", "rdata"),
    [
        (cname(WEB, 5, from_text("WEB.shop.svc.cluster.local")), "c00c"),
        (ptr(WEB, 5, from_text("x.Shop.svc.cluster.local")), "01 78 c010"),
        (ns(WEB, 5, from_text("ns.dns.cluster.LOCAL")), "02 6e73 03 646e73 c019"),
        (RRset(WEB, RRType.MX, 5, (mx_record(10, WEB),)), "000a c00c"),
        (
            RRset(
                WEB,
                RRType.SOA,
                5,
                (
                    soa_record(
                        from_text("ns.dns.cluster.local"),
                        from_text("hostmaster.dns.cluster.local"),
                        serial=1,
                        refresh=2,
                        retry=3,
                        expire=4,
                        minimum=5,
                    ),
                ),
            ),
            f"02 6e73 03 646e73 c019 0a {b'hostmaster'.hex()} c03b {SOA_NUMBERS}",
        ),
    ],
    ids=["CNAME", "PTR", "NS", "MX", "SOA"],
)
def test_names_in_rdata_of_rfc_1035_are_compressed(rrset: RRset, rdata: str) -> None:
    octets = compose(WEB, [rrset]).octets

    assert octets[12:] == bytes.fromhex(rdata)
    assert int.from_bytes(octets[10:12]) == len(octets[12:])


def test_the_target_of_srv_is_written_out_and_pointed_at() -> None:
    srv = from_text("_http._tcp.web.shop.svc.cluster.local")
    target = from_text("web-0.web.shop.svc.cluster.local")
    record = srv_record(0, 100, 80, target)

    body = compose(
        srv, [RRset(srv, RRType.SRV, 5, (record,))], (), [addresses(target, 5, [bytes(4)])]
    )

    assert body.octets[12 : 12 + len(record)] == record
    where = 12 + len(srv) + 4 + 12 + 6
    assert body.octets[12 + len(record) :][:2] == (0xC000 | where).to_bytes(2)


@pytest.mark.parametrize("rrtype", [RRType.DNAME, RRType.NAPTR, RRType.RRSIG, 1000])
def test_rdata_of_other_types_is_never_touched(rrtype: int) -> None:
    octets = compose(WEB, [RRset(WEB, rrtype, 5, (WEB,))]).octets

    assert octets[12:] == WEB


def test_no_pointer_reaches_beyond_what_14_bits_can_say() -> None:
    owners = [from_text(f"pod-{n}.{'x' * 40}-{n}.example.") for n in range(400)]
    sets = [addresses(owner, 5, [bytes(4)]) for owner in [*owners, *owners]]

    message = whole(WEB, compose(WEB, sets))

    assert len(message) > 0x4000
    assert lines_in(message)[0] == lines_of((tuple(sets),))[0]


def test_a_body_may_be_empty() -> None:
    assert compose(WEB) == EMPTY


# assemble


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        pytest.param(0, 0, id="nothing"),
        pytest.param(RD, RD, id="RD"),
        pytest.param(CD, CD, id="CD"),
        pytest.param(0x07F0, RD | CD, id="every flag"),
    ],
)
def test_of_the_flags_only_rd_and_cd_come_back(sent: int, kept: int) -> None:
    query = read_query(HEADER[:2] + sent.to_bytes(2) + HEADER[4:] + WEB + A_IN)

    reply = assemble(query, RCode.NXDOMAIN, EMPTY, authoritative=False, limit=512)

    assert reply == b"\x12\x34" + (QR | kept | 3).to_bytes(2) + HEADER[4:] + WEB + A_IN


def test_aa_and_ra_are_what_the_answer_says() -> None:
    query = query_for(WEB, 0)

    plain = assemble(query, 0, EMPTY, authoritative=False, limit=512)
    both = assemble(query, 0, EMPTY, authoritative=True, limit=512, raised=RA)

    assert int.from_bytes(plain[2:4]) == QR
    assert int.from_bytes(both[2:4]) == QR | AA | RA


def test_an_rcode_over_15_is_split_between_header_and_opt() -> None:
    record = opt(dnssec_ok=False, rcode=RCode.BADCOOKIE)

    reply = assemble(
        query_for(WEB), RCode.BADCOOKIE, EMPTY, authoritative=False, opt=record, limit=512
    )

    assert dns.message.from_wire(reply).rcode().value == RCode.BADCOOKIE


@given(KIN, SECTIONS, OPTS, st.integers(512, 1232))
@example(WEB, ((addresses(WEB, 5, [bytes([n] * 4) for n in range(40)]),), (), ()), b"", 512)
def test_a_response_fits_the_client_and_starts_like_the_whole_one(
    owner: OwnerName, sections: Sections, record: bytes, limit: int
) -> None:
    body = compose(owner, *sections)
    complete = whole(owner, body, record)

    reply = assemble(query_for(owner), 0, body, authoritative=True, opt=record, limit=limit)

    assert len(reply) <= limit
    assert dns.message.from_wire(reply).flags & TC == (TC if len(complete) > limit else 0)
    if len(complete) <= limit:
        assert reply == complete
    said, every = (
        list(chain.from_iterable(lines)) for lines in (lines_in(reply), lines_of(sections))
    )
    assert said == every[: len(said)]
    assert reply.endswith(record)


# truncate


@given(KIN, SECTIONS, OPTS, st.integers(512, 1232))
def test_truncation_keeps_every_record_that_fits(
    owner: OwnerName, sections: Sections, record: bytes, limit: int
) -> None:
    message = whole(owner, compose(owner, *sections))

    cut = truncate(message, limit, record)

    ends = [record.end for record in records(message)]
    kept = len([None for found in records(cut) if found.rrtype != RRType.OPT])
    if len(message) + len(record) <= limit:
        assert kept == len(ends)
        assert not cut[2] & TC >> 8
    else:
        end = ends[kept - 1] if kept else question_end(message)
        assert cut == cut[:12] + message[12:end] + record
        assert ends[kept] + len(record) > limit
        assert cut[2] & TC >> 8


def test_a_message_that_fits_is_the_same_object() -> None:
    message = whole(WEB, many(20))

    assert truncate(message, len(message)) is message


def test_what_does_not_fit_is_dropped_with_all_behind_it() -> None:
    large = RRset(WEB, RRType.TXT, 5, (b"\xff" + bytes(255), b"\xff" + bytes(255)))
    small = addresses(WEB, 5, [bytes(4)])
    message = whole(WEB, compose(WEB, [small, large], [ns(WEB, 5, WEB)], [small]))

    cut = truncate(message, 512)

    assert [len(section) for section in lines_in(cut)] == [2, 0, 0]
    assert cut[:4] == message[:2] + (QR | AA | TC | RD).to_bytes(2)


def test_a_full_message_is_not_cut_but_for_one_octet() -> None:
    body = many(28)
    size = len(whole(WEB, body, BARE_OPT))

    exact = assemble(query_for(WEB), 0, body, authoritative=True, opt=BARE_OPT, limit=size)
    short = assemble(query_for(WEB), 0, body, authoritative=True, opt=BARE_OPT, limit=size - 1)

    assert not exact[2] & TC >> 8
    assert short[2] & TC >> 8
    assert len(short) == size - 16


def test_options_are_dropped_before_the_limit_is_broken() -> None:
    name = from_text(".".join(["a" * 61] * 4))
    record = opt(True, option(3, bytes(200)) + extended_error(InfoCode.OTHER, "x" * 200))
    body = compose(name, [addresses(name, 5, [bytes(4)])])

    reply = assemble(query_for(name), 0, body, authoritative=True, opt=record, limit=512)

    assert reply.endswith(BARE_OPT_DO)
    assert len(lines_in(reply)[0]) == 1
    assert len(reply) <= 512


@pytest.mark.parametrize("first", [True, False], ids=["OPT first", "OPT last"])
def test_a_foreign_message_keeps_its_own_opt(first: bool) -> None:  # noqa: FBT001 - a column
    record = opt(dnssec_ok=True, options=option(10, b"12345678"))
    plain = whole(WEB, many(40))
    more = addresses(WEB, 5, [bytes(4)])
    body = many(40).octets
    tail = compose(WEB, [more]).octets
    counts = b"\0\1\0\x28\0\0\0\2"
    message = (plain[:4] + counts + WEB + plain[12 + len(WEB) : 16 + len(WEB)] + body) + (
        record + tail if first else tail + record
    )

    cut = truncate(message, 512)

    parsed = dns.message.from_wire(cut)
    assert parsed.flags & TC
    assert len(cut) <= 512
    assert cut.endswith(record)
    assert lines_in(cut)[0] == lines_in(plain)[0][: len(lines_in(cut)[0])]
    assert len(cut) + 16 > 512


def test_an_address_that_looks_like_an_opt_is_none() -> None:
    lookalikes = addresses(WEB, 5, [b"\0\0\x29" + bytes([n]) for n in range(40)])
    message = whole(WEB, compose(WEB, [lookalikes], (), [lookalikes]))

    cut = truncate(message, 512)

    assert lines_in(cut)[0] == lines_in(message)[0][: len(lines_in(cut)[0])]
    assert 512 - 16 < len(cut) <= 512
    assert cut[10:12] == b"\0\0"


def test_a_foreign_message_that_cannot_be_read_cannot_be_cut() -> None:
    message = whole(WEB, many(40))

    with pytest.raises(MalformedMessageError):
        truncate(message[: question_end(message)] + bytes([0x80]) * 600, 512)


# limit_of


@pytest.mark.parametrize(
    ("edns", "stream", "limit"),
    [
        (None, False, 512),
        (Edns(0, 0, dnssec_ok=False), False, 512),
        (Edns(511, 0, dnssec_ok=False), False, 512),
        (Edns(513, 0, dnssec_ok=False), False, 513),
        (Edns(1232, 0, dnssec_ok=False), False, 1232),
        (Edns(65535, 0, dnssec_ok=False), False, 1232),
        (None, True, 65535),
        (Edns(512, 0, dnssec_ok=False), True, 65535),
    ],
)
def test_the_limit_is_the_clients_within_ours(
    edns: Edns | None,
    stream: bool,  # noqa: FBT001 - a column of the table
    limit: int,
) -> None:
    assert limit_of(edns, stream) == limit
