"""Endpoints, one by one -> the packed columns of an EndpointSlice.

Who reads slices from the API and who derives them from Pods both end here, so that a slice
looks the same wherever it came from. Nearly all slices of a cluster are of one simple form; a
list has ten thousand of them, so for that form there is a second, faster way.
"""

from collections.abc import Sequence
from typing import Self

from svcdns.cluster import structs
from svcdns.cluster.model import Condition, EndpointPort, EndpointSlice
from svcdns.cluster.sharing import Sharing, shared_text

_conditions = Sharing[bytes]()
_ports = Sharing[tuple[EndpointPort, ...]]()
_names = Sharing[tuple[str, ...]]()
_READY, _SERVING, _TERMINATING, _ = (int(bit) for bit in Condition)
_OCTETS = {str(number): number for number in range(256)}


class Columns:
    """The columns of one slice while it grows."""

    __slots__ = (
        "_addresses",
        "_conditions",
        "_fqdns",
        "_hints",
        "_hostnames",
        "_nodes",
        "_pods",
        "_zones",
    )

    def __init__(self) -> None:
        self._addresses: list[bytes] = []
        self._conditions = bytearray()
        self._hostnames: list[str] = []
        self._pods: list[str] = []
        self._nodes: list[str] = []
        self._zones: list[str] = []
        self._fqdns: list[str] = []
        self._hints: list[structs.Hints | None] = []

    @classmethod
    def of_simple(cls, endpoints: Sequence[structs.Endpoint]) -> Self | None:
        """Return the columns if each endpoint has one good IPv4 address and no hostname.

        None: not so, or something is wrong; look at them one by one.
        """
        packed: list[int] = []
        try:
            for (text,) in [endpoint.addresses for endpoint in endpoints]:  # type: ignore[misc]
                a, b, c, d = text.split(".")
                packed += (_OCTETS[a], _OCTETS[b], _OCTETS[c], _OCTETS[d])
        except (KeyError, TypeError, ValueError):
            return None
        if any(endpoint.hostname or endpoint.hints for endpoint in endpoints):
            return None
        columns = cls()
        columns._addresses = [bytes(packed)]
        columns._conditions = bytearray([condition_bits(one.conditions) for one in endpoints])
        columns._hostnames = [""] * len(endpoints)
        columns._pods = [one.target_ref.name or "" if one.target_ref else "" for one in endpoints]
        columns._nodes = shared_text.each([endpoint.node_name or "" for endpoint in endpoints])
        columns._zones = shared_text.each([endpoint.zone or "" for endpoint in endpoints])
        return columns

    def __len__(self) -> int:
        return len(self._conditions)

    def add(
        self, address: bytes, conditions: int, hostname: str, pod: str, node: str, zone: str
    ) -> None:
        """Append one address; every address of a slice has the same width.

        Args:
            address: packed; empty for a name, see `name_last`.
            conditions: bits of `model.Condition`.
            hostname: empty when there is none, as all that follow.
            pod: name of the Pod behind it.
            node: name of its Node.
            zone: topology zone of that Node.
        """
        self._addresses.append(address)
        self._conditions.append(conditions)
        # A StatefulSet's Pods are called like their hosts: one string is enough.
        self._hostnames.append(pod if hostname == pod else hostname)
        self._pods.append(pod)
        self._nodes.append(shared_text(node))
        self._zones.append(shared_text(zone))

    def name_last(self, fqdn: str) -> None:
        """Make the endpoint that was added last a name instead of an address."""
        self._fqdns.append(fqdn)

    def hint_last(self, hints: structs.Hints | None) -> None:
        """Say whom the endpoint that was added last is meant for."""
        self._hints.append(hints)

    def slice(
        self,
        namespace: str,
        name: str,
        service: str,
        width: int,
        ports: tuple[EndpointPort, ...],
    ) -> EndpointSlice:
        """Return the slice; a column without a single value is `()`."""
        return EndpointSlice(
            shared_text(namespace),
            name,
            shared_text(service),
            width,
            b"".join(self._addresses),
            _conditions(bytes(self._conditions)),
            _ports(ports),
            _column(self._hostnames),
            _column(self._pods),
            _column(self._nodes),
            _column(self._zones),
            tuple(self._fqdns),
            _hinted([one.for_zones if one else None for one in self._hints]),
            _hinted([one.for_nodes if one else None for one in self._hints]),
        )


def _column(values: list[str]) -> tuple[str, ...]:
    return tuple(values) if any(values) else ()


def _hinted(hints: Sequence[list[structs.Hint] | None]) -> tuple[tuple[str, ...], ...]:
    """Return whom each address is meant for; `()` where none is meant for anybody."""
    if not any(hints):
        return ()
    return tuple(_names(tuple(hint.name for hint in each or () if hint.name)) for each in hints)


def condition_bits(conditions: structs.EndpointConditions | None) -> int:
    """Return bits of `model.Condition`."""
    # Not set means ready and serving, but not terminating (discovery.k8s.io/v1).
    if conditions is None:
        return _READY | _SERVING
    return (
        (_READY if conditions.ready is not False else 0)
        | (_SERVING if conditions.serving is not False else 0)
        | (_TERMINATING if conditions.terminating else 0)
    )
