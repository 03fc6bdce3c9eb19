import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from svcdns.cli.check import Verdict, table
from svcdns.cli.main import app
from svcdns.corefile.errors import Location, Mistake
from svcdns.corefile.parser import Corefile
from tests.support.terminal import plain

GOOD = ".:53 {\n    whoami\n}\nexample.org {\n    whoami\n}\n"
BAD = """\
.:53 {
    errors
    whaomi
    log . extra {
        class eror
    }
}
"""
ODD = GOOD.replace("whoami\n}\nex", "whoami }\nex")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(*words: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(app, ["check", *words], input=stdin)


def test_a_good_corefile_exits_with_0(folder: Path) -> None:
    (folder / "Corefile").write_text(GOOD)

    result = check("Corefile")

    assert result.exit_code == 0
    assert result.stdout == "Corefile: 2 server blocks, no mistakes\n"


def test_the_corefile_in_the_working_folder_need_not_be_named(folder: Path) -> None:
    (folder / "Corefile").write_text(GOOD)

    assert check().stdout == check("Corefile").stdout


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "(later) {\n    whoami\n}\n"])
def test_a_corefile_that_serves_nothing_is_not_good(folder: Path, text: str) -> None:
    (folder / "Corefile").write_text(text)

    result = check("Corefile")

    assert result.exit_code == 1
    assert result.stdout.startswith(
        "Corefile: there is no server block: nothing would be served\n"
        "  hint: write one, for example: .:53 { whoami }\n"
        "Corefile: 1 mistake"
    )


def test_mistakes_of_parser_and_plugins_are_shown_in_the_order_of_the_text(folder: Path) -> None:
    (folder / "Corefile").write_text(BAD)

    result = check("Corefile")

    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[:3] == [
        "Corefile:3:5: 'whaomi' is not a directive; did you mean 'whoami'?",
        "     3 |     whaomi",
        "       |     ^^^^^^",
    ]
    assert lines[3].startswith("Corefile:5:15: log: ")
    assert lines[-1] == "Corefile: 2 mistakes"


def test_a_directive_there_is_not_yet_is_a_mistake(folder: Path) -> None:
    (folder / "Corefile").write_text(".:53 {\n    nomad\n}\n")

    assert check().exit_code == 1


def test_warnings_are_counted_and_with_v_shown(folder: Path) -> None:
    (folder / "Corefile").write_text(ODD)

    quiet, verbose = check("Corefile"), check("Corefile", "-v")

    assert quiet.exit_code == verbose.exit_code == 0
    assert quiet.stdout == (
        "Corefile: 2 server blocks, no mistakes, 1 warning (use -v to see it)\n"
    )
    assert verbose.stdout.splitlines() == [
        "Corefile:2:12: warning: CoreDNS wants this '}' on a line of its own",
        "     2 |     whoami }",
        "       |            ^",
        "Corefile: 2 server blocks, no mistakes, 1 warning",
    ]


def test_standard_input_is_read(folder: Path) -> None:
    (folder / "custom").mkdir()
    (folder / "custom" / "a.server").write_text("a.org {\n    whoami\n}\n")

    result = check("-", stdin="import custom/*.server\n")

    assert (result.exit_code, result.stdout) == (0, "stdin: 1 server block, no mistakes\n")


def test_variables_come_from_the_environment(folder: Path) -> None:
    (folder / "Corefile").write_text("{$ZONE} {\n    whoami\n}\n")

    result = CliRunner(env={"ZONE": "a..b"}).invoke(app, ["check"])

    assert "'a..b' has an empty label" in result.stdout


def test_what_collides_depends_on_the_port(folder: Path) -> None:
    (folder / "Corefile").write_text(". {\n whoami\n}\n.:1053 {\n whoami\n}\n")

    assert (check().exit_code, check("-p", "1053").exit_code) == (0, 1)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        pytest.param(["nothing"], "cannot read the Corefile 'nothing': No such file", id="missing"),
        pytest.param(["."], "cannot read the Corefile '.': Is a directory", id="folder"),
        pytest.param(["a", "b"], "b", id="two files"),
        pytest.param(["-o", "yaml"], "yaml", id="another output"),
    ],
)
def test_a_wrong_command_line_exits_with_2(folder: Path, words: list[str], text: str) -> None:
    assert folder.exists()

    result = check(*words)

    assert result.exit_code == 2
    assert text in result.stderr
    assert result.stdout == ""


def test_json_has_every_field(folder: Path) -> None:
    (folder / "Corefile").write_text("import a\n")
    (folder / "a").write_text("b.org {\n    whaomi\n}\n. {\n}\n")

    result = check("-o", "json")

    assert result.exit_code == 1
    assert json.loads(result.stdout) == {
        "file": "Corefile",
        "good": False,
        "blocks": 2,
        "files": ["Corefile", "a"],
        "mistakes": [
            {
                "file": "a",
                "line": 2,
                "column": 5,
                "width": 6,
                "text": "    whaomi",
                "problem": "'whaomi' is not a directive; did you mean 'whoami'?",
                "hint": "",
            }
        ],
        "warnings": [
            {
                "file": "a",
                "line": 4,
                "column": 1,
                "width": 1,
                "text": ". {",
                "problem": "this server block has no directive: its queries are refused",
                "hint": "",
            }
        ],
    }


def verdict(mistakes: int, warnings: int) -> Verdict:
    found = tuple(
        Mistake(Location("C", line, 3, "\tab"), "is wrong", "do this", 2)
        for line in range(1, mistakes + warnings + 1)
    )
    return Verdict("C", Corefile((), (), ("C",)), found[:mistakes], found[mistakes:])


@pytest.mark.parametrize(
    ("mistakes", "warnings", "summary"),
    [
        (0, 0, "C: 0 server blocks, no mistakes"),
        (1, 0, "C: 1 mistake"),
        (2, 1, "C: 2 mistakes, 1 warning (use -v to see it)"),
        (1000, 2, "C: 1,000 mistakes, 2 warnings (use -v to see them)"),
    ],
)
def test_the_last_line_sums_up(mistakes: int, warnings: int, summary: str) -> None:
    shown = table(verdict(mistakes, warnings), verbose=False, colour=False)

    assert shown.splitlines()[-1] == summary


def test_colour_adds_nothing_but_colour() -> None:
    painted = table(verdict(1, 1), verbose=True, colour=True)

    assert painted.count("\x1b[1mC:") == 2
    assert "\x1b[33m\x1b[1m1 warning\x1b[0m" in painted
    assert plain(painted) == table(verdict(1, 1), verbose=True, colour=False)


def test_nothing_heavy_is_imported(folder: Path) -> None:
    (folder / "Corefile").write_text(GOOD)
    code = (
        "import sys; from svcdns.cli.main import app\n"
        "app(['check'], standalone_mode=False)\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))\n"
    )
    root = Path(__file__).parents[3]

    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=True,
    )

    loaded = {*run.stdout.splitlines()[-1].split()}
    assert not loaded & {"aiohttp", "dnslib", "prometheus_client", "yaml", "watchfiles"}
