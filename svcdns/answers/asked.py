"""One question on its way through a stanza: which zone it is in, and which names led to it."""

from typing import NamedTuple

from svcdns.answers.negative import Zone
from svcdns.wire.name import OwnerName


class Asked(NamedTuple):
    """What every part of the lookup needs to know of a question."""

    zone: Zone
    owner: OwnerName
    """Lower case; the owner of the records that answer."""
    rrtype: int
    hops: tuple[OwnerName, ...] = ()
    """Names whose CNAME led here within the zone, first asked first."""
