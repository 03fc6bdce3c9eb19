"""Who serves the node and its pods where external policy Local has servers of this node alone.

A client inside the cluster that uses a load balancer's address is sent to any endpoint, as
kube-proxy does: the address needs no outside for it.
"""

from svcdns.proxy.diff import changed_keys
from svcdns.proxy.model import Desired, Kind, ServicePortName, VirtualKey, VirtualServer

_Place = tuple[ServicePortName, int, int]


class NearServers:
    """The cluster address of each Service port, by family and protocol, and who needs it."""

    def __init__(self) -> None:
        self._desired = Desired()
        self._clusters: dict[_Place, VirtualServer] = {}
        self._locals: dict[_Place, set[VirtualKey]] = {}
        """Virtual servers of policy Local."""

    def follow(self, desired: Desired) -> list[VirtualKey]:
        """Take in another desired state; return what is not the same as in the one before.

        That are the virtual servers that are others, and those whose servers for the node and
        its pods may be.
        """
        before, self._desired = self._desired, desired
        changed = changed_keys(before, desired)
        places: set[_Place] = set()
        for key in changed:
            one = before.virtual_servers.get(key)
            if one is not None and one.kind is Kind.CLUSTER:
                self._clusters.pop(_place(one), None)
                places.add(_place(one))
            if one is not None and one.external_local:
                self._let_go(one)
        for key in changed:
            one = desired.virtual_servers.get(key)
            if one is not None and one.kind is Kind.CLUSTER:
                self._clusters[_place(one)] = one
                places.add(_place(one))
            if one is not None and one.external_local:
                self._locals.setdefault(_place(one), set()).add(key)
        near = {key for place in places for key in self._locals.get(place, ())}
        return [*changed, *sorted(near.difference(changed))]

    def of(self, one: VirtualServer) -> bytes:
        """Return rows of servers for the node and its pods; empty without policy Local."""
        found = self._clusters.get(_place(one)) if one.external_local else None
        return found.servers if found is not None else b""

    def key_of(self, one: VirtualServer) -> VirtualKey | None:
        """Return whose servers `of` returns."""
        found = self._clusters.get(_place(one)) if one.external_local else None
        return found.key if found is not None and found.servers else None

    def _let_go(self, one: VirtualServer) -> None:
        keys = self._locals[_place(one)]
        keys.discard(one.key)
        if not keys:
            del self._locals[_place(one)]


def _place(one: VirtualServer) -> _Place:
    return one.service, one.key.protocol, len(one.key.address)
