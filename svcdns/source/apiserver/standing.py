"""Whether a resource can be had: what is lost or forbidden is told, and when that is over."""

from svcdns.source.apiserver.observer import Observer
from svcdns.source.apiserver.protocol import Resource

_CONTACT = "contact"


class Standing:
    """Of one resource with its API server."""

    def __init__(self, resource: Resource, observer: Observer) -> None:
        self._resource = resource
        self._observer = observer
        self._missing: set[str] = set()
        """`contact`, and verbs that we may not use."""

    @property
    def is_forbidden(self) -> bool:
        """Whether a permission is missing."""
        return bool(self._missing - {_CONTACT})

    def lose(self, server: str, why: str, retry_seconds: float) -> None:
        """Tell that a request failed."""
        self._missing.add(_CONTACT)
        self._observer.lost(self._resource, server, why, retry_seconds)

    def forbid(self, verb: str, message: str) -> None:
        """Tell, once, that the server does not let us."""
        if verb not in self._missing:
            self._missing.add(verb)
            self._observer.forbidden(self._resource, verb, message)

    def regain(self, verb: str) -> None:
        """A request with this verb was answered; tell it if that was the last thing missing."""
        before = bool(self._missing)
        self._missing -= {_CONTACT, verb}
        if before and not self._missing:
            self._observer.recovered(self._resource)
