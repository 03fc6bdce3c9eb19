import os
import pty
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from svcdns.cli.terminal import Tone, has_colour, toned
from tests.support.terminal import plain
from tests.support.tree import ROOT

COMMANDS = (
    ["check", "Corefile"],
    ["query", "crt.shop", "--manifests", "Service.yaml"],
    ["migrate", "--corefile", "Corefile"],
    ["doctor", "dns", "--corefile", "Corefile"],
    ["describe", "service", "shop/cart", "--manifests", "Service.yaml"],
)


def shown(
    folder: Path,
    words: list[str],
    environment: Mapping[str, str] | None = None,
    output: tuple[int, int] | None = None,
) -> str:
    """Return what a command prints into `output`, on a terminal if that is not given."""
    ours, theirs = output or pty.openpty()
    try:
        subprocess.run(
            [sys.executable, "-m", "svcdns", *words],
            cwd=folder,
            env={"PYTHONPATH": str(ROOT), "TERM": "xterm", **(environment or {})},
            stdout=theirs,
            check=False,
        )
        return os.read(ours, 65_536).decode()
    finally:
        os.close(ours)
        os.close(theirs)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Corefile").write_text(".:53 {\n    whaomi\n}\n")
    (tmp_path / "Service.yaml").write_text(
        "apiVersion: v1\nkind: Service\nmetadata: {name: cart, namespace: shop}\n"
    )
    return tmp_path


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_a_terminal_gets_colours(folder: Path, words: list[str]) -> None:
    assert "\x1b[3" in shown(folder, words)
    assert "\x1b[3" in shown(folder, words, {"NO_COLOR": ""})


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
@pytest.mark.parametrize(
    "environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=lambda env: next(iter(env))
)
def test_who_wants_no_colours_gets_none(
    folder: Path, words: list[str], environment: dict[str, str]
) -> None:
    assert "\x1b" not in shown(folder, words, environment)


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_a_pipe_gets_no_colours(folder: Path, words: list[str]) -> None:
    assert "\x1b" not in shown(folder, words, output=os.pipe())


def test_what_is_no_terminal_has_no_colour(capfd: pytest.CaptureFixture[str]) -> None:
    assert not has_colour()
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize("tone", Tone)
def test_a_tone_adds_nothing_that_is_read(tone: Tone) -> None:
    assert toned("text", tone, colour=False) == "text"
    assert toned("text", tone, colour=True) != "text"
    assert plain(toned("text", tone, colour=True)) == "text"


def test_without_a_text_or_a_tone_there_is_nothing_to_colour() -> None:
    assert toned("", Tone.FAIL, colour=True) == ""
    assert toned("text", None, colour=True) == "text"


def test_nobody_else_picks_colours() -> None:
    with_colours = {
        path.name
        for path in (ROOT / "svcdns").rglob("*.py")
        if "typer.style" in (text := path.read_text()) or "typer.colors" in text
    }

    assert with_colours == {"terminal.py"}
