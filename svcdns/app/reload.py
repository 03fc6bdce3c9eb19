"""A changed Corefile is taken into use whole or not at all, while queries go on being answered.

The new configuration is read, built, tried out and given all it needs beside the running one;
then it takes the listeners over in one step. Whatever is wrong is logged and counted, and the
running one stays. A text that was refused is not tried again before it changes.

Source: the plugin reload of CoreDNS, as observed: interval, jitter, log lines, metrics.
"""

import asyncio
import hashlib
import os
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from random import Random

from svcdns.app.build import Configuration, plans_of
from svcdns.app.files import examine_corefile
from svcdns.app.options import Options
from svcdns.app.start_error import StartError
from svcdns.corefile.errors import CorefileError
from svcdns.corefile.lexer import Token
from svcdns.corefile.parser import Reading
from svcdns.corefile.tree import Corefile, Line, Stanza
from svcdns.route.compile import Plan
from svcdns.route.stages import ReloadWatch
from svcdns.server.listen_error import ListenError
from svcdns.telemetry.log import get_log, write
from svcdns.telemetry.metrics import Metrics
from svcdns.telemetry.plugin_metrics import COREFILE_REFUSED, RELOAD_VERSION, RELOADS_FAILED

_SHOWN = 8
"""Digits of a version in messages for people."""

_log = get_log("reload")


class Reload:
    """Looks after the Corefile of one process."""

    def __init__(
        self,
        options: Options,
        metrics: Metrics,
        take: Callable[[tuple[Plan, ...]], Awaitable[Configuration]],
        random: Random,
    ) -> None:
        """Watch nothing yet.

        Args:
            options: which Corefile, and whether it came from a file.
            metrics: where failures are counted and the version is shown.
            take: takes plans into use and returns what is then in use, or raises StartError or
                ListenError and changes nothing.
            random: for the jitter.
        """
        self._options = options
        self._metrics = metrics
        self._take = take
        self._random = random
        self._asked = asyncio.Event()
        self._interval = float("inf")
        self._version = self._refused = ""
        self._since = time.time()

    def begin(self, reading: Reading, configuration: Configuration) -> None:
        """Take note of what is in use at the start."""
        self._in_use(version_of(reading.corefile), configuration)

    def ask(self) -> None:
        """Reload now, whether or not the Corefile has changed."""
        write("[INFO] SIGUSR1: Reloading")
        self._asked.set()

    async def run(self) -> None:
        """Look at the Corefile as often as it says, for ever."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(
                    None if self._interval == float("inf") else self._interval
                ):
                    await self._asked.wait()
            forced = self._asked.is_set()
            self._asked.clear()
            await self._look(forced=forced)

    async def _look(self, *, forced: bool) -> None:
        options = self._options
        if options.corefile_text is not None:
            if forced:
                self._refuse("the Corefile came from no file: there is nothing to read again")
            return
        try:
            reading = await asyncio.to_thread(
                examine_corefile, options.corefile, os.environ, options.port
            )
        except OSError as error:
            self._refuse(f"cannot read the Corefile: {error.strerror}", forced=forced)
            return
        version = version_of(reading.corefile)
        if not forced and version in {self._version, self._refused}:
            if version == self._version:
                self._refused = ""  # whatever was wrong has been taken back
                self._metrics.set(COREFILE_REFUSED, 0)
            return
        try:
            plans = await asyncio.to_thread(plans_of, reading)
        except CorefileError as error:
            first = str(error).splitlines()[0]
            self._refused = version
            self._refuse(first, mistakes=len(error.mistakes))
            return
        except StartError as error:
            self._refused = version
            self._refuse(str(error))
            return
        write("[INFO] Reloading")
        try:
            configuration = await self._take(plans)
        except (ListenError, StartError) as error:
            self._refused = version
            self._refuse(str(error))
            return
        self._in_use(version, configuration)
        write("[INFO] Reloading complete")

    def _refuse(self, first: str, *, mistakes: int = 1, forced: bool = True) -> None:
        if not forced and self._refused == first:
            return  # said already: a file that cannot be read has no version
        if not forced:
            self._refused = first
        self._metrics.add(RELOADS_FAILED)
        self._metrics.set(COREFILE_REFUSED, 1)
        # Alerts look for this line; the event behind it says what goes on and what to do.
        write(f"[ERROR] plugin/reload: Corefile changed but reload failed: {first}")
        since = time.strftime("%H:%M", time.localtime(self._since))
        _log.error(
            "reload.refused",
            file=self._options.corefile,
            mistakes=mistakes,
            keeping=f"configuration {self._version[:_SHOWN]} loaded {since}",
            first=first,
            next=f"svcdns check {self._options.corefile}",
        )

    def _in_use(self, version: str, configuration: Configuration) -> None:
        self._version, self._refused, self._since = version, "", time.time()
        self._metrics.set(COREFILE_REFUSED, 0)
        self._metrics.replace(RELOAD_VERSION, {("sha512", version): 1.0})
        watches = [one for one in configuration.declarations if isinstance(one, ReloadWatch)]
        self._interval = float("inf")
        if watches:
            jitter = watches[0].jitter * (self._random.random() - 0.5)
            self._interval = watches[0].interval + jitter
            write(f"[INFO] plugin/reload: Running configuration SHA512 = {version}")


def version_of(corefile: Corefile) -> str:
    """Return a checksum of what a Corefile says and where, without its comments."""
    digest = hashlib.sha512()
    for block in corefile.blocks:
        for token in (*(key.token for key in block.keys), *_tokens(block.stanzas)):
            digest.update(f"{token.file}:{token.line}:{token.text}\0".encode())
        digest.update(b"\n")
    return digest.hexdigest()


def _tokens(lines: Iterable[Stanza | Line]) -> Iterable[Token]:
    for line in lines:
        yield line.name
        yield from line.arguments
        yield from _tokens(line.options if isinstance(line, Stanza) else line.block)
