"""Lines: their form, what may not be in them, and how many there may be."""

import io
import json
import os
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.telemetry import log as log_module
from svcdns.telemetry.fields import MAX_LINE
from svcdns.telemetry.log import PER_SECOND, Level, Output, get_log


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Page:
    """An output that a test can read and whose time it sets."""

    def __init__(self) -> None:
        self.stream = io.StringIO()
        self.clock = Clock()
        self.output = Output(self.stream, self.clock)

    @property
    def lines(self) -> list[str]:
        return self.stream.getvalue().split("\n")[:-1]


@pytest.fixture
def page() -> Iterator[Page]:
    page = Page()
    before = log_module.redirect(page.output)
    yield page
    log_module.redirect(before)


def test_an_event_is_one_line_with_its_fields_in_order(page: Page) -> None:
    log = get_log("source")

    log.info("serve.ready", zones=("cluster.local", "in-addr.arpa"), services=10000, seconds=1.4)
    log.warning("watch.lost", error="connection refused", retry_seconds=1.6)
    log.error("task.ended", error=OSError(), by=None, restart=True)

    assert page.lines == [
        "[INFO] serve.ready zones=cluster.local,in-addr.arpa services=10000 seconds=1.4",
        '[WARNING] watch.lost error="connection refused" retry_seconds=1.6',
        "[ERROR] task.ended error=OSError by=none restart=true",
    ]


def test_coredns_lines_are_printed_as_they_are(page: Page) -> None:
    get_log("app").line(Level.INFO, 'plugin/ready: Plugins not ready: "kubernetes"')
    log_module.write(".:53")

    assert page.lines == ['[INFO] plugin/ready: Plugins not ready: "kubernetes"', ".:53"]


def test_a_line_cannot_be_ended_from_inside(page: Page) -> None:
    log_module.write("[ERROR] plugin/errors: 2 a\n[INFO] forged\x1b[2J\x00é A: lost")

    assert page.lines == [r"[ERROR] plugin/errors: 2 a\010[INFO] forged\027[2J\000\195\169 A: lost"]


def test_a_long_line_is_cut(page: Page) -> None:
    log_module.write("x" * 3000)
    get_log("app").info("event", value="y " * 3000)

    assert [len(line) for line in page.lines] == [MAX_LINE, MAX_LINE]
    assert all(line.endswith("...") for line in page.lines)


def test_debug_lines_are_printed_only_with_debug(page: Page) -> None:
    log = get_log("app")

    log.debug("object.changed", name="web")
    log_module.write("[DEBUG] plugin/errors: 1 errors like 'x' occurred in last 5s")
    log_module.configure(debug=True)
    log.debug("object.changed", name="db")

    assert page.lines == ["[DEBUG] object.changed name=db"]


def test_a_flood_of_one_event_is_cut_and_counted(page: Page) -> None:
    log = get_log("source")

    for number in range(PER_SECOND + 31):
        log.warning("watch.lost", number=number)
    log.info("other.event")
    page.clock.now += 1
    log.warning("watch.lost", number=99)

    assert len(page.lines) == PER_SECOND + 3
    assert page.lines[PER_SECOND:] == [
        "[INFO] other.event",
        "[WARNING] log.suppressed event=watch.lost lines=31",
        "[WARNING] watch.lost number=99",
    ]
    assert page.output.suppressed == 31


def test_the_count_is_printed_though_the_event_never_comes_back(page: Page) -> None:
    log = get_log("source")
    for _ in range(PER_SECOND + 1):
        log.info("watch.lost")

    page.output.report_suppressed()
    page.clock.now += 1
    page.output.report_suppressed()
    page.output.report_suppressed()

    assert page.lines[PER_SECOND:] == ["[WARNING] log.suppressed event=watch.lost lines=1"]


def test_lines_of_coredns_are_not_counted_as_one_event(page: Page) -> None:
    for number in range(50):
        get_log("app").line(Level.INFO, f"10.244.0.7:51234 - {number}")

    assert len(page.lines) == 50


def test_a_bug_has_its_traceback_in_lines(page: Page) -> None:
    with pytest.raises(KeyError) as caught:
        raise KeyError("cart\nnot there")

    get_log("app").bug("task.failed", caught.value, task="feed")

    first, *rest = page.lines
    assert first == r"""[ERROR] task.failed task=feed error="KeyError: 'cart\\nnot there'" """[:-1]
    assert rest[0] == "[ERROR]   Traceback (most recent call last):"
    assert all(line.startswith("[ERROR]   ") for line in rest)


def test_json_lines_hold_the_same(page: Page) -> None:
    log_module.configure(json=True)
    log = get_log("source")

    log.info("serve.ready", zones=("a", "b"), seconds=1.4, error=OSError("gone"), rate=float("inf"))
    log_module.write("[ERROR] plugin/errors: 2 a\n. A: lost")
    log_module.write(".:53")

    assert [json.loads(line) for line in page.lines] == [
        {
            "level": "info",
            "event": "serve.ready",
            "room": "source",
            "zones": "a,b",
            "seconds": 1.4,
            "error": "OSError: gone",
            "rate": "inf",
        },
        {"level": "error", "message": "plugin/errors: 2 a\n. A: lost"},
        {"level": "info", "message": ".:53"},
    ]


class Broken(io.StringIO):
    def write(self, _text: str) -> int:
        raise BrokenPipeError


def test_a_reader_that_has_gone_costs_lines_only() -> None:
    output = Output(Broken())

    output.write("one")
    output.write("two")

    assert output.lost == 2


def test_a_closed_stream_costs_lines_only() -> None:
    stream = io.StringIO()
    stream.close()
    output = Output(stream)

    output.write("one")

    assert output.lost == 1


def test_a_reader_that_is_slow_gets_every_line() -> None:
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb"), os.fdopen(writer, "w") as stream:
        output = Output(stream)

        for number in range(1000):  # far more than a pipe holds
            output.write(f"{number:04} {'x' * 195}")
        found = b""
        while found.count(b"\n") < 1000:
            found += os.read(reader, 65536)
            output.flush()

        assert [int(line[:4]) for line in found.splitlines()] == list(range(1000))
        assert output.lost == 0


def test_a_reader_that_is_stuck_does_not_hold_the_server_up() -> None:
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb"), os.fdopen(writer, "w") as stream:
        output = Output(stream)

        for _ in range(1500):  # more than the backlog may hold
            output.write("x" * MAX_LINE)

        assert 0 < output.lost < 1000


@given(st.text(max_size=60))
def test_no_text_makes_more_than_one_printable_line(text: str) -> None:
    page = Page()

    page.output.write(text)
    page.output.event(Level.INFO, "app", "event", {"value": text})

    assert len(page.lines) == 2
    assert all(line.isascii() and (line.isprintable() or not line) for line in page.lines)


def test_findings_in_what_the_operator_wrote_are_all_printed(page: Page) -> None:
    for number in range(3 * PER_SECOND):
        get_log("source").finding("manifests.problem", what=f"shop.yaml:{number}")

    assert len(page.lines) == 3 * PER_SECOND
    assert page.lines[-1] == "[WARNING] manifests.problem what=shop.yaml:29"
