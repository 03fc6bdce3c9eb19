from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from svcdns.app.options import DEFAULT_COREFILE, Options
from svcdns.cli.main import app, command_line
from svcdns.corefile.directives import ORDER
from svcdns.plugins import SUPPORTED

Serve = Callable[..., tuple[Result, list[Options]]]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Serve:
    """Run the command line in an empty folder with a server that only notes its options."""
    noted: list[Options] = []

    def note(options: Options) -> int:
        noted.append(options)
        return 3

    monkeypatch.setattr("svcdns.app.run.serve", note)
    monkeypatch.chdir(tmp_path)

    def run(line: str, stdin: str = "") -> tuple[Result, list[Options]]:
        return CliRunner().invoke(app, command_line(line.split()), input=stdin), noted

    return run


def test_without_words_the_default_server_is_asked_for(serve: Serve) -> None:
    result, noted = serve("serve")

    assert noted == [Options(corefile="default", corefile_text=DEFAULT_COREFILE)]
    assert result.exit_code == 3


def test_a_corefile_in_the_working_directory_is_taken(serve: Serve) -> None:
    Path("Corefile").write_text(".:53 { whoami }")

    _, noted = serve("serve")

    assert noted == [Options(corefile="Corefile", corefile_text=None)]


def test_every_option_arrives(serve: Serve) -> None:
    Path("C").touch()

    _, noted = serve(
        "serve --corefile C --manifests world --port 5300 --bind 127.0.0.1 --no-reasons "
        "--exemplars --log-format json --pidfile p --quiet --demo"
    )

    assert noted == [
        Options(
            corefile="C",
            manifests="world",
            port=5300,
            bind="127.0.0.1",
            reasons=False,
            exemplars=True,
            log_json=True,
            pidfile="p",
            quiet=True,
            demo=True,
        )
    ]


def test_the_way_to_an_api_server_arrives(serve: Serve) -> None:
    _, (options,) = serve(
        "serve --kubeconfig k --context c --apiserver https://a,https://b --snapshot s"
    )

    assert (options.kubeconfig, options.context, options.snapshot) == ("k", "c", "s")
    assert options.servers == ("https://a", "https://b")


def test_coredns_args_of_a_deployment_work_unchanged(serve: Serve) -> None:
    Path("Corefile.x").touch()

    _, noted = serve("-conf Corefile.x -dns.port 1053 -pidfile p -quiet")

    assert noted == [Options(corefile="Corefile.x", port=1053, pidfile="p", quiet=True)]


@pytest.mark.parametrize("word", ["stdin", "-"])
def test_the_corefile_may_come_from_standard_input(serve: Serve, word: str) -> None:
    _, noted = serve(f"-conf {word}", stdin=".:5300 { whoami }")

    assert noted == [Options(corefile="stdin", corefile_text=".:5300 { whoami }")]


def test_a_corefile_that_is_named_must_be_there(serve: Serve) -> None:
    result, noted = serve("-conf nosuch")

    assert (result.exit_code, noted) == (1, [])
    assert result.stderr == (
        "cannot read the Corefile 'nosuch': No such file or directory\n"
        "  next  name it with -conf FILE or --corefile FILE\n"
    )


def test_a_folder_is_no_corefile(serve: Serve) -> None:
    result, noted = serve("serve --corefile .")

    assert (result.exit_code, noted) == (1, [])
    assert "Is a directory" in result.stderr


def test_extra_arguments_end_as_in_coredns(serve: Serve) -> None:
    result, noted = serve("-quiet one two")

    assert (result.exit_code, noted) == (1, [])
    assert result.stderr == "extra command line arguments: [one two]\n"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        pytest.param("-nosuch", "No such option: --nosuch", id="unknown flag"),
        pytest.param("-conf", "requires an argument", id="value missing"),
        pytest.param("-dns.port x", "Invalid value for '--port'", id="port no number"),
        pytest.param("-dns.port 65536", "Invalid value for '--port'", id="port too large"),
        pytest.param("serve --log-format xml", "Invalid value for '--log-format'", id="no choice"),
        pytest.param("-conf - --manifests -", "cannot both read standard input", id="one stdin"),
        pytest.param(
            "serve --manifests m --snapshot s", "--manifests is instead", id="two sources"
        ),
    ],
)
def test_wrong_usage_is_exit_code_2(serve: Serve, line: str, said: str) -> None:
    result, noted = serve(line)

    assert (result.exit_code, noted) == (2, [])
    assert said in result.stderr


def test_version_and_plugins_start_nothing(serve: Serve) -> None:
    version, _ = serve("-version")
    plugins, noted = serve("-plugins")

    assert noted == []
    assert (version.exit_code, plugins.exit_code) == (0, 0)
    assert version.stdout.startswith("svcdns-")
    assert "kubernetes" in plugins.stdout.splitlines()


@pytest.mark.parametrize("line", ["-plugins", "serve -plugins", "serve --plugins"])
def test_plugins_lists_every_directive_one_a_line_as_coredns_does(serve: Serve, line: str) -> None:
    listed, _ = serve(line)

    assert listed.stdout.splitlines() == sorted(SUPPORTED)
    assert set(SUPPORTED) <= set(ORDER)
