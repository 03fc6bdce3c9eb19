"""What the labels of an external name mean, and why there is nothing at one.

Source: the k8s_external plugin of CoreDNS 1.15.
"""

from typing import NamedTuple

from svcdns.answers.answer import Dependency, on_namespace, on_service
from svcdns.answers.external_parts import is_outside
from svcdns.cluster.model import Service
from svcdns.wire.name import label_text


class Target(NamedTuple):
    """What the labels of a name mean."""

    namespace: str
    service: str
    endpoint: str = ""
    port: str = ""
    protocol: str = ""

    @property
    def depends_on(self) -> tuple[Dependency, ...]:
        """Return the objects that decide what is answered."""
        return (on_namespace(self.namespace), on_service(self.namespace, self.service))


def target_of(namespace: str, left: list[str]) -> Target | None:
    """Return what the labels left of the Namespace mean; None if there are too many."""
    match left:
        case [service]:
            return Target(namespace, service)
        case [endpoint, service]:
            return Target(namespace, service, endpoint=endpoint.removeprefix("_"))
        case [port, protocol, service]:
            return Target(
                namespace, service, "", port.removeprefix("_"), protocol.removeprefix("_")
            )
        case _:
            return None


def only_server(server: str, apex: str) -> str:
    """Say what there is below the apex."""
    return f"below '{apex}' there is only '{server}', the name server of the zone"


def too_long() -> str:
    """Say what such a name looks like."""
    return (
        "the name has too many labels: it is SERVICE.NAMESPACE, or _PORT._PROTOCOL in front of that"
    )


def no_namespace(namespace: str) -> str:
    """Say that there is no such Namespace."""
    return f"no Namespace {_quoted(namespace)}"


def no_address(target: Target, service: Service | None) -> str:
    """Say which Service, address or port is missing."""
    if service is None:
        return f"no Service {_quoted(target.service)} in Namespace {_quoted(target.namespace)}"
    called = f"Service {service.namespace}/{service.name}"
    if is_outside(service):
        return f"{called} has no port {_quoted(target.port)} of {_quoted(target.protocol)}"
    return f"{called} has no external address: neither externalIPs nor a load balancer's"


def _quoted(label: str) -> str:
    return f"'{label_text(label.encode('latin-1'))}'"
