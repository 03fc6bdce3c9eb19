"""A plain question on its way to an upstream, and back: the plain way of a miss.

It is sent as `route.errands` has it, behind an id and from a port of its own. A plain reply ends
it there. Anything else (another kind of answer, a cut one, an error, silence) makes it what it
would have been from the start, a `Begun`, which takes it from there.
"""

import asyncio
import socket
from collections.abc import Sequence
from typing import Any

from svcdns.route.errand import Desk, Form
from svcdns.upstream.asked import Asked
from svcdns.upstream.begun import BUDGET, Begun
from svcdns.upstream.datagram import RECEIVED, Came, Datagrams, Waiting
from svcdns.upstream.endpoint import Transport
from svcdns.upstream.failure import UpstreamError
from svcdns.upstream.forwarder import TRANSFERS, Forwarder
from svcdns.upstream.forwarding import Forwarding
from svcdns.upstream.outcome import foreign
from svcdns.upstream.server import Server
from svcdns.upstream.sockets import Sockets
from svcdns.wire.codes import RCode
from svcdns.wire.name import OwnerName
from svcdns.wire.plain import addresses_end, shape_of

_HEADER = 12


class Errand(Waiting):
    """One errand; a `route.errand.Errand`."""

    __slots__ = (
        "_desk",
        "_key",
        "_ordered",
        "_sender",
        "_sent_at",
        "asked_at",
        "back",
        "form",
        "identity",
        "question",
    )

    back: Any

    def __init__(  # noqa: PLR0913, PLR0917  anything around them would be one more object a miss
        self,
        sock: socket.SocketType,
        sent: bytes,
        sender: "Errands",
        ordered: Sequence[Server],
        key: bytes,
        sent_at: float,
        desk: Desk,
        identity: bytes,
        question: bytes,
        form: Form,
        asked_at: tuple[float, int],
    ) -> None:
        # What only the other way needs is there once that is taken: see `_complete`.
        self._datagrams = sender.datagrams
        self.sock = sock
        self.number = sock.fileno()
        self.sent = sent
        self.wrong = 0
        self._sender = sender
        self._ordered = ordered
        self._key = key
        self._sent_at = sent_at
        self._desk = desk
        self.identity = identity
        self.question = question
        self.form = form
        self.asked_at = asked_at

    def depart(self) -> None:
        """Leave; who cannot goes the other way."""
        try:
            self.sock.send(self.sent)
        except OSError as error:
            self._complete()
            self.not_sent(error)

    def receive(self) -> None:
        """Take what has arrived."""
        try:
            message = self.sock.recv(RECEIVED)
        except BlockingIOError:
            return
        except OSError as error:
            self._complete()
            self.break_off(error)
            return
        question, form = self.question, self.form
        if message[:2] == self.sent[:2] and message.startswith(question, _HEADER):
            head = form.heads[message[2:_HEADER]]
            if head is not None:
                start = _HEADER + len(question)
                shape = None
                end = addresses_end(message, start, question[-4:-2], head)
                if not end and head.rcode not in self._sender.refused:
                    shape = shape_of(message, start, question, head)
                    end = 0 if shape is None else len(message) - head.opt_size
                if 0 < end <= form.limit:
                    self._datagrams.end(self, is_clean=not self.wrong)
                    self._land(message, head.rcode)
                    self._desk.close(self, head, message[start:end], shape)
                    return
        self._complete()
        self.take(message)

    def expire(self) -> None:
        """Wait no longer for a reply."""
        self._complete()
        super().expire()

    def send_back(self) -> None:
        """Want the answer no more, and ask no more."""
        if self.slot is not None:
            self._datagrams.end(self)
            self._sender.forwarder.land(self._key, None)

    def _land(self, message: bytes, rcode: int) -> None:
        """Be done, and give the answer to others who have asked the same."""
        forwarder, first = self._sender.forwarder, self._ordered[0]
        first.figures.untaken[rcode].append(self._datagrams.time() - self._sent_at)
        forwarder.going -= 1
        waiting = forwarder.flights.going.pop(self._key)
        if not waiting:
            return
        asked = self._asked()
        reply = asked.accept(message, self.sent)
        outcome = None if reply is None else foreign(asked, first.address, reply)
        for future in waiting:
            if not future.done():
                future.set_result(outcome)

    def _asked(self) -> Asked:
        """Return the question as all others are written down."""
        question, form = self.question, self.form
        flags = int.from_bytes(form.head[:2])
        rrtype = int.from_bytes(question[-4:-2])
        return Asked(OwnerName(question[:-4]), rrtype, question, flags, form.dnssec_ok)

    def _complete(self) -> None:
        """Be a `Waiting` like all others from now on."""
        self.asked = self._asked()
        self.endpoint = self._ordered[0].endpoint
        self.tell = self._otherwise
        self.is_reusable = True

    def _otherwise(self, came: Came) -> None:
        """Go on with what is not plain."""
        loop = asyncio.get_running_loop()
        begun = Begun(self._sender.forwarder, self._ordered, self.asked, loop, stream=False)
        begun.take_over(self._key, self, self._sent_at)
        self._desk.hand_over(self, begun)
        begun.came(came)


class Errands:
    """The errands of one stanza that takes all names; a `route.errand.Sender`."""

    def __init__(self, forwarder: Forwarder, datagrams: Datagrams) -> None:
        """Send them as `forwarder` sends all other questions, with `datagrams`."""
        self.forwarder = forwarder
        self.datagrams = datagrams
        self.refused = frozenset(map(int, forwarder.forwarding.failover))
        """RCODEs with which another upstream is asked."""
        self._most = forwarder.forwarding.most_concurrent
        self._read_timeout = min(forwarder.forwarding.habits.read_timeout, BUDGET)
        self._asked_at: tuple[float, int] | None = None
        self._loop: asyncio.AbstractEventLoop
        self._sockets: Sockets
        self._now = 0.0
        self._alone: Sequence[Server] | None = None
        """The only upstream there is."""
        self._is_plain = False
        """Whoever comes first is up, and asked with OPT."""

    def send(
        self, desk: Desk, identity: bytes, question: bytes, form: Form, asked_at: tuple[float, int]
    ) -> Errand | None:
        """Return a question about to depart; see `Sender`."""
        if asked_at is not self._asked_at:
            self._begin(asked_at)
        forwarder, now = self.forwarder, self._now
        message = form.head + question + form.tail
        flights = forwarder.flights.going
        if (
            not self._is_plain
            or message in flights
            or 0 < self._most <= forwarder.going
            or question[-4:-2] in _TRANSFERS
        ):
            return None
        # Not before: whoever goes the other way is given a place in the order there.
        ordered = self._alone or forwarder.in_order()
        first = ordered[0]
        sent = next(first.identities) + message
        try:
            sock = self.datagrams.connect(self._sockets, first.endpoint)
        except UpstreamError:  # which happens once more, to whom it can be told
            return None
        flights[message] = ()
        forwarder.going += 1
        figures = first.figures
        figures.asked += 1
        figures.datagrams += 1
        errand = Errand(
            sock, sent, self, ordered, message, now, desk, identity, question, form, asked_at
        )
        self.datagrams.wait_for(errand, now + self._read_timeout, self._loop)
        return errand

    def _begin(self, asked_at: tuple[float, int]) -> None:
        """Look once at what is the same for all questions of a batch."""
        self._loop, self._sockets = self.datagrams.open()
        self._now = now = self.datagrams.time()
        usable = self.forwarder.usable()
        self._alone = usable if len(usable) == 1 else None
        self._is_plain = _is_plain(usable, now)
        self._asked_at = asked_at


_TRANSFERS = frozenset(rrtype.to_bytes(2) for rrtype in TRANSFERS)


def _is_plain(servers: Sequence[Server], now: float) -> bool:
    """Whether, in whatever order, the first of them is up, and asked with OPT."""
    if len(servers) > 1:  # those that just failed come last
        servers = [server for server in servers if not server.health.is_doubtful] or servers
    for server in servers:
        if server.health.is_down or now < server.without_edns_until:
            return False
    return bool(servers)


def may_be_sent(forwarding: Forwarding) -> bool:
    """Whether the first try of every plain question is one datagram, whose reply mostly ends it."""
    habits = forwarding.habits
    return not (
        forwarding.hedge
        or forwarding.may_go_on
        or RCode.NOERROR in forwarding.failover
        or habits.force_tcp
        or habits.source
        or habits.random_case
        or any(target.transport is not Transport.DNS for target in forwarding.targets)
    )
