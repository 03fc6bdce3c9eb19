"""The commands, and the rule that a command line of CoreDNS means `serve`.

A command is the function of its name in the module of its name in this room, imported only when
it is asked for: `svcdns check` must not pay for a server. `EXAMPLES` of that module closes its
help text, `CONTEXT` are its settings for the parser.
"""

import errno
import os
import sys
from importlib import import_module
from pathlib import PurePath
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from svcdns.cli import coredns_flags, kube_proxy_flags

COMMANDS = (
    "serve",
    "proxy",
    "check",
    "config",
    "query",
    "describe",
    "doctor",
    "migrate",
    "export",
    "completion",
    "version",
)
"""In the order of the help text: what one needs first comes first."""

EXAMPLES = """\b
Examples:
  svcdns serve --corefile Corefile --manifests DIR   answer from a folder of manifests
  svcdns check Corefile                              say what is wrong with a Corefile
  svcdns query web.shop.svc.cluster.local            ask, and learn why
  svcdns describe service shop/web                   its endpoints, names, virtual servers
  svcdns doctor                                      what this machine lacks
  svcdns migrate --context kind-kind                 a plan to replace CoreDNS
  svcdns proxy --dry-run --manifests DIR             what a node would get of Services
  svcdns export --manifests DIR --anonymize          a cluster for a bug report
  svcdns -conf /etc/coredns/Corefile                 CoreDNS's own command line
"""

PROGRAM, PLUGIN = "svcdns", "kubectl svcdns"
"""What we are called, by itself and as a plugin of kubectl."""

_BEFORE = {
    "-n": True,
    "--namespace": True,
    "--context": True,
    "--kubeconfig": True,
    "-A": False,
    "--all-namespaces": False,
}
"""Options that people write before the command, and whether a value follows."""
_OF_PROXY = (["list"], ["diff"], ["cleanup"])
"""Commands of a command: an option is theirs only behind them."""
_OWN_FLAGS = frozenset({"-h", "--help", "--version"})
_JARGON = "Value error, "
"""What the parser's own library puts in front of a sentence."""
_PARSERS_OPTIONS = frozenset({"install_completion", "show_completion"})
"""Which it adds by itself: without them it would not complete either."""


class Commands(TyperGroup):
    """The commands by name, imported one by one."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        # Only the names count here: they are listed, and compared with a mistyped one.
        self.commands = dict.fromkeys(COMMANDS, TyperCommand(None))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return one command ready to run; None if there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        command = self._made(cmd_name)
        command.epilog = spelled(command.epilog, ctx.find_root().info_name)
        return command

    def invoke(self, ctx: Any) -> Any:
        """Run the command; a word that is none of those it may be is said in plain words."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = error.message.removeprefix(_JARGON)
            raise

    def get_params(self, ctx: Any) -> Any:
        """Return our own options: what completes them is printed by `completion`, one way only."""
        return [one for one in super().get_params(ctx) if one.name not in _PARSERS_OPTIONS]

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the examples as one would have to type them."""
        self.epilog = spelled(self.epilog, ctx.find_root().info_name)
        super().format_epilog(ctx, formatter)

    @staticmethod
    def _made(name: str) -> Any:
        module = import_module(f"svcdns.cli.{name}")
        if hasattr(module, "app"):  # with commands of its own
            return get_command(module.app)
        single = typer.Typer(add_completion=False, rich_markup_mode=None)
        single.command(
            name,
            epilog=getattr(module, "EXAMPLES", ""),
            context_settings=_CONTEXT | getattr(module, "CONTEXT", {}),
        )(getattr(module, name))
        return get_command(single)


_CONTEXT: dict[str, Any] = {"help_option_names": ["-h", "--help"]}

# Plain help text: it is read in logs and over serial lines, and rich alone costs 60 ms.
app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings=_CONTEXT,
    epilog=EXAMPLES,
)


def _print_version(asked: bool) -> None:  # noqa: FBT001 - called with the flag's value
    if asked:
        typer.echo(import_module("svcdns.cli.version").text())
        raise typer.Exit


@app.callback()
def svcdns(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_print_version, help="Print the version."
        ),
    ] = False,
) -> None:
    """Cluster DNS for Kubernetes: CoreDNS's Corefile, and answers that say why.

    Exit codes: 0 fine, 1 a finding or a failure, 2 the command line is wrong.
    """


def command_line(arguments: list[str]) -> list[str]:
    """Return the arguments as this program's own: a command first, flags in its spelling.

    What kubectl's people write before the command, `-n shop query web`, goes behind it.
    `svcdns -conf X` is how CoreDNS is started and means `svcdns serve --corefile X`; behind
    `svcdns proxy` stand kube-proxy's flags.
    """
    arguments = _command_first(arguments)
    first = arguments[0] if arguments else ""
    if first == "help":
        return [*arguments[1:], "--help"]
    if first == "serve":
        return [first, *coredns_flags.translate(arguments[1:])]
    if first == "proxy":
        return [first, *kube_proxy_flags.translate(arguments[1:])]
    if first.startswith("-") and first not in _OWN_FLAGS:
        arguments = coredns_flags.translate(arguments)
        return arguments if arguments[:1] == ["--help"] else ["serve", *arguments]
    return arguments


def _command_first(arguments: list[str]) -> list[str]:
    at = 0
    while at < len(arguments) and (name := arguments[at].partition("=")[0]) in _BEFORE:
        at += 1 if "=" in arguments[at] or not _BEFORE[name] else 2
    if not at or not arguments[at : at + 1] or arguments[at] not in COMMANDS:
        return arguments
    end = at + 1
    if arguments[at] == "proxy" and arguments[end : end + 1] in _OF_PROXY:
        end += 1
    return [*arguments[at:end], *arguments[:at], *arguments[end:]]


def spelled(examples: str | None, program: str | None) -> str | None:
    """Return examples with the program's name as it was called."""
    if not examples or program != PLUGIN:
        return examples
    return examples.replace(f"  {PROGRAM} ", f"  {PLUGIN} ").replace(
        f"| {PROGRAM} ", f"| {PLUGIN} "
    )


def called(path: str) -> str:
    """Return what this program is called, given the path it was started by."""
    return PLUGIN if PurePath(path).name.startswith("kubectl-svcdns") else PROGRAM


def main() -> None:
    """Run the command line of this process and exit.

    Checks that `svcdns doctor` gave up are not waited for: Python would, where one of them looks
    a name up, and that may take a minute.
    """
    try:
        app(args=command_line(sys.argv[1:]), prog_name=called(sys.argv[0]))
    except SystemExit as end:
        checks = sys.modules.get("svcdns.app.doctor_finding")
        if checks is not None and checks.is_hanging():
            sys.stdout.flush()
            os._exit(end.code if isinstance(end.code, int) else 1)
        raise
    except OSError as error:
        if error.filename is not None or error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        typer.echo(f"cannot write what was to be printed: {error.strerror}", err=True)
        typer.echo("  next  make room, or send it elsewhere", err=True)
        # Python writes what is left once more at the end, and would complain again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
