"""Statements of the standards that the wire room alone decides, one case each."""

from collections.abc import Callable

import dns.message
import pytest

from svcdns.wire.codes import RCode, RRType
from svcdns.wire.edns import BARE_OPT, opt, option
from svcdns.wire.name import from_text
from svcdns.wire.question import MalformedQueryError, read_query
from svcdns.wire.records import records
from svcdns.wire.response import Body, assemble, compose, limit_of
from svcdns.wire.rrset import RRset, addresses, srv_record

K = from_text("kubernetes.default.svc.cluster.local.")
MIXED = from_text("KuBerNeTes.DEFAULT.svc.cluster.LOCAL.")
A_IN = bytes.fromhex("0001 0001")
ADDRESS = bytes.fromhex("c00c 0001 0001 00000005 0004 0a600001")
ONE = compose(K, [addresses(K, 5, [bytes.fromhex("0a600001")])])


def header(flags: int, *counts: int) -> bytes:
    return b"\x12\x34" + b"".join(n.to_bytes(2) for n in (flags, *counts))


def query(name: bytes = K, *, flags: int = 0x0100, records: bytes = b"", count: int = 0) -> bytes:
    return header(flags, 1, 0, 0, count) + name + A_IN + records


def reply_to(packet: bytes, body: Body = ONE) -> bytes | None:
    """Return what a transport sends: the answer `body`, or what the error says."""
    try:
        asked = read_query(packet)
    except MalformedQueryError as error:
        return error.reply
    record = b"" if asked.edns is None else opt(asked.edns.dnssec_ok)
    limit = limit_of(asked.edns, stream=False)
    return assemble(asked, 0, body, authoritative=True, opt=record, limit=limit)


def name_of(*labels: bytes) -> bytes:
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def answer(name: bytes = K, *, flags: int = 0x8500, records: bytes = b"", count: int = 0) -> bytes:
    return header(flags, 1, 1, 0, count) + name + A_IN + ADDRESS + records


def edns(size: int = 4096, version: int = 0, flags: int = 0, options: bytes = b"") -> bytes:
    fixed = size.to_bytes(2) + bytes([0, version]) + flags.to_bytes(2)
    return b"\0\0\x29" + fixed + len(options).to_bytes(2) + options


FORMERR = header(0x8101, 0, 0, 0, 0)
FORMERR_WITH_OPT = header(0x8101, 1, 0, 0, 1) + K + A_IN + BARE_OPT


@pytest.mark.parametrize(
    ("packet", "reply"),
    [
        pytest.param(
            query(MIXED), answer(MIXED), id="F1 RFC 1035 4.1.1: id, opcode, RD and question return"
        ),
        pytest.param(query()[:11], None, id="F2 RFC 1035 4.1.1: below 12 octets no reply"),
        pytest.param(query(flags=0x8100), None, id="F2 RFC 1035 4.1.1: no reply to a response"),
        pytest.param(
            header(0x0100, 2, 0, 0, 0) + (K + A_IN) * 2,
            FORMERR,
            id="F3 RFC 9619: QDCOUNT over 1 is FORMERR",
        ),
        pytest.param(header(0x0100, 0, 0, 0, 0), FORMERR, id="F4 RFC 9619: QDCOUNT 0 is FORMERR"),
        pytest.param(
            header(0x0100, 0, 0, 0, 1) + edns(options=option(10, bytes(8))),
            FORMERR,
            id="F4 RFC 7873 5.4: cookies are off, so QDCOUNT 0 with COOKIE is FORMERR too",
        ),
        *[
            pytest.param(
                query(flags=opcode << 11 | 0x0100),
                header(0x8104 | opcode << 11, 0, 0, 0, 0),
                id=f"F5 RFC 8906 3.1.4: opcode {opcode} is NOTIMP",
            )
            for opcode in (1, 2, 3, *range(6, 16))
        ],
        pytest.param(
            header(2 << 11, 0, 0, 0, 0),
            header(0x8004 | 2 << 11, 0, 0, 0, 0),
            id="F5 RFC 8906 3.1.4: NOTIMP for a header alone",
        ),
        pytest.param(
            query(flags=2 << 11 | 0x07FF),
            header(0x8104 | 2 << 11, 0, 0, 0, 0),
            id="F5 RFC 8906 3.1.4: NOTIMP with every flag set",
        ),
        pytest.param(
            query(flags=5 << 11), header(0x8004 | 5 << 11, 0, 0, 0, 0), id="F6 RFC 2136 3: UPDATE"
        ),
        pytest.param(
            query(flags=4 << 11 | 0x0400),
            header(0x8004 | 4 << 11, 0, 0, 0, 0),
            id="F7 RFC 1996 3.10: NOTIFY is NOTIMP",
        ),
        *[
            pytest.param(
                query(flags=0x0100 | bit),
                answer(flags=0x8500 | bit & 0x0010),
                id=f"F8 RFC 8906 3.1.3: {flag} in the query changes nothing",
            )
            for flag, bit in {
                "AA": 0x0400,
                "TC": 0x0200,
                "RA": 0x0080,
                "Z": 0x0040,
                "AD": 0x0020,
                "CD (it is copied)": 0x0010,
                "an RCODE": 0x000F,
            }.items()
        ],
        pytest.param(query(b"\xc0\x0c"), FORMERR, id="F9 RFC 1035 4.1.4: pointer to itself"),
        pytest.param(query(b"\xc0\x10"), FORMERR, id="F9 RFC 9267 2: pointer forwards"),
        pytest.param(query(b"\xc0\x04"), FORMERR, id="F9 RFC 9267 2: pointer into the header"),
        pytest.param(
            query(name_of(b"a" * 63)),
            answer(name_of(b"a" * 63)),
            id="F10 RFC 1035 2.3.4: a label of 63 octets is accepted",
        ),
        pytest.param(
            query(name_of(b"a" * 64)), FORMERR, id="F10 RFC 1035 2.3.4: a label of 64 is FORMERR"
        ),
        pytest.param(
            query(name_of(*[b"a" * 63] * 3, b"a" * 61)),
            answer(name_of(*[b"a" * 63] * 3, b"a" * 61)),
            id="F10 RFC 2181 11: a name of 255 octets is accepted",
        ),
        pytest.param(
            query(name_of(*[b"a" * 63] * 3, b"a" * 62)),
            FORMERR,
            id="F10 RFC 1035 2.3.4: a name of 256 octets is FORMERR",
        ),
        pytest.param(
            query(name_of(b"\0 \xff.\\", b"\xc4")),
            answer(name_of(b"\0 \xff.\\", b"\xc4")),
            id="F11 RFC 2181 11: labels hold any octet and return as they came",
        ),
        pytest.param(
            query(records=edns(), count=1),
            answer(records=BARE_OPT, count=1),
            id="E1 RFC 6891 6.1.1: OPT in the query, OPT in the reply",
        ),
        pytest.param(query(), answer(), id="E1 RFC 6891 6.1.1: no OPT in the query, none back"),
        pytest.param(
            query(records=edns(version=1), count=1),
            header(0x8100, 1, 0, 0, 1) + K + A_IN + opt(dnssec_ok=False, rcode=RCode.BADVERS),
            id="E2 RFC 6891 6.1.3: VERSION 1 is BADVERS, OPT of version 0, no answer",
        ),
        pytest.param(
            query(records=edns() * 2, count=2),
            FORMERR_WITH_OPT,
            id="E3 RFC 6891 6.1.1: two OPT are FORMERR",
        ),
        pytest.param(
            query(records=edns(options=option(65001, b"x") + option(10, bytes(8))), count=1),
            answer(records=BARE_OPT, count=1),
            id="E4 RFC 6891 6.1.2: unknown options are ignored and not echoed",
        ),
        pytest.param(
            query(records=edns(flags=0x7FFF), count=1),
            answer(records=BARE_OPT, count=1),
            id="E5 RFC 6891 6.1.4: unknown flag bits are ignored and zero",
        ),
        pytest.param(
            query(records=edns(flags=0x8000), count=1),
            answer(records=opt(dnssec_ok=True), count=1),
            id="E5 RFC 3225 3: DO is copied",
        ),
        pytest.param(
            query(records=edns(options=b"\0\x0a\0\x09" + bytes(8)), count=1),
            FORMERR_WITH_OPT,
            id="E7 RFC 6891 7: an option beyond RDLEN is FORMERR with OPT",
        ),
        pytest.param(
            query(records=edns()[:-2] + b"\0\4", count=1),
            FORMERR_WITH_OPT,
            id="E7 RFC 6891 7: RDLEN beyond the message is FORMERR with OPT",
        ),
        pytest.param(
            query(records=b"\1x" + edns(), count=1),
            FORMERR_WITH_OPT,
            id="E7 RFC 6891 6.1.2: an owner of OPT that is not the root is FORMERR with OPT",
        ),
    ],
)
def test_the_reply_is_what_the_standard_says(packet: bytes, reply: bytes | None) -> None:
    assert reply_to(packet) == reply


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        pytest.param(query(), query(MIXED), True, id="F12 RFC 4343 3: A-Z fold"),
        pytest.param(
            query(name_of(b"\xc4\xd6")),
            query(name_of(b"\xe4\xf6")),
            False,
            id="F12 RFC 4343 3: nothing outside ASCII folds",
        ),
        pytest.param(
            query(name_of(b"[@")), query(name_of(b"{`")), False, id="F12 RFC 4343 3: only letters"
        ),
        pytest.param(
            query(name_of(b"a", b"b")), query(name_of(b"a.b")), False, id="F11 RFC 2181 11: a dot"
        ),
    ],
)
def test_two_names_are_the_same_question(
    first: bytes,
    second: bytes,
    same: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert (read_query(first).question.key == read_query(second).question.key) == same


def everything() -> Body:
    targets = [from_text(f"web-{n}.web.shop.svc.cluster.local.") for n in range(4)]
    srv = RRset(K, RRType.SRV, 5, tuple(srv_record(0, 25, 80, target) for target in targets))
    return compose(K, [srv], (), [addresses(target, 5, [bytes(4)]) for target in targets])


def strictly_decoded(reply: bytes) -> bool:
    parsed = dns.message.from_wire(reply)  # refuses trailing octets and pointers forwards
    sections = parsed.answer, parsed.authority, parsed.additional
    return [sum(map(len, section)) for section in sections] == [4, 0, 4]


def one_ttl(reply: bytes) -> bool:
    return {record.ttl for record in records(reply) if record.rrtype == RRType.SRV} == {5}


def cut_at_a_record(reply: bytes) -> bool:
    whole = len(list(records(reply)))
    return bool(reply[2] & 0x02) and 0 < whole < 60 and len(reply) <= 512


def at_most(size: int) -> Callable[[bytes], bool]:
    return lambda reply: size - 16 < len(reply) <= size


LARGE = compose(K, [addresses(K, 5, [bytes([10, 0, 0, n]) for n in range(100)])])


@pytest.mark.parametrize(
    ("packet", "body", "holds"),
    [
        pytest.param(query(), everything(), strictly_decoded, id="F13 RFC 1035 4.1.4: decodes"),
        pytest.param(query(), everything(), one_ttl, id="F14 RFC 2181 5.2: one TTL for a set"),
        pytest.param(query(), LARGE, cut_at_a_record, id="F16 RFC 2181 9: what is left out, TC"),
        pytest.param(
            query(records=edns(size=100), count=1),
            LARGE,
            at_most(512),
            id="E6 RFC 6891 6.2.3: a size below 512 is 512",
        ),
        pytest.param(
            query(records=edns(size=700), count=1),
            LARGE,
            at_most(700),
            id="E6 RFC 6891 6.2.3: the client's size",
        ),
        pytest.param(
            query(records=edns(size=65535), count=1),
            LARGE,
            at_most(1232),
            id="E6 RFC 6891 6.2.3: never more than ours",
        ),
    ],
)
def test_the_reply_has_the_property(
    packet: bytes, body: Body, holds: Callable[[bytes], bool]
) -> None:
    reply = reply_to(packet, body)

    assert reply is not None
    assert holds(reply)
