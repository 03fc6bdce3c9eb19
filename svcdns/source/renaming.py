"""One object -> the same object under other names: every place where a name or address stands.

Which names those are is not decided here (`anonymize`). Names of the whole DNS, as in an
ExternalName, may be those of objects in a cluster; they stay the names of the same objects.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from svcdns.cluster.compact import SERVICE_NAME, ZONE
from svcdns.cluster.model import EndpointSlice, Namespace, Node, Object, Pod, Service, Traffic
from svcdns.source.assembly import NAMESPACE_NAME, Labelled, Labels
from svcdns.wire.name import address_text, pack_address

OLD_ZONE = "failure-domain.beta.kubernetes.io/zone"
HOSTNAME = "kubernetes.io/hostname"
POD_NAME = "statefulset.kubernetes.io/pod-name"

# Labels of which the value says what counts; who writes manifests adds them.
_SAID_BY_VALUE = frozenset((SERVICE_NAME, ZONE, OLD_ZONE))
# Those of the kernel have at most four letters or so; see ipvsadm(8).
_SCHEDULER = re.compile(r"[a-z]{2,5}", re.ASCII)
_DASHED = re.compile(r"[0-9]{1,3}(-[0-9]{1,3}){3}", re.ASCII)


class Names(NamedTuple):
    """New names by old ones, by what they are names of; the new one of empty text is empty."""

    namespace: Mapping[str, str]
    service: Mapping[str, str]
    host: Mapping[str, str]
    """Pods and hostnames: those of a StatefulSet are the same."""
    node: Mapping[str, str]
    zone: Mapping[str, str]
    """In lower case: in DNS the case of a zone's name does not count."""
    slice: Mapping[str, str]
    outside: Mapping[str, str]
    """Names outside clusters, in lower case."""
    domain: Mapping[str, str]
    """What follows `svc` or `pod` in a name, in lower case."""
    label: Mapping[str, str]
    label_value: Mapping[str, str]
    service_address: Mapping[bytes, bytes]
    address: Mapping[bytes, bytes]


class Renaming:
    """Goes through objects and asks for the new name of everything that is one."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._values_by_label = {
            SERVICE_NAME: names.service,
            ZONE: names.zone,
            OLD_ZONE: names.zone,
            NAMESPACE_NAME: names.namespace,
            HOSTNAME: names.node,
            POD_NAME: names.host,
        }

    def renamed(self, one: Labelled) -> Labelled:
        """Return an object under its new names."""
        dropped = _SAID_BY_VALUE if isinstance(one.value, EndpointSlice | Node) else frozenset()
        labels = {key: each for key, each in one.labels.items() if key not in dropped}
        return Labelled(self._value(one.value), self._labels(labels))

    def _value(self, value: Object) -> Object:
        names = self._names
        match value:
            case Service(namespace, name):
                return replace(
                    value,
                    namespace=names.namespace[namespace],
                    name=names.service[name],
                    addresses=tuple([names.service_address[one] for one in value.addresses]),
                    external_name=self._global_name(value.external_name),
                    outside=(),
                    outside_names=(),
                    traffic=_without_addresses(value.traffic),
                )
            case EndpointSlice():
                return self._slice(value)
            case Pod(namespace, name):
                labels = self._labels(dict(value.labels))
                return Pod(
                    names.namespace[namespace],
                    names.host[name],
                    tuple([names.address[one] for one in value.addresses]),
                    tuple(sorted((key, each or "") for key, each in labels.items())),
                )
            case Namespace(name):
                return Namespace(names.namespace[name])
            case Node(name, zone):
                addresses = tuple([names.address[one] for one in value.addresses])
                return replace(
                    value, name=names.node[name], zone=names.zone[zone.lower()], addresses=addresses
                )

    def _slice(self, value: EndpointSlice) -> EndpointSlice:
        names = self._names
        addresses = [names.address[one.address] for one in value.endpoints()]
        return replace(
            value,
            namespace=names.namespace[value.namespace],
            name=names.slice[value.name],
            service=names.service[value.service],
            addresses=b"".join(addresses),
            hostnames=tuple([names.host[one] for one in value.hostnames]),
            pods=tuple([names.host[one] for one in value.pods]),
            nodes=tuple([names.node[one] for one in value.nodes]),
            zones=tuple([names.zone[one.lower()] for one in value.zones]),
            fqdns=tuple(map(self._global_name, value.fqdns)),
            zone_hints=tuple(
                [tuple([names.zone[one.lower()] for one in each]) for each in value.zone_hints]
            ),
            node_hints=tuple(
                [tuple([names.node[one] for one in each]) for each in value.node_hints]
            ),
        )

    def _labels(self, labels: Labels) -> dict[str, str | None]:
        names = self._names
        return {
            names.label[key]: each and self._values_by_label.get(key, names.label_value)[each]
            for key, each in labels.items()
        }

    def _global_name(self, name: str) -> str:
        """Return the new name of a name as it is written in full."""
        if (address := _packed(name)) is not None:
            return address_text(self._names.address[address])
        bare = name.lower().removesuffix(".")
        dot = name[len(bare) :]
        labels = bare.split(".")
        if "svc" in labels[2:]:
            return ".".join(self._service_labels(labels, labels.index("svc", 2))) + dot
        if labels[2:3] == ["pod"]:
            host, namespace, pod, *domain = labels
            new = [self._host(host), self._names.namespace[namespace], pod]
            return ".".join([*new, *self._domain(domain)]) + dot
        return self._names.outside[bare] + dot

    def _service_labels(self, labels: list[str], svc: int) -> list[str]:
        names = self._names
        return [
            *map(self._host, labels[: svc - 2]),
            names.service[labels[svc - 2]],
            names.namespace[labels[svc - 1]],
            "svc",
            *self._domain(labels[svc + 1 :]),
        ]

    def _domain(self, labels: list[str]) -> list[str]:
        return [self._names.domain[".".join(labels)]] if labels else []

    def _host(self, label: str) -> str:
        """Return the new label of an endpoint or Pod; those of ports stay."""
        if label.startswith("_"):
            return label
        address = _packed(label.replace("-", "." if _DASHED.fullmatch(label) else ":"))
        if address is None:
            return self._names.host[label]
        return address_text(self._names.address[address]).translate({0x2E: "-", 0x3A: "-"})


def _without_addresses(traffic: Traffic) -> Traffic:
    """Return what says nothing about whose cluster it is; a scheduler may be any text."""
    scheduler = traffic.scheduler if _SCHEDULER.fullmatch(traffic.scheduler) else ""
    return traffic._replace(external=(), balancers=(), source_ranges=(), scheduler=scheduler)


def _packed(text: str) -> bytes | None:
    try:
        return pack_address(text)
    except ValueError:
        return None
