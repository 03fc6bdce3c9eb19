"""Who serves the node and its pods where external policy Local has servers of this node alone.

A client inside the cluster that uses a load balancer's address is sent to any endpoint, as
kube-proxy does: the address needs no outside for it.
"""

from svcdns.proxy.model import Desired, Kind, ServicePortName, VirtualKey, VirtualServer


class NearServers:
    """The cluster address of each Service port that has servers, by family and protocol."""

    def __init__(self) -> None:
        self._desired: Desired | None = None
        self._clusters: dict[tuple[ServicePortName, int, int], VirtualServer] = {}

    def follow(self, desired: Desired) -> None:
        """Take in another desired state."""
        if desired is not self._desired:
            self._desired = desired
            locals_ = {
                _place(one) for one in desired.virtual_servers.values() if one.external_local
            }
            self._clusters = {
                _place(one): one
                for one in (desired.virtual_servers.values() if locals_ else ())
                if one.kind is Kind.CLUSTER and one.servers and _place(one) in locals_
            }

    def of(self, one: VirtualServer) -> bytes:
        """Return rows of servers for the node and its pods; empty without policy Local."""
        found = self._clusters.get(_place(one)) if one.external_local else None
        return found.servers if found is not None else b""

    def key_of(self, one: VirtualServer) -> VirtualKey | None:
        """Return whose servers `of` returns."""
        found = self._clusters.get(_place(one)) if one.external_local else None
        return found.key if found is not None else None


def _place(one: VirtualServer) -> tuple[ServicePortName, int, int]:
    return one.service, one.key.protocol, len(one.key.address)
