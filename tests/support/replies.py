"""Ask a stanza and read what a client would: the whole message, decoded by dnspython."""

from typing import NamedTuple

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from svcdns.answers.answer import Answer
from svcdns.answers.lookup import Stanza
from svcdns.route.stages import AnswerStep
from svcdns.wire.question import Query, read_query
from svcdns.wire.response import Body, assemble, compose
from tests.support.stubs import FixedClient


class Reply(NamedTuple):
    """One response, as text."""

    rcode: str
    """`NODATA` for NOERROR with an empty answer and the zone's SOA."""
    authoritative: bool
    answer: tuple[str, ...]
    """`OWNER TTL TYPE RDATA`, sorted, names with the final dot."""
    additional: tuple[str, ...]
    soa: str
    """Owner of the SOA in the authority section; empty when there is none."""
    why: str
    """The reason, empty when there is none."""


def ask(stanza: Stanza, name: str, rrtype: str) -> Reply | None:
    """Return what `stanza` answers; None: the question is not for it."""
    return ask_step(lambda query, _: stanza.find(query.question), name, rrtype)


def ask_step(step: AnswerStep, name: str, rrtype: str) -> Reply | None:
    """Return what a directive's answer step says; None: it passes the question on."""
    packet = dns.message.make_query(name, rrtype).to_wire()
    query = read_query(packet)
    answer = step(query, FixedClient())
    if answer is None:
        return None
    assert isinstance(answer, Answer)
    message = dns.message.from_wire(respond(query, answer))
    sections = (message.answer, message.authority, message.additional)
    answers, authority, additional = map(_lines, sections)
    rcode = dns.rcode.to_text(message.rcode())
    if rcode == "NOERROR" and not answers:
        assert authority, "NOERROR without answer needs the SOA"
        rcode = "NODATA"
    soa = authority[0].split()[0] if authority else ""
    why = answer.reason.text() if answer.reason else ""
    return Reply(rcode, bool(message.flags & dns.flags.AA), answers, additional, soa, why)


def respond(query: Query, answer: Answer) -> bytes:
    """Return the octets of the response, however long."""
    body = compose(query.question.owner, answer.answer, (), answer.additional)
    if answer.authority is not None:
        octets = answer.authority.authority_at(len(query.question.octets))
        body = Body((body.counts[0], 1, body.counts[2]), body.octets + octets)
    return assemble(query, answer.rcode, body, authoritative=answer.authoritative, limit=65_535)


def _lines(section: list[dns.rrset.RRset]) -> tuple[str, ...]:
    return tuple(
        sorted(
            f"{rrset.name} {rrset.ttl} {dns.rdatatype.to_text(rrset.rdtype)} {record}"
            for rrset in section
            for record in rrset
        )
    )
