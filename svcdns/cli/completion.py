"""`svcdns completion`: the script that lets a shell complete our commands, as kubectl has it.

What can follow is the parser's business. kubectl asks for words after `kubectl svcdns` by a
program of its own, `kubectl_complete-svcdns`, and takes one a line and a directive at the end.

Source: kubectl, plugin completion; Cobra, ShellCompDirective; Typer, its variables.
"""

import io
import os
import shlex
import sys
from contextlib import redirect_stdout
from typing import Annotated, Literal

import typer

EXAMPLES = """\b
Examples:
  svcdns completion bash > /etc/bash_completion.d/svcdns
  svcdns completion zsh > ~/.zfunc/_svcdns
  svcdns completion fish > ~/.config/fish/completions/svcdns.fish
  source <(svcdns completion bash)                     for this shell only
"""

PROGRAM = "svcdns"
_VARIABLE = "_SVCDNS_COMPLETE"
_FILES_TOO = ":0"
"""ShellCompDirectiveDefault: where we have no word, the shell offers files."""

SCRIPTS = {
    "bash": f"""\
_svcdns() {{
    local IFS=$'\\n'
    COMPREPLY=($(COMP_WORDS="${{COMP_WORDS[*]}}" COMP_CWORD=$COMP_CWORD \\
        {_VARIABLE}=complete_bash "$1" 2>/dev/null))
}}
complete -o default -F _svcdns {PROGRAM}
""",
    "zsh": f"""\
#compdef {PROGRAM}
_svcdns() {{
    eval "$(_TYPER_COMPLETE_ARGS="${{words[1,$CURRENT]}}" {_VARIABLE}=complete_zsh {PROGRAM})"
}}
compdef _svcdns {PROGRAM}
""",
    "fish": f"""\
function __svcdns
    set -lx {_VARIABLE} complete_fish
    set -lx _TYPER_COMPLETE_FISH_ACTION $argv[1]
    set -lx _TYPER_COMPLETE_ARGS (commandline -cp)
    {PROGRAM}
end
complete -c {PROGRAM} -f -n "__svcdns is-args" -a "(__svcdns get-args)"
""",
}
"""What each shell runs."""


def completion(
    shell: Annotated[
        Literal["bash", "zsh", "fish"], typer.Argument(metavar="bash|zsh|fish", help="Which shell.")
    ],
) -> None:
    """Print a script that completes commands and options.

    kubectl completes kubectl svcdns by itself, where kubectl_complete-svcdns is on the PATH.

    Exit codes: 0 printed, 2 the command line is wrong.
    """
    typer.echo(SCRIPTS[shell], nl=False)


def kubectl_complete() -> None:
    """Print what can follow the arguments of this process, in kubectl's form, and exit."""
    from svcdns.cli.main import app  # noqa: PLC0415 - that one imports this one by name

    words = [PROGRAM, *sys.argv[1:]]
    os.environ |= {
        _VARIABLE: "complete_bash",
        "COMP_WORDS": shlex.join(words),
        "COMP_CWORD": str(len(words) - 1),
    }
    offered = io.StringIO()
    try:
        with redirect_stdout(offered):
            app(args=[], prog_name=PROGRAM)
    finally:
        typer.echo("\n".join([*offered.getvalue().split(), _FILES_TOO]))
