"""Entries of all files -> the objects of one cluster.

Of two entries for one object the later wins. What a cluster would add is added: Namespaces that
objects name, ClusterIPs, and the EndpointSlices that a controller would write. Slices in the
files come first, then Endpoints, then Pods: who wrote a slice meant it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from svcdns.cluster import structs
from svcdns.cluster.compact import SERVICE_NAME
from svcdns.cluster.model import EndpointSlice, Key, Namespace, Node, Object, Pod, Service
from svcdns.cluster.selector import Selector
from svcdns.source.derive import PodsByLabel
from svcdns.source.documents import Contents, Entry
from svcdns.source.offline_addresses import FAMILIES, Range, Request, assign, missing_families
from svcdns.source.problem import Problem

Labels = Mapping[str, str | None]

NAMESPACE_NAME = "kubernetes.io/metadata.name"
"""Label that the API server gives every Namespace."""

_WORKLOADS = frozenset(
    (
        "CronJob",
        "DaemonSet",
        "Deployment",
        "Job",
        "ReplicaSet",
        "ReplicationController",
        "StatefulSet",
    )
)


class Labelled(NamedTuple):
    """A value, and the labels its object carries."""

    value: Object
    labels: Labels


@dataclass(frozen=True, slots=True)
class Cluster:
    """All objects, as an API server would list them."""

    objects: Mapping[type, tuple[Labelled, ...]] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    summary: tuple[str, ...] = ()
    """A few lines: what there is, and what was left out on purpose."""
    assigned: Mapping[Request, bytes] = field(default_factory=dict)
    """ClusterIPs that were given out here."""

    def select(self, labels: Selector, namespace_labels: Selector) -> list[Object]:
        """Return the objects that a stanza with these selectors sees.

        Args:
            labels: of Services, EndpointSlices and Pods.
            namespace_labels: of Namespaces; Nodes are always seen.
        """
        selectors = {Namespace: namespace_labels, Node: Selector()}
        return [
            one.value
            for kind, objects in self.objects.items()
            for one in objects
            if selectors.get(kind, labels).matches(one.labels)
        ]


class _Found(NamedTuple):
    """The entry that counts, and its file."""

    file: str
    entry: Entry

    def warning(self, problem: str, where: str = "") -> Problem:
        entry = self.entry
        return Problem(
            self.file, problem, entry.subject, where, entry.document, entry.line, is_warning=True
        )


def assemble(
    files: Mapping[str, Contents],
    ranges: Mapping[int, Range],
    previous: Mapping[Request, bytes],
) -> Cluster:
    """Return the cluster that the files describe.

    Args:
        files: by name, in the order in which a later one wins.
        ranges: of ClusterIPs to give out, by octets of an address.
        previous: ClusterIPs given out before; see `Cluster.assigned`.
    """
    return _Assembly(files, ranges, previous).cluster()


class _Assembly:
    """One cluster while it is put together."""

    def __init__(
        self,
        files: Mapping[str, Contents],
        ranges: Mapping[int, Range],
        previous: Mapping[Request, bytes],
    ) -> None:
        self._files = files
        self._ranges = ranges
        self._problems: list[Problem] = []
        self._by_kind = self._winners()
        services = self._by_kind["Service"]
        self._requests = {
            (found.entry.key[1:], width): found
            for found in services.values()
            if isinstance(found.entry.struct, structs.Service)
            for width in missing_families(found.entry.struct.spec or structs.ServiceSpec())
        }
        taken = [
            address
            for found in services.values()
            for value in found.entry.values
            if isinstance(value, Service)
            for address in value.addresses
        ]
        self._assigned = assign(self._requests, ranges, taken, previous)

    def cluster(self) -> Cluster:
        slices = list(self._slices())
        objects: dict[type, tuple[Labelled, ...]] = {
            Namespace: tuple(self._namespaces()),
            Node: tuple(self._written("Node")),
            Service: tuple(self._services()),
            EndpointSlice: tuple(slices),
            Pod: tuple(self._written("Pod")),
        }
        summary = tuple(self._summary(objects))
        return Cluster(objects, tuple(self._problems), summary, self._assigned)

    def _winners(self) -> dict[str, dict[Key, _Found]]:
        """Return the last entry of each object, by kind and key."""
        by_kind: dict[str, dict[Key, _Found]] = {
            kind: {}
            for kind in ("Service", "EndpointSlice", "Endpoints", "Pod", "Namespace", "Node")
        }
        for file, contents in self._files.items():
            for entry in contents.entries:
                winners = by_kind[entry.kind]
                found = _Found(file, entry)
                if before := winners.pop(entry.key[1:], None):
                    place = f"{before.file}:{before.entry.line}".removesuffix(":0")
                    problem = f"is also in {place}; this one is used"
                    self._problems.append(found.warning(problem))
                winners[entry.key[1:]] = found
        return by_kind

    def _written(self, kind: str) -> Iterator[Labelled]:
        for found in self._by_kind[kind].values():
            for value in found.entry.values:
                yield Labelled(value, found.entry.labels)

    def _namespaces(self) -> Iterator[Labelled]:
        written = {key[1]: found.entry for key, found in self._by_kind["Namespace"].items()}
        names = dict.fromkeys(written)
        for winners in self._by_kind.values():
            names.update((key[0], None) for key in winners if key[0])
        for contents in self._files.values():
            names.update(dict.fromkeys(sorted(contents.namespaces)))
        for name in names:
            labels = written[name].labels if name in written else {}
            yield Labelled(Namespace(name), {**labels, NAMESPACE_NAME: name})

    def _services(self) -> Iterator[Labelled]:
        for key, found in self._by_kind["Service"].items():
            for value in found.entry.values:
                if isinstance(value, Service):
                    given = self._given(key, value)
                    full = replace(value, addresses=given) if given != value.addresses else value
                    yield Labelled(full, found.entry.labels)
        for (key, width), found in self._requests.items():
            if (key, width) not in self._assigned:
                family = FAMILIES[width]
                problem = (
                    f"has no {family} address, and none is free to give out"
                    if width in self._ranges
                    else f"has no {family} address, and there is no range to give one from"
                )
                self._problems.append(found.warning(problem, "spec.clusterIP"))

    def _given(self, key: Key, value: Service) -> tuple[bytes, ...]:
        """Return a Service's addresses with those that were given out, its first family first."""
        struct = self._by_kind["Service"][key].entry.struct
        if not isinstance(struct, structs.Service):
            return value.addresses
        missing = missing_families(struct.spec or structs.ServiceSpec())
        given = [self._assigned[key, w] for w in missing if (key, w) in self._assigned]
        return (*value.addresses, *given)

    def _slices(self) -> Iterator[Labelled]:
        yield from self._written("EndpointSlice")
        has_slices = {
            (value.namespace, value.service)
            for value, _labels in self._written("EndpointSlice")
            if isinstance(value, EndpointSlice)
        }
        nodes = [value for value, _labels in self._written("Node") if isinstance(value, Node)]
        pods = PodsByLabel(
            (
                found.entry.struct
                for found in self._by_kind["Pod"].values()
                if isinstance(found.entry.struct, structs.Pod)
            ),
            {node.name: node.zone for node in nodes},
        )
        for key, found in self._by_kind["Service"].items():
            if key in has_slices:
                continue
            if endpoints := self._by_kind["Endpoints"].get(key):
                labels = {**endpoints.entry.labels, SERVICE_NAME: key[1]}
                yield from (Labelled(value, labels) for value in endpoints.entry.values)
            elif isinstance(found.entry.struct, structs.Service):
                derived = pods.slices(found.entry.struct)
                self._warn_of_lost_ports(found, found.entry.struct, derived)
                labels = {**found.entry.labels, SERVICE_NAME: key[1]}
                yield from (Labelled(value, labels) for value in derived)

    def _warn_of_lost_ports(
        self, found: _Found, service: structs.Service, derived: Iterable[EndpointSlice]
    ) -> None:
        """Name the ports that lead nowhere in any Pod: DNS has no SRV record for them."""
        led = [{port.name for port in value.ports} for value in derived]
        ports = (service.spec.ports or ()) if service.spec else ()
        for index, port in enumerate(ports):
            if (
                led
                and isinstance(port.target_port, str)
                and not any((port.name or "") in names for names in led)
            ):
                problem = f"no container of its Pods has a port called {port.target_port!r}"
                where = f"spec.ports[{index}].targetPort"
                self._problems.append(found.warning(problem, where))

    def _summary(self, objects: Mapping[type, tuple[Labelled, ...]]) -> Iterator[str]:
        endpoints = sum(
            len(one.value) for one in objects[EndpointSlice] if isinstance(one.value, EndpointSlice)
        )
        counts = [
            _count(len(objects[Service]), "Service"),
            _count(endpoints, "endpoint"),
            _count(len(objects[Pod]), "Pod"),
            _count(len(objects[Namespace]), "Namespace"),
        ]
        yield f"{', '.join(counts)} in {_count(len(self._files), 'file')}"
        if self._assigned:
            yield f"{_count(len(self._assigned), 'ClusterIP')} given out to Services without one"
        idle = len(self._by_kind["Pod"]) - len(objects[Pod])
        if idle:
            yield f"{_count(idle, 'Pod')} without an address or ended: no endpoints from them"
        skipped = sum((contents.skipped for contents in self._files.values()), Counter[str]())
        workloads = {kind: n for kind, n in skipped.items() if kind in _WORKLOADS}
        if workloads:
            yield (
                f"not expanded into Pods: {_list(workloads)}; endpoints come from the "
                "EndpointSlices, Endpoints and Pods in the files"
            )
        others = {kind: n for kind, n in skipped.items() if kind not in _WORKLOADS}
        if others:
            yield f"not used: {_list(others)}"


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _list(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {kind}" for kind, number in sorted(counts.items()))
