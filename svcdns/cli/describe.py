"""`svcdns describe service NAMESPACE/NAME`: objects, names, answers and the kernel in one view.

What is shown comes from `app.describe`.
"""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from svcdns.cli.columns import Cell, aligned
from svcdns.cli.progress import Progress
from svcdns.cli.proxy_flags import ProxyFlags, settings_of, with_flags
from svcdns.cli.proxy_kernel import complain
from svcdns.cli.terminal import Tone, has_colour, toned
from svcdns.cluster.model import Condition, Endpoint, EndpointSlice, Service
from svcdns.corefile.errors import printable
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

    Exit codes: 0 described; 1 there is no such Service, or not everything could be read; 2 the
    command line is wrong.
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
    except (StartError, CorefileError) as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from None
    except OSError as error:
        typer.echo(f"cannot read '{error.filename}': {error.strerror}", err=True)
        if error.filename == corefile:
            typer.echo("  next  name a Corefile: --corefile FILE; or leave it out", err=True)
        raise typer.Exit(1) from None
    complain(found.problems)
    typer.echo("\n".join(lines(found, colour=has_colour())))
    raise typer.Exit(1 if found.problems else 0)


def lines(found: "Described", *, colour: bool) -> Iterator[str]:
    """Yield what is known, a line each; what belongs to one thing has its label once."""
    before = ""
    for label, text in _labelled(found, colour=colour):
        shown = "" if label == before else toned(label, Tone.DIM, colour=colour)
        yield f"{shown}{' ' * (_LABEL_WIDTH - (len(label) if shown else 0))}{text}".rstrip()
        before = label
        if label == "Endpoints":
            yield from _endpoints(found.slices, colour=colour)


def _labelled(found: "Described", *, colour: bool) -> Iterator[tuple[str, str]]:
    service = found.service
    kind = "headless" if service.headless else service.type
    name = toned(f"{service.namespace}/{service.name}", Tone.STRONG, colour=colour)
    yield "Service", f"{name}   {kind}{_traits(found)}"
    for one in found.names:
        answers = printable("  ".join(one.answers))
        if not answers:
            said = f"no answer: {one.why or 'NODATA'}"
            answers = toned(said, Tone.WARN, colour=colour)
        yield "Names", f"{one.name}  {toned(one.rrtype, Tone.DIM, colour=colour)}  {answers}"
    yield from _addresses(service)
    yield from (("Ports", port) for port in _ports(service, found.slices))
    yield "Endpoints", _ready(found.slices, colour=colour)
    for at in found.virtual_servers:
        yield "Kernel", _kernel(at, found.kernel, colour=colour)
    if found.kernel and found.virtual_servers:
        why = f"the kernel cannot be read: {found.kernel.splitlines()[0]}"
        yield "Kernel", toned(why, Tone.WARN, colour=colour)
    for skipped in found.skipped:
        yield "Left out", toned(printable(skipped.reason), Tone.WARN, colour=colour)


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


def _addresses(service: Service) -> Iterator[tuple[str, str]]:
    traffic = service.traffic
    named: dict[str, Any] = {
        "Addresses": service.addresses,
        "External": traffic.external,
        "Balancer": (*traffic.balancers, *service.outside_names),
    }
    last = "Addresses"
    for label, addresses in named.items():
        if addresses:
            texts = [one if isinstance(one, str) else address_text(one) for one in addresses]
            yield label, printable("  ".join(texts))
            last = label
    if traffic.source_ranges:
        yield last, f"only for {', '.join(traffic.source_ranges)}"
    if traffic.health_check_port:
        yield "Health check", f"port {traffic.health_check_port} of each node"
    if service.external_name:
        yield "Leads to", printable(service.external_name)


def _ports(service: Service, slices: tuple[EndpointSlice, ...]) -> Iterator[str]:
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
        yield f"{port.name or '-'}  {port.port}/{port.protocol}{to}{node}"


def _of_slices(slices: tuple[EndpointSlice, ...]) -> list[tuple[Endpoint, list[int]]]:
    return [
        (endpoint, [number for *_, number in one.ports if number])
        for one in slices
        for endpoint in one.endpoints()
    ]


def _ready(slices: tuple[EndpointSlice, ...], *, colour: bool) -> str:
    found = _of_slices(slices)
    ready = sum(bool(endpoint.conditions & Condition.READY) for endpoint, _ in found)
    if not found:
        return toned("none", Tone.WARN, colour=colour)
    rest = len(found) - ready
    counts = [toned(f"{ready} ready", Tone.OK if ready else Tone.FAIL, colour=colour)]
    if rest:
        counts.append(toned(f"{rest} not ready", Tone.FAIL, colour=colour))
    return ", ".join(counts)


def _endpoints(slices: tuple[EndpointSlice, ...], *, colour: bool) -> Iterator[str]:
    found = _of_slices(slices)
    cells = [
        (
            Cell(_where(endpoint, ports)),
            _condition(endpoint),
            Cell(printable(endpoint.node)),
            Cell(printable(endpoint.zone), Tone.DIM),
            Cell(printable(endpoint.pod)),
        )
        for endpoint, ports in found[:_MOST_ENDPOINTS]
    ]
    yield from (f"  {line}" for line in aligned(cells, colour=colour, gap="   "))
    if len(found) > _MOST_ENDPOINTS:
        yield f"  and {len(found) - _MOST_ENDPOINTS:,} more"


def _where(endpoint: Endpoint, ports: list[int]) -> str:
    host = printable(endpoint.fqdn) or address_text(endpoint.address)
    host = f"[{host}]" if ":" in host else host
    return f"{host}:{','.join(map(str, dict.fromkeys(ports)))}" if ports else host


def _condition(endpoint: Endpoint) -> Cell:
    if endpoint.conditions & Condition.READY:
        return Cell("ready", Tone.OK)
    if endpoint.conditions & Condition.TERMINATING:
        serves = endpoint.conditions & Condition.SERVING
        return Cell("ending", Tone.WARN) if serves else Cell("ended", Tone.DIM)
    return Cell("not ready", Tone.FAIL)


def _kernel(at: "AtKernel", why: str, *, colour: bool) -> str:
    wanted, there = at.wanted, at.there
    text = str(at.key)
    if there is None:
        if why:
            count = _count(len(wanted) if wanted is not None else 0, "real server")
            return f"{text} {wanted.scheduler if wanted is not None else ''}  should have {count}"
        return f"{text}  {toned('missing', Tone.FAIL, colour=colour)}"
    connections = sum(one.active + one.inactive for one in there.servers.values())
    state = toned("in step with the API", Tone.OK, colour=colour)
    if not _agrees(wanted, there):
        state = toned("differs: svcdns proxy diff", Tone.FAIL, colour=colour)
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
