"""Which changes somebody who asks in DNS can see: they raise the zone's serial.

A Node or the removal of a managed field changes no answer. What does is decided here, per
kind, without asking how a stanza is set: a serial that rises once too often costs a secondary
one transfer, one that does not rise hides a change.

Source: RFC 1034 section 4.3.5; CoreDNS raises its serial on nearly the same occasions.
"""

from svcdns.cluster.change import Change
from svcdns.cluster.model import Condition, EndpointSlice, Object, Pod, Service


def is_visible(change: Change) -> bool:
    """Return whether answers of a zone can differ after `change`.

    A Service or a Pod that comes or goes always counts, a Namespace or Node never does.
    """
    if change.kind not in (Service, EndpointSlice, Pod):
        return False
    if change.before is None or change.after is None:
        return True
    return _answers(change.before) != _answers(change.after)


def _answers(value: Object) -> tuple[object, ...]:
    """Return what the answers about an object are made of."""
    match value:
        case Service():
            external = value.external_name if value.type == "ExternalName" else None
            outside = (value.outside, value.outside_names)
            return (value.addresses, value.headless, value.ports, external, outside)
        case EndpointSlice():
            return (value.service, value.ports, _ready(value))
        case Pod():
            return value.addresses
        case _:
            return ()


def _ready(value: EndpointSlice) -> tuple[tuple[object, ...], ...]:
    """Return the columns of the ready endpoints, without their Nodes."""
    width = value.width
    chosen = [at for at, bits in enumerate(value.conditions) if bits & Condition.READY]
    addresses = tuple([value.addresses[at * width : (at + 1) * width] for at in chosen])
    columns = (value.hostnames, value.pods, value.zones, value.fqdns)
    return (addresses, *(tuple([c[at] for at in chosen]) if c else () for c in columns))
