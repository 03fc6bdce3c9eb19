"""From an answer to octets: an entry to be sent many times, or one response.

The reason of a negative answer goes into the OPT record of those who sent one, as long as it
pushes no record out of the response.
"""

from collections.abc import Iterator
from functools import lru_cache, partial
from struct import Struct, pack
from typing import NamedTuple

from svcdns.answers.answer import Answer, Reason
from svcdns.answers.foreign import ON_TICK, WHILE_KEPT, ForeignAnswer, Outcome, Renewal
from svcdns.answers.table import Entry, Form, Headers, Label
from svcdns.route.traffic import LANES
from svcdns.wire.codes import AA, AD, QR, RA, RCODE_MASK, RD, TC, RCode, RRType
from svcdns.wire.edns import BARE_OPT, BARE_OPT_DO, SERVER_SIZE, extended_error, opt
from svcdns.wire.frame import MAX_MESSAGE
from svcdns.wire.question import Query, Question
from svcdns.wire.response import Body, assemble, compose, limit_of
from svcdns.wire.rotation import rotated, run_of
from svcdns.wire.rrset import RRset
from svcdns.wire.uniform import width_of

_ROTATIONS = 8
_ROTATED = (RRType.A, RRType.AAAA, RRType.MX)
_BARE = (BARE_OPT, BARE_OPT_DO)
_OPT_SIZE = len(BARE_OPT)
_MIN_UDP = 512


def entry_of(
    question: Question,
    answer: Outcome,
    label: Label,
    *,
    rotate: bool,
    reasons: bool,
    observed: bool,
    renewal: Renewal | None = None,
) -> Entry:
    """Return `answer` ready to be sent many times.

    Args:
        question: the question it answers.
        answer: with `authority` set it is negative, and the entry holds no SOA.
        label: what the metrics say of it.
        rotate: whether its addresses take turns in being first.
        reasons: whether its OPT says why it is negative.
        observed: whether somebody looks at single exchanges and needs the answer itself.
        renewal: has the octets of the entry, which holds none then.
    """
    turns = 1
    if rotate:
        turns = min(_ROTATIONS, _most_choices(answer))
    first = _body(question, answer, 0, turns)
    options = _BARE
    if answer.reason is not None and reasons:
        explained = extended_error(answer.reason.code, answer.reason.text())
        options = (opt(False, explained), opt(True, explained))  # noqa: FBT003  what opt takes
    lengths = (len(question.octets), len(first.octets))
    authority = answer.authority if isinstance(answer, Answer) else None
    is_made_each_time = authority is not None or renewal is not None
    depends_on = answer.depends_on or ()
    return Entry(
        headers=_headers(_flags(answer) | answer.rcode, answer.lowered, first.counts),
        bodies=[None if is_made_each_time else first.octets, *[None] * (turns - 1)],
        hits=[0] * len(LANES),
        authority=authority,
        options=options,
        plain=_form(*lengths),
        with_opt=_form(*lengths, len(options[0])),
        label=label,
        plain_only=ON_TICK in depends_on or WHILE_KEPT in depends_on,
        answer=answer if observed else None,
        turned=partial(_turned, question, answer, turns, first) if turns > 1 else None,
        renewal=renewal,
    )


def _turned(question: Question, answer: Outcome, turns: int, first: Body, turn: int) -> bytes:
    """Return the body at `turn`, which is as long as the first one."""
    octets = _body(question, answer, turn, turns).octets
    # Beyond the reach of pointers the order of names can make a difference.
    return octets if len(octets) == len(first.octets) else first.octets


@lru_cache(maxsize=4096)
def _form(*lengths: int) -> Form:
    """Return how a response of question, body and perhaps OPT of these lengths is written."""
    layout = Struct("2s10s" + "".join(f"{length}s" for length in lengths))
    return Form(layout.pack_into, layout.size)


class Manner(NamedTuple):
    """How a response is to be said, whatever it says."""

    stream: bool
    """The transport has no size limit of its own."""
    udp_limit: int = SERVER_SIZE
    options: bytes = b""
    """EDNS options for those who sent an OPT."""

    def limit(self, query: Query) -> int:
        """Return the octets that the client can take."""
        limit = limit_of(query.edns, self.stream)
        return limit if self.stream else max(_MIN_UDP, min(limit, self.udp_limit))


def say(query: Query, answer: Outcome, reason: Reason | None, turn: int, manner: Manner) -> bytes:
    """Return the response to `query` that says `answer`.

    Args:
        query: whom to answer.
        answer: what to say.
        reason: why, for those who can read it; None says nothing.
        turn: which address comes first, counted over all exchanges.
        manner: how.
    """
    edns, rcode = query.edns, answer.rcode
    limit = manner.limit(query)
    body = _body(query.question, answer, turn, _ROTATIONS)
    option = b""
    if edns is None:
        rcode = rcode if rcode <= RCODE_MASK else RCode.SERVFAIL  # the others need an OPT
    else:
        do = edns.dnssec_ok
        option = _BARE[do]
        if manner.options or rcode > RCODE_MASK:
            option = opt(do, manner.options, rcode)
        if reason is not None:
            explained = manner.options + extended_error(reason.code, reason.text())
            option = _if_it_fits(opt(do, explained, rcode), option, query.question, body, limit)
    return assemble(
        query,
        rcode,
        body,
        authoritative=answer.authoritative,
        opt=option,
        limit=limit,
        raised=_flags(answer),
        lowered=answer.lowered,
    )


def repeat(query: Query, entry: Entry, turn: int, manner: Manner) -> bytes | None:
    """Return the response to `query` that says `entry`, its addresses at `turn`.

    None: it has nothing to say this time.
    """
    octets = entry.body(turn, len(query.question.octets))
    if octets is None:
        return None
    edns = query.edns
    limit = manner.limit(query)
    header = entry.headers[0]
    counts = (
        int.from_bytes(header[4:6]),
        int.from_bytes(header[6:8]),
        int.from_bytes(header[8:10]),
    )
    body = Body(counts, bytes(octets))
    option = b""
    if edns is not None:
        do = edns.dnssec_ok
        bare, full = _BARE[do], entry.options[do]
        if manner.options:
            bare = opt(do, manner.options)
            full = opt(do, manner.options + full[_OPT_SIZE:])
        option = _if_it_fits(full, bare, query.question, body, limit)
    return assemble(
        query,
        entry.label.rcode,
        body,
        authoritative=False,
        opt=option,
        limit=limit,
        raised=int.from_bytes(header[:2]) & ~RCODE_MASK,
        lowered=0 if entry.headers[1][0] & 1 else RD,
    )


def transfer(query: Query, answer: Answer) -> Iterator[bytes]:
    """Yield the messages of a zone transfer, each with the question and without OPT.

    Source: RFC 5936 section 2.2.
    """
    assert answer.messages is not None, "only transfers have messages"  # noqa: S101
    for rrsets in answer.messages():
        body = compose(query.question.owner, rrsets)
        yield assemble(query, answer.rcode, body, authoritative=True, limit=MAX_MESSAGE)


def _most_choices(answer: Outcome) -> int:
    """How many records of `answer` may come first, in its largest RRset."""
    if isinstance(answer, ForeignAnswer):
        run = run_of(answer.owner, answer.body)
        return run.length if run is not None else 1
    return max((_choices(rrset) for rrset in answer.answer), default=1)


def _choices(rrset: RRset) -> int:
    """How many records of `rrset` may come first."""
    return len(rrset.records) if rrset.rrtype in _ROTATED else 1


def _flags(answer: Outcome) -> int:
    """Return the header bits that `answer` sets itself."""
    flags = answer.raised
    if answer.authoritative:
        flags |= AA
    if answer.recursion_available:
        flags |= RA
    if answer.authentic:
        flags |= AD
    if isinstance(answer, ForeignAnswer) and answer.is_truncated:
        flags |= TC
    return flags


def _body(question: Question, answer: Outcome, turn: int, turns: int) -> Body:
    """Return what follows the question; `turn` of `turns` decides which address comes first."""
    if isinstance(answer, ForeignAnswer):
        return _foreign_body(answer, turn, turns)
    rrsets = answer.answer
    if not rrsets:
        return _without_answer(question, answer)
    if turn:
        rrsets = tuple(
            rrset.rotated(_first(turn, turns, choices))
            if (choices := _choices(rrset)) > 1
            else rrset
            for rrset in rrsets
        )
    return compose(question.owner, rrsets, answer.authority_records, answer.additional)


def _foreign_body(answer: ForeignAnswer, turn: int, turns: int) -> Body:
    """Return the octets of `answer`, its addresses turned where that can be done in place."""
    body = answer.body
    if not turn:
        return body
    if width_of(body):  # as nearly always: the whole body takes turns
        cut = cut_at(turn, body.counts[0], len(body.octets), turns)
        return Body(body.counts, body.octets[cut:] + body.octets[:cut])
    run = run_of(answer.owner, body)
    return body if run is None else rotated(body, run, _first(turn, turns, run.length))


def cut_at(turn: int, choices: int, size: int, turns: int = _ROTATIONS) -> int:
    """Return where a body of records of one width begins at `turn` of `turns`.

    Args:
        turn: which it is.
        choices: how many records there are.
        size: their octets.
        turns: after how many it is the same again.
    """
    return size // choices * _first(turn, turns, choices)


def _first(turn: int, turns: int, choices: int) -> int:
    """Return which of `choices` records comes first, so that all are spread over the turns."""
    return turn % choices if choices <= turns else turn * choices // turns % choices


def _without_answer(question: Question, answer: Answer) -> Body:
    """Return the SOA of the zone that lacks the name or the type, or nothing."""
    if answer.authority is None:
        return compose(question.owner, (), answer.authority_records, answer.additional)
    return Body((0, 1, 0), answer.authority.authority_at(len(question.octets)))


@lru_cache(maxsize=1024)
def _headers(flags: int, lowered: int, counts: tuple[int, int, int]) -> Headers:
    answers, authorities, additionals = counts

    def header(rd: int, with_opt: int) -> bytes:
        bits = (QR | flags | rd) & ~lowered
        return pack("!HHHHH", bits, 1, answers, authorities, additionals + with_opt)

    return (header(0, 0), header(RD, 0), header(0, 1), header(RD, 1))


def _if_it_fits(option: bytes, bare: bytes, question: Question, body: Body, limit: int) -> bytes:
    """Return `option`, or `bare` when the reason would push records out of the response."""
    size = 12 + len(question.octets) + len(body.octets) + len(option)
    return option if size <= limit else bare
