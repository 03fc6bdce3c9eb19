"""`svcdns proxy`: traffic to Services on one node; `list`, `diff` and `cleanup` look at it.

Options are `cli.proxy_flags`'s business, what is printed `cli.proxy_report`'s, and
`cli.proxy_kernel` holds the commands that need the kernel.
"""

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from svcdns.cli.proxy_flags import ProxyFlags, settings_of, with_flags
from svcdns.cli.proxy_kernel import cleanup, plan_or_exit, show_diff, show_list

if TYPE_CHECKING:
    from svcdns.app.proxy_settings import ProxySettings

EXAMPLES = """\b
Examples:
  svcdns proxy --dry-run --manifests examples/shop --node node-a   what a node would get
  svcdns proxy --dry-run -o json --kubeconfig ~/.kube/config --node node-a
  svcdns proxy --mode ipvs --cluster-cidr 10.244.0.0/16
  svcdns proxy --config /var/lib/kube-proxy/config.conf
  svcdns proxy list -o wide                                       what the kernel has
  svcdns proxy diff                                               and what it lacks
"""

_CONTEXT: dict[str, Any] = {"help_option_names": ["-h", "--help"]}

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    invoke_without_command=True,
    epilog=EXAMPLES,
    context_settings=_CONTEXT,
)


@app.callback()
@with_flags
def proxy(
    invocation: typer.Context,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be made, and make nothing.")
    ] = False,
    output: Annotated[
        Literal["text", "json", "yaml"],
        typer.Option("--output", "-o", help="How --dry-run prints it."),
    ] = "text",
    listen: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            help="Mode userspace: serve every port of every Service at a port of this address, "
            "which needs no right.",
            show_default=False,
        ),
    ] = "",
    log_format: Annotated[
        Literal["text", "json"], typer.Option(help="How log lines look.")
    ] = "text",
    flags: ProxyFlags,
) -> None:
    """Bring traffic to Services on one node, as kube-proxy does.

    Understands kube-proxy's flags and, with --config, its configuration file.

    --dry-run needs no right and no kernel that could do it. It prints lines for ipvsadm -R and
    for ip, or JSON or YAML of a form that stays (docs/proxy.md).

    Exit codes: 0 stopped as asked, or printed; 1 something needed is missing, or with --dry-run
    not every object could be read; 2 the command line is wrong.
    """
    if (command := invocation.invoked_subcommand) is not None:
        if dry_run or listen or _are_typed(flags):
            raise typer.BadParameter(
                f"options of {command} stand behind it: svcdns proxy {command} --mode nftables"
            )
        return
    settings = replace(settings_of(flags), listen=listen, log_json=log_format == "json")
    if dry_run:
        _print_plan(settings, output)
        return
    from svcdns.app.proxy_run import run  # noqa: PLC0415 - help must not load a server

    raise typer.Exit(run(settings))


app.command("list", context_settings=_CONTEXT)(show_list)
app.command("diff", context_settings=_CONTEXT)(show_diff)
app.command("cleanup", context_settings=_CONTEXT)(cleanup)


def _are_typed(flags: ProxyFlags) -> bool:
    # The parser gives an empty list to a repeatable option that was not typed.
    typed = {one.name: getattr(flags, one.name) for one in fields(flags) if one.name != "ignored"}
    return any(value not in (None, []) for value in typed.values())


def _print_plan(settings: "ProxySettings", output: str) -> None:
    from svcdns.app.proxy_script import script  # noqa: PLC0415 - help must not load a server
    from svcdns.cli import proxy_report  # noqa: PLC0415 - as above

    planned = plan_or_exit(settings)
    desired = planned.desired
    written = script(settings, desired) if output == "text" else None
    if output == "json":
        typer.echo(proxy_report.as_json(desired))
    elif output == "yaml":
        typer.echo(proxy_report.as_yaml(desired), nl=False)
    elif written is not None:
        typer.echo(written.text, nl=False)
        for line in proxy_report.remarks(desired, written.failures):
            typer.echo(line)
    else:
        typer.echo(proxy_report.as_text(desired, settings.device, settings.binding))
    raise typer.Exit(1 if planned.problems else 0)
