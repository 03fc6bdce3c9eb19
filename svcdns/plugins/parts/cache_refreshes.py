"""Questions asked again beside the queries: before an answer's time is over, or after it.

They run as long as the configuration is in use, never more than so many at once, and whoever
waits for one goes its own way when it takes too long.
"""

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from svcdns.answers.foreign import Outcome
from svcdns.answers.later import LATER, Later
from svcdns.route.stages import Client, Rest
from svcdns.telemetry.log import get_log
from svcdns.wire.codes import AD
from svcdns.wire.question import Query

_MOST = 256
"""Questions under way at once; a further one is asked with a later hit."""

_log = get_log("cache")


class Asked(NamedTuple):
    """A question, and how to ask it behind the cache."""

    key: bytes
    query: Query
    client: Client
    rest: Rest

    def again(self) -> Outcome | Later[Outcome]:
        """Ask it. The answer is to say whether it is authentic, whoever will read it."""
        query = self.query
        return self.rest(Query(query.id, query.flags | AD, *query[2:]), self.client)


class _Asker(NamedTuple):
    """A client as it was: the one that asked may be gone when the question is asked again."""

    address: str
    port: int
    local_address: str
    local_port: int
    stream: bool
    lane: int


Take = Callable[[Outcome | None], Outcome | None]
Refresh = "asyncio.Future[Outcome | None]"


class Refreshes:
    """What is asked again just now."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Asked, Take, asyncio.Future[Outcome | None]]] = []
        self._wake: asyncio.Event | None = None
        self._under_way = 0

    def start(self, asked: Asked, take: Take) -> "asyncio.Future[Outcome | None] | None":
        """Have a question asked again.

        Args:
            asked: the question.
            take: gets what came, None after a bug, and returns what whoever waits gets.

        Returns:
            What brings that; None: there are too many, or nothing runs beside the queries.
        """
        if self._wake is None or self._under_way >= _MOST:
            return None
        client = asked.client
        asker = _Asker(
            client.address,
            client.port,
            client.local_address,
            client.local_port,
            client.stream,
            client.lane,
        )
        future: asyncio.Future[Outcome | None] = asyncio.get_running_loop().create_future()
        self._under_way += 1
        self._waiting.append((asked._replace(client=asker), take, future))
        self._wake.set()
        return future

    async def run(self) -> None:
        """Ask what is to be asked again, until cancelled."""
        wake = self._wake = asyncio.Event()
        try:
            async with asyncio.TaskGroup() as group:
                while True:
                    await wake.wait()
                    wake.clear()
                    waiting, self._waiting = self._waiting, []
                    for asked, take, future in waiting:
                        group.create_task(self._ask(asked, take, future))
        finally:
            self._wake = None

    async def _ask(
        self, asked: Asked, take: Take, future: "asyncio.Future[Outcome | None]"
    ) -> None:
        said = None
        try:
            outcome = asked.again()
            if isinstance(outcome, LATER):
                outcome = await outcome
            said = take(outcome)  # type: ignore[arg-type]  # it is here
        except Exception as error:  # noqa: BLE001  one refresh fails, never the others
            _log.bug("cache.refresh_failed", error)
            take(None)
        finally:
            self._under_way -= 1
            if not future.done():
                future.set_result(said)
