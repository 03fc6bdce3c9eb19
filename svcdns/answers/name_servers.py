"""Name servers of a zone: the names under which this process itself is reached.

A zone must have NS records, and the cluster knows best what to say: the Services whose
endpoints have our own addresses. Without one it is `ns.dns` with those addresses, which is
also the mname of every SOA.
"""

from typing import NamedTuple

from svcdns.answers.names import Fixed, below
from svcdns.answers.service_records import (
    addresses_of,
    endpoint_label,
    endpoint_parts,
    service_name,
)
from svcdns.answers.settings import KubernetesSettings
from svcdns.cluster.model import EndpointSlice, Service
from svcdns.cluster.state import State
from svcdns.wire.name import OwnerName


class NameServer(NamedTuple):
    """One address of one name server."""

    name: OwnerName
    address: bytes


def name_servers(
    state: State,
    settings: KubernetesSettings,
    zone: OwnerName,
    local_addresses: tuple[bytes, ...],
) -> tuple[NameServer, ...]:
    """Return the name servers of `zone`, one entry an address, distinct.

    Args:
        state: the cluster.
        settings: the stanza.
        zone: the zone the names end in.
        local_addresses: packed addresses we are reached at, without loopback.
    """
    slices = [
        one
        for address in local_addresses
        for one in (() if settings.noendpoints else state.slices_at(address))
        if address in addresses_of(endpoint_parts((one,)), len(address))
    ]
    if not slices:
        ours = below(zone, *Fixed.NS_DNS.value)
        return tuple(NameServer(ours, address) for address in dict.fromkeys(local_addresses))
    found: dict[NameServer, None] = {}
    for one in slices:
        service = state.service(one.namespace, one.service)
        if service is not None:
            found.update(dict.fromkeys(_of_service(service, one, settings, zone)))
    return tuple(found)


def _of_service(
    service: Service, one: EndpointSlice, settings: KubernetesSettings, zone: OwnerName
) -> list[NameServer]:
    try:
        name = service_name(zone, service.namespace, service.name)
        if not service.headless:
            return [NameServer(name, address) for address in service.addresses]
        return [
            NameServer(
                below(name, endpoint_label(one, index, pod_names=settings.endpoint_pod_names)),
                address,
            )
            for part in endpoint_parts((one,))
            for index, address in zip(part.indexes, part.addresses, strict=True)
            if address
        ]
    except ValueError:
        return []  # a name over 255 octets
