"""The nodes above reverse names: does any address begin like this?

`10.in-addr.arpa` exists because names below it do (RFC 8020 section 2), and resolvers walk
through such nodes (RFC 9156). Nothing else needs to know, so there is no index that is kept up
to date: the beginnings of all addresses are collected when somebody asks and the state has
changed since they were collected last.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator

from svcdns.answers.names import ReverseNode
from svcdns.answers.reverse_records import pointers
from svcdns.answers.service_records import READY
from svcdns.answers.settings import KubernetesSettings
from svcdns.cluster.model import EndpointSlice, Service
from svcdns.cluster.state import State

_LAST_OCTET_NODE = 15
"""Octets of an IPv6 node that has only sixteen addresses below it, if a nibble follows."""


class ReverseTree:
    """Beginnings of the addresses that Services, and ready endpoints of theirs, have."""

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
        self._stamp: tuple[object, ...] = ()
        self._beginnings: dict[int, list[bytes]] = {4: [], 16: []}
        """By width of the address: all but the last octet, sorted, each once."""

    def holds(self, node: ReverseNode) -> bool:
        """Return whether a reverse name exists below `node`."""
        if len(node.prefix) == _LAST_OCTET_NODE and node.nibble is not None:
            first = node.nibble << 4
            below = (node.prefix + bytes((octet,)) for octet in range(first, first + 16))
            return any(self._exists(address) for address in below)
        self._collect()
        begin = node.prefix if node.nibble is None else node.prefix + bytes((node.nibble << 4,))
        beginnings = self._beginnings[node.width]
        at = bisect_left(beginnings, begin)
        if at == len(beginnings) or not beginnings[at].startswith(node.prefix):
            return False
        return node.nibble is None or beginnings[at][len(node.prefix)] >> 4 == node.nibble

    def _exists(self, address: bytes) -> bool:
        return bool(pointers(self._state, self._settings, self._is_served, address).targets)

    def _collect(self) -> None:
        state = self._state
        # The serial has whole seconds; the counts tell apart what comes within one.
        stamp = (
            state.serial,
            state.count(Service),
            state.count(EndpointSlice),
            tuple(filter(self._is_served, self._settings.namespaces)),
        )
        if stamp == self._stamp:
            return
        self._stamp = stamp
        found = set(self._each())
        for width, beginnings in self._beginnings.items():
            beginnings[:] = sorted(one for one in found if len(one) == width - 1)

    def _each(self) -> Iterator[bytes]:
        """Yield every address without its last octet."""
        state, settings = self._state, self._settings
        for service in state.services:
            if settings.namespaces and not self._is_served(service.namespace):
                continue
            yield from (address[:-1] for address in service.addresses)
            for one in () if settings.noendpoints else state.slices(*service.key):
                width, octets = one.width, one.addresses
                if width:
                    yield from (
                        octets[at * width : at * width + width - 1]
                        for at, bits in enumerate(one.conditions)
                        if bits & READY
                    )
