import pytest

from svcdns.wire.codes import RCode, opcode_text
from svcdns.wire.edns import BARE_OPT, BARE_OPT_DO, Edns, option
from svcdns.wire.name import OwnerName, from_text, lower
from svcdns.wire.question import MalformedQueryError, Question, read_query
from tests.support.messages import opt_record, outcome

WWW = from_text("WWW.example.")
A_IN = b"\x00\x01\x00\x01"
QUESTION = WWW + A_IN
HEADER = bytes.fromhex("1234 0100 0001 0000 0000 0000")
RESPONSE_HEADER = bytes.fromhex("1234 8101 0000 0000 0000 0000")
WITH_OPT = HEADER[:11] + b"\x01"
FORMERR_WITH_OPT = bytes.fromhex("1234 8101 0001 0000 0000 0001") + QUESTION + BARE_OPT
SEVERAL = option(10, b"12345678") + option(65001, b"?") + option(3, b"x")
ADDRESS = b"\xc0\x0c" + A_IN + b"\0\0\0\x05\0\x04\x0a\0\0\x01"


def test_a_query_is_read() -> None:
    query = read_query(HEADER + QUESTION)

    assert query.id == 0x1234
    assert query.flags == 0x0100
    assert query.question == Question(OwnerName(b"\x03www\x07example\x00"), 1, 1, QUESTION)
    assert query.edns is None
    assert query.size == len(HEADER + QUESTION)
    assert query.opcode == 0
    assert query.recursion_desired
    assert not query.checking_disabled


def test_type_65_is_not_lower_cased_to_97() -> None:
    question = read_query(HEADER + WWW + b"\x00\x41\x00\x01").question

    assert question.rrtype == 65
    assert question.key.endswith(b"\x00\x41\x00\x01")


def test_all_spellings_of_a_question_have_one_key() -> None:
    upper, small = WWW.upper(), lower(WWW)

    assert read_query(HEADER + upper + A_IN).question.key == small + A_IN
    assert Question.of(WWW, 1).key == Question.of(small, 1).key == small + A_IN
    assert Question.of(WWW, 1).octets == QUESTION


@pytest.mark.parametrize(
    ("record", "edns"),
    [
        pytest.param(BARE_OPT, Edns(1232, 0, dnssec_ok=False), id="bare"),
        pytest.param(BARE_OPT_DO, Edns(1232, 0, dnssec_ok=True), id="DO"),
        pytest.param(opt_record(b"", size=0), Edns(0, 0, dnssec_ok=False), id="size 0"),
        pytest.param(
            opt_record(option(3, b"")),
            Edns(4096, 0, dnssec_ok=False, nsid=True, received=option(3, b"")),
            id="NSID",
        ),
        pytest.param(
            opt_record(SEVERAL),
            Edns(4096, 0, dnssec_ok=False, nsid=True, received=SEVERAL),
            id="cookie, an unknown option, NSID with content",
        ),
        pytest.param(opt_record(b"", ttl=0xFF007FFF), Edns(4096, 0, dnssec_ok=False), id="Z bits"),
    ],
)
def test_edns_is_read(record: bytes, edns: Edns) -> None:
    assert read_query(WITH_OPT + QUESTION + record).edns == edns


@pytest.mark.parametrize(
    ("counts", "rest", "has_edns"),
    [
        pytest.param("0001 0000 0000 0001", b"", False, id="a promised OPT is missing"),
        pytest.param("0001 0001 0001 0002", ADDRESS, False, id="three promised records missing"),
        pytest.param("0001 0000 0000 0000", b"anything", False, id="octets behind the question"),
        pytest.param("0001 0000 0000 0001", BARE_OPT + b"?", True, id="octets behind the OPT"),
        pytest.param("0001 0000 0000 0000", BARE_OPT, False, id="an OPT that is not counted"),
        pytest.param("0001 0001 0001 0002", ADDRESS * 3 + BARE_OPT, True, id="as much as allowed"),
        pytest.param("0001 0000 0000 0002", BARE_OPT + ADDRESS, True, id="OPT before another"),
        pytest.param("0001 0001 0000 0000", BARE_OPT, False, id="OPT outside additional"),
        pytest.param(
            "0001 0001 0000 0001", BARE_OPT + BARE_OPT, True, id="only one OPT in additional"
        ),
    ],
)
def test_odd_queries_that_coredns_answers_are_queries(
    counts: str,
    rest: bytes,
    has_edns: bool,  # noqa: FBT001 - a column of the table
) -> None:
    query = read_query(HEADER[:4] + bytes.fromhex(counts) + QUESTION + rest)

    assert query.question.octets == QUESTION
    assert (query.edns is not None) == has_edns


@pytest.mark.parametrize(
    "packet",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(HEADER[:11], id="less than a header"),
        pytest.param(HEADER[:2] + b"\x81" + HEADER[3:] + QUESTION, id="a response"),
        pytest.param(HEADER[:2] + b"\xa9" + HEADER[3:], id="a response to an UPDATE"),
    ],
)
def test_what_cannot_be_a_query_gets_no_reply(packet: bytes) -> None:
    error = outcome(packet)

    assert isinstance(error, MalformedQueryError)
    assert error.rcode is None
    assert error.reply is None


@pytest.mark.parametrize("opcode", range(1, 16), ids=opcode_text)
@pytest.mark.parametrize("rest", [b"", QUESTION, b"\xff" * 40], ids=["bare", "question", "junk"])
def test_another_opcode_is_not_implemented_and_gets_only_a_header(opcode: int, rest: bytes) -> None:
    flags = (opcode << 11 | 0x07F0).to_bytes(2)

    error = outcome(HEADER[:2] + flags + HEADER[4:] + rest)

    assert isinstance(error, MalformedQueryError)
    assert error.rcode is RCode.NOTIMP
    assert str(error) == f"the opcode is {opcode_text(opcode)}, not QUERY"
    assert error.reply == HEADER[:2] + (0x8104 | opcode << 11).to_bytes(2) + bytes(8)


@pytest.mark.parametrize(
    ("packet", "reply"),
    [
        pytest.param(HEADER, RESPONSE_HEADER, id="no question behind the header"),
        pytest.param(HEADER + WWW, RESPONSE_HEADER, id="no type and class"),
        pytest.param(HEADER + QUESTION[:-1], RESPONSE_HEADER, id="half a class"),
        pytest.param(HEADER + WWW[:-1], RESPONSE_HEADER, id="name never ends"),
        pytest.param(HEADER + b"\xc0\x0c" + A_IN, RESPONSE_HEADER, id="pointer to itself"),
        pytest.param(HEADER + b"\xc0\x00" + A_IN, RESPONSE_HEADER, id="pointer into the header"),
        pytest.param(HEADER + b"\x03www\xc0\x0c" + A_IN, RESPONSE_HEADER, id="pointer loop"),
        pytest.param(HEADER + b"\x40" + b"a" * 64 + b"\0" + A_IN, RESPONSE_HEADER, id="label 64"),
        pytest.param(HEADER + b"\x80a\0" + A_IN, RESPONSE_HEADER, id="label type 10"),
        pytest.param(
            HEADER + (b"\x3f" + b"a" * 63) * 3 + b"\x3e" + b"a" * 62 + b"\0" + A_IN,
            RESPONSE_HEADER,
            id="name of 256 octets",
        ),
        pytest.param(
            HEADER + b"\x01a" * 30000 + b"\0" + A_IN, RESPONSE_HEADER, id="name of 60,001 octets"
        ),
        pytest.param(HEADER[:5] + b"\0" + HEADER[6:], RESPONSE_HEADER, id="QDCOUNT 0"),
        pytest.param(
            HEADER[:2] + b"\x07\xf0" + bytes(8),
            HEADER[:2] + b"\x81\x11" + bytes(8),
            id="of all flags only RD and CD come back",
        ),
        pytest.param(
            HEADER[:5] + b"\2" + HEADER[6:] + QUESTION * 2, RESPONSE_HEADER, id="QDCOUNT 2"
        ),
        pytest.param(
            HEADER[:4] + b"\1\1" + HEADER[6:] + QUESTION, RESPONSE_HEADER, id="QDCOUNT 257"
        ),
        pytest.param(HEADER[:7] + b"\2" + HEADER[8:] + QUESTION, RESPONSE_HEADER, id="ANCOUNT 2"),
        pytest.param(HEADER[:9] + b"\2" + HEADER[10:] + QUESTION, RESPONSE_HEADER, id="NSCOUNT 2"),
        pytest.param(HEADER[:11] + b"\3" + QUESTION, RESPONSE_HEADER, id="ARCOUNT 3"),
        pytest.param(HEADER[:10] + b"\xff\xff" + QUESTION, RESPONSE_HEADER, id="ARCOUNT 65,535"),
    ],
)
def test_a_question_that_was_not_read_is_not_echoed(packet: bytes, reply: bytes) -> None:
    error = outcome(packet)

    assert isinstance(error, MalformedQueryError)
    assert error.rcode is RCode.FORMERR
    assert error.reply == reply


@pytest.mark.parametrize(
    "records",
    [
        pytest.param(BARE_OPT + BARE_OPT, id="two OPT"),
        pytest.param(b"\1a" + BARE_OPT, id="owner of OPT is not the root"),
        pytest.param(b"\xc0\x14" + BARE_OPT[1:], id="owner of OPT is a pointer to a root"),
        pytest.param(opt_record(b"", length=1), id="RDLEN of OPT beyond the message"),
        pytest.param(opt_record(b"\0\x0a\0"), id="an option without a whole head"),
        pytest.param(opt_record(b"\0\x0a\0\x08" + bytes(7)), id="an option beyond RDLEN"),
        pytest.param(opt_record(option(10, bytes(8)), length=11), id="RDLEN cuts an option"),
        pytest.param(BARE_OPT + ADDRESS[:-1], id="a record behind the OPT is cut off"),
        pytest.param(BARE_OPT + b"\x40a\0" + A_IN, id="an owner behind the OPT is none"),
        pytest.param(BARE_OPT + opt_record(b"", ttl=0x10000), id="a second OPT of another version"),
    ],
)
def test_a_malformed_opt_gets_formerr_with_question_and_opt(records: bytes) -> None:
    error = outcome(HEADER[:11] + b"\2" + QUESTION + records)

    assert isinstance(error, MalformedQueryError)
    assert error.rcode is RCode.FORMERR
    assert error.reply == FORMERR_WITH_OPT


@pytest.mark.parametrize(
    "records",
    [
        pytest.param(b"\0", id="an owner alone"),
        pytest.param(b"\xc0", id="half a pointer"),
        pytest.param(b"\x03www", id="an owner without an end"),
        pytest.param(b"\x40" + bytes(80), id="a label type that does not exist"),
        pytest.param(
            b"\x3f" + b"a" * 63 + (b"\x3f" + b"a" * 63) * 4 + ADDRESS[2:], id="long owner"
        ),
        pytest.param(ADDRESS[:11], id="no RDLENGTH"),
        pytest.param(ADDRESS[:-1], id="RDATA cut off"),
        pytest.param(BARE_OPT[:10], id="an OPT that is too short to be one"),
    ],
)
def test_a_record_that_is_cut_off_gets_formerr_with_the_question(records: bytes) -> None:
    error = outcome(WITH_OPT + QUESTION + records)

    assert isinstance(error, MalformedQueryError)
    assert error.rcode is RCode.FORMERR
    assert error.reply == bytes.fromhex("1234 8101 0001 0000 0000 0000") + QUESTION


@pytest.mark.parametrize("dnssec_ok", [False, True])
@pytest.mark.parametrize("version", [1, 255])
def test_a_later_edns_version_gets_badvers_and_ours(
    version: int,
    dnssec_ok: bool,  # noqa: FBT001 - a column of the table
) -> None:
    ttl = version << 16 | dnssec_ok << 15
    record = opt_record(b"not the options of version 0", ttl=ttl)

    error = outcome(WITH_OPT + QUESTION + record)

    assert isinstance(error, MalformedQueryError)
    assert error.rcode is RCode.BADVERS
    assert error.reply == (
        bytes.fromhex("1234 8100 0001 0000 0000 0001")
        + QUESTION
        + bytes.fromhex("00 0029 04d0 01 00")
        + (dnssec_ok << 15).to_bytes(2)
        + b"\0\0"
    )


def test_the_reason_is_the_text_of_the_error() -> None:
    error = outcome(HEADER + WWW)

    assert isinstance(error, MalformedQueryError)
    assert str(error) == error.reason == "a name over 255 octets, or the question cut off"


def ixfr(*, authority: bytes, counts: str = "0001 0000 0001 0000") -> bytes:
    """An IXFR of example.org with these records behind the question."""
    head = bytes.fromhex("1234 0000" + counts)
    return head + b"\x07example\x03org\0\0\xfb\0\1" + authority


SOA = bytes.fromhex("c00c 0006 0001 00000000 0018 c00c c00c 01020304") + bytes(16)


def test_an_ixfr_says_which_version_the_client_has() -> None:
    assert read_query(ixfr(authority=SOA)).serial == 0x01020304


@pytest.mark.parametrize(
    "packet",
    [
        pytest.param(ixfr(authority=b"", counts="0001 0000 0000 0000"), id="no record"),
        pytest.param(ixfr(authority=b""), id="a promised record is missing"),
        pytest.param(ixfr(authority=SOA, counts="0001 0001 0000 0000"), id="in the answer"),
        pytest.param(
            ixfr(authority=bytes.fromhex("00 0001 0001 00000000 0004 c0000201")), id="another type"
        ),
        pytest.param(
            ixfr(authority=bytes.fromhex("00 0006 0001 00000000 0004 c0000201")), id="too short"
        ),
        pytest.param(ixfr(authority=SOA).replace(b"\0\xfb", b"\0\xfc"), id="an AXFR"),
    ],
)
def test_a_query_without_a_serial_has_none(packet: bytes) -> None:
    assert read_query(packet).serial is None
