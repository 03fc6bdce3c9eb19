"""Names under which Services are reached from outside the cluster: `SERVICE.NAMESPACE.ZONE`.

Such a name stands for the external addresses of a Service: its `externalIPs` and what its load
balancer has. A load balancer that is only a name is a CNAME, followed through the whole server.
Where the stanza says `headless`, Services without external addresses are their ready endpoints.
What a Service is made of is `external_parts`' business.

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
)
from svcdns.answers.chase import Ask
from svcdns.answers.external_parts import external_parts, is_outside, names_of, srv_records
from svcdns.answers.external_target import (
    Target,
    no_address,
    no_namespace,
    only_server,
    target_of,
    too_long,
)
from svcdns.answers.foreign import Outcome, opened
from svcdns.answers.later import Later, then
from svcdns.answers.names import below, labels_below
from svcdns.answers.negative import Zone, name_error, nodata
from svcdns.answers.service_records import (
    Parts,
    Slices,
    addresses_of,
    has_address,
    is_labelled,
)
from svcdns.answers.settings import ExternalSettings, KubernetesSettings
from svcdns.cluster.model import Service
from svcdns.cluster.state import State
from svcdns.wire.codes import RCode, RRClass, RRType
from svcdns.wire.edns import InfoCode
from svcdns.wire.name import ROOT, OwnerName, is_within, reverse_address
from svcdns.wire.question import Question
from svcdns.wire.rrset import RRset, cname, ns, ptr

_TRANSFERS = frozenset((RRType.AXFR, RRType.IXFR))
_WIDTHS = {int(RRType.A): 4, int(RRType.AAAA): 16}
_WRITTEN_BY = "k8s_external"
_SERVER = "ns1"
_MAX_LOOKED_UP = 8
"""Names elsewhere whose addresses are put beside an SRV answer."""


class _Asked(NamedTuple):
    zone: Zone
    owner: OwnerName
    rrtype: int


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
            ask: answers what the name of a load balancer or of an endpoint stands for.
        """
        self.settings = settings
        self.cluster = cluster
        self.state = state
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
        zone = asked.zone
        if asked.rrtype == RRType.SOA:
            return Answer(answer=(zone.soa(),))
        if asked.rrtype == RRType.NS:
            first, *addresses = self.name_server(zone)
            return Answer(answer=(first,), additional=tuple(addresses))
        return nodata(zone, asked.rrtype, _missing_type(asked))

    def _below_apex(self, asked: _Asked, labels: list[str]) -> Answer:
        if labels and labels != [_SERVER]:
            why = Reason(InfoCode.OTHER, only_server, (_SERVER, ".".join(self.settings.apex)))
            return name_error(asked.zone, why, (), synced=True)
        if labels:
            for rrset in self._own_rrsets(asked.owner):
                if rrset.rrtype == asked.rrtype:
                    return Answer(answer=(rrset,))
        return nodata(asked.zone, asked.rrtype, _missing_type(asked))

    def name_server(self, zone: Zone) -> Iterator[RRset]:
        """Yield the NS record of a zone, then the addresses of the server it names."""
        server = below(zone.name, _SERVER, *self.settings.apex)
        yield ns(zone.name, self.settings.ttl, server)
        yield from self._own_rrsets(server)

    def _own_rrsets(self, owner: OwnerName) -> Iterator[RRset]:
        """Yield the addresses of this server: those its Services have outside, else its own."""
        slices = [one for address in self._local_addresses for one in self.state.slices_at(address)]
        found: dict[bytes, None] = {}
        for one in slices:
            service = self.state.service(one.namespace, one.service)
            found |= dict.fromkeys(service.outside if service is not None else ())
        if not slices:
            found = dict.fromkeys(self._local_addresses)
        for rrtype, width in _WIDTHS.items():
            records = tuple(address for address in found if len(address) == width)
            if records:
                yield RRset(owner, rrtype, self.settings.ttl, records)

    def _pointers(self, asked: _Asked, address: bytes) -> Answer:
        services = self.state.services_from_outside(address)
        first = self.settings.zones[0]
        names: list[OwnerName] = []
        for one in services:
            with suppress(ValueError):  # a name over 255 octets
                if self.is_served(one.namespace):
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
        if not self.is_served(namespace):
            why = Reason(InfoCode.OTHER, no_namespace, (namespace,))
            return self._missing(asked, why, (on_namespace(namespace),))
        if not left:
            why = Reason(InfoCode.OTHER, reason.holds_names_only, (asked.owner,))
            return nodata(asked.zone, asked.rrtype, why, (on_namespace(namespace),))
        target = target_of(namespace, left)
        if target is None:
            return self._missing(asked, Reason(InfoCode.OTHER, too_long), ())
        service = self.state.service(namespace, target.service)
        parts = () if service is None else self._parts(service, target)
        if service is None or not parts:
            why = Reason(InfoCode.OTHER, no_address, (target, service))
            return self._missing(asked, why, target.depends_on)
        if asked.rrtype == RRType.SRV:
            return self._ports(asked, target, service, parts)
        return self._addresses(asked, target, service, parts)

    def _missing(self, asked: _Asked, why: Reason, depends_on: tuple[Dependency, ...]) -> Answer:
        return name_error(asked.zone, why, depends_on, synced=self.state.synced)

    def is_served(self, namespace: str) -> bool:
        """Return whether Services of a Namespace have names here."""
        allowed = self.cluster.namespaces
        return namespace in self.state.namespaces and (not allowed or namespace in allowed)

    def slices(self, service: Service) -> Slices:
        """Return the endpoints that stand for a Service without external addresses, if any do."""
        if not self.settings.headless or self.cluster.noendpoints:
            return ()
        return self.state.slices(service.namespace, service.name)

    def _parts(self, service: Service, target: Target) -> Parts:
        if is_outside(service):
            # A label in front of the Service is not looked at, as in CoreDNS.
            return external_parts(service, (), target.port, target.protocol)
        if not service.headless and not target.endpoint:
            return ()
        pod_names = self.cluster.endpoint_pod_names
        keep = is_labelled(target.endpoint, pod_names=pod_names) if target.endpoint else None
        return external_parts(service, self.slices(service), target.port, target.protocol, keep)

    def _addresses(
        self, asked: _Asked, target: Target, service: Service, parts: Parts
    ) -> Answer | Later[Answer]:
        width = _WIDTHS.get(asked.rrtype)
        found = addresses_of(parts, width) if width is not None else ()
        if found:
            rrset = RRset(asked.owner, asked.rrtype, self.settings.ttl, found)
            return Answer(answer=(rrset,), depends_on=target.depends_on)
        names = names_of(service, parts)
        if width is not None and names and not has_address(parts):
            link = cname(asked.owner, self.settings.ttl, names[0])
            inner = self._ask(Question.of(names[0], asked.rrtype))
            return then(inner, partial(_followed, link))
        return nodata(asked.zone, asked.rrtype, _missing_type(asked), target.depends_on)

    def _ports(
        self, asked: _Asked, target: Target, service: Service, parts: Parts
    ) -> Answer | Later[Answer]:
        ttl, pod_names = self.settings.ttl, self.cluster.endpoint_pod_names
        own_name = below(asked.zone.name, target.service, target.namespace)
        answer, additional = srv_records(
            service, parts, asked.owner, own_name, ttl, pod_names=pod_names
        )
        if not answer:
            return nodata(asked.zone, asked.rrtype, _missing_type(asked), target.depends_on)
        found = Answer(answer=answer, additional=additional, depends_on=target.depends_on)
        names = names_of(service, parts)[:_MAX_LOOKED_UP]
        if not names:
            return found
        wanted = [Question.of(name, rrtype) for name in names for rrtype in _WIDTHS]
        # What others say is not to be said again: it changes without a word to us.
        return self._with_addresses(replace(found, depends_on=None), wanted)

    def _with_addresses(self, answer: Answer, wanted: list[Question]) -> Answer | Later[Answer]:
        """Return `answer` with what the whole server says to `wanted` beside it."""
        if not wanted:
            return answer
        first, *others = wanted

        def go_on(outcome: Outcome | None) -> Answer | Later[Answer]:
            return self._with_addresses(_beside(answer, outcome), others)

        return then(self._ask(first), go_on)


def _beside(answer: Answer, outcome: Outcome | None) -> Answer:
    """Return `answer` with the records of another one as additional ones."""
    records = () if outcome is None else opened(outcome).answer
    return replace(answer, additional=tuple(dict.fromkeys((*answer.additional, *records))))


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
