"""What happened: an event as a source reports it, a change as the state made it."""

from dataclasses import dataclass
from typing import NamedTuple

from svcdns.cluster.model import Key, Object


class WatchEvent(NamedTuple):
    """One object is now like this, or is gone."""

    kind: type
    """The class in `cluster.model`."""
    key: Key
    value: Object | None
    """None: deleted."""


@dataclass(frozen=True, slots=True)
class Change:
    """One object before and after; never two equal values."""

    kind: type
    key: Key
    before: Object | None
    after: Object | None
