"""IPv6 addresses for hosts that only have IPv4, and the answers made of them.

Source: RFC 6052 section 2.2 (where the IPv4 octets stand); RFC 6147 section 5 (which answers
are made, their TTL); RFC 2308 (the SOA of a denial).
"""

from dataclasses import replace

from svcdns.answers.answer import Answer, Dependency
from svcdns.answers.foreign import authority_of
from svcdns.wire.codes import RRType
from svcdns.wire.question import Question
from svcdns.wire.rrset import RRset

PREFIX_LENGTHS = (32, 40, 48, 56, 64, 96)
"""Bits; no other ones leave room for an IPv4 address as the RFC wants it."""
TTL_WITHOUT_SOA = 600
"""Seconds that an address is good for when the denial does not say it."""

UNUSED_OCTET = 8
"""The octet that is zero whatever the prefix: bits 64 to 71."""


def embedded(prefix: bytes, bits: int, address: bytes) -> bytes:
    """Return the IPv6 address that stands for an IPv4 address.

    Args:
        prefix: 16 octets.
        bits: of the prefix, one of `PREFIX_LENGTHS`.
        address: 4 octets.

    Source: RFC 6052 section 2.2.
    """
    start = bits // 8
    if start > UNUSED_OCTET:
        return prefix[:start] + address
    before = UNUSED_OCTET - start
    whole = prefix[:start] + address[:before] + b"\0" + address[before:]
    return whole.ljust(16, b"\0")


def has_addresses(answer: Answer) -> bool:
    """Return whether there is an AAAA record: then there is nothing to make."""
    return any(rrset.rrtype == RRType.AAAA for rrset in answer.answer)


def soa_ttl(question: Question, denial: Answer) -> int:
    """Return the TTL of the SOA in the authority section; `TTL_WITHOUT_SOA` without one."""
    for rrset in authority_of(question, denial):
        if rrset.rrtype == RRType.SOA:
            return rrset.ttl
    return TTL_WITHOUT_SOA


def synthesized(
    prefix: bytes, bits: int, question: Question, denial: Answer, addresses: Answer
) -> Answer:
    """Return the answer to a question for AAAA, made of the one for A.

    Args:
        prefix: 16 octets.
        bits: of the prefix.
        question: for AAAA.
        denial: what was said to it.
        addresses: what was said to the same question for A.

    Source: RFC 6147 sections 5.1.7, 5.3.2 and 5.3.3.
    """
    most = soa_ttl(question, denial)
    sets = tuple(
        RRset(
            rrset.owner,
            RRType.AAAA,
            min(rrset.ttl, most),
            tuple(embedded(prefix, bits, one) for one in rrset.records if len(one) == 4),
            rrset.rrclass,
        )
        if rrset.rrtype == RRType.A
        else rrset
        for rrset in addresses.answer
    )
    return replace(
        addresses,
        answer=sets,
        authoritative=False,
        authentic=False,
        depends_on=_both(denial.depends_on, addresses.depends_on),
        written_by="dns64",
    )


def _both(
    first: tuple[Dependency, ...] | None, second: tuple[Dependency, ...] | None
) -> tuple[Dependency, ...] | None:
    """Return what an answer depends on that is made of two others."""
    if first is None or second is None:
        return None
    return tuple(dict.fromkeys(first + second))
