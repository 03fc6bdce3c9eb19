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
    """Addresses of one name."""

    __slots__ = ("_head", "_lifetime", "_octets", "_question", "_since", "size")

    renewal = None
    """Nothing says it for listeners."""

    def __init__(
        self, question: bytes, head: PlainHead, octets: bytes, lifetime: int, now: float
    ) -> None:
        """Keep what came at `now`.

        Args:
            question: the question section, in lower case.
            head: what the header of the reply says.
            octets: of the addresses, as they came.
            lifetime: in seconds.
            now: seconds of a monotonic clock.
        """
        self._question = question
        self._head = head
        self._octets = octets
        self._lifetime = lifetime
        self._since = now
        self.size = size_of(head.answers, len(octets), head.answers)
        """Octets of memory, about, once it is asked for."""

    def kept(self) -> Kept:
        """Return the same to be said again."""
        head, octets = self._head, self._question
        owner = OwnerName(octets[:-4])
        rrtype = int.from_bytes(octets[-4:-2])
        question = Question(owner, rrtype, int.from_bytes(octets[-2:]), octets)
        answer = ForeignAnswer(
            owner,
            Body((head.answers, 0, 0), self._octets),
            authoritative=bool(head.flags & AA),
            recursion_available=bool(head.flags & RA),
            authentic=head.is_authentic,
        )
        judgement = Judgement(Kind.SUCCESS, self._lifetime, answering=True)
        return Kept(answer, judgement, examined(answer, question), self._since)
