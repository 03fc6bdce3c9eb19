"""Why a name has this answer: one sentence that a person can act on.

Each function here is a `Reason.sentence`: the lookup only stores it with its facts, the text is
made when somebody can read it (Extended DNS Errors, logs, the command line). The facts are
immutable objects or functions that look one thing up by its key; nothing here searches.

Source: RFC 8914.
"""

import re
from collections.abc import Callable, Sequence
from itertools import islice

from svcdns.answers.answer import Reason
from svcdns.answers.names import (
    EndpointName,
    Misfit,
    NamespaceNode,
    Nonexistent,
    PodName,
    PortName,
    ReverseNode,
    ServiceName,
    ZonalName,
)
from svcdns.answers.service_records import (
    READY,
    Slices,
    count,
    dashed,
    is_labelled,
    known_as,
    ready_labels,
    slices_with,
)
from svcdns.cluster.model import Service
from svcdns.wire.codes import RRType, type_text
from svcdns.wire.name import OwnerName, address_text, label_text, to_text

BelowService = ServiceName | EndpointName | PortName | ZonalName
InNamespace = BelowService | NamespaceNode | PodName
Elsewhere = Callable[[str], Sequence[str]]
"""Name of a Service -> Namespaces of this server block that have one, `FEW` at the most."""

_LISTED = 5
FEW = _LISTED + 1
"""What a sentence has room for, and one more to know that there are others."""
_ORDINARY = re.compile(r"[a-z0-9_.-]*")


def no_namespace(elsewhere: Elsewhere, name: InNamespace) -> str:
    """Say that the Namespace does not exist, and where a Service of that name does."""
    sentence = f"no Namespace {_quoted(name.namespace)}"
    if isinstance(name, (NamespaceNode, PodName)):
        return sentence
    found = elsewhere(name.service)
    if found:
        return f"{sentence}; Service {_quoted(name.service)} exists in {_namespaces(found)}"
    return sentence + _searched(*_left_of_service(name), name.service, name.namespace)


def namespace_not_served(namespace: str) -> str:
    """Say that the option `namespaces` leaves it out."""
    return f"Namespace {_quoted(namespace)} is not one that `namespaces` lets this server serve"


def no_service(elsewhere: Elsewhere, name: BelowService) -> str:
    """Say that the Service does not exist there, and where one of that name does."""
    service, namespace = _quoted(name.service), _quoted(name.namespace)
    found = elsewhere(name.service)
    if found:
        return f"Service {service} exists in {_namespaces(found)}, not in {namespace}"
    hint = _searched(*_left_of_service(name), name.service)
    return f"no Service {service} in namespace {namespace}{hint}"


def nothing_ready(service: Service, slices: Slices) -> str:
    """Say how many endpoints a headless Service has, that none is ready, and which they are."""
    if not count(slices, ready=False):
        return (
            f"headless Service {_key(service)} exists, but has no endpoints: "
            "does its selector match any Pod?"
        )
    hint = "" if service.publish_not_ready else "; set publishNotReadyAddresses to publish them"
    return f"Service {_key(service)} exists; {_none_ready(slices)}{hint}"


def empty_service(service: Service, slices: Slices) -> str:
    """Say that `ignore empty_service` hides a Service without ready endpoints."""
    return (
        f"Service {_key(service)} exists, but {_none_ready(slices)}, "
        "and `ignore empty_service` hides it until one is ready"
    )


def endpoints_off(service: Service) -> str:
    """Say that `noendpoints` is set."""
    return f"Service {_key(service)} exists, but with `noendpoints` no endpoint has a name here"


def no_endpoint(service: Service, slices: Slices, name: EndpointName, pod_names: object) -> str:
    """Say that no ready endpoint has that label, and which do."""
    wanted, by_pod = _quoted(name.endpoint), bool(pod_names)
    is_wanted = is_labelled(name.endpoint, pod_names=by_pod)
    if any(
        not bits & READY and is_wanted(one, index)
        for one in slices_with(slices, name.endpoint, pod_names=by_pod)
        for index, bits in enumerate(one.conditions)
    ):
        hint = "" if service.publish_not_ready else "; set publishNotReadyAddresses to publish it"
        return f"endpoint {wanted} of Service {_key(service)} is not ready{hint}"
    labels = list(islice(ready_labels(slices, pod_names=by_pod), _LISTED))
    which = "no endpoint is ready"
    if labels:
        which = f"ready are {_listed(labels, count(slices, ready=True))}"
    return f"Service {_key(service)} has no endpoint {wanted}; {which}"


def no_port(service: Service, slices: Slices, name: PortName) -> str:
    """Say which ports there are instead."""
    ports = [(port.name, port.protocol) for port in service.ports]
    if service.headless:
        ports = [(port.name, port.protocol) for one in slices for port in one.ports]
    known = [f"_{port}._{protocol.lower()}" for port, protocol in dict.fromkeys(ports) if port]
    wanted = f"_{_text(name.port) or '*'}._{_text(name.protocol) or '*'}"
    which = f"it has {_listed(known)}" if known else "none of its ports has a name"
    hint = ""
    if not (name.port_label + name.protocol_label).count("_"):
        hint = _searched(name.port_label, name.protocol_label, name.service)
    return f"Service {_key(service)} has no port {wanted}; {which}{hint}"


def below_external_name(service: Service) -> str:
    """Say that an ExternalName has no endpoints and no ports."""
    return (
        f"Service {_key(service)} is an ExternalName for {_quoted(service.external_name)}: "
        "no names exist below it"
    )


def unusable_external_name(service: Service) -> str:
    """Say what is wrong with the target of an ExternalName."""
    return (
        f"externalName {_quoted(service.external_name)} of Service {_key(service)} is not a DNS "
        "name; for an address use a Service without selector and an EndpointSlice"
    )


def dangling(service: Service, target: OwnerName, rrtype: int) -> str:
    """Say that the target of an ExternalName has no such record in this zone."""
    return (
        f"Service {_key(service)} points to {_name(target)}, "
        f"which has no {type_text(rrtype)} record"
    )


def endless(service: Service, target: OwnerName) -> str:
    """Say that ExternalNames lead back to each other, or one to the next too often."""
    return f"Service {_key(service)} points to {_name(target)}, and so on in a circle or too far"


def unresolved(service: Service, target: OwnerName, why: Reason | None) -> str:
    """Say that the target lies outside the cluster's zone, and why nothing was found there."""
    cause = why.text() if why is not None else "this server found no address for it"
    return f"Service {_key(service)} points to {_name(target)}: {cause}"


def zonal_off() -> str:
    """Say that the option `zonal` is missing."""
    return "names with a topology zone are off: add `zonal` to the kubernetes plugin"


def zonal_not_headless(service: Service) -> str:
    """Say that only headless Services have zone-scoped names."""
    return f"names with a topology zone are for headless Services; {_key(service)} is not one"


def none_in_zone(service: Service, name: ZonalName) -> str:
    """Say that no ready endpoint is in the topology zone."""
    return f"Service {_key(service)} has no ready endpoint in zone {_quoted(name.zone)}"


def pods_off() -> str:
    """Say that pod names are off."""
    return "pod names are off: the kubernetes plugin has `pods disabled`, which is the default"


def not_an_address(name: PodName) -> str:
    """Say how a pod's name is written."""
    return f"{_quoted(name.pod)} is not an address with dashes, such as 10-244-1-7"


def no_pod(namespaces: Callable[[bytes], Sequence[str]], name: PodName, address: bytes) -> str:
    """Say that no Pod there has the address, and where one does."""
    found = namespaces(address)
    if name.namespace in found:
        return f"the Pod is called {dashed(address)}, not {_quoted(name.pod)}"
    where = f"; the Pod with that address is in {_namespaces(found)}" if found else ""
    return f"no Pod {_quoted(name.pod)} in namespace {_quoted(name.namespace)}{where}"


def outside_grammar(name: Nonexistent, zone: OwnerName) -> str:
    """Say what names look like."""
    if name.misfit is Misfit.BELOW_POD:
        return "no names exist below a pod's name: write ADDRESS-WITH-DASHES.NAMESPACE.pod"
    if name.misfit is Misfit.NOT_REVERSE:
        return f"{_quoted('.'.join(name.labels))} is not the reverse name of an address"
    hint = _searched(*name.labels[: -1 if name.misfit is Misfit.TOO_LONG else None])
    if name.misfit is Misfit.TOO_LONG:
        return f"too many labels: the longest name is _PORT._PROTOCOL.SERVICE.NAMESPACE.svc{hint}"
    return f"below {_name(zone)} names end in svc or pod, such as web.shop.svc.{_name(zone)}{hint}"


def address_unknown(address: bytes) -> str:
    """Say that the address belongs to nobody here."""
    return f"no Service and no ready endpoint has the address {address_text(address)}"


def prefix_unknown(node: ReverseNode) -> str:
    """Say that no address begins like this."""
    return f"no Service and no endpoint has an address that begins with {_prefix_text(node)}"


def no_name_servers() -> str:
    """Say that nobody knows under which name this server is reached."""
    return "this server has no address but loopback, or its own Service is gone"


def missing_type(owner: OwnerName, rrtype: int, service: Service | None = None) -> str:
    """Say that a name exists but has no such records."""
    subject = _name(owner) if service is None else f"Service {_key(service)}"
    if rrtype == RRType.ANY:
        return f"{subject} exists, but type ANY is not answered; ask for one type, such as A"
    return f"{subject} exists, but has no {type_text(rrtype)} record"


def missing_family(service: Service, rrtype: int, has_other: object) -> str:
    """Say that the addresses are of the other family, or not there yet."""
    if not has_other:
        return f"Service {_key(service)} exists, but has no address"
    family = "IPv6" if rrtype == RRType.A else "IPv4"
    return f"Service {_key(service)} exists, but has only {family} addresses"


def holds_names_only(owner: OwnerName) -> str:
    """Say that there are only names below this one."""
    return f"{_name(owner)} has no records of its own, names below it do"


def transfer_refused() -> str:
    """Say what a zone transfer needs."""
    return "the kubernetes plugin alone does not transfer its zones"


def _left_of_service(name: BelowService) -> tuple[str, ...]:
    match name:
        case EndpointName():
            return (name.endpoint,)
        case PortName():
            return (name.port_label, name.protocol_label)
        case _:
            return ()


def _searched(*labels: str) -> str:
    """Return the hint that a search domain made this name, if the labels look like one."""
    name = ".".join(labels)
    if len(labels) < 2 or name.startswith("_") or "._" in name:
        return ""
    return f"; perhaps the client asked for {_quoted(name)} and its search list added the rest"


def _none_ready(slices: Slices) -> str:
    number = count(slices, ready=False)
    if not number:
        return "has no endpoints"
    names = list(islice(known_as(slices, ready=False), _LISTED))
    return f"0 of {number} endpoints are ready ({_listed(names, number)})"


def _listed(words: Sequence[str], number: int = 0) -> str:
    """Return the first few words, and how many more there are.

    Args:
        words: all of them, or as many as are shown.
        number: how many there are in the second case.
    """
    shown, more = ", ".join(words[:_LISTED]), max(number, len(words)) - _LISTED
    return f"{shown} and {more} more" if more > 0 and len(words) >= _LISTED else shown


def _namespaces(names: Sequence[str]) -> str:
    shown = ", ".join(_quoted(name) for name in names[:_LISTED])
    if len(names) > _LISTED:
        return f"namespaces {shown} and others"
    return f"namespace {shown}" if len(names) == 1 else f"namespaces {shown}"


def _name(owner: OwnerName) -> str:
    return to_text(owner).rstrip(".") or "the root"


def _key(service: Service) -> str:
    return f"{service.namespace}/{service.name}"


def _quoted(text: str) -> str:
    return f"'{_text(text)}'"


def _text(label: str) -> str:
    """Return text from a client's name without control characters in it."""
    if _ORDINARY.fullmatch(label):
        return label
    escaped = label_text(label.encode("latin-1", "replace"))
    return escaped.replace("\\.", ".")


def _prefix_text(node: ReverseNode) -> str:
    if node.width == 4:
        return ".".join(map(str, node.prefix)) or "any number"
    rest = "" if node.nibble is None else f"{node.nibble:x}"
    return node.prefix.hex() + rest or "any digit"
