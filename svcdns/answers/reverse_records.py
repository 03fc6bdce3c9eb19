"""Reverse names: the Service or the endpoints that an address belongs to.

A ClusterIP points to its Service, once. Only an address that is nobody's ClusterIP points to
endpoints: to each name that a ready endpoint has, also below Services with a ClusterIP.

Source: Kubernetes DNS-Based Service Discovery 1.1.0 sections 2.3.3 and 2.4.3.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from svcdns.answers.answer import Dependency, on_address, on_namespace
from svcdns.answers.names import below
from svcdns.answers.service_records import READY, endpoint_label, service_name
from svcdns.answers.settings import KubernetesSettings
from svcdns.cluster.model import EndpointSlice
from svcdns.cluster.state import State
from svcdns.wire.name import OwnerName


class Pointers(NamedTuple):
    """What a reverse name points to."""

    targets: tuple[OwnerName, ...]
    """Distinct; none: the name does not exist here."""
    depends_on: tuple[Dependency, ...]


def pointers(
    state: State,
    settings: KubernetesSettings,
    is_served: Callable[[str], bool],
    address: bytes,
) -> Pointers:
    """Return the names of whoever has `address`.

    Args:
        state: the cluster.
        settings: the stanza; its primary zone is the end of every target.
        is_served: whether this stanza serves a Namespace; asked only if `namespaces` is set.
        address: packed.
    """
    namespaces: set[str] = set()

    def may(namespace: str) -> bool:
        if not settings.namespaces:
            return True
        namespaces.add(namespace)
        return is_served(namespace)

    zone = settings.primary_zone
    services = [one for one in state.services_at(address) if may(one.namespace)]
    found = [_name(zone, one.namespace, one.name) for one in services[:1]]
    if not services and not settings.noendpoints:
        for one in state.slices_at(address):
            # A slice without the label of a Service gives its endpoints no name.
            if one.service and may(one.namespace):
                service = _name(zone, one.namespace, one.service)
                labels = _labels(one, address, pod_names=settings.endpoint_pod_names)
                found += [_name_below(service, label) for label in labels]
    targets = tuple(dict.fromkeys(name for name in found if name is not None))
    depends_on = (on_address(address), *map(on_namespace, sorted(namespaces)))
    return Pointers(targets, depends_on)


def _labels(one: EndpointSlice, address: bytes, *, pod_names: bool) -> Iterator[str]:
    """Yield the label of each ready endpoint of the slice that has the address."""
    for index in one.indexes_of(address):
        if one.conditions[index] & READY:
            yield endpoint_label(one, index, pod_names=pod_names)


def _name(zone: OwnerName, namespace: str, service: str) -> OwnerName | None:
    try:
        return service_name(zone, namespace, service)
    except ValueError:
        return None  # over 255 octets in this zone: there is no such name to point to


def _name_below(service: OwnerName | None, label: str) -> OwnerName | None:
    try:
        return None if service is None else below(service, label)
    except ValueError:
        return None
