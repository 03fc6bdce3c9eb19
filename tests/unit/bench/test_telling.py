"""A log gets lines; a terminal gets one, which is gone when figures come."""

import io
import sys

import pytest

from svcdns.cli.progress import CLEAR
from tests.bench.telling import advance, hush, say
from tests.support.terminal import Terminal


def test_a_terminal_has_one_line_and_none_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")

    say("starting knot")
    advance(1, 2, "measurements, knot")
    hush()

    bar = f"[{'#' * 12}{'-' * 12}]  1 of 2 measurements, knot"
    assert terminal.getvalue() == f"{CLEAR}starting knot{CLEAR}{bar}{CLEAR}"


def test_a_log_has_a_line_for_each_step_and_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    log = io.StringIO()
    monkeypatch.setattr(sys, "stderr", log)

    say("starting knot")
    advance(1, 2, "measurements, knot")
    hush()

    assert log.getvalue() == "bench: starting knot\n"
