"""Which route takes a question: the one with the longest zone the owner name lies in."""

from collections.abc import Iterable

from svcdns.route.route import Route
from svcdns.wire.codes import RRType
from svcdns.wire.name import ROOT, OwnerName


class Router:
    """The routes of one listener."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes = {route.name: route for route in routes}
        self.everything = self._routes.get(ROOT) if len(self._routes) == 1 else None
        """The route of the root, which takes every name with no other zone beside it."""

    @property
    def routes(self) -> tuple[Route, ...]:
        """All of them, in the order of the Corefile."""
        return tuple(self._routes.values())

    @property
    def zones(self) -> tuple[str, ...]:
        """The zones served, in the order of the Corefile."""
        return tuple(route.zone for route in self._routes.values())

    def find(self, owner: OwnerName, rrtype: int) -> Route | None:
        """Return the route for a lower-case name, or None.

        DS lives on the parent's side of a zone cut (RFC 4035 section 3.1.4.1): for the apex of
        a zone, a parent that is served here too is asked.
        """
        if self.everything is not None:
            return self.everything
        routes = self._routes
        cut: Route | None = None
        name: bytes = owner
        while True:
            route = routes.get(OwnerName(name))
            if route is not None:
                if rrtype != RRType.DS or name is not owner:
                    return route
                cut = route
            if len(name) == 1:
                return cut
            name = name[name[0] + 1 :]
