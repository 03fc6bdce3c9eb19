"""Whether a resource can be had: what is lost or forbidden is told, and when that is over."""

from collections import Counter

from svcdns.source.apiserver.observer import Observer
from svcdns.source.apiserver.protocol import Resource

VERBS = frozenset({"list", "watch"})
"""Either of them is enough for the objects."""


class Standing:
    """Of one resource with its API server."""

    def __init__(self, resource: Resource, observer: Observer) -> None:
        self._resource = resource
        self._observer = observer
        self._has_contact = True
        self._refusals: Counter[str] = Counter()
        """Verbs that we may not use, and how often in a row each was refused."""
        self._has_complained = False
        """Whether something was told that is not known to be over."""

    @property
    def is_forbidden(self) -> bool:
        """Whether a permission is missing."""
        return bool(self._refusals)

    def lose(self, server: str, why: str, retry_seconds: float) -> None:
        """Tell that a request failed."""
        self._has_contact = False
        self._has_complained = True
        self._observer.lost(self._resource, server, why, retry_seconds)

    def forbid(self, verb: str, message: str) -> None:
        """Tell that the server does not let us, and how often in a row that was so."""
        self._refusals[verb] += 1
        self._has_complained = True
        self._observer.forbidden(self._resource, verb, message, self._refusals[verb])

    def regain(self, verb: str) -> None:
        """A request with this verb was answered; tell it once if that is what was missing.

        It is when the objects can be had again, though with one verb, and when the other one
        comes back too after it was asked for in vain.
        """
        was_cut_off = self._is_cut_off
        self._has_contact = True
        self._refusals.pop(verb, None)
        is_over = not self._refusals or (was_cut_off and not self._is_cut_off)
        if self._has_complained and is_over:
            self._has_complained = False
            self._observer.recovered(self._resource)

    @property
    def _is_cut_off(self) -> bool:
        return not self._has_contact or self._refusals.keys() >= VERBS
