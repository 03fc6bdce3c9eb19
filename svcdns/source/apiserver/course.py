"""What a reflector does next, and what it makes of whatever came back. No I/O, no clock.

    list, streamed where the server can ──► watch ──► watch ──► …
      ▲                                       │
      └─ expired, rewound, mute ── probe ◄────┴─ broken off

Everything that can happen to a request has one method here; it changes the course and returns
when to go on. What the server has kept is always preferred to a new list, and a new list to
believing a history that may not be ours.

Source: client-go, tools/cache.Reflector; on versions that go backwards, which that does not
notice: kubernetes/kubernetes 107457 and 118501.
"""

from enum import StrEnum
from typing import NamedTuple

from svcdns.cluster.envelope import Status
from svcdns.source.apiserver.observer import Reason

SHORT_WATCH_SECONDS = 0.8
AWAY_SECONDS = 300.0
"""etcd keeps five minutes of history: after that a watch hardly ever can go on."""

_AGAIN_SECONDS = 30.0
_MANY = 3


class Move(StrEnum):
    """The next request."""

    STREAM = "stream"
    """A watch that begins with all objects (WatchList)."""
    LIST = "list"
    """A list in pages."""
    PROBE = "probe"
    """A page with one object: is the server's history still the one we know?"""
    WATCH = "watch"


class Wait(StrEnum):
    """When to make it."""

    NOT = "not"
    BACKOFF = "backoff"
    LONG = "long"
    """Somebody has to change something first."""


class Verdict(NamedTuple):
    """What to do after a request has ended."""

    wait: Wait = Wait.NOT
    why: str = ""
    """What an operator should know; empty: nothing was lost."""
    at_least: float = 0.0
    """Seconds that the server asked for."""
    renews: bool = False
    """Read the credentials again first."""
    forbidden: str = ""
    """The verb that we may not use; `why` is the server's word for it."""
    goes_elsewhere: bool = False
    """Try another address of the cluster."""


ON = Verdict()
"""All is well: go on."""


class Course:
    """The course of one reflector."""

    def __init__(self) -> None:
        self.version = 0
        """Up to here everything has been taken in."""
        self.relist: Reason | None = Reason.FIRST
        """Why the resource has to be listed; None: it need not be."""
        self._is_trusted = False
        """Whether a list may be asked for as "not older than ours"."""
        self._is_suspect = False
        """Whether the server's history has to be compared before the next watch."""
        self._streams = True
        self._silences = 0
        self._failures = 0
        self._setbacks = 0
        self._renewals = 0
        self._delays = 0
        self._denials = 0
        self._denied: set[str] = set()
        self._was_let_in = False
        self._turned_at = float("-inf")

    @property
    def move(self) -> Move:
        """What to ask for next."""
        if self.relist:
            return Move.STREAM if self._streams else Move.LIST
        return Move.PROBE if self._is_suspect else Move.WATCH

    @property
    def list_version(self) -> int:
        """What a streamed list must not be older than; 0: it has to be as new as can be."""
        return self.version if self._is_trusted else 0

    def demand(self, reason: Reason, *, is_trusted: bool = False) -> None:
        """List next, if that is not so already.

        Args:
            reason: why.
            is_trusted: our resource version still means something to the server.
        """
        self.relist = self.relist or reason
        self._is_trusted = self._is_trusted and is_trusted

    def heard(self) -> None:
        """Octets came: the server is not mute."""
        self._silences = 0

    def permitted(self, verb: str) -> None:
        """A request with this verb was answered."""
        self._was_let_in = True
        self._denied.discard(verb)
        self._denials = 0

    def denied(self, verb: str) -> None:
        """This verb is forbidden for good, not only for a moment."""
        self._denied.add(verb)

    def understood(self) -> None:
        """What came was good."""
        self._failures = self._renewals = self._delays = 0

    def listed(self, version: int) -> None:
        """The list is whole: watch from its version on, and stream the next list again."""
        self.version = version
        self.relist = None
        self._is_trusted = self._streams = True
        self._is_suspect = False
        self._silences = self._setbacks = 0
        self.understood()

    def probed(self, version: int, now: float) -> Verdict:
        """The server is at this version."""
        if version < self.version:
            return self.rewound(now)
        self._is_suspect = False
        self._renewals = self._delays = 0
        return ON

    def ended(self, seconds: float, *, is_empty: bool, is_early: bool) -> Verdict:
        """The server ended the stream.

        Args:
            seconds: how long it lasted.
            is_empty: nothing had come.
            is_early: before its time, or in the middle of a line. The server may have been
                restarted, and on another history.
        """
        if self.relist:
            self._streams = False
            return self._delay("the stream ended before the list was whole")
        self._is_suspect = self._is_suspect or is_early
        if seconds >= SHORT_WATCH_SECONDS:
            return ON
        if is_empty:
            self._fail()
        return self._delay(f"the watch ended after {seconds:.1f} s")

    def lost(
        self,
        why: str,
        now: float,
        *,
        is_silent: bool = False,
        is_refused: bool = False,
        has_answered: bool = True,
        away_seconds: float = 0.0,
    ) -> Verdict:
        """The connection failed or broke off.

        Args:
            why: what is known about it.
            now: loop time.
            is_silent: nothing came for as long as we wait.
            is_refused: nothing listens there.
            has_answered: a response had begun.
            away_seconds: since something came.
        """
        move = self.move
        if move is Move.STREAM and is_silent:
            self._streams = False
            return Verdict(Wait.NOT, why, goes_elsewhere=not has_answered)
        if move is Move.WATCH and is_silent:
            self._silences += 1
            if self._silences > 1:
                # Mute, not dead: it may wait for its own versions to reach ours.
                self._silences = 0
                self.demand(Reason.SILENT)
                return self._turn(now, why)._replace(why=why)
            return Verdict(Wait.NOT, why, goes_elsewhere=not has_answered)
        if self.relist and not is_refused:
            self._set_back()
        elif not self.relist:
            self._is_suspect = True
            if away_seconds > AWAY_SECONDS:
                self.demand(Reason.AWAY, is_trusted=True)
        return self._delay(why, goes_elsewhere=not has_answered)

    def expired(self, why: str, now: float) -> Verdict:
        """The server no longer has the history (410)."""
        if self.relist and self._is_trusted:
            self._is_trusted = False
            return ON
        self.demand(Reason.EXPIRED, is_trusted=True)
        return self._turn(now, f"the history is gone again: {why}")

    def rewound(self, now: float) -> Verdict:
        """The server is at an older version than we are."""
        self.demand(Reason.REWOUND)
        return self._turn(now, "the resource version goes backwards again and again")

    def refused(self, status: Status, now: float, retry_seconds: float = 0.0) -> Verdict:
        """The server answered with a Status, as the response or within a watch."""
        if status.code == 401:
            self._renewals += 1
            wait = ON if self._renewals == 1 else self._delay(str(status))
            return wait._replace(renews=True)
        if status.code == 403:
            return self._forbidden(str(status), now)
        if status.is_ahead:
            return self._ahead(str(status), now)
        if status.code in {429, 503}:
            return self._delay(str(status), retry_seconds)
        if self.move is Move.STREAM:
            self._streams = False
            return ON
        if self.move is Move.LIST:
            self._set_back()
        else:
            self._fail()
        return self._delay(str(status), retry_seconds)

    def unreadable(self, why: str) -> Verdict:
        """What came is not the Kubernetes API, or a line is broken."""
        if self.relist:
            self._set_back()
        else:
            self._is_suspect = True
            self._fail()
        return self._delay(why)

    def _forbidden(self, why: str, now: float) -> Verdict:
        move = self.move
        verb = "list" if move in {Move.LIST, Move.PROBE} else "watch"
        if self._was_let_in and verb not in self._denied:
            # A server that has just started knows no roles yet, and forbids everything.
            self._denials += 1
            if self._denials <= _MANY:
                return self._delay(why)
        self.denied(verb)
        if move is Move.STREAM:
            self._streams = False
            return Verdict(Wait.NOT, why, forbidden=verb)
        self.demand(Reason.FORBIDDEN, is_trusted=True)
        # A stream needs only `watch`, pages only `list`: what the one lacks the other may do.
        self._streams = verb == "list"
        if move is Move.PROBE:
            return self._turn(now, why)._replace(why=why, forbidden=verb)
        wait = Wait.BACKOFF if move is Move.LIST else Wait.LONG
        return Verdict(wait, why, forbidden=verb)

    def _ahead(self, why: str, now: float) -> Verdict:
        if self.relist:
            was_trusted, self._is_trusted = self._is_trusted, False
            return ON if was_trusted else self._delay(why)
        self.demand(Reason.REWOUND)
        return self._turn(now, why)

    def _turn(self, now: float, why: str) -> Verdict:
        """Go on with a list: at once, but not twice in a short time."""
        is_again = now - self._turned_at < _AGAIN_SECONDS
        self._turned_at = now
        return self._delay(why) if is_again else ON

    def _delay(self, why: str, at_least: float = 0.0, *, goes_elsewhere: bool = False) -> Verdict:
        self._delays += 1
        elsewhere = goes_elsewhere or self._delays % _MANY == 0
        return Verdict(Wait.BACKOFF, why, at_least, goes_elsewhere=elsewhere)

    def _fail(self) -> None:
        self._failures += 1
        if self._failures >= _MANY:
            self._failures = 0
            self.demand(Reason.FAILURES, is_trusted=True)

    def _set_back(self) -> None:
        """Take the other kind of list after some attempts with this one."""
        self._setbacks += 1
        if self._setbacks >= _MANY:
            self._setbacks = 0
            self._streams = not self._streams
