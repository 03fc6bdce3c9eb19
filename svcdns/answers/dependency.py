"""Which answers a change of the cluster makes stale: dependencies of one change.

An answer says what it was made of (`Answer.depends_on`); a change says here what it touches.
The table drops where the two meet, and nothing else. Both sides name the same few things: a
Service with its EndpointSlices, a Namespace, an address, all Services of one name.
"""

from collections.abc import Iterable

from svcdns.answers.answer import (
    ON_NAMESPACES,
    Dependency,
    on_address,
    on_namespace,
    on_service,
    on_services_named,
)
from svcdns.cluster.change import Change
from svcdns.cluster.model import Condition, EndpointSlice, Namespace, Object, Pod, Service


def affected(changes: Iterable[Change]) -> set[Dependency]:
    """Return everything that answers may depend on and that `changes` touched."""
    touched: set[Dependency] = set()
    for change in changes:
        for value in (change.before, change.after):
            touched.update(_subjects(value))
        # An address that a slice had before and has after, in the same words, has the same
        # reverse name: one new endpoint among a thousand touches one address.
        moved = _reverse_facts(change.before) ^ _reverse_facts(change.after)
        touched.update(on_address(address) for address, *_ in moved)
    return touched


def _subjects(value: Object | None) -> Iterable[Dependency]:
    """Return what stands and falls with the whole object."""
    match value:
        case Service():
            own = (on_service(*value.key), on_services_named(value.name))
            return (*own, *map(on_address, value.addresses + value.outside))
        case EndpointSlice():
            return (on_service(value.namespace, value.service),)
        case Namespace():
            return (on_namespace(value.name), ON_NAMESPACES)
        case Pod():
            return map(on_address, value.addresses)
        case _:
            return ()


def _reverse_facts(value: Object | None) -> set[tuple[bytes, str, str, str]]:
    """Return, for each ready address of a slice, all that its reverse name is made of."""
    if not isinstance(value, EndpointSlice) or not value.width:
        return set()
    return {
        (endpoint.address, endpoint.hostname, endpoint.pod, value.service)
        for endpoint in value.endpoints()
        if endpoint.conditions & Condition.READY
    }
