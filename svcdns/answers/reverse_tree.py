"""The nodes above reverse names: does any address begin like this?

`10.in-addr.arpa` exists because names below it do (RFC 8020 section 2), and resolvers walk
through such nodes (RFC 9156). Few clients ever ask: the beginnings of all addresses are
collected for the first one who does, and follow the changes of the state for the next.
"""

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import chain

from svcdns.answers.names import ReverseNode
from svcdns.answers.reverse_records import pointers
from svcdns.answers.service_records import READY
from svcdns.answers.settings import KubernetesSettings
from svcdns.cluster.model import EndpointSlice, Object, Service
from svcdns.cluster.state import State

_LAST_OCTET_NODE = 15
"""Octets of an IPv6 node that has only sixteen addresses below it, if a nibble follows."""


class ReverseTree:
    """Beginnings of the addresses that Services, and ready endpoints of Services, have."""

    def __init__(
        self, state: State, settings: KubernetesSettings, is_served: Callable[[str], bool]
    ) -> None:
        """Look at `state`.

        Args:
            state: the cluster.
            settings: the stanza.
            is_served: whether this stanza serves a Namespace; asked only if `namespaces` is set.
        """
        self._state = state
        self._settings = settings
        self._is_served = is_served
        self._served: tuple[str, ...] | None = None
        """Namespaces of the option that existed when somebody asked last; None: nobody has."""
        self._seen = 0
        """What `State.changes` was then."""
        self._objects: Counter[bytes] = Counter()
        """Beginning -> how many objects have such an address."""
        self._beginnings: dict[int, list[bytes]] = {4: [], 16: []}
        """By width of the address: all but the last octet, sorted, each once."""

    def holds(self, node: ReverseNode) -> bool:
        """Return whether a reverse name exists below `node`."""
        if len(node.prefix) == _LAST_OCTET_NODE and node.nibble is not None:
            first = node.nibble << 4
            below = (node.prefix + bytes((octet,)) for octet in range(first, first + 16))
            return any(self._exists(address) for address in below)
        self._catch_up()
        begin = node.prefix if node.nibble is None else node.prefix + bytes((node.nibble << 4,))
        beginnings = self._beginnings[node.width]
        at = bisect_left(beginnings, begin)
        if at == len(beginnings) or not beginnings[at].startswith(node.prefix):
            return False
        return node.nibble is None or beginnings[at][len(node.prefix)] >> 4 == node.nibble

    def _exists(self, address: bytes) -> bool:
        return bool(pointers(self._state, self._settings, self._is_served, address).targets)

    def _catch_up(self) -> None:
        state = self._state
        served = tuple(filter(self._is_served, self._settings.namespaces))
        changes = state.changes_since(self._seen) if served == self._served else None
        self._seen, self._served = state.changes, served
        if changes is None:
            self._collect()
            return
        for change in changes:
            before, after = self._begins(change.before), self._begins(change.after)
            for beginning in after - before:
                self._add(beginning)
            for beginning in before - after:
                self._remove(beginning)

    def _collect(self) -> None:
        everything: Iterable[Object] = chain(self._state.services, self._state.endpoint_slices)
        self._objects = Counter(chain.from_iterable(map(self._begins, everything)))
        for width, beginnings in self._beginnings.items():
            beginnings[:] = sorted(one for one in self._objects if len(one) == width - 1)

    def _add(self, beginning: bytes) -> None:
        self._objects[beginning] += 1
        if self._objects[beginning] == 1:
            insort(self._beginnings[len(beginning) + 1], beginning)

    def _remove(self, beginning: bytes) -> None:
        self._objects[beginning] -= 1
        if not self._objects[beginning]:
            del self._objects[beginning]
            beginnings = self._beginnings[len(beginning) + 1]
            del beginnings[bisect_left(beginnings, beginning)]

    def _begins(self, value: Object | None) -> set[bytes]:
        """Return the addresses of one object that have a name, without their last octet."""
        settings = self._settings
        if not isinstance(value, Service | EndpointSlice):
            return set()
        if settings.namespaces and not self._is_served(value.namespace):
            return set()
        if isinstance(value, Service):
            return {address[:-1] for address in value.addresses}
        if settings.noendpoints or not value.service or not value.width:
            return set()
        width, octets = value.width, value.addresses
        return {
            octets[at * width : at * width + width - 1]
            for at, bits in enumerate(value.conditions)
            if bits & READY
        }
