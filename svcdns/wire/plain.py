"""The reply that most replies are: NOERROR, and addresses of the name that was asked, no more.

It needs no reading: its header says all but where the addresses end. Upstreams use few headers,
so each is looked at once.

Source: RFC 1035 section 4.1; RFC 6891 section 6.1.
"""

from typing import NamedTuple

from svcdns.wire.codes import AA, AD, QR, RA, RD
from svcdns.wire.uniform import uniform_end

_ROOT_OPT = b"\0\0\x29"
_OPT_SIZE = 11
_UPPER_RCODE_AT = 5
_NO_RDATA = b"\0\0"
_TYPE_AT = 2
_KIND = 0xFA
"""QR, OPCODE and TC in the first octet of flags."""
_RESPONSE = 0x80
_RCODE = 0x0F
_AD_OCTET = 0x20


class PlainHead(NamedTuple):
    """What octets 2 to 11 of such a reply say."""

    answers: int
    """Addresses."""
    has_opt: bool
    is_authentic: bool
    """The AD bit."""
    flags: int
    """All 16 bits."""
    header: bytes
    """Octets 2 to 11 of the response to a client."""


class PlainHeads(dict[bytes, PlainHead | None]):
    """Octets 2 to 11 of a reply -> what they say; None: the reply is another one."""

    def __init__(self, *, recursion_desired: bool, wants_ad: bool, with_opt: bool) -> None:
        """Be for one kind of client.

        Args:
            recursion_desired: its RD bit.
            wants_ad: whether it is to see the AD bit.
            with_opt: whether its response has an OPT.
        """
        super().__init__()
        self._raised = QR | (RD if recursion_desired else 0)
        self._copied = AA | RA | (AD if wants_ad else 0)
        self._with_opt = with_opt

    def __missing__(self, octets: bytes) -> PlainHead | None:
        flags, answers = int.from_bytes(octets[:2]), octets[5]
        if (
            octets[0] & _KIND != _RESPONSE
            or octets[1] & _RCODE
            or octets[2:5] != b"\0\1\0"
            or not answers
            or octets[6:9] != b"\0\0\0"
            or octets[9] > 1
        ):
            return None
        header = (flags & self._copied | self._raised).to_bytes(2)
        header += octets[2:9] + bytes((self._with_opt,))
        is_authentic = bool(octets[1] & _AD_OCTET)
        head = self[octets] = PlainHead(answers, bool(octets[9]), is_authentic, flags, header)
        return head


def addresses_end(message: bytes, start: int, question: bytes, head: PlainHead) -> int:
    """Return where the addresses of a plain reply end; 0: it is another one.

    Args:
        message: the reply.
        start: where its question ends.
        question: its octets, in lower case.
        head: what its header says.
    """
    end = uniform_end(message, start, head.answers)
    if not end or not message.startswith(question[-4:-2], start + _TYPE_AT):
        return 0
    option = message[end:]
    if not head.has_opt:
        return 0 if option else end
    is_bare = (
        len(option) == _OPT_SIZE
        and option.startswith(_ROOT_OPT)
        and option.endswith(_NO_RDATA)
        and not option[_UPPER_RCODE_AT]
    )
    return end if is_bare else 0
