"""`svcdns describe service NAMESPACE/NAME`: objects, names, answers and the kernel in one view.

What is shown comes from `app.describe`.
"""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from svcdns.cli.progress import Progress
from svcdns.cli.proxy_flags import ProxyFlags, settings_of, with_flags
from svcdns.cluster.model import Condition, Endpoint, EndpointSlice, Service
from svcdns.proxy.model import RealServer, VirtualServer
from svcdns.proxy.realized import RealizedVirtual
from svcdns.wire.name import address_text

if TYPE_CHECKING:
    from svcdns.app.describe import AtKernel, Described

EXAMPLES = """\b
Examples:
  svcdns describe service shop/web
  svcdns describe service web -n shop --context prod
  svcdns describe service shop/web --manifests examples/shop --node node-a
"""

_LABEL_WIDTH = 14
_MOST_ENDPOINTS = 50


@with_flags
def describe(
    kind: Annotated[  # noqa: ARG001 - there is one kind so far
        Literal["service"], typer.Argument(metavar="service", help="What to describe.")
    ],
    name: Annotated[
        str, typer.Argument(metavar="NAMESPACE/NAME", help="Which one; or NAME, with -n.")
    ],
    *,
    in_namespace: Annotated[
        str,
        typer.Option(
            "--namespace",
            "-n",
            metavar="NAME",
            help="Namespace of a bare NAME; that of the kubeconfig's context by default.",
            show_default=False,
        ),
    ] = "",
    corefile: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Corefile that says the zone and what is answered."),
    ] = None,
    flags: ProxyFlags,
) -> None:
    """Say everything about one Service, from names to the kernel.

    Answers are made here, from the objects; nothing is asked of a DNS server. What the kernel
    has is shown where it can be read. Options are those of svcdns proxy.

    Exit codes: 0 described, 1 there is no such Service, or it cannot be read, 2 the command
    line is wrong.
    """
    from svcdns.app.current_namespace import DEFAULT, current_namespace  # noqa: PLC0415 - as below
    from svcdns.app.describe import described  # noqa: PLC0415 - help must not load a server
    from svcdns.app.start_error import StartError  # noqa: PLC0415
    from svcdns.corefile.errors import CorefileError  # noqa: PLC0415

    namespace, slash, service = name.rpartition("/")
    if (slash and not namespace) or not service or "/" in namespace:
        raise typer.BadParameter(f"'{name}' is not NAMESPACE/NAME: shop/web")
    settings = settings_of(flags)
    if not (namespace or in_namespace):
        is_file = settings.manifests is not None
        named = (settings.kubeconfig, settings.context)
        in_namespace = DEFAULT if is_file else current_namespace(os.environ, *named)
    try:
        with Progress("objects") as progress:
            found = described(settings, namespace or in_namespace, service, corefile, progress.show)
    except (StartError, CorefileError, OSError) as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from None
    typer.echo("\n".join(lines(found)))


def lines(found: "Described") -> Iterator[str]:
    """Yield what is known, a line each."""
    service = found.service
    kind = "headless" if service.headless else service.type
    yield _line("Service", f"{service.namespace}/{service.name}   {kind}{_traits(found)}")
    label = "Names"
    for one in found.names:
        answers = "  ".join(one.answers) or f"no answer: {one.why or 'NODATA'}"
        yield _line(label, f"{one.name}  {one.rrtype}  {answers}")
        label = ""
    yield from _addresses(service)
    yield from _ports(service, found.slices)
    yield from _endpoints(found.slices)
    label = "Kernel"
    for at in found.virtual_servers:
        yield _line(label, _kernel(at, found.kernel))
        label = ""
    if found.kernel and found.virtual_servers:
        yield _line("", f"the kernel cannot be read: {found.kernel.splitlines()[0]}")
    label = "Left out"
    for skipped in found.skipped:
        yield _line(label, skipped.reason)
        label = ""


def _line(label: str, text: str) -> str:
    return f"{label:<{_LABEL_WIDTH}}{text}".rstrip()


def _traits(found: "Described") -> str:
    traffic = found.service.traffic
    scheduler = next((one.wanted.scheduler for one in found.virtual_servers if one.wanted), "")
    words = [scheduler] if scheduler else []
    if traffic.affinity_seconds:
        words.append(f"a client stays for {traffic.affinity_seconds} s")
    if traffic.internal_local:
        words.append("internal traffic Local")
    if traffic.external_local:
        words.append("external traffic Local")
    if traffic.is_elsewhere:
        words.append("served by another proxy")
    return "".join(f"   {word}" for word in words)


def _addresses(service: Service) -> Iterator[str]:
    traffic = service.traffic
    named: dict[str, Any] = {
        "Addresses": service.addresses,
        "External": traffic.external,
        "Balancer": (*traffic.balancers, *service.outside_names),
    }
    for label, addresses in named.items():
        if addresses:
            texts = [one if isinstance(one, str) else address_text(one) for one in addresses]
            yield _line(label, "  ".join(texts))
    if traffic.source_ranges:
        yield _line("", f"only for {', '.join(traffic.source_ranges)}")
    if traffic.health_check_port:
        yield _line("Health check", f"port {traffic.health_check_port} of each node")
    if service.external_name:
        yield _line("Leads to", service.external_name)


def _ports(service: Service, slices: tuple[EndpointSlice, ...]) -> Iterator[str]:
    label = "Ports"
    for index, port in enumerate(service.ports):
        targets = sorted(
            {
                number
                for one in slices
                for name, protocol, number in one.ports
                if name == port.name and protocol == port.protocol and number
            }
        )
        to = f" -> {', '.join(map(str, targets))}" if targets else ""
        ports = service.traffic.node_ports
        node = f"   node port {ports[index]}" if index < len(ports) and ports[index] else ""
        yield _line(label, f"{port.name or '-'}  {port.port}/{port.protocol}{to}{node}")
        label = ""


def _endpoints(slices: tuple[EndpointSlice, ...]) -> Iterator[str]:
    found = [
        (endpoint, [number for *_, number in one.ports if number])
        for one in slices
        for endpoint in one.endpoints()
    ]
    ready = sum(bool(endpoint.conditions & Condition.READY) for endpoint, _ in found)
    if not found:
        yield _line("Endpoints", "none")
        return
    rest = len(found) - ready
    yield _line("Endpoints", f"{ready} ready{f', {rest} not ready' if rest else ''}")
    cells = [
        (_where(endpoint, ports), _condition(endpoint), endpoint.node, endpoint.zone, endpoint.pod)
        for endpoint, ports in found[:_MOST_ENDPOINTS]
    ]
    widths = [max(len(row[column]) for row in cells) for column in range(5)]
    for row in cells:
        texts = [text.ljust(width) for text, width in zip(row, widths, strict=True) if width]
        yield f"  {'   '.join(texts)}".rstrip()
    if len(found) > _MOST_ENDPOINTS:
        yield f"  and {len(found) - _MOST_ENDPOINTS:,} more"


def _where(endpoint: Endpoint, ports: list[int]) -> str:
    host = endpoint.fqdn or address_text(endpoint.address)
    host = f"[{host}]" if ":" in host else host
    return f"{host}:{','.join(map(str, dict.fromkeys(ports)))}" if ports else host


def _condition(endpoint: Endpoint) -> str:
    if endpoint.conditions & Condition.READY:
        return "ready"
    if endpoint.conditions & Condition.TERMINATING:
        return "ending" if endpoint.conditions & Condition.SERVING else "ended"
    return "not ready"


def _kernel(at: "AtKernel", why: str) -> str:
    wanted, there = at.wanted, at.there
    text = str(at.key)
    if there is None:
        if why:
            count = _count(len(wanted) if wanted is not None else 0, "real server")
            return f"{text} {wanted.scheduler if wanted is not None else ''}  should have {count}"
        return f"{text}  missing"
    connections = sum(one.active + one.inactive for one in there.servers.values())
    state = "in step with the API" if _agrees(wanted, there) else "differs: svcdns proxy diff"
    return (
        f"{text} {there.scheduler}  {_count(len(there.servers), 'real server')}, "
        f"{_count(connections, 'connection')}   {state}"
    )


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'s' * (number != 1)}"


def _agrees(wanted: VirtualServer | None, there: RealizedVirtual) -> bool:
    if wanted is None:
        return False
    serving: set[RealServer] = {server for server, one in there.servers.items() if one.weight}
    alike = (wanted.scheduler, wanted.flags, wanted.persistence_timeout) == (
        there.scheduler,
        there.flags,
        there.persistence_timeout,
    )
    return alike and serving == set(wanted.real_servers())
