"""Lines for people on stdout: events with fields, and CoreDNS's own lines as they are.

One event is one line, `[LEVEL] event.name field=value …`, without a time: whoever collects the
lines adds it, and CoreDNS has none either. Lines that people and their alerts grep for in
CoreDNS's log (`[INFO] plugin/ready: …`) go through `Log.line` or `write` unchanged.

A line can harm neither the reader nor the server: everything but printable ASCII is escaped,
the length is limited, a flood of one event is cut to `PER_SECOND`, and a reader that has gone
or is stuck costs lines, never a query.

Events are the state's, not the query's: the query log is a directive, `plugins.log`.
"""

import re
import select
import sys
import time
import traceback
from collections import deque
from collections.abc import Callable
from enum import StrEnum
from typing import TextIO

from svcdns.telemetry.fields import Field, cut, escaped, json_line, text_line

PER_SECOND = 10
"""Lines of one event; further ones are counted and the count is printed."""
MAX_BACKLOG = 1024 * 1024
"""Octets kept for a reader that is slow; what comes then is lost and counted."""

_PAGE = 4096


class Level(StrEnum):
    """Who has to act: error the operator now, warning if it lasts, info nobody."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"
    FATAL = "FATAL"


_PREFIX = re.compile(r"\[(DEBUG|INFO|WARNING|ERROR|FATAL)\] ")


class _Window:
    """Lines of one event in the current second."""

    __slots__ = ("printed", "start", "suppressed")

    def __init__(self, start: float) -> None:
        self.start = start
        self.printed = 0
        self.suppressed = 0


class Output:
    """Where lines go, in which form, and how many of one event."""

    def __init__(
        self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.json = False
        self.debug = False
        """Whether lines of level DEBUG are printed."""
        self.suppressed = 0
        """Lines left out because of their event's rate."""
        self.lost = 0
        """Lines that could not be written."""
        self._stream = stream
        self._clock = clock
        self._windows: dict[str, _Window] = {}
        self._backlog: deque[str] = deque()
        """Lines that a slow reader has not taken yet."""
        self._backlog_size = 0
        self._poll: tuple[int, select.poll] | None = None

    def write(self, line: str) -> None:
        """Print one line that is in its final form, but for what no line may hold."""
        prefix = _PREFIX.match(line)
        level = Level(prefix[1]) if prefix else Level.INFO
        if level is Level.DEBUG and not self.debug:
            return
        if self.json:
            rest = line[prefix.end() :] if prefix else line
            self._put(json_line({"level": level.lower(), "message": rest}))
        else:
            self._put(cut(escaped(line)))

    def event(
        self,
        level: Level,
        room: str,
        event: str,
        fields: dict[str, Field],
        *,
        limited: bool = True,
    ) -> bool:
        """Print one event unless its rate is used up; return whether it was printed."""
        if level is Level.DEBUG and not self.debug:
            return False
        if limited and not self._admits(event):
            return False
        if self.json:
            head = {"level": level.lower(), "event": event, "room": room}
            self._put(json_line({**head, **fields}))
        else:
            self._put(text_line(f"[{level}] {event}", fields))
        return True

    def report_suppressed(self) -> None:
        """Print how many lines were left out, and what is left; call it once a second."""
        now = self._clock()
        for event, window in list(self._windows.items()):
            if now - window.start >= 1:
                del self._windows[event]
                self._report(event, window)
        self.flush()

    def _admits(self, event: str) -> bool:
        now = self._clock()
        window = self._windows.get(event)
        if window is None or now - window.start >= 1:
            if window is not None:
                self._report(event, window)
            window = self._windows[event] = _Window(now)
        if window.printed >= PER_SECOND:
            window.suppressed += 1
            self.suppressed += 1
            return False
        window.printed += 1
        return True

    def _report(self, event: str, window: _Window) -> None:
        if window.suppressed:
            self.write(f"[WARNING] log.suppressed event={event} lines={window.suppressed}")

    def flush(self) -> None:
        """Write what a slow reader left, as far as that goes without waiting."""
        stream = self._stream or sys.stdout
        piece = ""
        try:
            while self._backlog and self._takes_a_page(stream):
                piece = self._backlog.popleft()
                while self._backlog and len(piece) + len(self._backlog[0]) <= _PAGE:
                    piece += self._backlog.popleft()
                self._backlog_size -= len(piece)
                stream.write(piece)
                stream.flush()
        except (OSError, ValueError):  # the reader has gone, the disk is full, stdout is closed
            self.lost += piece.count("\n") + len(self._backlog)
            self._backlog.clear()
            self._backlog_size = 0

    def _put(self, line: str) -> None:
        if self._backlog_size > MAX_BACKLOG:
            self.lost += 1
        else:
            self._backlog.append(f"{line}\n")
            self._backlog_size += len(line) + 1
        self.flush()

    def _takes_a_page(self, stream: TextIO) -> bool:
        """Return whether a write would return at once.

        A pipe that polls writable has room for a page (pipe(7)). The one thread that answers
        queries must not wait for whoever reads the log.
        """
        try:
            number = stream.fileno()
        except OSError:  # a stream in memory
            return True
        if self._poll is None or self._poll[0] != number:
            self._poll = (number, select.poll())
            self._poll[1].register(number, select.POLLOUT)
        return bool(self._poll[1].poll(0))


_output = Output()


class Log:
    """What one room has to say."""

    __slots__ = ("_room",)

    def __init__(self, room: str) -> None:
        self._room = room

    def debug(self, event: str, **fields: Field) -> None:
        """Print an event about one object; only with the directive `debug`."""
        _output.event(Level.DEBUG, self._room, event, fields)

    def info(self, event: str, **fields: Field) -> None:
        """Print a change of state nobody has to act on."""
        _output.event(Level.INFO, self._room, event, fields)

    def warning(self, event: str, **fields: Field) -> None:
        """Print what an operator has to look at if it lasts."""
        _output.event(Level.WARNING, self._room, event, fields)

    def error(self, event: str, **fields: Field) -> None:
        """Print what an operator has to look at now."""
        _output.event(Level.ERROR, self._room, event, fields)

    def finding(self, event: str, **fields: Field) -> None:
        """Print what is wrong with something the operator wrote: each one, however many."""
        _output.event(Level.WARNING, self._room, event, fields, limited=False)

    def bug(self, event: str, error: BaseException, **fields: Field) -> None:
        """Print an exception that nobody expected, with its traceback, a line per line."""
        if _output.event(Level.ERROR, self._room, event, {**fields, "error": error}):
            for block in traceback.format_exception(error):
                for line in block.rstrip().split("\n"):
                    _output.write(f"[ERROR]   {line}")

    def line(self, level: Level, text: str) -> None:
        """Print a line in CoreDNS's words: `[LEVEL] text`, never left out."""
        _output.write(f"[{level}] {text}")


def get_log(room: str) -> Log:
    """Return the log of one room, named as in docs/architecture.md."""
    return Log(room)


def write(line: str) -> None:
    """Print one line in its final form, `[LEVEL] text` or without a level."""
    _output.write(line)


def output() -> Output:
    """Return where the lines of this process go: its counters, and its once-a-second work."""
    return _output


def configure(*, json: bool | None = None, debug: bool | None = None) -> None:
    """Choose the form of the lines; None leaves a setting as it is."""
    if json is not None:
        _output.json = json
    if debug is not None:
        _output.debug = debug


def redirect(target: Output) -> Output:
    """Send the lines of this process to `target`; return where they went before."""
    global _output
    before, _output = _output, target
    return before
