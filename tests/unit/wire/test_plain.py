"""The reply that needs no reading, told apart from all others."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from svcdns.wire.codes import AA, AD, RA, RD, TC, RRType
from svcdns.wire.contents import contents_of
from svcdns.wire.edns import BARE_OPT, extended_error, opt
from svcdns.wire.name import from_text
from svcdns.wire.plain import PlainHeads, Shape, addresses_end, shape_of
from svcdns.wire.question import Question
from svcdns.wire.records import MalformedMessageError
from svcdns.wire.reply import read_reply
from tests.support.stubs import packet
from tests.support.upstreams import record, reply_to

ASKED = Question.of(from_text("a.example."), RRType.A)
QUERY = packet(ASKED)
START = len(QUERY)
TWO = (record(b"1234"), record(b"5678"))
EXPLAINED = opt(False, extended_error(3, "old"))


def heads(*, wants_ad: bool = False, with_opt: bool = False) -> PlainHeads:
    return PlainHeads(recursion_desired=True, wants_ad=wants_ad, with_opt=with_opt)


def end_of(message: bytes) -> int:
    head = heads()[message[2:12]]
    return 0 if head is None else addresses_end(message, START, ASKED.octets[-4:-2], head)


@pytest.mark.parametrize("wants_ad", [False, True])
def test_a_header_is_said_again_as_far_as_it_is_for_the_client(*, wants_ad: bool) -> None:
    reply = reply_to(QUERY, *TWO, BARE_OPT, flags=AA | AD, counts=(2, 0, 1))

    head = heads(wants_ad=wants_ad, with_opt=True)[reply[2:12]]

    assert head is not None
    assert (head.rcode, head.answers, head.opt_size, head.is_authentic) == (0, 2, 11, True)
    bits = 0x8000 | RD | RA | AA | (AD if wants_ad else 0)
    assert head.header == bits.to_bytes(2) + b"\0\1\0\2\0\0\0\1"


@pytest.mark.parametrize(
    "reply",
    [
        reply_to(QUERY, *TWO, flags=TC),
        reply_to(QUERY, *TWO, rcode=3),
        reply_to(QUERY),
        reply_to(QUERY, *TWO, counts=(1, 1, 0)),
        reply_to(QUERY, rcode=2, counts=(0, 1, 0)),
        reply_to(QUERY, counts=(0, 2, 0)),
        reply_to(QUERY, rcode=3, counts=(1, 0, 0)),
        reply_to(QUERY, *TWO, counts=(2, 0, 2)),
        QUERY,
    ],
)
def test_other_headers_are_not_plain(reply: bytes) -> None:
    found = heads()

    assert found[reply[2:12]] is None
    assert not found


@pytest.mark.parametrize("tail", [b"", BARE_OPT])
def test_addresses_end_before_the_opt(tail: bytes) -> None:
    reply = reply_to(QUERY, *TWO, *[tail] * bool(tail), counts=(2, 0, int(bool(tail))))

    assert end_of(reply) == START + 32


@pytest.mark.parametrize(
    "reply",
    [
        reply_to(QUERY, *TWO)[:-1],
        reply_to(QUERY, *TWO) + b"\0",
        reply_to(QUERY, TWO[0], record(b"5678", ttl=31)),
        reply_to(QUERY, record(bytes(16), RRType.AAAA)),
        reply_to(QUERY, TWO[0], TWO[1], counts=(1, 0, 1)),
        reply_to(QUERY, TWO[0], EXPLAINED, counts=(1, 0, 1)),
        reply_to(QUERY, TWO[0], opt(False, rcode=16), counts=(1, 0, 1)),
    ],
)
def test_what_is_not_only_addresses_of_the_name_has_no_end(reply: bytes) -> None:
    assert end_of(reply) == 0


@given(st.binary(max_size=60) | st.just(BARE_OPT), st.integers(0, 3), st.integers(0, 1))
def test_whatever_is_plain_is_read_as_the_same_reply(
    tail: bytes, answers: int, additional: int
) -> None:
    octets = b"".join(TWO[:answers]) + tail
    message = reply_to(QUERY, octets, counts=(answers, 0, additional))
    end = end_of(message)
    try:
        reply = read_reply(message, ASKED.owner, ASKED.rrtype)
    except MalformedMessageError:
        assert not end
        return

    if end:
        assert reply.body == ((answers, 0, 0), message[START:end])
        assert (reply.rcode, reply.has_opt, reply.explained) == (0, bool(additional), None)


def shape(message: bytes, question: bytes = ASKED.octets) -> Shape | None:
    head = heads()[message[2:12]]
    return None if head is None else shape_of(message, START, question, head)


def soa(owner: bytes = b"\0", ttl: int = 60, minimum: int = 30) -> bytes:
    return record(bytes(18) + minimum.to_bytes(4), RRType.SOA, owner, ttl)


@pytest.mark.parametrize("owner", [b"\0", b"\xc0\x0c", b"\xc0\x0e"])
@pytest.mark.parametrize("tail", [b"", BARE_OPT])
@pytest.mark.parametrize("rcode", [0, 3])
def test_a_denial_is_good_for_the_smaller_of_its_ttls(
    owner: bytes, tail: bytes, rcode: int
) -> None:
    for ttl, minimum in ((60, 30), (20, 900)):
        octets = soa(owner, ttl, minimum)
        counts = (0, 1, int(bool(tail)))
        message = reply_to(QUERY, octets, *[tail] * bool(tail), rcode=rcode, counts=counts)

        found = shape(message)

        assert found == Shape(min(ttl, minimum), (len(owner) + 4,), len(octets), 0)


@pytest.mark.parametrize(
    "octets",
    [
        soa(b"\1b\0"),
        soa(b"\xc0\x1c"),
        soa()[:-1],
        soa() + b"\0",
        soa().replace(b"\0\6", b"\0\2", 1),
        record(bytes(21), RRType.SOA, b"\0"),
        b"",
        b"\0",
        b"\xc0",
    ],
)
def test_another_authority_is_no_denial_of_that_kind(octets: bytes) -> None:
    assert shape(reply_to(QUERY, octets, counts=(0, 1, 0))) is None


def test_a_denial_of_the_root_is_read_as_any_other() -> None:
    asked = Question.of(from_text("."), RRType.A)
    octets = soa().replace(bytes(18), b"\xff" * 18)  # names that nobody reads
    message = reply_to(packet(asked), octets, counts=(0, 1, 0))

    head = heads()[message[2:12]]
    assert head is not None
    assert shape_of(message, len(packet(asked)), asked.octets, head) is not None
    assert read_reply(message, asked.owner, asked.rrtype).body == ((0, 1, 0), octets)


def pointer(at: int) -> bytes:
    return (0xC000 | at).to_bytes(2)


def chain(*targets: bytes, addresses: int = 1, ttl: int = 30) -> tuple[bytes, ...]:
    """Return aliases, each of the one before, and the addresses of the last one."""
    records: list[bytes] = []
    owner, at = pointer(12), START
    for target in targets:
        records.append(record(target, RRType.CNAME, owner, 300))
        owner, at = pointer(at + 12), at + len(records[-1])
    return (*records, *[record(b"123%d" % n, RRType.A, owner, ttl) for n in range(addresses)])


CDN = b"\3cdn\xc0\x0e"


@pytest.mark.parametrize("targets", [(CDN,), (CDN, b"\1x\4test\0"), (CDN,) + (b"\1y" + CDN,) * 1])
@pytest.mark.parametrize("addresses", [1, 3])
def test_aliases_one_after_the_other_lead_to_addresses(
    targets: tuple[bytes, ...], addresses: int
) -> None:
    records = chain(*targets, addresses=addresses)

    found = shape(reply_to(QUERY, *records))

    assert found is not None
    at, ends = 0, []
    for one in records:
        ends.append(at + 6)
        at += len(one)
    assert found == Shape(30, tuple(ends), at - 16 * addresses, 16)


@pytest.mark.parametrize(
    "records",
    [
        chain(CDN, addresses=0),
        chain(b"\1A\xc0\x0e"),
        chain(CDN, b"\3CDN\xc0\x0e"),
        chain(b"\xc0\x0c"),
        chain(b"\3cd"),
        chain(b"\xc0\xff"),
        chain(b"\1c\0\0"),
        chain(*[b"\1" + bytes((97 + n,)) + b"\0" for n in range(17)]),
        (chain(CDN)[0], record(b"1234")),
        (chain(CDN)[0], chain(CDN)[1], record(b"1234")),
        (chain(CDN)[0], *chain(CDN, addresses=2)[1:2], chain(CDN, ttl=31)[1]),
        (chain(CDN)[0][:-1],),
        (chain(CDN)[0], pointer(START + 12) + b"\0\5\0\1\0\0"),
        (chain(CDN)[0], pointer(START + 12) + b"\0\5\0\1\0\0\0\0\0"),
        (record(b"1234"), chain(CDN)[0]),
    ],
)
def test_what_leads_elsewhere_or_nowhere_is_no_such_chain(records: tuple[bytes, ...]) -> None:
    assert shape(reply_to(QUERY, *records)) is None


targets = st.builds(
    bytes.__add__,
    st.sampled_from([b"", b"\1c", b"\1C", b"\1\0"]),
    st.just(b"\0") | st.integers(0, START + 60).map(pointer),
)


@given(
    st.lists(targets, min_size=1, max_size=4),
    st.sampled_from([0, 11, 30, 0x0161_0000]),
    st.sampled_from([b"", BARE_OPT]),
)
@example([b"\1c\0", b"\1c" + pointer(START - 3)], 30, b"")
@example([b"\1c\0", pointer(START + 3)], 30, BARE_OPT)
@example([b"\1\0" + pointer(2)], 30, b"")
def test_an_alias_is_read_as_whoever_keeps_it_reads_it(
    targets: list[bytes], ttl: int, tail: bytes
) -> None:
    records = chain(*targets, ttl=ttl)
    counts = (len(records), 0, int(bool(tail)))
    found = shape(message := reply_to(QUERY, *records, tail, counts=counts))

    if found is not None:
        reply = read_reply(message, ASKED.owner, ASKED.rrtype)
        contents = contents_of(ASKED.owner, ASKED.rrtype, reply.body)
        assert reply.body == ((len(records), 0, 0), b"".join(records))
        assert contents.answers
        assert (found.ttl, found.ttls_at) == (contents.ttl, contents.ttls_at)


@pytest.mark.parametrize("at", [12, 14, 22])
def test_the_end_of_an_alias_may_be_the_end_of_the_question(at: int) -> None:
    assert shape(reply_to(QUERY, *chain(b"\1c" + pointer(at)))) is not None


@pytest.mark.parametrize("targets", [(pointer(12),), (b"\1A" + pointer(14),)])
def test_an_alias_that_leads_back_by_a_pointer_is_no_such_chain(targets: tuple[bytes, ...]) -> None:
    assert shape(reply_to(QUERY, *chain(*targets))) is None


def test_only_addresses_are_looked_for_behind_aliases() -> None:
    asked = ASKED.octets[:-4] + b"\0\5\0\1"

    assert shape(reply_to(QUERY, *chain(CDN)), asked) is None


@given(st.binary(max_size=80), st.sampled_from([(0, 1, 0), (1, 0, 0), (2, 0, 0), (2, 0, 1)]))
def test_whatever_has_a_shape_is_read_as_the_same_reply(
    octets: bytes, counts: tuple[int, int, int]
) -> None:
    begin = b"" if counts[1] else chain(CDN)[0]
    message = reply_to(QUERY, begin + octets, counts=counts)
    found = shape(message)

    if found is not None:
        reply = read_reply(message, ASKED.owner, ASKED.rrtype)
        contents = contents_of(ASKED.owner, ASKED.rrtype, reply.body)
        end = len(message) - 11 * counts[2]
        assert reply.body == ((counts[0], counts[1], 0), message[START:end])
        assert found.ttls_at == contents.ttls_at


def test_who_makes_up_headers_takes_no_memory() -> None:
    found = heads()
    for flags in range(0x8000, 0x8800, 0x10):
        for answers in range(1, 200):
            _ = found[flags.to_bytes(2) + b"\0\1\0" + bytes((answers,)) + bytes(4)]

    assert 0 < len(found) <= 1024
