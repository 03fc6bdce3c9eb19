"""What is said to queries that no step sees, or that a step fails at: always with the reason."""

from collections.abc import Callable

from svcdns.answers.answer import Answer, Reason
from svcdns.wire.codes import RCode
from svcdns.wire.edns import InfoCode
from svcdns.wire.name import OwnerName, to_text


def not_our_zone(owner: OwnerName) -> Answer:
    """Return the answer to a name that no server block takes."""
    return _refused(_not_our_zone, owner)


def wrong_class(rrclass: int) -> Answer:
    """Return the answer to a question of another class than IN."""
    return _refused(_wrong_class, rrclass)


def empty_block(zone: str) -> Answer:
    """Return the answer of a server block without directives."""
    return _refused(_empty_block, zone)


def needs_stream() -> Answer:
    """Return the answer to who asks for a zone transfer over UDP (RFC 5936 section 4.2)."""
    return _refused(_needs_stream)


def internal_error() -> Answer:
    """Return the answer to a query that met a bug."""
    reason = Reason(InfoCode.OTHER, _internal_error)
    return Answer(RCode.SERVFAIL, authoritative=False, reason=reason, written_by="")


def _refused(sentence: Callable[..., str], *facts: object) -> Answer:
    reason = Reason(InfoCode.NOT_AUTHORITATIVE, sentence, facts)
    return Answer(RCode.REFUSED, authoritative=False, reason=reason, written_by="")


def _not_our_zone(owner: OwnerName) -> str:
    return f"no server block here serves {to_text(owner)}"


def _wrong_class(rrclass: int) -> str:
    return f"class {rrclass} is not served here, only IN"


def _empty_block(zone: str) -> str:
    return f"the server block '{zone}' is empty: it has no directive that answers"


def _needs_stream() -> str:
    return "a zone is transferred over TCP only"


def _internal_error() -> str:
    return "internal error; the log of the server has the details"
