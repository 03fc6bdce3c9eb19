"""What a question to upstreams comes to: what one of them said, or why none of them did."""

from collections.abc import Callable

from svcdns.answers.answer import Answer, Reason
from svcdns.answers.foreign import ForeignAnswer
from svcdns.upstream.asked import Asked
from svcdns.wire.codes import AA, AD, RA, TC, RCode, rcode_text
from svcdns.wire.edns import InfoCode
from svcdns.wire.reply import Reply

_SERVFAIL = int(RCode.SERVFAIL)


def foreign(asked: Asked, address: str, reply: Reply) -> ForeignAnswer:
    """Return what an upstream replied as an answer."""
    flags, rcode, explained = reply.flags, reply.rcode, reply.explained
    reason: Reason | None = None
    if rcode == _SERVFAIL or explained is not None:
        code, text = explained or (InfoCode.OTHER, "")
        reason = Reason(code, said, (address, rcode, text))
    is_authentic = flags & AD and (asked.dnssec_ok or asked.flags & AD)
    return ForeignAnswer(
        asked.owner,
        reply.body,
        rcode,
        bool(flags & AA),
        bool(flags & RA),
        bool(is_authentic),
        bool(flags & TC),
        reason=reason,
    )


def said(address: str, rcode: int, text: str) -> str:
    """Say what an upstream answered, with its own words if it had some."""
    if rcode != RCode.SERVFAIL:
        return text or f"said by {address}"
    return f"{address} answered {rcode_text(rcode)}{text and ': '}{text}"


def failed(whys: tuple[str, ...], code: InfoCode) -> Answer:
    """Return that nobody answered, and why each of them did not."""
    reason = Reason(code, _joined, whys)
    return Answer(RCode.SERVFAIL, authoritative=False, reason=reason, written_by="")


def refused(sentence: Callable[..., str], *facts: object) -> Answer:
    """Return that nobody is asked; `sentence` makes the reason of `facts`."""
    reason = Reason(InfoCode.OTHER, sentence, facts)
    return Answer(RCode.REFUSED, authoritative=False, reason=reason, written_by="")


def too_many(most: int) -> str:
    """Say that so many questions are waiting already."""
    return f"concurrent queries exceeded maximum {most}"


def no_transfer() -> str:
    """Say why a transfer is refused."""
    return "zones are not transferred through a forwarder: ask the zone's own server"


def _joined(*whys: str) -> str:
    return "; ".join(whys)
