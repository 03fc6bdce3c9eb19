"""One request being answered: what all parts of an answer share, and how each of them waits."""

import asyncio
from random import Random
from typing import NamedTuple

from tests.support.fakeapi.faults import Fault, Faults, Site
from tests.support.fakeapi.pulse import Pulse
from tests.support.fakeapi.requests import Request


class DroppedError(Exception):
    """The connection is gone: reset, without a further octet."""


class PortClosedError(Exception):
    """There was nobody to connect to."""


class Received(NamedTuple):
    """One request, for those who count them."""

    time: float
    """Of the loop."""
    kind: str
    """Of the objects asked for; empty: something else."""
    request: Request
    server: str
    """Which of the server's addresses it came to."""


class Call:
    """One request and the connection it came on, until the answer is complete or given up."""

    def __init__(
        self, request: Request, kind: str, random: Random, pulse: Pulse, faults: Faults
    ) -> None:
        self.request = request
        self.kind = kind
        """Of the objects asked for; empty: something else."""
        self.random = random
        """Of this request alone, so that what others do changes nothing here."""
        self.is_cut = False
        """The connection breaks at the next occasion, that is at once."""
        self.is_ended = False
        """A watch ends cleanly at the next occasion, as when the server is stopped."""
        self.is_frozen = False
        """Nothing comes and nothing ends until this is over."""
        self.is_abandoned = False
        """Nothing comes any more until the connection is cut."""
        self._pulse = pulse
        self._faults = faults

    def strike(self, site: Site, *, without: tuple[Fault, ...] = ()) -> Fault | None:
        """Return what goes wrong at this place of the answer; None: nothing."""
        return self._faults.strike(site, self.kind, self.request.verb, self.random, without=without)

    async def wait(self, until: float | None = None) -> None:
        """Return when something may have changed, or at that time of the loop.

        Raises:
            DroppedError: the connection was cut.
        """
        await self._pulse.wait(until)
        await self.thaw()

    async def thaw(self) -> None:
        """Return once the server is not frozen.

        Raises:
            DroppedError: the connection was cut.
        """
        while (self.is_frozen or self.is_abandoned) and not self.is_cut:
            await self._pulse.wait()
        if self.is_cut:
            raise DroppedError

    async def sleep(self, seconds: float) -> None:
        """Return after that time.

        Raises:
            DroppedError: the connection was cut.
        """
        until = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < until:
            await self.wait(until)

    async def hang(self) -> None:
        """Never return.

        Raises:
            DroppedError: the connection was cut.
        """
        while True:
            await self.wait()
