"""How the parts of the process are: who is not ready yet, who is degraded, and why.

`/ready` asks here, and so do log lines; what readiness means is each directive's business.
The clock, the sockets and the HTTP answer are not here.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class _Check:
    name: str
    ask: Callable[[], bool]
    has_been_ready: bool = False


class Status:
    """State of one process."""

    def __init__(self) -> None:
        self.stopping = False
        """Whether the process has begun to stop: it is not ready, whatever the checks say."""
        self._checks: list[_Check] = []
        self._degraded: dict[str, str] = {}

    @property
    def degraded(self) -> dict[str, str]:
        """Rooms that do not do all their work, and why; the others are well."""
        return dict(self._degraded)

    def replace_checks(self, checks: list[tuple[str, Callable[[], bool]]]) -> None:
        """Ask these from now on: the directive's name, and whether it is ready.

        Call it whenever a configuration is taken into use. Two blocks may have the same
        directive: each is asked. What was ready before starts anew, as it has to sync anew.
        """
        self._checks = [_Check(name, ask) for name, ask in checks]

    def not_ready(self, *, continuously: bool = False) -> tuple[str, ...]:
        """Return the names of the directives that are not ready, each once, sorted.

        Args:
            continuously: ask again those that have been ready once.
        """
        waiting: set[str] = set()
        for check in self._checks:
            if check.has_been_ready and not continuously:
                continue
            if check.ask():
                check.has_been_ready = True
            else:
                waiting.add(check.name)
        return tuple(sorted(waiting))

    def degrade(self, room: str, why: str) -> bool:
        """Say that `room` does not do all its work; return whether that is news."""
        is_news = self._degraded.get(room) != why
        self._degraded[room] = why
        return is_news

    def restore(self, room: str) -> bool:
        """Say that `room` is well; return whether that is news."""
        return self._degraded.pop(room, None) is not None


def not_ready_line(names: tuple[str, ...]) -> str:
    """Return CoreDNS's log line about directives that are not ready."""
    return f'[INFO] plugin/ready: Plugins not ready: "{",".join(names)}"'
