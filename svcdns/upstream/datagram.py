"""One question over UDP: a connected socket for each, at a port that nobody can guess.

The sockets of all questions hang on one epoll instance, and that on the loop. What arrives and
is no reply is counted and waited past; a reply ends the wait.

Source: RFC 5452 section 9; RFC 9715 section 3.1 (no fragments: we ask for at most 1232).
"""

import asyncio
import socket
import time
from collections.abc import Callable
from functools import partial
from resource import RLIMIT_NOFILE, getrlimit

from svcdns.upstream.asked import Asked
from svcdns.upstream.deadlines import Deadlines, Slot
from svcdns.upstream.endpoint import Endpoint
from svcdns.upstream.failure import TIMEOUT, SpoofedError, UpstreamError, way_of, words_of
from svcdns.upstream.sockets import Sockets
from svcdns.wire.reply import Reply

MOST_WRONG = 20
"""Wrong replies to one question; then somebody guesses, and a stream has to be used."""
MOST_SOCKETS = 4096
"""Questions that wait at once, where two of five files that may be open are as many."""

RECEIVED = 4096
"""Octets of a datagram that are looked at."""
_DATAGRAMS_A_TURN = 256


Came = Reply | UpstreamError
"""How a question ends; with a `SpoofedError` there were too many wrong replies."""


class Waiting:
    """One question on its way."""

    __slots__ = (
        "_datagrams",
        "asked",
        "endpoint",
        "is_reusable",
        "number",
        "sent",
        "slot",
        "sock",
        "tell",
        "wrong",
    )

    def __init__(
        self,
        datagrams: "Datagrams",
        sock: socket.SocketType,
        asked: Asked,
        sent: bytes,
        endpoint: Endpoint,
        tell: Callable[[Came], None],
    ) -> None:
        self._datagrams = datagrams
        self.sock = sock
        self.number = sock.fileno()
        self.asked = asked
        self.sent = sent
        self.endpoint = endpoint
        self.tell = tell
        self.wrong = 0
        self.is_reusable = True
        """Its socket is bound to no address of ours."""
        self.slot: Slot | None = None
        """Where its time may run out; None: it has ended."""

    def receive(self) -> None:
        """Take what has arrived."""
        try:
            message = self.sock.recv(RECEIVED)
        except BlockingIOError:
            return
        except OSError as error:
            self.break_off(error)
            return
        self.take(message)

    def take(self, message: bytes) -> None:
        """Take a message: the reply, or something that is counted and waited past."""
        reply = self.asked.accept(message, self.sent)
        if reply is not None:
            # Where nothing but the reply came, its socket may serve another question.
            self._datagrams.end(self, is_clean=self.is_reusable and not self.wrong)
            self.tell(reply)
            return
        self._datagrams.wrong += 1
        self.wrong += 1
        if self.wrong >= MOST_WRONG:
            text = f"{self._reading()}: {self.wrong} replies that answer another question"
            self._fail(SpoofedError(text))
            return
        self.receive()  # there may be more, of which nobody will tell

    def break_off(self, error: OSError) -> None:
        """Wait no longer, as the socket says why there will be nothing."""
        self._fail(UpstreamError(f"{self._reading()}: read: {words_of(error)}"))

    def not_sent(self, error: OSError) -> None:
        """Wait for nothing, as nothing could be sent."""
        way = way_of(self.sock, self.endpoint.text)
        self._fail(UpstreamError(f"write udp {way}: write: {words_of(error)}"))

    def expire(self) -> None:
        self._fail(UpstreamError(f"{self._reading()}: {TIMEOUT}"))

    def _fail(self, error: UpstreamError) -> None:
        self._datagrams.end(self)
        self.tell(error)

    def _reading(self) -> str:
        return f"read udp {way_of(self.sock, self.endpoint.text)}"


class Datagrams:
    """Everything that is asked over UDP and not answered yet."""

    def __init__(self, *, most: int | None = None) -> None:
        """Allow `most` questions at once; None: what the limit of open files leaves room for."""
        if most is None:
            most = min(MOST_SOCKETS, getrlimit(RLIMIT_NOFILE)[0] * 2 // 5)
        self.wrong = 0
        """Messages that came and were no reply."""
        self._most = most
        self._waiting: dict[int, Waiting] = {}
        self._deadlines = Deadlines()
        self._sockets: Sockets | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._retired = False
        self.time = time.monotonic
        """The clock of the loop, once there is one."""

    def __len__(self) -> int:
        """Questions that wait."""
        return len(self._waiting)

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The loop that listens for replies; None: nobody listens before the first question."""
        return None if self._loop is None or self._loop.is_closed() else self._loop

    def begin(
        self,
        endpoint: Endpoint,
        asked: Asked,
        sent: bytes,
        until: float,
        tell: Callable[[Came], None],
        source: str = "",
    ) -> Waiting:
        """Send a question.

        Args:
            endpoint: whom to ask.
            asked: the question.
            sent: its octets, with an id nobody else uses.
            until: how long to wait, on the clock of the loop.
            tell: is told how it ends, unless `end` is called before; never from in here.
            source: the address to ask from; empty: the system's choice.

        Raises:
            UpstreamError: it cannot be sent.
        """
        loop, sockets = self.open()
        sock = self.connect(sockets, endpoint, source)
        waiting = Waiting(self, sock, asked, sent, endpoint, tell)
        if source:
            waiting.is_reusable = False
        try:
            sock.send(sent)
        except OSError as error:
            way = way_of(sock, endpoint.text)
            sock.close()
            raise UpstreamError(f"write udp {way}: write: {words_of(error)}") from None
        self.wait_for(waiting, until, loop)
        return waiting

    def connect(self, sockets: Sockets, endpoint: Endpoint, source: str = "") -> socket.SocketType:
        """Return a socket for one more question out of what `open` returned; see `Sockets.take`.

        Raises:
            UpstreamError: there is none, or no way there.
        """
        if len(self._waiting) >= self._most:
            raise UpstreamError(f"{self._most} questions are waiting for upstreams already")
        return sockets.take(endpoint, source)

    def wait_for(self, waiting: Waiting, until: float, loop: asyncio.AbstractEventLoop) -> None:
        """Hand what comes to `waiting`, whose question has been sent on a socket of `connect`."""
        self._waiting[waiting.number] = waiting
        waiting.slot = self._deadlines.enter(waiting, until, loop)

    def end(self, waiting: Waiting, *, is_clean: bool = False) -> None:
        """Forget a question, if that has not been done.

        Args:
            waiting: it.
            is_clean: nothing is on its way to its socket any more.
        """
        slot = waiting.slot
        if slot is None:
            return
        waiting.slot = None
        slot.pop(waiting, None)
        is_known = self._waiting.pop(waiting.number, None) is waiting
        if is_clean and is_known and self._sockets:
            self._sockets.give_back(waiting.sock)
        else:
            waiting.sock.close()
        if self._retired and not self._waiting:
            self.close()

    async def ask(
        self, endpoint: Endpoint, asked: Asked, sent: bytes, until: float, source: str = ""
    ) -> Reply:
        """Return the reply to a question; all as with `begin`.

        Raises:
            UpstreamError: there is none in time, or it cannot be sent.
        """
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        waiting = self.begin(endpoint, asked, sent, until, partial(_settle, future), source)
        try:
            return await future
        finally:
            self.end(waiting)

    def retire(self) -> None:
        """Stop listening as soon as nobody waits."""
        self._retired = True
        if not self._waiting:
            self.close()

    def close(self) -> None:
        """Stop listening; whoever still waits waits in vain."""
        if self._sockets is not None and self._loop is not None:
            if not self._loop.is_closed():
                self._loop.remove_reader(self._sockets.poll.fileno())
            self._sockets.close()
        self._waiting.clear()
        self._sockets = self._loop = None

    def open(self) -> tuple[asyncio.AbstractEventLoop, Sockets]:
        """Listen from now on, unless that goes on already: whoever asks first opens it, too."""
        loop, sockets = self._loop, self._sockets
        if sockets is None or loop is None or loop.is_closed():
            self.close()
            self._loop, self._sockets = loop, sockets = asyncio.get_running_loop(), Sockets()
            # The usual clock without the call around it.
            is_usual = type(loop).time is asyncio.BaseEventLoop.time
            self.time = time.monotonic if is_usual else loop.time
            loop.add_reader(sockets.poll.fileno(), self._ready)
        return loop, sockets

    def _ready(self) -> None:
        assert self._sockets is not None  # noqa: S101  it has just called
        waiting = self._waiting
        for number, _ in self._sockets.poll.poll(0, _DATAGRAMS_A_TURN):
            found = waiting.get(number)
            if found is not None:
                found.receive()


def _settle(future: asyncio.Future[Reply], came: Came) -> None:
    if future.done():
        return
    if isinstance(came, UpstreamError):
        future.set_exception(came)
    else:
        future.set_result(came)
