"""A kept answer nobody has asked for again yet: plain octets, and what it takes to say them.

Most names are asked for once. What `answers.kept` makes of an answer that is said again is made
when that happens.
"""

from svcdns.answers.foreign import ForeignAnswer
from svcdns.answers.kept import Judgement, Kept, Kind, examined, size_of
from svcdns.wire.codes import AA, RA
from svcdns.wire.name import OwnerName
from svcdns.wire.plain import PlainHead
from svcdns.wire.question import Question
from svcdns.wire.response import Body


class Raw:
    """Addresses of a name, aliases and addresses, or a denial."""

    __slots__ = ("_head", "_lifetime", "_octets", "_since", "size")

    renewal = None
    """Nothing says it for listeners."""

    def __init__(self, head: PlainHead, octets: bytes, lifetime: int, now: float) -> None:
        """Keep what came at `now`.

        Args:
            head: what the header of the reply says.
            octets: of the records, as they came.
            lifetime: in seconds.
            now: seconds of a monotonic clock.
        """
        self._head = head
        self._octets = octets
        self._lifetime = lifetime
        self._since = now
        self.size = size_of(head.answers, len(octets), head.answers or 1)
        """Octets of memory, about, once it is asked for."""

    @property
    def kind(self) -> Kind:
        """What it is kept as."""
        return Kind.SUCCESS if self._head.answers else Kind.DENIAL

    @property
    def answering(self) -> bool:
        """Whether it has what was asked for."""
        return self._head.answers > 0

    def kept(self, asked: bytes) -> Kept:
        """Return the same to be said again; `asked` is the question section, in lower case."""
        head = self._head
        owner = OwnerName(asked[:-4])
        rrtype = int.from_bytes(asked[-4:-2])
        question = Question(owner, rrtype, int.from_bytes(asked[-2:]), asked)
        answer = ForeignAnswer(
            owner,
            Body((head.answers, int(not head.answers), 0), self._octets),
            head.rcode,
            authoritative=bool(head.flags & AA),
            recursion_available=bool(head.flags & RA),
            authentic=head.is_authentic,
        )
        judgement = Judgement(self.kind, self._lifetime, self.answering)
        return Kept(answer, judgement, examined(answer, question), self._since)
