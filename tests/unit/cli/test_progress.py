"""A line on a terminal, gone in the end; nothing anywhere else."""

import io
import os
import pty
import sys
import termios

import pytest

from svcdns.cli.progress import Progress, fitting, line
from tests.support.terminal import Terminal


@pytest.mark.parametrize(
    ("count", "total", "shown"),
    [
        (1500, 3000, "[############------------]  1,500 of 3,000 services"),
        (0, 10, "[------------------------]  0 of 10 services"),
        (12, 10, "[########################]  12 of 10 services"),
        (1500, None, "1,500 services"),
    ],
)
def test_a_line_says_how_far_it_is(count: int, total: int | None, shown: str) -> None:
    assert line("services", count, total) == shown


def test_a_terminal_sees_it_and_has_it_no_more_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")

    with Progress("objects") as progress:
        progress.show(1, 2)
        progress.show(2, 2, "pods")  # too soon to be drawn

    assert terminal.getvalue() == f"\r\x1b[K{line('objects', 1, 2)}\r\x1b[K"


@pytest.mark.parametrize("term", ["dumb", "xterm"])
def test_who_is_no_terminal_sees_nothing(monkeypatch: pytest.MonkeyPatch, term: str) -> None:
    stream = Terminal() if term == "dumb" else io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", term)

    with Progress("objects") as progress:
        progress.show(1, 2)

    assert stream.getvalue() == ""


def test_a_terminal_with_nothing_to_show_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)

    with Progress("objects"):
        pass

    assert terminal.getvalue() == ""


def test_a_line_is_no_longer_than_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = pty.openpty()
    try:
        termios.tcsetwinsize(theirs, (24, 20))
        with os.fdopen(theirs, "w", closefd=False) as terminal:
            monkeypatch.setattr(sys, "stderr", terminal)
            assert fitting("x" * 30) == "x" * 19
            assert fitting("short") == "short"
    finally:
        os.close(ours)
        os.close(theirs)
