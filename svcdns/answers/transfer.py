"""A zone as the messages of a transfer, and the zones of a cluster as RRsets.

What is sent is what was there when the transfer began: the objects of a cluster are values, so
holding on to them is enough. Their records are made message by message, as the client takes
them. Who may have a zone is not decided here.

Source: RFC 5936 sections 2.2 and 2.2.5; RFC 1995 section 4 (a whole zone answers IXFR too).
"""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from svcdns.answers.chase import cname_target
from svcdns.answers.name_servers import name_servers
from svcdns.answers.names import below
from svcdns.answers.negative import Zone
from svcdns.answers.service_records import (
    Parts,
    Slices,
    addresses_of,
    cluster_parts,
    endpoint_label,
    endpoint_parts,
    fqdn_of,
    has_address,
    is_ready,
    service_name,
    srv_rrsets,
)
from svcdns.answers.settings import KubernetesSettings, is_reverse
from svcdns.cluster.model import Service
from svcdns.cluster.state import State
from svcdns.wire.codes import RRType
from svcdns.wire.name import OwnerName
from svcdns.wire.rrset import RRset, cname, ns

MESSAGE_SIZE = 16_000
"""Octets of records in one message, before names are compressed: pointers reach 16,383, and
composing it takes about a millisecond."""
_FIXED_SIZE = 10
_PIECE = 200
"""Records of one RRset that are weighed at once."""
_TYPE_BY_WIDTH = {4: RRType.A, 16: RRType.AAAA}


def messages(soa: RRset, others: Iterable[RRset]) -> Iterator[tuple[RRset, ...]]:
    """Yield the answer sections of a transfer: the SOA, all other RRsets, the SOA again."""
    message: list[RRset] = []
    size = 0
    for piece in chain((soa,), _pieces(others), (soa,)):
        octets = sum(map(len, piece.records))
        octets += (len(piece.owner) + _FIXED_SIZE) * len(piece.records)
        if message and size + octets > MESSAGE_SIZE:
            yield tuple(message)
            message, size = [], 0
        message.append(piece)
        size += octets
    yield tuple(message)


def _pieces(rrsets: Iterable[RRset]) -> Iterator[RRset]:
    """Yield every RRset, large ones in parts."""
    for rrset in rrsets:
        records = rrset.records
        if len(records) <= _PIECE:
            yield rrset
            continue
        for start in range(0, len(records), _PIECE):
            part = records[start : start + _PIECE]
            yield RRset(rrset.owner, rrset.rrtype, rrset.ttl, part, rrset.rrclass)


class _Held(NamedTuple):
    """A Service and its EndpointSlices as they were when the transfer began."""

    service: Service
    slices: Slices


class ClusterZone:
    """One zone of a `kubernetes` stanza, as a whole."""

    def __init__(
        self,
        zone: Zone,
        settings: KubernetesSettings,
        state: State,
        local_addresses: tuple[bytes, ...] = (),
    ) -> None:
        """Describe what is transferred.

        Args:
            zone: of the stanza.
            settings: the stanza.
            state: the cluster as the stanza sees it.
            local_addresses: packed addresses that this process is reached at.
        """
        self.name = zone.name
        self._zone = zone
        self._settings = settings
        self._state = state
        self._local_addresses = local_addresses

    def serial(self) -> int:
        """Of the zone now."""
        return self._state.serial

    def rrsets(self) -> Iterator[RRset]:
        """Return the RRsets of this moment, the SOA first; none while the cluster is unknown.

        Names of Pods and of addresses are not among them: they follow from the question.
        """
        if not self._state.synced:
            return iter(())
        apex = [self._zone.soa(), *self._name_servers()]
        held = () if is_reverse(self.name) else tuple(self._held())
        return chain(apex, chain.from_iterable(map(self._of_service, held)))

    def _name_servers(self) -> Iterator[RRset]:
        ttl = self._settings.ttl
        servers = name_servers(self._state, self._settings, self.name, self._local_addresses)
        names = dict.fromkeys(server.name for server in servers)
        if names:
            yield ns(self.name, ttl, *names)
        ours = below(self.name, "ns", "dns")
        # Other names are those of Services, whose addresses come with them.
        packed = [server.address for server in servers if server.name == ours]
        for width, rrtype in _TYPE_BY_WIDTH.items():
            found = tuple(address for address in packed if len(address) == width)
            if found:
                yield RRset(ours, rrtype, ttl, found)

    def _held(self) -> Iterator[_Held]:
        state, settings = self._state, self._settings
        allowed = settings.namespaces
        for service in state.services:
            namespace = service.namespace
            if namespace not in state.namespaces or (allowed and namespace not in allowed):
                continue
            is_needed = service.headless or settings.ignore_empty_service
            slices: Slices = ()
            if is_needed and not settings.noendpoints:
                slices = state.slices(namespace, service.name)
            yield _Held(service, slices)

    def _of_service(self, held: _Held) -> Iterator[RRset]:
        service, slices = held
        try:
            name = service_name(self.name, service.namespace, service.name)
        except ValueError:
            return  # over 255 octets: nobody can ask for it either
        if service.type == "ExternalName":
            yield from self._alias(name, service.external_name)
            return
        if service.headless:
            yield from self._headless(name, slices)
        elif not self._settings.ignore_empty_service or is_ready(slices):
            yield from self._clustered(name, service)

    def _alias(self, name: OwnerName, text: str) -> Iterator[RRset]:
        target = cname_target(text)
        if target is not None:
            yield cname(name, self._settings.ttl, target)

    def _clustered(self, name: OwnerName, service: Service) -> Iterator[RRset]:
        parts = cluster_parts(service)
        yield from address_rrsets(name, self._settings.ttl, parts)
        yield from self._srv(name, name, parts)
        for port in service.ports:
            if port.name:
                selected = cluster_parts(service, port.name.lower(), port.protocol.lower())
                yield from self._port(name, port.name, port.protocol, selected)

    def _headless(self, name: OwnerName, slices: Slices) -> Iterator[RRset]:
        parts = endpoint_parts(slices)
        target = None if has_address(parts) else cname_target(fqdn_of(parts))
        if target is not None:
            yield cname(name, self._settings.ttl, target)
            return
        ttl, pod_names = self._settings.ttl, self._settings.endpoint_pod_names
        yield from address_rrsets(name, ttl, parts)
        yield from endpoint_rrsets(name, ttl, parts, pod_names=pod_names)
        yield from self._srv(name, name, parts)
        ports = dict.fromkeys(
            (port.name, port.protocol) for one in slices for port in one.ports if port.name
        )
        for port, protocol in ports:
            selected = endpoint_parts(slices, port.lower(), protocol.lower())
            yield from self._port(name, port, protocol, selected)

    def _port(self, name: OwnerName, port: str, protocol: str, parts: Parts) -> Iterator[RRset]:
        try:
            owner = below(name, f"_{port.lower()}", f"_{protocol.lower()}")
        except ValueError:
            return
        yield from self._srv(owner, name, parts)

    def _srv(self, owner: OwnerName, service: OwnerName, parts: Parts) -> tuple[RRset, ...]:
        settings = self._settings
        pod_names = settings.endpoint_pod_names
        return srv_rrsets(parts, owner, settings.ttl, service, pod_names=pod_names)[0]


def address_rrsets(name: OwnerName, ttl: int, parts: Parts) -> Iterator[RRset]:
    """Yield the A and AAAA sets of what a name selects."""
    for width, rrtype in _TYPE_BY_WIDTH.items():
        found = addresses_of(parts, width)
        if found:
            yield RRset(name, rrtype, ttl, found)


def endpoint_rrsets(name: OwnerName, ttl: int, parts: Parts, *, pod_names: bool) -> Iterator[RRset]:
    """Yield the addresses of endpoints at names of their own, below the Service's `name`."""
    found: dict[tuple[OwnerName, int], dict[bytes, None]] = {}
    for part in parts:
        if part.slice is None or not part.slice.width:
            continue
        for index, address in zip(part.indexes, part.addresses, strict=True):
            label = endpoint_label(part.slice, index, pod_names=pod_names)
            try:
                owner = below(name, label)
            except ValueError:
                continue  # too long: this endpoint has no name of its own
            found.setdefault((owner, len(address)), {})[address] = None
    for (owner, width), addresses in found.items():
        yield RRset(owner, _TYPE_BY_WIDTH[width], ttl, tuple(addresses))
