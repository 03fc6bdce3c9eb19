"""From an answer to octets: an entry to be sent many times, or one response.

The reason of a negative answer goes into the OPT record of those who sent one, as long as it
pushes no record out of the response.
"""

from functools import lru_cache
from struct import Struct, pack

from svcdns.answers.answer import Answer, Reason
from svcdns.answers.table import Entry, Form, Headers, Label
from svcdns.route.traffic import LANES
from svcdns.wire.codes import RRType
from svcdns.wire.edns import BARE_OPT, BARE_OPT_DO, extended_error, opt
from svcdns.wire.question import Query, Question
from svcdns.wire.response import Body, assemble, compose, limit_of
from svcdns.wire.rrset import RRset

_ROTATIONS = 8
_ROTATED = (RRType.A, RRType.AAAA, RRType.MX)
_BARE = (BARE_OPT, BARE_OPT_DO)


def entry_of(
    question: Question,
    answer: Answer,
    label: Label,
    *,
    rotate: bool,
    reasons: bool,
    observed: bool,
) -> Entry:
    """Return `answer` ready to be sent many times.

    Args:
        question: the question it answers.
        answer: with `authority` set it is negative, and the entry holds no SOA.
        label: what the metrics say of it.
        rotate: whether its addresses take turns in being first.
        reasons: whether its OPT says why it is negative.
        observed: whether somebody looks at single exchanges and needs the answer itself.
    """
    turns = 1
    if rotate:
        turns = min(_ROTATIONS, max((_choices(rrset) for rrset in answer.answer), default=1))
    bodies = tuple(_body(question, answer, turn, turns) for turn in range(turns))
    options = _BARE
    if answer.reason is not None and reasons:
        explained = extended_error(answer.reason.code, answer.reason.text())
        options = (opt(False, explained), opt(True, explained))  # noqa: FBT003  what opt takes
    lengths = (len(question.octets), len(bodies[0].octets))
    return Entry(
        headers=_headers(answer.rcode, bodies[0].counts, authoritative=answer.authoritative),
        bodies=() if answer.authority is not None else tuple(body.octets for body in bodies),
        hits=[0] * len(LANES),
        authority=answer.authority,
        options=options,
        plain=_form(*lengths),
        with_opt=_form(*lengths, len(options[0])),
        label=label,
        answer=answer if observed else None,
    )


@lru_cache(maxsize=4096)
def _form(*lengths: int) -> Form:
    """Return how a response of question, body and perhaps OPT of these lengths is written."""
    layout = Struct("2s10s" + "".join(f"{length}s" for length in lengths))
    return Form(layout.pack_into, layout.size)


def say(query: Query, answer: Answer, reason: Reason | None, turn: int, *, stream: bool) -> bytes:
    """Return the response to `query` that says `answer`.

    Args:
        query: whom to answer.
        answer: what to say.
        reason: why, for those who can read it; None says nothing.
        turn: which address comes first, counted over all exchanges.
        stream: whether the transport has no size limit of its own.
    """
    edns = query.edns
    limit = limit_of(edns, stream)
    body = _body(query.question, answer, turn, _ROTATIONS)
    option = b""
    if edns is not None:
        option = _BARE[edns.dnssec_ok]
        if reason is not None:
            explained = _explained(reason, do=edns.dnssec_ok)
            option = _if_it_fits(explained, option, query.question, body, limit)
    return assemble(
        query, answer.rcode, body, authoritative=answer.authoritative, opt=option, limit=limit
    )


def repeat(query: Query, entry: Entry, turn: int, *, stream: bool) -> bytes:
    """Return the response to `query` that says `entry`, its addresses at `turn`."""
    edns = query.edns
    limit = limit_of(edns, stream)
    header = entry.headers[0]
    counts = (
        int.from_bytes(header[4:6]),
        int.from_bytes(header[6:8]),
        int.from_bytes(header[8:10]),
    )
    body = Body(counts, entry.body(turn, len(query.question.octets)))
    option = b""
    if edns is not None:
        do = edns.dnssec_ok
        option = _if_it_fits(entry.options[do], _BARE[do], query.question, body, limit)
    return assemble(
        query,
        entry.label.rcode,
        body,
        authoritative=bool(header[0] & 0x04),
        opt=option,
        limit=limit,
    )


def _choices(rrset: RRset) -> int:
    """How many records of `rrset` may come first."""
    return len(rrset.records) if rrset.rrtype in _ROTATED else 1


def _body(question: Question, answer: Answer, turn: int, turns: int) -> Body:
    """Return what follows the question; `turn` of `turns` decides which address comes first."""
    rrsets = answer.answer
    if not rrsets:
        return _without_answer(question, answer)
    if turn:
        rrsets = tuple(
            rrset.rotated(turn * choices // min(turns, choices) % choices)
            if (choices := _choices(rrset)) > 1
            else rrset
            for rrset in rrsets
        )
    return compose(question.owner, rrsets, (), answer.additional)


def _without_answer(question: Question, answer: Answer) -> Body:
    """Return the SOA of the zone that lacks the name or the type, or nothing."""
    if answer.authority is None:
        return compose(question.owner, (), (), answer.additional)
    return Body((0, 1, 0), answer.authority.authority_at(len(question.octets)))


@lru_cache(maxsize=1024)
def _headers(rcode: int, counts: tuple[int, int, int], *, authoritative: bool) -> Headers:
    answers, authorities, additionals = counts
    flags = 0x80 | (0x04 if authoritative else 0)

    def header(rd: int, with_opt: int) -> bytes:
        counts = (1, answers, authorities, additionals + with_opt)
        return pack("!BBHHHH", flags | rd, rcode, *counts)

    return (header(0, 0), header(1, 0), header(0, 1), header(1, 1))


def _explained(reason: Reason, *, do: bool) -> bytes:
    return opt(do, extended_error(reason.code, reason.text()))


def _if_it_fits(option: bytes, bare: bytes, question: Question, body: Body, limit: int) -> bytes:
    """Return `option`, or `bare` when the reason would push records out of the response."""
    size = 12 + len(question.octets) + len(body.octets) + len(option)
    return option if size <= limit else bare
