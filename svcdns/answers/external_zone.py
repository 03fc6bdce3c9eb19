"""A zone of `k8s_external` as a whole, for those who may transfer it.

It holds what single questions are answered with, but nothing beside a CNAME. How a zone is cut
into messages is `answers.transfer`'s business.

Source: RFC 5936 section 2.2; RFC 1034 section 3.6.2.
"""

from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from svcdns.answers.external_parts import external_parts, is_outside, names_of, srv_records
from svcdns.answers.external_records import ExternalNames
from svcdns.answers.names import below
from svcdns.answers.negative import Zone
from svcdns.answers.service_records import Parts, Slices, endpoint_label, has_address
from svcdns.answers.settings import is_reverse
from svcdns.answers.transfer import address_rrsets, endpoint_rrsets
from svcdns.cluster.model import Service
from svcdns.wire.name import OwnerName
from svcdns.wire.rrset import RRset, cname


class _Held(NamedTuple):
    """A Service and its EndpointSlices as they were when the transfer began."""

    service: Service
    slices: Slices


class ExternalZone:
    """One zone of a stanza."""

    def __init__(self, names: ExternalNames, zone: Zone) -> None:
        """Describe what is transferred.

        Args:
            names: of the stanza.
            zone: one of its zones.
        """
        self._names = names
        self._zone = zone
        self._ttl = names.settings.ttl

    def serial(self) -> int:
        """Of the zone now."""
        return self._names.state.serial

    def rrsets(self) -> Iterator[RRset]:
        """Return the RRsets of this moment, the SOA first; none while the cluster is unknown.

        A reverse zone has its SOA and name server only.
        """
        if not self._names.state.synced:
            return iter(())
        apex = (self._zone.soa(), *self._names.name_server(self._zone))
        held = () if is_reverse(self._zone.name) else tuple(self._held())
        return chain(apex, chain.from_iterable(map(self._of_service, held)))

    def _held(self) -> Iterator[_Held]:
        names = self._names
        for service in names.state.services:
            if names.is_served(service.namespace):
                slices = names.slices(service) if service.headless else ()
                if is_outside(service) or slices:
                    yield _Held(service, slices)

    def _of_service(self, held: _Held) -> Iterator[RRset]:
        service, slices = held
        try:
            name = below(self._zone.name, service.name, service.namespace)
        except ValueError:
            return  # over 255 octets: nobody can ask for it either
        parts = external_parts(service, slices)
        elsewhere = names_of(service, parts)
        if elsewhere and not has_address(parts):
            yield cname(name, self._ttl, elsewhere[0])
        else:
            yield from address_rrsets(name, self._ttl, parts)
            yield from self._srv(service, name, name, parts)
        if not is_outside(service):
            pod_names = self._names.cluster.endpoint_pod_names
            yield from endpoint_rrsets(name, self._ttl, parts, pod_names=pod_names)
            yield from self._aliases(name, parts, pod_names=pod_names)
        yield from self._ports(held, name)

    def _aliases(self, name: OwnerName, parts: Parts, *, pod_names: bool) -> Iterator[RRset]:
        """Yield a CNAME for each endpoint that is a name."""
        found: dict[OwnerName, OwnerName] = {}
        for part in parts:
            if part.slice is None or part.slice.width:
                continue
            for index in part.indexes:
                alone = part._replace(indexes=(index,))
                label = endpoint_label(part.slice, index, pod_names=pod_names)
                for target in names_of(_NOBODY, (alone,)):
                    try:
                        found.setdefault(below(name, label), target)
                    except ValueError:
                        continue  # too long: this endpoint has no name of its own
        yield from (cname(owner, self._ttl, target) for owner, target in found.items())

    def _ports(self, held: _Held, name: OwnerName) -> Iterator[RRset]:
        service, slices = held
        listed = (service,) if is_outside(service) else slices
        ports = dict.fromkeys(
            (port.name.lower(), port.protocol.lower())
            for one in listed
            for port in one.ports
            if port.name
        )
        for port, protocol in ports:
            parts = external_parts(service, slices, port, protocol)
            try:
                owner = below(name, f"_{port}", f"_{protocol}")
            except ValueError:
                continue
            yield from self._srv(service, owner, name, parts)

    def _srv(
        self, service: Service, owner: OwnerName, name: OwnerName, parts: Parts
    ) -> tuple[RRset, ...]:
        pod_names = self._names.cluster.endpoint_pod_names
        return srv_records(service, parts, owner, name, self._ttl, pod_names=pod_names)[0]


_NOBODY = Service("", "")
"""Has no external name: only endpoints are looked at."""
