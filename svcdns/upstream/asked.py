"""One question as it is sent to an upstream, and which messages are a reply to it.

Nothing of the client's OPT is passed on but the DO bit: its size, cookies and options are
between the client and us. Only options that directives have set are. The name is sent in lower
case, or in random letter case.

Source: RFC 5452 section 9.1 (what a reply must match); RFC 6891 section 7 (FORMERR from who
does not know EDNS); draft-vixie-dnsext-dns0x20 (letter case).
"""

from typing import NamedTuple

from svcdns.wire.codes import AD, CD, RD, RCode
from svcdns.wire.edns import BARE_OPT, BARE_OPT_DO, opt
from svcdns.wire.name import OwnerName
from svcdns.wire.question import Query, Question
from svcdns.wire.records import MalformedMessageError
from svcdns.wire.reply import Reply, read_reply
from svcdns.wire.response import EMPTY

COPIED = RD | CD | AD
"""Bits of the query's header that an upstream gets to see."""

_HEADER = 12
_KIND = 0xF8
_RESPONSE = 0x80
_ONE_QUESTION = b"\0\1"
_NO_RECORDS = bytes(8)
_HEADS = {
    (flags, has_opt): flags.to_bytes(2) + b"\0\1\0\0\0\0\0" + bytes((has_opt,))
    for flags in {RD & a | CD & b | AD & c for a in (0, RD) for b in (0, CD) for c in (0, AD)}
    for has_opt in (False, True)
}
_WITHOUT_QUESTION = frozenset((RCode.FORMERR, RCode.NOTIMP, RCode.SERVFAIL, RCode.REFUSED))
_KNOWS_NO_EDNS = frozenset((RCode.FORMERR, RCode.NOTIMP, RCode.BADVERS))
_LETTERS = frozenset(b"abcdefghijklmnopqrstuvwxyz")
_CASE = 0x20


class Asked(NamedTuple):
    """A question for upstreams."""

    owner: OwnerName
    """In lower case."""
    rrtype: int
    octets: bytes
    """The question section as it is sent."""
    flags: int
    dnssec_ok: bool = False
    options: bytes = b""
    """EDNS options that directives of ours have set, in wire form."""

    @classmethod
    def by(cls, query: Query) -> "Asked":
        """Return what `query` asks for."""
        question, edns = query.question, query.edns
        octets = question.owner + question.octets[-4:]
        if edns is None:
            return cls(question.owner, question.rrtype, octets, query.flags & COPIED)
        return cls(
            question.owner,
            question.rrtype,
            octets,
            query.flags & COPIED,
            edns.dnssec_ok,
            edns.options,
        )

    @classmethod
    def of(cls, question: Question, *, recursion_desired: bool = True) -> "Asked":
        """Return a question of our own."""
        flags = RD if recursion_desired else 0
        return cls(question.owner, question.rrtype, question.octets, flags)

    def message(self, identity: bytes, *, with_opt: bool = True) -> bytes:
        """Return the octets to send."""
        head = identity + _HEADS[self.flags, with_opt] + self.octets
        if not with_opt:
            return head
        if self.options:
            return head + opt(self.dnssec_ok, self.options)
        return head + (BARE_OPT_DO if self.dnssec_ok else BARE_OPT)

    def key(self, *, stream: bool) -> bytes | tuple[bytes]:
        """Return what equal questions have in common: the octets to send, without an id.

        Args:
            stream: whether the client used one; that makes it another question.
        """
        octets = self.message(b"")
        return (octets,) if stream else octets

    def in_random_case(self, entropy: bytes) -> "Asked":
        """Return the same question with a letter case that `entropy` decides, a bit a letter.

        Args:
            entropy: 32 octets, which no two questions share.
        """
        bits = int.from_bytes(entropy)
        name = bytes(
            octet ^ _CASE if octet in _LETTERS and bits >> index & 1 else octet
            for index, octet in enumerate(self.owner)
        )
        return self._replace(octets=name + self.octets[-4:])

    def accept(self, message: bytes, sent: bytes) -> Reply | None:
        """Return what `message` says; None: it is no reply to `sent`, or cannot be read."""
        if message[:2] != sent[:2] or len(message) < _HEADER or message[2] & _KIND != _RESPONSE:
            return None
        end = _HEADER + len(self.octets)
        if message[4:6] == _ONE_QUESTION and message[_HEADER:end] == self.octets:
            try:
                return read_reply(message, self.owner, self.rrtype)
            except MalformedMessageError:
                return None
        rcode = message[3] & 0x0F
        if message[4:12] == _NO_RECORDS and rcode in _WITHOUT_QUESTION:
            # Old servers send an error without the question: it tells nothing but itself.
            return Reply(int.from_bytes(message[2:4]), rcode, EMPTY)
        return None


def knows_no_edns(reply: Reply) -> bool:
    """Whether the same question without OPT may be answered better (RFC 6891 section 7)."""
    return reply.rcode in _KNOWS_NO_EDNS and not reply.has_opt
