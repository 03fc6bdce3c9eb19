"""One `kubernetes` stanza: from a question to its answer, computed from the cluster's state.

What a name means is `names`'s business, what Services answer `service_lookup`'s; this module
finds the zone and hands out the question, and answers what belongs to the zone itself, to
pods and to addresses. It reads the state and never changes it; keeping answers, and passing a
question on to the next directive, are its callers' business.

Source: Kubernetes DNS-Based Service Discovery 1.1.0; RFC 1034 section 4.3.2; RFC 8020.
"""

from collections.abc import Callable
from itertools import islice
from typing import Any

from svcdns.answers import reason
from svcdns.answers.answer import Answer, Reason, on_address, on_namespace
from svcdns.answers.asked import Asked
from svcdns.answers.chase import Ask, Chase, Dependencies
from svcdns.answers.later import Later
from svcdns.answers.name_servers import name_servers
from svcdns.answers.names import (
    EndpointName,
    Fixed,
    Name,
    NamespaceNode,
    Nonexistent,
    PodName,
    PortName,
    ReverseName,
    ReverseNode,
    ServiceName,
    ZonalName,
    parse_below,
)
from svcdns.answers.negative import Zone, name_error, nodata
from svcdns.answers.pod_records import count_pods, is_canonical, pod_address
from svcdns.answers.reverse_records import pointers
from svcdns.answers.reverse_tree import ReverseTree
from svcdns.answers.service_lookup import ServiceLookup, service_dependencies
from svcdns.answers.settings import KubernetesSettings
from svcdns.cluster.state import State
from svcdns.wire.codes import RCode, RRClass, RRType
from svcdns.wire.edns import InfoCode
from svcdns.wire.name import OwnerName, reverse_address
from svcdns.wire.question import Question
from svcdns.wire.rrset import RRset, ns, ptr, srv_record, txt

SCHEMA_VERSION = b"1.1.0"
_SCHEMA_TTL = 28_800
_IN = int(RRClass.IN)
_A, _AAAA, _PTR, _SRV = map(int, (RRType.A, RRType.AAAA, RRType.PTR, RRType.SRV))
_TRANSFERS = frozenset(map(int, (RRType.AXFR, RRType.IXFR)))
_OTHER = int(InfoCode.OTHER)


class Stanza:
    """All names of one `kubernetes` stanza."""

    def __init__(
        self,
        settings: KubernetesSettings,
        state: State,
        *,
        local_addresses: tuple[bytes, ...] = (),
        ask: Ask | None = None,
    ) -> None:
        """Serve a stanza.

        Args:
            settings: the stanza.
            state: the cluster as the stanza's selectors see it.
            local_addresses: packed addresses that this process is reached at, for NS records.
            ask: answers what an ExternalName points to outside the zone.
        """
        self.zones = tuple(Zone(zone, settings.ttl, state) for zone in settings.zones)
        self.settings = settings
        self._state = state
        self._local_addresses = local_addresses
        self._longest_first = sorted(self.zones, key=lambda zone: -len(zone.name))
        chase = Chase(settings.ttl, self._resolve, self._dependencies, ask)
        self._services = ServiceLookup(settings, state, chase)
        self._reverse_tree = ReverseTree(state, settings, self._services.is_served)
        self._find_by_kind: dict[type[Any], Callable[[Asked, Any], Answer | Later[Answer]]] = {
            ServiceName: self._services.find,
            EndpointName: self._services.find,
            PortName: self._services.find,
            ZonalName: self._zonal,
            NamespaceNode: self._namespace,
            PodName: self._pod,
            Fixed: self._fixed,
            ReverseName: self._reverse,
            ReverseNode: self._reverse_node,
            Nonexistent: self._nonexistent,
        }

    def find(self, question: Question) -> Answer | Later[Answer] | None:
        """Return the answer; None if the question is not for one of the zones, or not of IN.

        It comes later where an ExternalName points to a name that others have to be asked for.

        A name that does not exist is NXDOMAIN, SERVFAIL before the first lists are in; whether
        such an answer is sent or the question passed on is not decided here.

        Args:
            question: any.
        """
        owner, rrtype = question.owner, question.rrtype
        located = self.locate(owner)
        if located is None or question.rrclass != _IN:
            return None
        zone, name = located
        if rrtype in _TRANSFERS:
            why = Reason(InfoCode.NOT_SUPPORTED, reason.transfer_refused)
            return Answer(RCode.REFUSED, authoritative=False, reason=why)
        return self._find_by_kind[type(name)](Asked(zone, owner, rrtype), name)

    def locate(self, owner: OwnerName) -> tuple[Zone, Name] | None:
        """Return the longest zone a lower-case name is in, and what the name means there."""
        for zone in self._longest_first:
            name = parse_below(owner, zone.name)
            if name is not None:
                return zone, name
        return None

    def is_passed_on(self, owner: OwnerName) -> bool:
        """Return whether a lower-case name that does not exist goes to the next directive."""
        return self.settings.passes_on(owner)

    def _resolve(self, asked: Asked, name: Name) -> Answer | Later[Answer]:
        return self._find_by_kind[type(name)](asked, name)

    def _dependencies(self, name: Name) -> Dependencies | None:
        """Return what it depends on that a name is missing; None if that cannot be told."""
        match name:
            case ServiceName() | EndpointName() | PortName() | ZonalName():
                return service_dependencies(name)
            case NamespaceNode():
                return (on_namespace(name.namespace),)
            case Nonexistent():
                return ()
            case _:
                return None

    def _missing(self, asked: Asked, why: Reason) -> Answer:
        return name_error(asked.zone, why, synced=self._state.synced)

    def _fixed(self, asked: Asked, name: Fixed) -> Answer:
        rrtype = asked.rrtype
        if name is Fixed.APEX:
            return self._apex(asked)
        if name is Fixed.NS_DNS:
            return self._name_server(asked)
        if name is Fixed.DNS_VERSION:
            if rrtype == RRType.TXT:
                return Answer(
                    answer=(txt(asked.owner, _SCHEMA_TTL, SCHEMA_VERSION),), depends_on=()
                )
            why = Reason(_OTHER, reason.missing_type, (asked.owner, rrtype))
            return nodata(asked.zone, rrtype, why, ())
        why = Reason(_OTHER, reason.holds_names_only, (asked.owner,))
        return nodata(asked.zone, rrtype, why, ())

    def _apex(self, asked: Asked) -> Answer:
        rrtype, ttl = asked.rrtype, self.settings.ttl
        address = reverse_address(asked.owner)
        if address is not None and rrtype == RRType.PTR:
            return self._reverse(asked, ReverseName(address))
        if rrtype == RRType.SOA:
            return Answer(answer=(asked.zone.soa(),))
        servers = self._servers(asked) if rrtype == RRType.NS else ()
        if servers:
            names = tuple(dict.fromkeys(server.name for server in servers))
            glue: dict[tuple[OwnerName, int], list[bytes]] = {}
            for server in servers:
                glue.setdefault((server.name, len(server.address)), []).append(server.address)
            additional = tuple(
                RRset(name, _A if width == 4 else _AAAA, ttl, tuple(addresses))
                for (name, width), addresses in glue.items()
            )
            return Answer(answer=(ns(asked.owner, ttl, *names),), additional=additional)
        why = Reason(_OTHER, reason.missing_type, (asked.owner, rrtype))
        if rrtype == RRType.NS:
            why = Reason(_OTHER, reason.no_name_servers)
        return nodata(asked.zone, rrtype, why)

    def _name_server(self, asked: Asked) -> Answer:
        rrtype = asked.rrtype
        if rrtype in (_A, _AAAA):
            width = 4 if rrtype == _A else 16
            servers = self._servers(asked)
            addresses = dict.fromkeys(one.address for one in servers if len(one.address) == width)
            if addresses:
                rrset = RRset(asked.owner, rrtype, self.settings.ttl, tuple(addresses))
                return Answer(answer=(rrset,))
        why = Reason(_OTHER, reason.missing_type, (asked.owner, rrtype))
        return nodata(asked.zone, rrtype, why)

    def _namespace(self, asked: Asked, name: NamespaceNode) -> Answer:
        if name.tree == "pod" and self.settings.pods == "disabled":
            return self._missing(asked, Reason(_OTHER, reason.pods_off))
        if not self._services.is_served(name.namespace):
            return self._missing(asked, self._services.no_namespace(name.namespace, name))
        why = Reason(_OTHER, reason.holds_names_only, (asked.owner,))
        return nodata(asked.zone, asked.rrtype, why, (on_namespace(name.namespace),))

    def _zonal(self, asked: Asked, name: ZonalName) -> Answer | Later[Answer]:
        if not self.settings.zonal:
            return self._missing(asked, Reason(_OTHER, reason.zonal_off))
        return self._services.find(asked, name)

    def _pod(self, asked: Asked, name: PodName) -> Answer:
        settings = self.settings
        if settings.pods == "disabled":
            return self._missing(asked, Reason(_OTHER, reason.pods_off))
        if not self._services.is_served(name.namespace):
            return self._missing(asked, self._services.no_namespace(name.namespace, name))
        address = pod_address(name.pod)
        if address is None:
            return self._missing(asked, Reason(_OTHER, reason.not_an_address, (name,)))
        depends_on: Dependencies | None = None
        pods = 1
        if settings.pods == "verified":
            pods = count_pods(self._state, name.namespace, address)
            if not pods or not is_canonical(name.pod, address):
                facts = (self._namespaces_of_pod, name, address)
                return self._missing(asked, Reason(_OTHER, reason.no_pod, facts))
            depends_on = (on_namespace(name.namespace), on_address(address))
        return self._pod_records(asked, address, pods, depends_on)

    def _pod_records(
        self, asked: Asked, address: bytes, pods: int, depends_on: Dependencies | None
    ) -> Answer:
        owner, ttl = asked.owner, self.settings.ttl
        addresses = RRset(owner, _A if len(address) == 4 else _AAAA, ttl, (address,))
        if asked.rrtype == addresses.rrtype:
            return Answer(answer=(addresses,), depends_on=depends_on)
        if asked.rrtype == _SRV:
            records = (srv_record(0, max(1, 100 // pods), 0, owner),)
            answer = (RRset(owner, _SRV, ttl, records),)
            return Answer(answer=answer, additional=(addresses,), depends_on=depends_on)
        why = Reason(_OTHER, reason.missing_type, (owner, asked.rrtype))
        return nodata(asked.zone, asked.rrtype, why, depends_on)

    def _reverse(self, asked: Asked, name: ReverseName) -> Answer:
        found = pointers(self._state, self.settings, self._services.is_served, name.address)
        if not found.targets:
            return self._missing(asked, Reason(_OTHER, reason.address_unknown, (name.address,)))
        if asked.rrtype == _PTR:
            answer = ptr(asked.owner, self.settings.ttl, *found.targets)
            return Answer(answer=(answer,), depends_on=found.depends_on)
        why = Reason(_OTHER, reason.missing_type, (asked.owner, asked.rrtype))
        return nodata(asked.zone, asked.rrtype, why, found.depends_on)

    def _reverse_node(self, asked: Asked, name: ReverseNode) -> Answer:
        if not self._reverse_tree.holds(name):
            return self._missing(asked, Reason(_OTHER, reason.prefix_unknown, (name,)))
        why = Reason(_OTHER, reason.holds_names_only, (asked.owner,))
        return nodata(asked.zone, asked.rrtype, why)

    def _nonexistent(self, asked: Asked, name: Nonexistent) -> Answer:
        why = Reason(_OTHER, reason.outside_grammar, (name, asked.zone.name))
        return name_error(asked.zone, why, (), synced=self._state.synced)

    def _servers(self, asked: Asked) -> tuple[Any, ...]:
        return name_servers(self._state, self.settings, asked.zone.name, self._local_addresses)

    def _namespaces_of_pod(self, address: bytes) -> tuple[str, ...]:
        pods = self._state.pods_at(address)
        found = dict.fromkeys(pod.namespace for pod in pods)
        return tuple(islice(filter(self._services.is_served, found), reason.FEW))
