"""Names under which Services are reached from outside the cluster: `SERVICE.NAMESPACE.ZONE`.

Such a name stands for the external addresses of a Service: its `externalIPs` and what its load
balancer has. A load balancer that is only a name is a CNAME, followed through the whole server.
Where the stanza says `headless`, Services without external addresses are their ready endpoints.

Source: the k8s_external plugin of CoreDNS 1.15; SRV: RFC 2782.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from svcdns.answers import reason
from svcdns.answers.answer import (
    Answer,
    Dependency,
    Reason,
    on_address,
    on_namespace,
    on_service,
)
from svcdns.answers.chase import Ask, cname_target
from svcdns.answers.foreign import Outcome, opened
from svcdns.answers.later import Later, then
from svcdns.answers.names import below, labels_below
from svcdns.answers.negative import Zone, name_error, nodata
from svcdns.answers.service_records import (
    Part,
    Parts,
    addresses_of,
    cluster_parts,
    endpoint_parts,
    is_labelled,
    srv_rrsets,
)
from svcdns.answers.settings import ExternalSettings, KubernetesSettings
from svcdns.cluster.model import Service
from svcdns.cluster.state import State
from svcdns.wire.codes import RCode, RRClass, RRType
from svcdns.wire.edns import InfoCode
from svcdns.wire.name import ROOT, OwnerName, is_within, label_text, reverse_address
from svcdns.wire.question import Question
from svcdns.wire.rrset import RRset, cname, ns, ptr, srv_record

_TRANSFERS = frozenset((RRType.AXFR, RRType.IXFR))
_WIDTHS = {int(RRType.A): 4, int(RRType.AAAA): 16}
_WRITTEN_BY = "k8s_external"
_SERVER = "ns1"


class _Asked(NamedTuple):
    zone: Zone
    owner: OwnerName
    rrtype: int


class _Target(NamedTuple):
    """What the labels of a name mean."""

    namespace: str
    service: str
    endpoint: str = ""
    port: str = ""
    protocol: str = ""

    @property
    def depends_on(self) -> tuple[Dependency, ...]:
        return (on_namespace(self.namespace), on_service(self.namespace, self.service))


class ExternalNames:
    """All names of one `k8s_external` stanza."""

    def __init__(
        self,
        settings: ExternalSettings,
        cluster: KubernetesSettings,
        state: State,
        *,
        local_addresses: tuple[bytes, ...] = (),
        ask: Ask,
    ) -> None:
        """Serve a stanza.

        Args:
            settings: the stanza.
            cluster: the `kubernetes` stanza beside it: which Namespaces there are.
            state: the cluster as that one sees it.
            local_addresses: packed addresses that this process is reached at.
            ask: answers what a load balancer's name stands for.
        """
        self.settings = settings
        self._cluster = cluster
        self._state = state
        self._local_addresses = local_addresses
        self._ask = ask
        self.zones = tuple(
            Zone(
                name,
                settings.ttl,
                state,
                server=(_SERVER, *settings.apex),
                mailbox=("hostmaster", *settings.apex),
            )
            for name in settings.zones
        )
        self._longest_first = sorted(self.zones, key=lambda zone: -len(zone.name))

    def find(self, question: Question) -> Answer | Later[Answer] | None:
        """Return the answer; None if the question is not for one of the zones, or not of IN.

        A name that does not exist is NXDOMAIN, SERVFAIL before the first lists are in; whether
        such an answer is sent or the question passed on is not decided here.
        """
        owner, rrtype = question.owner, question.rrtype
        zone = next((zone for zone in self._longest_first if is_within(owner, zone.name)), None)
        if zone is None or question.rrclass != RRClass.IN:
            return None
        if rrtype in _TRANSFERS:
            why = Reason(InfoCode.NOT_SUPPORTED, reason.transfer_refused)
            return _signed(Answer(RCode.REFUSED, authoritative=False, reason=why))
        labels = labels_below(owner, zone.name) or []
        return then(self._resolve(_Asked(zone, owner, rrtype), labels), _signed)

    def is_passed_on(self, owner: OwnerName) -> bool:
        """Return whether a lower-case name that does not exist goes to the next directive."""
        zones = self.settings.fallthrough or ()
        return any(zone == ROOT or is_within(owner, zone) for zone in zones)

    def _resolve(self, asked: _Asked, labels: list[str]) -> Answer | Later[Answer]:
        if not labels:
            return self._apex(asked)
        apex = self.settings.apex
        if tuple(labels[-len(apex) :]) == apex:
            return self._below_apex(asked, labels[: -len(apex)])
        if asked.rrtype == RRType.PTR:
            address = reverse_address(asked.owner)
            if address is not None:
                return self._pointers(asked, address)
        return self._named(asked, labels)

    def _apex(self, asked: _Asked) -> Answer:
        zone, ttl = asked.zone, self.settings.ttl
        if asked.rrtype == RRType.SOA:
            return Answer(answer=(zone.soa(),))
        if asked.rrtype == RRType.NS:
            server = below(zone.name, _SERVER, *self.settings.apex)
            return Answer(
                answer=(ns(zone.name, ttl, server),), additional=tuple(self._own_rrsets(server))
            )
        return nodata(zone, asked.rrtype, _missing_type(asked))

    def _below_apex(self, asked: _Asked, labels: list[str]) -> Answer:
        if labels and labels != [_SERVER]:
            why = Reason(InfoCode.OTHER, _only_server, (".".join(self.settings.apex),))
            return name_error(asked.zone, why, (), synced=True)
        if labels:
            for rrset in self._own_rrsets(asked.owner):
                if rrset.rrtype == asked.rrtype:
                    return Answer(answer=(rrset,))
        return nodata(asked.zone, asked.rrtype, _missing_type(asked))

    def _own_rrsets(self, owner: OwnerName) -> Iterator[RRset]:
        """Yield the addresses of this server: those its Services have outside, else its own."""
        slices = [
            one for address in self._local_addresses for one in self._state.slices_at(address)
        ]
        found: dict[bytes, None] = {}
        for one in slices:
            service = self._state.service(one.namespace, one.service)
            found |= dict.fromkeys(service.outside if service is not None else ())
        if not slices:
            found = dict.fromkeys(self._local_addresses)
        for rrtype, width in _WIDTHS.items():
            records = tuple(address for address in found if len(address) == width)
            if records:
                yield RRset(owner, rrtype, self.settings.ttl, records)

    def _pointers(self, asked: _Asked, address: bytes) -> Answer:
        services = self._state.services_from_outside(address)
        first = self.settings.zones[0]
        names: list[OwnerName] = []
        for one in services:
            with suppress(ValueError):  # a name over 255 octets
                if self._is_served(one.namespace):
                    names.append(below(first, one.name, one.namespace))
        spaces = [on_namespace(one.namespace) for one in services]
        depends_on = (on_address(address), *spaces)
        if not names:
            why = Reason(InfoCode.OTHER, reason.address_unknown, (address,))
            return self._missing(asked, why, depends_on)
        answer = ptr(asked.owner, self.settings.ttl, *dict.fromkeys(names))
        return Answer(answer=(answer,), depends_on=depends_on)

    def _named(self, asked: _Asked, labels: list[str]) -> Answer | Later[Answer]:
        *left, namespace = labels
        if not self._is_served(namespace):
            why = Reason(InfoCode.OTHER, _no_namespace, (namespace,))
            return self._missing(asked, why, (on_namespace(namespace),))
        if not left:
            why = Reason(InfoCode.OTHER, reason.holds_names_only, (asked.owner,))
            return nodata(asked.zone, asked.rrtype, why, (on_namespace(namespace),))
        target = _target(namespace, left)
        if target is None:
            return self._missing(asked, Reason(InfoCode.OTHER, _too_long), ())
        service = self._state.service(namespace, target.service)
        parts = () if service is None else self._parts(service, target)
        if service is None or not parts:
            why = Reason(InfoCode.OTHER, _no_address, (target, service))
            return self._missing(asked, why, target.depends_on)
        if asked.rrtype == RRType.SRV:
            return self._ports(asked, target, service, parts)
        return self._addresses(asked, target, service, parts)

    def _missing(self, asked: _Asked, why: Reason, depends_on: tuple[Dependency, ...]) -> Answer:
        return name_error(asked.zone, why, depends_on, synced=self._state.synced)

    def _is_served(self, namespace: str) -> bool:
        allowed = self._cluster.namespaces
        return namespace in self._state.namespaces and (not allowed or namespace in allowed)

    def _parts(self, service: Service, target: _Target) -> Parts:
        """Return what a name selects; without addresses of its own where there are only names."""
        if service.outside or service.outside_names:
            # A label in front of the Service is not looked at, as in CoreDNS.
            selected = cluster_parts(service, target.port, target.protocol)
            return tuple(Part(service.outside, part.ports) for part in selected)
        if not self.settings.headless or self._cluster.noendpoints:
            return ()
        if not service.headless and not target.endpoint:
            return ()
        pod_names = self._cluster.endpoint_pod_names
        keep = is_labelled(target.endpoint, pod_names=pod_names) if target.endpoint else None
        slices = self._state.slices(service.namespace, service.name)
        return endpoint_parts(slices, target.port, target.protocol, keep)

    def _addresses(
        self, asked: _Asked, target: _Target, service: Service, parts: Parts
    ) -> Answer | Later[Answer]:
        width = _WIDTHS.get(asked.rrtype)
        found = addresses_of(parts, width) if width is not None else ()
        if found:
            rrset = RRset(asked.owner, asked.rrtype, self.settings.ttl, found)
            return Answer(answer=(rrset,), depends_on=target.depends_on)
        names = _targets_of(service)
        if width is not None and names and not service.outside:
            link = cname(asked.owner, self.settings.ttl, names[0])
            inner = self._ask(Question.of(names[0], asked.rrtype))
            return then(inner, partial(_followed, link))
        return nodata(asked.zone, asked.rrtype, _missing_type(asked), target.depends_on)

    def _ports(self, asked: _Asked, target: _Target, service: Service, parts: Parts) -> Answer:
        ttl, names = self.settings.ttl, _targets_of(service)
        own_name = below(asked.zone.name, target.service, target.namespace)
        pod_names = self._cluster.endpoint_pod_names
        answer, additional = srv_rrsets(parts, asked.owner, ttl, own_name, pod_names=pod_names)
        ports = [port for part in parts for port in part.ports if port is not None]
        if names and ports:
            weight = max(1, 100 // ((len(service.outside) + len(names)) * len(ports)))
            targets = (*([own_name] if service.outside else ()), *names)
            records = [srv_record(0, weight, port, name) for name in targets for port in ports]
            answer = (RRset(asked.owner, RRType.SRV, ttl, tuple(dict.fromkeys(records))),)
        if answer:
            return Answer(answer=answer, additional=additional, depends_on=target.depends_on)
        return nodata(asked.zone, asked.rrtype, _missing_type(asked), target.depends_on)


def _target(namespace: str, left: list[str]) -> _Target | None:
    """Return what the labels left of the Namespace mean; None if there are too many."""
    match left:
        case [service]:
            return _Target(namespace, service)
        case [endpoint, service]:
            return _Target(namespace, service, endpoint=endpoint.removeprefix("_"))
        case [port, protocol, service]:
            return _Target(
                namespace, service, "", port.removeprefix("_"), protocol.removeprefix("_")
            )
        case _:
            return None


def _targets_of(service: Service) -> list[OwnerName]:
    return [name for name in map(cname_target, service.outside_names) if name is not None]


def _followed(link: RRset, outcome: Outcome | None) -> Answer:
    """Return a CNAME and what others say to its target."""
    inner = None if outcome is None else opened(outcome)
    if inner is None or any(rrset.owner == link.owner for rrset in inner.answer):
        return Answer(answer=(link,))
    return Answer(answer=(link, *inner.answer))


def _signed(answer: Answer) -> Answer:
    return replace(answer, written_by=_WRITTEN_BY)


def _missing_type(asked: _Asked) -> Reason:
    return Reason(InfoCode.OTHER, reason.missing_type, (asked.owner, asked.rrtype))


def _only_server(apex: str) -> str:
    return f"below '{apex}' there is only '{_SERVER}', the name server of the zone"


def _too_long() -> str:
    return (
        "the name has too many labels: it is SERVICE.NAMESPACE, or _PORT._PROTOCOL in front of that"
    )


def _no_namespace(namespace: str) -> str:
    return f"no Namespace {_quoted(namespace)}"


def _no_address(target: _Target, service: Service | None) -> str:
    if service is None:
        return f"no Service {_quoted(target.service)} in Namespace {_quoted(target.namespace)}"
    called = f"Service {service.namespace}/{service.name}"
    if service.outside or service.outside_names:
        return f"{called} has no port {_quoted(target.port)} of {_quoted(target.protocol)}"
    return f"{called} has no external address: neither externalIPs nor a load balancer's"


def _quoted(label: str) -> str:
    return f"'{label_text(label.encode('latin-1'))}'"
