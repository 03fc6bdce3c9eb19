"""Names below `svc`: from what the name means to what the cluster has there.

Records are made in `service_records`, CNAMEs are followed in `chase`; here it is decided
whether a name exists, and if not, which of the facts is to blame.

Source: Kubernetes DNS-Based Service Discovery 1.1.0 sections 2.3 to 2.5.
"""

from collections.abc import Sequence
from itertools import islice

from svcdns.answers import reason
from svcdns.answers.answer import (
    ON_NAMESPACES,
    Answer,
    Reason,
    on_namespace,
    on_service,
    on_services_named,
)
from svcdns.answers.asked import Asked
from svcdns.answers.chase import Chase, Dependencies, cname_target
from svcdns.answers.later import Later
from svcdns.answers.names import EndpointName, PortName, ServiceName, ZonalName
from svcdns.answers.negative import name_error, nodata
from svcdns.answers.reason import BelowService
from svcdns.answers.service_records import (
    Parts,
    Slices,
    addresses_of,
    cluster_parts,
    endpoint_parts,
    fqdn_of,
    has_address,
    is_in_zone,
    is_labelled,
    is_ready,
    service_name,
    slices_with,
    srv_rrsets,
)
from svcdns.answers.settings import KubernetesSettings
from svcdns.cluster.model import Service
from svcdns.cluster.state import State
from svcdns.wire.codes import RRType
from svcdns.wire.edns import InfoCode
from svcdns.wire.name import OwnerName
from svcdns.wire.rrset import RRset, cname

_A, _AAAA, _CNAME, _SRV = map(int, (RRType.A, RRType.AAAA, RRType.CNAME, RRType.SRV))
_OTHER = int(InfoCode.OTHER)
_EXTERNAL_NAME = "ExternalName"
_ZONE_MARKER = "_zone"
_DIRECTIVES = ("pin", "prefer")


def service_dependencies(name: BelowService) -> Dependencies:
    """Return what an answer about a name below a Service is made of."""
    return (on_namespace(name.namespace), on_service(name.namespace, name.service))


def missing_dependencies(name: BelowService) -> Dependencies:
    """Return what it depends on that such a name is missing, and what is said about it."""
    return (*service_dependencies(name), on_services_named(name.service), ON_NAMESPACES)


class ServiceLookup:
    """Answers names below `svc`."""

    def __init__(self, settings: KubernetesSettings, state: State, chase: Chase) -> None:
        self._settings = settings
        self._state = state
        self._chase = chase

    def is_served(self, namespace: str) -> bool:
        """Return whether the Namespace exists and the stanza serves it."""
        allowed = self._settings.namespaces
        return namespace in self._state.namespaces and (not allowed or namespace in allowed)

    def elsewhere(self, service: str) -> Sequence[str]:
        """Return the first of the served Namespaces with a Service of that name."""
        served = filter(self.is_served, self._state.namespaces_of(service))
        return tuple(islice(served, reason.FEW))

    def no_namespace(self, namespace: str, name: reason.InNamespace) -> Reason:
        """Return why a Namespace is not served."""
        allowed = self._settings.namespaces
        if allowed and namespace not in allowed:
            return Reason(_OTHER, reason.namespace_not_served, (namespace,))
        return Reason(_OTHER, reason.no_namespace, (self.elsewhere, name))

    def find(self, asked: Asked, name: BelowService) -> Answer | Later[Answer]:
        """Return the answer for any name at or below a Service."""
        state = self._state
        namespace = name[0]
        if not self.is_served(namespace):
            return self._missing(asked, name, self.no_namespace(namespace, name))
        service = state.service(namespace, name[1])
        if service is None:
            why = Reason(_OTHER, reason.no_service, (self.elsewhere, name))
            return self._missing(asked, name, why)
        if service.type == _EXTERNAL_NAME:
            return self._external(asked, name, service)
        slices = () if self._settings.noendpoints else state.slices(namespace, name[1])
        parts = self._select(service, slices, name)
        if parts is None:
            return self._missing(asked, name, self._why_missing(service, slices, name))
        return self._records(asked, name, service, parts)

    def _external(
        self, asked: Asked, name: BelowService, service: Service
    ) -> Answer | Later[Answer]:
        if not isinstance(name, ServiceName):
            why = Reason(_OTHER, reason.below_external_name, (service,))
            return self._missing(asked, name, why)
        target = cname_target(service.external_name)
        if target is None:
            why = Reason(_OTHER, reason.unusable_external_name, (service,))
            return self._missing(asked, name, why)
        depends_on = service_dependencies(name)
        if asked.rrtype == _CNAME:
            link = cname(asked.owner, self._settings.ttl, target)
            return Answer(answer=(link,), depends_on=depends_on)
        if asked.rrtype in (_A, _AAAA):
            return self._chase.follow(asked, service, target, depends_on)
        return self._nodata(asked, service, depends_on)

    def _missing(self, asked: Asked, name: BelowService, why: Reason) -> Answer:
        return name_error(asked.zone, why, missing_dependencies(name), synced=self._state.synced)

    def _select(self, service: Service, slices: Slices, name: BelowService) -> Parts | None:
        """Return what the name selects; `()` if it exists without, None if it does not exist."""
        if self._is_hidden(service, slices):
            return None
        match name:
            case ServiceName():
                return self._ported(service, slices) or None
            case PortName():
                return self._port(service, slices, name)
            case EndpointName():
                return self._endpoint(service, slices, name.endpoint)
            case ZonalName():
                return self._zonal(service, slices, name)

    def _port(self, service: Service, slices: Slices, name: PortName) -> Parts | None:
        parts = self._ported(service, slices, name.port, name.protocol)
        is_node = name.protocol_label == _ZONE_MARKER and name.port_label in _DIRECTIVES
        if is_node and not parts and self._is_zonal(service):
            return ()
        return parts or None

    def _zonal(self, service: Service, slices: Slices, name: ZonalName) -> Parts | None:
        if not self._is_zonal(service):
            return None
        parts = endpoint_parts(slices, keep=is_in_zone(name.zone))
        return parts or (endpoint_parts(slices) if name.directive == "prefer" else ())

    def _ported(
        self, service: Service, slices: Slices, port: str = "", protocol: str = ""
    ) -> Parts:
        if service.headless:
            return endpoint_parts(slices, port, protocol)
        return cluster_parts(service, port, protocol)

    def _endpoint(self, service: Service, slices: Slices, label: str) -> Parts | None:
        pod_names = self._settings.endpoint_pod_names
        few = slices_with(slices, label, pod_names=pod_names)
        parts = endpoint_parts(few, keep=is_labelled(label, pod_names=pod_names))
        if parts:
            return parts
        # No endpoint, but perhaps the node that port names hang from: what has names below
        # it exists (RFC 8020 section 2), so this may not be NXDOMAIN.
        if self._ported(service, slices, protocol=label.removeprefix("_")):
            return ()
        return () if label == _ZONE_MARKER and self._is_zonal(service) else None

    def _is_zonal(self, service: Service) -> bool:
        # Any topology zone has a name, whoever is ready and wherever: a zone that is drained
        # for a moment may not become a name that resolvers keep as missing.
        return self._settings.zonal and service.headless

    def _is_hidden(self, service: Service, slices: Slices) -> bool:
        return self._settings.ignore_empty_service and not service.headless and not is_ready(slices)

    def _why_missing(self, service: Service, slices: Slices, name: BelowService) -> Reason:
        settings = self._settings
        is_hidden = self._is_hidden(service, slices)
        if settings.noendpoints and (
            is_hidden or service.headless or isinstance(name, EndpointName)
        ):
            return Reason(_OTHER, reason.endpoints_off, (service,))
        if is_hidden:
            return Reason(_OTHER, reason.empty_service, (service, slices))
        if isinstance(name, ZonalName) and not service.headless:
            return Reason(_OTHER, reason.zonal_not_headless, (service,))
        if service.headless and not is_ready(slices):
            return Reason(_OTHER, reason.nothing_ready, (service, slices))
        if isinstance(name, EndpointName):
            facts = (service, slices, name, settings.endpoint_pod_names)
            return Reason(_OTHER, reason.no_endpoint, facts)
        return Reason(_OTHER, reason.no_port, (service, slices, name))

    def _records(
        self, asked: Asked, name: BelowService, service: Service, parts: Parts
    ) -> Answer | Later[Answer]:
        depends_on = service_dependencies(name)
        answer: Answer | Later[Answer] | None = None
        if not parts:
            why = Reason(_OTHER, reason.holds_names_only, (asked.owner,))
            if isinstance(name, ZonalName):
                why = Reason(_OTHER, reason.none_in_zone, (service, name))
            answer = nodata(asked.zone, asked.rrtype, why, depends_on)
        elif asked.rrtype == _SRV:
            answer = self._srv(asked, service, parts, depends_on)
        elif asked.rrtype == _CNAME:
            target = _target(parts)
            if target is not None:
                link = cname(asked.owner, self._settings.ttl, target)
                answer = Answer(answer=(link,), depends_on=depends_on)
        elif asked.rrtype in (_A, _AAAA):
            answer = self._addresses(asked, service, parts, depends_on)
        return answer or self._nodata(asked, service, depends_on)

    def _srv(
        self, asked: Asked, service: Service, parts: Parts, depends_on: Dependencies
    ) -> Answer | None:
        target = service_name(asked.zone.name, service.namespace, service.name)
        ttl, pod_names = self._settings.ttl, self._settings.endpoint_pod_names
        answer, additional = srv_rrsets(parts, asked.owner, ttl, target, pod_names=pod_names)
        if not answer:
            return None
        return Answer(answer=answer, additional=additional, depends_on=depends_on)

    def _addresses(
        self, asked: Asked, service: Service, parts: Parts, depends_on: Dependencies
    ) -> Answer | Later[Answer]:
        rrtype = asked.rrtype
        addresses = addresses_of(parts, 4 if rrtype == _A else 16)
        if addresses:
            rrset = RRset(asked.owner, rrtype, self._settings.ttl, addresses)
            return Answer(answer=(rrset,), depends_on=depends_on)
        target = _target(parts)
        if target is not None:
            return self._chase.follow(asked, service, target, depends_on)
        facts = (service, rrtype, has_address(parts))
        why = Reason(_OTHER, reason.missing_family, facts)
        return nodata(asked.zone, rrtype, why, depends_on)

    def _nodata(self, asked: Asked, service: Service, depends_on: Dependencies) -> Answer:
        why = Reason(_OTHER, reason.missing_type, (asked.owner, asked.rrtype, service))
        return nodata(asked.zone, asked.rrtype, why, depends_on)


def _target(parts: Parts) -> OwnerName | None:
    """Return the name that stands in for the addresses of `parts`, if there are none.

    A name with a CNAME has nothing else (RFC 2181 section 10.1): an endpoint that is a name
    counts only where no endpoint is an address, and only the first does.
    """
    return None if has_address(parts) else cname_target(fqdn_of(parts))
