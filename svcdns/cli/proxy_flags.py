"""The options that commands about the service proxy share, and the settings they amount to.

Declared once, as fields: `with_flags` gives a command all of them. What was not typed is None, so
that a configuration file shows through. Names are kube-proxy's where it has them.
"""

import platform
from collections.abc import Callable
from dataclasses import dataclass, fields
from inspect import Parameter, signature
from typing import Annotated, Any, Literal, TypeVar, get_type_hints

import typer

from svcdns.app.proxy_settings import READERS, ProxySettings
from svcdns.cli.kube_proxy_flags import IGNORED

_Command = TypeVar("_Command", bound=Callable[..., None])


@dataclass(frozen=True, slots=True)
class ProxyFlags:
    """What was typed. Fields are named as those of `ProxySettings`."""

    mode: Annotated[
        Literal["ipvs", "nftables", "iptables", "userspace", "auto"] | None,
        typer.Option(
            "--mode",
            "--proxy-mode",
            help="How packets are balanced; auto: the first of these that this machine can. "
            "ipvs by default.",
        ),
    ] = None
    packet_filter: Annotated[
        Literal["auto", "nftables", "iptables"] | None,
        typer.Option(help="What stands beside IPVS for masquerading and closed ports."),
    ] = None
    config: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="KubeProxyConfiguration, v1alpha1. Flags win over what it says."
        ),
    ] = None
    manifests: Annotated[
        str | None,
        typer.Option(
            metavar="DIR",
            help="Folder or file of Kubernetes objects instead of an API server; `-` is standard "
            "input.",
        ),
    ] = None
    kubeconfig: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="How to reach the API server. Without it: the Pod we run in, $KUBECONFIG, "
            "~/.kube/config.",
        ),
    ] = None
    context: Annotated[
        str | None, typer.Option(metavar="NAME", help="Context of the kubeconfig.")
    ] = None
    servers: Annotated[
        list[str] | None,
        typer.Option(
            "--apiserver",
            "--master",
            metavar="URL[,URL]",
            help="API servers in the order to try, instead of the kubeconfig's.",
        ),
    ] = None
    snapshot: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Keep the last known state of the cluster there, and begin with it while the API "
            "server does not answer.",
        ),
    ] = None
    node: Annotated[
        str | None,
        typer.Option(
            "--node",
            "--hostname-override",
            metavar="NAME",
            help="Name of the Node; the host's name by default.",
        ),
    ] = None
    zone: Annotated[
        str | None,
        typer.Option(metavar="ZONE", help="Its topology zone, instead of what the Node says."),
    ] = None
    node_addresses: Annotated[
        list[str] | None,
        typer.Option(
            "--node-address",
            metavar="IP",
            help="Address of the node, instead of what the Node says; may be repeated.",
        ),
    ] = None
    nodeport_networks: Annotated[
        list[str] | None,
        typer.Option(
            "--nodeport-addresses",
            metavar="CIDR,...",
            help="Serve node ports at the node's addresses in these networks; `all`: at each, "
            "`primary`, the default: at the one by which the Node is known.",
        ),
    ] = None
    cluster_networks: Annotated[
        list[str] | None,
        typer.Option(
            "--cluster-cidr",
            metavar="CIDR,...",
            help="Networks of the pods: clients outside are masqueraded.",
        ),
    ] = None
    scheduler: Annotated[
        str | None,
        typer.Option(
            "--ipvs-scheduler",
            metavar="NAME",
            help="rr (random in nftables and iptables), wrr, lc, wlc, dh, sh, sed, nq, mh, or "
            "another one of the kernel. A Service can choose by the annotation "
            "svcdns.io/scheduler.",
        ),
    ] = None
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            "--ipvs-exclude-cidrs",
            metavar="CIDR,...",
            help="Leave virtual servers in these networks alone, whoever made them.",
        ),
    ] = None
    strict_arp: Annotated[
        bool | None,
        typer.Option(
            "--ipvs-strict-arp/--no-ipvs-strict-arp",
            help="Answer no ARP question for addresses of Services, as MetalLB needs it.",
        ),
    ] = None
    device: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Dummy device for addresses of Services; kube-ipvs0 by default.",
        ),
    ] = None
    binding: Annotated[
        Literal["device", "route"] | None,
        typer.Option(
            "--vip-binding",
            help="How addresses of Services become this node's: bound on the device, or by a "
            "route each.",
        ),
    ] = None
    external_ips: Annotated[
        bool | None,
        typer.Option(
            "--enable-external-ips/--no-enable-external-ips",
            help="Serve externalIPs: whoever may write a Service may then take any address.",
        ),
    ] = None
    masquerade_all: Annotated[
        bool | None,
        typer.Option("--masquerade-all/--no-masquerade-all", help="Masquerade every client."),
    ] = None
    masquerade_bit: Annotated[
        str | None,
        typer.Option(
            "--iptables-masquerade-bit",
            metavar="N",
            help="Bit of the packet mark that asks for it; 14 by default.",
        ),
    ] = None
    local_fallback: Annotated[
        bool | None,
        typer.Option(
            "--ipvs-local-fallback/--no-ipvs-local-fallback",
            help="Traffic policy Local without a local endpoint: send to others, as kube-proxy "
            "does with IPVS, instead of dropping.",
        ),
    ] = None
    drain_seconds: Annotated[
        str | None,
        typer.Option(
            "--drain-timeout",
            metavar="TIME",
            help="How long an endpoint that is gone keeps its connections; 5m by default.",
        ),
    ] = None
    sync_seconds: Annotated[
        str | None,
        typer.Option(
            "--ipvs-sync-period",
            "--iptables-sync-period",
            metavar="TIME",
            help="Compare with the kernel at least so often; 30s by default.",
        ),
    ] = None
    min_sync_seconds: Annotated[
        str | None,
        typer.Option(
            "--ipvs-min-sync-period",
            "--iptables-min-sync-period",
            metavar="TIME",
            help="Gather changes for so long; 50ms by default.",
        ),
    ] = None
    tcp_seconds: Annotated[
        str | None,
        typer.Option(
            "--ipvs-tcp-timeout",
            metavar="TIME",
            help="Forget silent TCP connections after it; the kernel's own time by default.",
        ),
    ] = None
    tcp_fin_seconds: Annotated[
        str | None,
        typer.Option("--ipvs-tcpfin-timeout", metavar="TIME", help="The same after a FIN."),
    ] = None
    udp_seconds: Annotated[
        str | None,
        typer.Option("--ipvs-udp-timeout", metavar="TIME", help="The same for UDP."),
    ] = None
    healthz: Annotated[
        str | None,
        typer.Option(
            "--healthz-bind-address",
            metavar="ADDRESS:PORT",
            help="Where /healthz and /livez are; 0.0.0.0:10256 by default, empty: nowhere.",
        ),
    ] = None
    metrics: Annotated[
        str | None,
        typer.Option(
            "--metrics-bind-address",
            metavar="ADDRESS:PORT",
            help="Where /metrics is; 127.0.0.1:10249 by default, empty: nowhere.",
        ),
    ] = None
    ignored: Annotated[list[str] | None, typer.Option("--ignored", hidden=True)] = None


def with_flags(command: _Command) -> _Command:
    """Return `command`, its parameter `flags` replaced by one for each option."""
    hints = get_type_hints(ProxyFlags, include_extras=True)
    own = get_type_hints(command, include_extras=True)
    options = [
        Parameter(one.name, Parameter.KEYWORD_ONLY, default=one.default, annotation=hints[one.name])
        for one in fields(ProxyFlags)
    ]
    parameters = [
        parameter.replace(annotation=own[parameter.name])
        for parameter in signature(command).parameters.values()
        if parameter.name != "flags"
    ]

    def run(*args: Any, **kwargs: Any) -> None:
        typed = ProxyFlags(**{one.name: kwargs.pop(one.name) for one in options})
        command(*args, flags=typed, **kwargs)

    run.__name__, run.__doc__ = command.__name__, command.__doc__
    run.__signature__ = signature(command).replace(parameters=[*parameters, *options])  # type: ignore[attr-defined]
    return run  # type: ignore[return-value]


def settings_of(flags: ProxyFlags) -> ProxySettings:
    """Return the settings that file and flags amount to; say which flags have no effect.

    Raises:
        typer.BadParameter: a flag cannot be read, or two of them exclude each other.
        typer.Exit: the configuration file cannot be used; it was said why.
    """
    live = (flags.kubeconfig, flags.context, flags.servers)
    if flags.manifests is not None and any(live):
        raise typer.BadParameter(
            "--manifests is instead of an API server: leave out --kubeconfig, --context and "
            "--apiserver, or --manifests"
        )
    for name in flags.ignored or ():
        why = IGNORED.get(name, "it is unknown")
        typer.echo(f"--{name} has no effect here: {why}", err=True)
    values: dict[str, Any] = {}
    if flags.config is not None:
        values |= _of_file(flags.config)
    for name, value in _typed(flags).items():
        try:
            values[name] = READERS[name](value) if name in READERS else value
        except ValueError as error:
            raise typer.BadParameter(f"{_spelling(name)}: {error}") from None
    if flags.manifests is not None:
        values.pop("kubeconfig", None)
    values["node"] = values.get("node") or platform.node().lower()
    return ProxySettings(**values)


def _typed(flags: ProxyFlags) -> dict[str, Any]:
    """Return what was typed, by field of the settings."""
    typed = {
        one.name: getattr(flags, one.name)
        for one in fields(ProxySettings)
        if getattr(flags, one.name, None) is not None
    }
    # The parser gives an empty list to a repeatable option that was not typed.
    return {name: value for name, value in typed.items() if value != []}


def _of_file(path: str) -> dict[str, Any]:
    from svcdns.app.proxy_config import ProxyConfigError, read_config  # noqa: PLC0415

    try:
        config = read_config(path)
    except ProxyConfigError as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from None
    for warning in config.warnings:
        typer.echo(warning, err=True)
    return dict(config.values)


def _spelling(name: str) -> str:
    """Return how the option of a field is written."""
    option = get_type_hints(ProxyFlags, include_extras=True)[name].__metadata__[0]
    # Without a default of its own an option keeps its first name in that place.
    names = [one for one in (option.default, *(option.param_decls or ())) if isinstance(one, str)]
    return names[0].partition("/")[0] if names else f"--{name.replace('_', '-')}"
