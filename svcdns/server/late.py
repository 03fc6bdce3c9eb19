"""What a UDP socket says later: who still waits, and all that comes in one turn leaves together.

What others have to be asked for comes by an errand or as something later; the latter is a task
only where it needs one. There are at most `MOST_LATER` of them.
"""

import asyncio
from contextlib import suppress
from functools import partial

from svcdns.answers.later import LATER, Coming, Later, discard
from svcdns.route.errand import Errand
from svcdns.route.exchange import Exchange
from svcdns.route.responder import Said
from svcdns.server.mmsg import SLOTS, Datagrams, WayBack
from svcdns.server.single import SingleDatagrams

MOST_LATER = 4096
"""Questions of one socket that wait for others; further ones fail at once."""


class Late:
    """All that one socket still has to say."""

    def __init__(self, datagrams: Datagrams | SingleDatagrams) -> None:
        """Owe nothing yet; `datagrams` are what replies leave with."""
        self._datagrams = datagrams
        self._later: set[Later[Said]] = set()
        self.errands: set[Errand] = set()
        """Those whose response is owed, which `returned` says."""
        self._tasks: dict[Later[Said], asyncio.Task[None]] = {}
        self._late: list[tuple[WayBack, bytes]] = []
        """Responses that leave at the end of this turn."""
        self._exchanges: set[Exchange] = set()
        """Whose they are, and what else has been said in this turn."""
        self._all_said: asyncio.Event | None = None
        """Set when nothing is owed any more; there is one while the listener stops."""

    def __len__(self) -> int:
        """How many wait."""
        return len(self._later) + len(self.errands)

    def expect(self, exchange: Exchange, back: WayBack, reply: Later[Said]) -> None:
        """Say what `reply` brings.

        Args:
            exchange: whose reply it is.
            back: where it goes.
            reply: it.
        """
        self._later.add(reply)
        if isinstance(reply, Coming):
            reply.receive(partial(self._came, exchange, back, reply))
        else:
            self._follow(exchange, back, reply, reply)

    def returned(self, exchange: Exchange, errand: Errand, response: bytes) -> None:
        """Say the response to an errand."""
        self.errands.discard(errand)
        self._say(exchange, errand.back, response)
        if self._all_said is not None:
            self._settle()

    def become(self, exchange: Exchange, errand: Errand, reply: Later[Said]) -> None:
        """Say what `reply` brings in place of an errand."""
        self.errands.discard(errand)
        self.expect(exchange, errand.back, reply)

    async def end(self, patience: float) -> None:
        """Say what comes within `patience` seconds, and want the rest no more."""
        if len(self):
            self._all_said = asyncio.Event()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._all_said.wait(), patience)
        for later in tuple(self._later):
            self._give_up(later)
        errands, self.errands = self.errands, set()
        for errand in errands:
            errand.send_back()
        self._send()

    def _came(
        self, exchange: Exchange, back: WayBack, later: Later[Said], said: Said | Later[Said]
    ) -> None:
        """Say what has come; what has to be waited for still becomes a task."""
        if isinstance(said, LATER):
            self._follow(exchange, back, later, said)
            return
        self._say(exchange, back, said)  # type: ignore[arg-type]  # it is here now
        self._later.discard(later)
        self._settle()

    def _follow(
        self, exchange: Exchange, back: WayBack, later: Later[Said], reply: Later[Said]
    ) -> None:
        async def wait() -> None:
            self._came(exchange, back, later, await reply)

        task = self._tasks[later] = asyncio.get_running_loop().create_task(wait())
        task.add_done_callback(partial(self._done, later, reply))

    def _done(self, later: Later[Said], reply: Later[Said], _: asyncio.Task[None]) -> None:
        self._tasks.pop(later, None)
        self._later.discard(later)
        self._settle()
        discard(reply)

    def _settle(self) -> None:
        if self._all_said is not None and not len(self):
            self._all_said.set()

    def _give_up(self, later: Later[Said]) -> None:
        task = self._tasks.get(later)
        if task is not None:
            task.cancel()
        else:
            self._later.discard(later)
            discard(later)

    def _say(self, exchange: Exchange, back: WayBack, said: Said) -> None:
        late, exchanges = self._late, self._exchanges
        if exchange not in exchanges:
            if not exchanges:
                asyncio.get_running_loop().call_soon(self._send)
            exchanges.add(exchange)
        if isinstance(said, bytes):
            late.append((back, said))
            if len(late) == SLOTS:
                self._send()

    def _send(self) -> None:
        """Send all that has come since the last time."""
        exchanges, self._exchanges = self._exchanges, set()
        late, self._late = self._late, []
        if not exchanges:
            return
        lost = self._datagrams.send_later(late)
        for exchange in exchanges:
            exchange.traffic.dropped += lost
            lost = 0
            exchange.observe()
