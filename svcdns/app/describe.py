"""Everything that is known of one Service: objects, names and their answers, the kernel.

Nothing is asked over the network but the API server: the answers are made here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from svcdns.app.inprocess import Asking
from svcdns.app.listing import Done, silent
from svcdns.app.near import near
from svcdns.app.proxy_backend import observed
from svcdns.app.proxy_plan import planned
from svcdns.app.proxy_settings import ProxySettings
from svcdns.app.start_error import StartError
from svcdns.cluster.model import EndpointSlice, Namespace, Node, Object, Service
from svcdns.cluster.state import State
from svcdns.proxy.model import Skipped, VirtualKey, VirtualServer
from svcdns.proxy.realized import RealizedVirtual
from svcdns.wire.codec import decode, encode_query
from svcdns.wire.codes import RRType
from svcdns.wire.name import from_text, to_text


class Answered(NamedTuple):
    """One name of a Service, and what a query for it gets."""

    name: str
    rrtype: str
    answers: tuple[str, ...]
    why: str = ""
    """Of an answer that is empty."""


class AtKernel(NamedTuple):
    """One virtual server as it should be and as it is; one of them may be None."""

    wanted: VirtualServer | None
    there: RealizedVirtual | None
    key: VirtualKey


@dataclass(frozen=True, slots=True)
class Described:
    """One Service."""

    service: Service
    slices: tuple[EndpointSlice, ...]
    names: tuple[Answered, ...]
    virtual_servers: tuple[AtKernel, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    kernel: str = ""
    """Why the kernel could not be read; empty: it was."""
    problems: tuple[str, ...] = ()
    """Of the cluster, what could not be read: the Service may look otherwise."""


def described(
    settings: ProxySettings,
    namespace: str,
    name: str,
    corefile: str | None = None,
    done: Done = silent,
) -> Described:
    """Return everything about one Service.

    Args:
        settings: where the objects are, and which node is meant.
        namespace: of the Service.
        name: of the Service.
        corefile: path, for the zone and what is answered; None: kubeadm's.
        done: told how far reading is.

    Raises:
        CorefileError: the Corefile has mistakes.
        StartError: there is no such Service, or no objects can be read.
        OSError: the Corefile cannot be read.
    """
    plan = planned(settings, done)
    service = plan.state.service(namespace, name)
    if service is None:
        raise StartError(_unknown(plan.state, namespace, name))
    desired = {
        key: one
        for key, one in plan.desired.virtual_servers.items()
        if one.service[:2] == service.key
    }
    there: dict[VirtualKey, RealizedVirtual] = {}
    why = ""
    try:
        realized = observed(settings, plan.desired).realized.virtual_servers
    except StartError as error:
        why = str(error)
    else:
        there = {key: realized[key] for key in desired if key in realized}
    asking = Asking(_Objects(plan.state), corefile)
    subject = f"Service {namespace}/{name}"
    return Described(
        service,
        plan.state.slices(namespace, name),
        tuple(_answered(asking, service)),
        tuple(AtKernel(one, there.get(key), key) for key, one in desired.items()),
        tuple(
            one
            for one in plan.desired.skipped
            if one.object == subject or one.object.startswith((f"{subject}:", f"{subject} "))
        ),
        why,
        plan.problems,
    )


class _Objects:
    """The objects of a state, with the Namespaces that they are in."""

    def __init__(self, state: State) -> None:
        self._state = state

    def objects(self, labels: str, namespace_labels: str) -> Iterable[Object]:
        """Return all of them: a state keeps no labels."""
        del labels, namespace_labels
        services = list(self._state.services)
        yield from (Namespace(name) for name in {one.namespace for one in services})
        yield from services
        for kind in (EndpointSlice, Node):
            yield from self._state.objects(kind)


def _answered(asking: Asking, service: Service) -> Iterable[Answered]:
    for zone in asking.zones[:1]:
        base = f"{service.name}.{service.namespace}.svc.{to_text(zone)}"
        if service.type == "ExternalName":
            yield _ask(asking, base, RRType.CNAME)
            return
        widths = {len(address) for address in service.addresses} or {4}
        for width in sorted(widths):
            yield _ask(asking, base, RRType.A if width == 4 else RRType.AAAA)
        for port in service.ports:
            if port.name:
                yield _ask(asking, f"_{port.name}._{port.protocol.lower()}.{base}", RRType.SRV)


def _ask(asking: Asking, name: str, rrtype: RRType) -> Answered:
    message = decode(asking.response(encode_query(from_text(name), rrtype, id=1)))
    answers = tuple(one.rdata for one in message.answer)
    why = "" if answers else "; ".join(text for _, text in message.extended_errors)
    return Answered(name.rstrip("."), rrtype.name, answers, why)


def _unknown(state: State, namespace: str, name: str) -> str:
    try:
        found = near(state, from_text(f"{name}.{namespace}.svc.cluster.local".lower()))
    except ValueError:  # what is no name in DNS resembles none
        found = ()
    meant = [f"{of}/{service}" for service, _, of in (one.partition(".") for one in found)]
    text = f"there is no Service '{name}' in Namespace '{namespace}'"
    return f"{text}\n  near  {', '.join(meant)}" if meant else text
