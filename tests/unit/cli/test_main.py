import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest
from typer.testing import CliRunner

from svcdns.cli.main import COMMANDS, PLUGIN, app, called, command_line, spelled
from tests.support.tree import ROOT


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        pytest.param("-conf Corefile", "serve --corefile Corefile", id="CoreDNS's own"),
        pytest.param("serve -conf Corefile", "serve --corefile Corefile", id="with the command"),
        pytest.param("-version", "serve --version", id="CoreDNS's version"),
        pytest.param("--version", "--version", id="our version"),
        pytest.param("-help", "--help", id="Go's help"),
        pytest.param("-h", "-h", id="help"),
        pytest.param("query -p 53 a.example", "query -p 53 a.example", id="another command"),
        pytest.param("", "", id="nothing"),
        pytest.param("-n shop query a", "query -n shop a", id="kubectl's options first"),
        pytest.param("--context=a -A export", "export --context=a -A", id="in another form"),
        pytest.param("-n shop", "serve -n shop", id="options without a command"),
        pytest.param("--context a whoami", "serve --context a whoami", id="no command of ours"),
    ],
)
def test_flags_without_a_command_mean_serve(typed: str, meant: str) -> None:
    assert command_line(typed.split()) == meant.split()


@pytest.mark.parametrize(
    ("path", "name"),
    [("/usr/bin/svcdns", "svcdns"), ("kubectl-svcdns", PLUGIN), ("svcdns/__main__.py", "svcdns")],
)
def test_the_name_is_the_one_it_was_called_by(path: str, name: str) -> None:
    assert called(path) == name


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_as_a_plugin_of_kubectl_usage_and_examples_say_so(command: str) -> None:
    shown = CliRunner().invoke(app, [*command.split(), "--help"], prog_name=PLUGIN)

    assert shown.output.startswith(f"Usage: kubectl svcdns {command}".rstrip())
    assert f"\n  Examples:\n    kubectl svcdns {command}".rstrip() in shown.output
    assert "    svcdns " not in shown.output


def test_examples_stay_as_they_are_for_the_program_itself() -> None:
    assert spelled("  svcdns check", "svcdns") == "  svcdns check"
    assert spelled("  a | svcdns check -", PLUGIN) == "  a | kubectl svcdns check -"
    assert spelled(None, PLUGIN) is None


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help_with_examples(command: str) -> None:
    shown = CliRunner().invoke(app, [command, "--help"], prog_name="svcdns")

    assert shown.exit_code == 0
    assert shown.output.startswith(f"Usage: svcdns {command} ")
    assert f"\n  Examples:\n    svcdns {command}" in shown.output


def test_help_lists_the_commands_in_the_order_one_needs_them() -> None:
    shown = CliRunner().invoke(app, ["--help"])

    listed = shown.output.partition("\nCommands:\n")[2].partition("\n\n")[0]
    assert [line.split()[0] for line in listed.splitlines()] == list(COMMANDS)


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_is_plain_ascii(command: str) -> None:
    assert CliRunner().invoke(app, [*command.split(), "--help"]).output.isascii()


def test_what_a_command_is_for_is_told_whole() -> None:
    listed = CliRunner().invoke(app, ["--help"]).output.partition("\nCommands:\n")[2]

    assert "..." not in listed


def test_no_command_shows_help_and_is_wrong_usage() -> None:
    shown = CliRunner().invoke(app, [], prog_name="svcdns")

    assert shown.exit_code == 2
    assert shown.output.startswith("Usage: svcdns [OPTIONS] COMMAND")


def test_a_mistyped_command_gets_a_suggestion() -> None:
    shown = CliRunner().invoke(app, ["chek"])

    assert shown.exit_code == 2
    assert "Did you mean 'check'?" in shown.output


def test_the_version_needs_no_command() -> None:
    shown = CliRunner().invoke(app, ["--version"])

    assert shown.exit_code == 0
    assert shown.output.startswith("svcdns-")


def test_python_m_svcdns_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "svcdns", "-version"], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("svcdns-")


@pytest.mark.parametrize("command", ["version", "check"])
def test_a_quick_command_loads_no_server(command: str) -> None:
    program = (
        "import sys\n"
        "from svcdns.cli.main import app\n"
        f"try: app(args=['{command}', '--help'])\n"
        "except SystemExit: pass\n"
        "print(*sorted({'asyncio', 'dnslib', 'prometheus_client', 'rich', 'watchfiles', 'yaml'}"
        " & sys.modules.keys()))\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines()[-1] == ""


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        pytest.param("svcdns ", {*COMMANDS}, id="commands"),
        pytest.param("svcdns ch", {"check"}, id="the beginning of a command"),
        pytest.param("svcdns check --o", {"--output"}, id="an option"),
        pytest.param("svcdns check -o ", {"table", "json"}, id="the words of an option"),
        pytest.param("svcdns serve --man", {"--manifests"}, id="of another command"),
    ],
)
def test_completion_offers_what_can_follow(typed: str, offered: set[str]) -> None:
    asked = {
        "_SVCDNS_COMPLETE": "complete_bash",
        "COMP_WORDS": typed,
        "COMP_CWORD": str(typed.count(" ")),
    }

    shown = CliRunner(env=asked).invoke(app, [], prog_name="svcdns")

    assert {*shown.output.split()} == offered


def test_the_parsers_own_way_to_completion_is_not_there() -> None:
    result = CliRunner().invoke(app, ["--help"])

    assert "completion" in result.stdout
    assert "--install-completion" not in result.stdout
    assert CliRunner().invoke(app, ["--show-completion"]).exit_code == 2


def test_a_check_that_hangs_does_not_hold_the_program() -> None:
    program = (
        "import sys, threading\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from svcdns.app import doctor\n"
        "from svcdns.app.doctor_finding import Check\n"
        "from svcdns.cli import main\n"
        "forever = threading.Event()\n"
        "def hang():\n"
        "    ThreadPoolExecutor().submit(forever.wait).result()\n"
        "doctor.checks = lambda request: [Check('api', 'a', hang)]\n"
        "sys.argv = ['svcdns', 'doctor', '--timeout', '0.1']\n"
        "main.main()\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )

    assert done.returncode == 1
    first, *_, last = done.stdout.splitlines()
    assert (first, last) == ("fail  a  no answer within 0.1 s", "1 failure")


def test_every_entry_point_leads_somewhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    for name, place in project["scripts"].items():
        module, _, function = place.partition(":")
        assert callable(getattr(import_module(module), function)), name


def test_help_is_a_command_too() -> None:
    assert command_line(["help"]) == ["--help"]
    assert command_line(["help", "proxy", "list"]) == ["proxy", "list", "--help"]


def test_what_stands_before_proxy_goes_behind_its_command() -> None:
    typed = "-n shop --kubeconfig F proxy list -o wide"

    assert command_line(typed.split()) == [
        "proxy",
        "list",
        "-n",
        "shop",
        "--kubeconfig",
        "F",
        "-o",
        "wide",
    ]


@pytest.mark.parametrize("typed", ["check -o yml", "doctor yml", "proxy --dry-run -o yml"])
def test_a_word_that_is_none_of_those_it_may_be_is_said_in_plain_words(typed: str) -> None:
    result = CliRunner().invoke(app, typed.split())

    assert result.exit_code == 2
    assert ": 'yml' is not one of '" in result.stderr


@pytest.mark.parametrize("words", [["version"], ["check", "--help"]])
def test_a_full_disk_is_said_in_plain_words(words: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "svcdns", *words],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )

    assert done.returncode == 1
    assert done.stderr.decode() == (
        "cannot write what was to be printed: No space left on device\n"
        "  next  make room, or send it elsewhere\n"
    )
