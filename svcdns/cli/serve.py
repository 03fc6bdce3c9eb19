"""`svcdns serve`: from the command line to `app.options.Options`; `app.run` does the rest.

CoreDNS's flags arrive here already in our spelling, see `cli.coredns_flags`; what they mean and
how they fail is CoreDNS's.
"""

from pathlib import Path
from typing import Annotated, Literal, NoReturn

import typer

from svcdns.app.options import DEFAULT_COREFILE, Options
from svcdns.app.proxy_settings import ProxySettings
from svcdns.cli.proxy_flags import ProxyFlags, settings_of

CONTEXT = {"allow_extra_args": True}

EXAMPLES = """\b
Examples:
  svcdns serve --manifests examples/shop --port 5300 --demo
  svcdns serve --corefile Corefile --manifests -      objects from standard input
  svcdns serve --kubeconfig ~/.kube/config --port 5300
  svcdns serve --proxy ipvs --kubeconfig ~/.kube/config
  svcdns serve -conf /etc/coredns/Corefile -dns.port 1053
  echo '.:5300 { whoami }' | svcdns serve -conf stdin
"""


def serve(  # noqa: PLR0913 - one parameter an option
    context: typer.Context,
    *,
    corefile: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Corefile to serve; `stdin` or `-` reads standard input. Without it ./Corefile, "
            "and without that, or when it is empty, a server that answers whoami. "
            "CoreDNS: -conf.",
        ),
    ] = None,
    manifests: Annotated[
        str | None,
        typer.Option(
            metavar="DIR",
            help="Folder or file of Kubernetes objects to answer from, followed as it changes; "
            "`-` reads standard input once.",
        ),
    ] = None,
    kubeconfig: Annotated[
        str,
        typer.Option(
            metavar="FILE",
            help="How to reach the API server. Without it: the Corefile, the Pod we run in, "
            "$KUBECONFIG, ~/.kube/config.",
            show_default=False,
        ),
    ] = "",
    kube_context: Annotated[
        str,
        typer.Option(
            "--context", metavar="NAME", help="Context of the kubeconfig.", show_default=False
        ),
    ] = "",
    apiserver: Annotated[
        str,
        typer.Option(
            metavar="URL[,URL]",
            help="API servers in the order to try, instead of the one the kubeconfig names.",
            show_default=False,
        ),
    ] = "",
    snapshot: Annotated[
        str,
        typer.Option(
            metavar="FILE",
            help="Keep the last known state of the cluster there, and begin with it while the "
            "API server does not answer.",
            show_default=False,
        ),
    ] = "",
    port: Annotated[
        int,
        typer.Option(
            "--port",
            "-p",
            metavar="N",
            min=0,
            max=65535,
            show_default=True,
            help="Port of server blocks that name none; 0 lets the system choose. "
            "CoreDNS: -dns.port.",
        ),
    ] = 53,
    bind: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            help="Address of server blocks that do not say where to listen; every one without it.",
            show_default=False,
        ),
    ] = "",
    no_reasons: Annotated[
        bool,
        typer.Option(
            "--no-reasons", help="Do not send the reason of a failed answer (Extended DNS Errors)."
        ),
    ] = False,
    exemplars: Annotated[
        bool,
        typer.Option(
            "--exemplars",
            help="Show with each duration a name that took so long (OpenMetrics exemplars).",
        ),
    ] = False,
    hedge: Annotated[
        bool,
        typer.Option(
            "--hedge",
            help="Ask a second upstream when the first one takes longer than 95 % of its answers.",
        ),
    ] = False,
    random_case: Annotated[
        bool,
        typer.Option(
            "--random-case",
            help="Send names to upstreams in random letter case, so that a forged reply has more "
            "to guess.",
        ),
    ] = False,
    proxy: Annotated[
        Literal["ipvs", "nftables", "iptables", "userspace", "auto"] | None,
        typer.Option(
            metavar="MODE",
            help="Be the service proxy of this node too, as `svcdns proxy --mode MODE` is.",
            show_default=False,
        ),
    ] = None,
    proxy_config: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="With --proxy: a KubeProxyConfiguration with everything else about it.",
            show_default=False,
        ),
    ] = None,
    log_format: Annotated[
        Literal["text", "json"], typer.Option(help="How log lines look.")
    ] = "text",
    pidfile: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Write the process id there. CoreDNS: -pidfile."),
    ] = None,
    quiet: Annotated[
        bool,
        typer.Option("--quiet", help="Do not print zones and version at start. CoreDNS: -quiet."),
    ] = False,
    demo: Annotated[
        bool, typer.Option("--demo", help="Say at start what is served and what to try.")
    ] = False,
    plugins: Annotated[
        bool, typer.Option("--plugins", help="List the directives and exit. CoreDNS: -plugins.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit. CoreDNS: -version.")
    ] = False,
) -> None:
    """Answer DNS queries as the Corefile says.

    Understands CoreDNS's flags in CoreDNS's spelling, also without the word serve.

    Stops on SIGTERM and SIGINT. Exit codes: 0 stopped as asked, 1 the Corefile, a port or a
    source is not usable, 2 the command line is wrong.
    """
    if context.args:
        _fail(f"extra command line arguments: [{' '.join(context.args)}]")
    if version:
        from svcdns.cli.version import text  # noqa: PLC0415 - only these two flags need it

        typer.echo(text())
        return
    if plugins:
        typer.echo(_directives())
        return
    if manifests is not None and (kubeconfig or kube_context or apiserver or snapshot):
        raise typer.BadParameter(
            "--manifests is instead of an API server: leave out --kubeconfig, --context, "
            "--apiserver and --snapshot, or --manifests"
        )
    if proxy_config is not None and proxy is None:
        raise typer.BadParameter("--proxy-config belongs to --proxy MODE")
    servers = tuple(filter(None, apiserver.split(",")))
    name, corefile_text = _corefile(corefile, taken=manifests == "-")
    options = Options(
        corefile=name,
        corefile_text=corefile_text,
        manifests=manifests,
        kubeconfig=kubeconfig,
        context=kube_context,
        servers=servers,
        snapshot=snapshot,
        port=port,
        bind=bind,
        reasons=not no_reasons,
        exemplars=exemplars,
        hedge=hedge,
        random_case=random_case,
        proxy=_proxy(
            ProxyFlags(
                mode=proxy,
                config=proxy_config,
                manifests=manifests,
                kubeconfig=kubeconfig or None,
                context=kube_context or None,
                servers=list(servers) or None,
            )
        ),
        log_json=log_format == "json",
        pidfile=pidfile,
        quiet=quiet,
        demo=demo,
    )
    from svcdns.app.run import serve as run  # noqa: PLC0415 - help must not load a server

    raise typer.Exit(run(options))


def _proxy(flags: ProxyFlags) -> ProxySettings | None:
    return settings_of(flags) if flags.mode is not None else None


def _corefile(named: str | None, *, taken: bool) -> tuple[str, str | None]:
    """Name of the Corefile, and its text if that is in no file; `taken`: who has standard input."""
    if named in ("stdin", "-"):
        if taken:
            raise typer.BadParameter("--corefile and --manifests cannot both read standard input")
        stream = typer.get_text_stream("stdin", encoding="utf-8", errors="replace")
        return "stdin", stream.read()
    path = named or "Corefile"
    if named is None and not (Path(path).exists() and Path(path).stat().st_size):
        return "default", DEFAULT_COREFILE
    try:
        with Path(path).open("rb"):
            return path, None
    except OSError as error:
        _fail(
            f"cannot read the Corefile '{path}': {error.strerror}\n"
            "  next  name it with -conf FILE or --corefile FILE"
        )


def _directives() -> str:
    """Every directive, one a line, in the order of CoreDNS's list."""
    from svcdns.plugins import SUPPORTED  # noqa: PLC0415

    return "\n".join(sorted(SUPPORTED))


def _fail(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(1)
