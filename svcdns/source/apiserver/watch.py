"""All resources of one cluster, each followed by a task of its own.

They know nothing of each other: what has failed for one is still fresh for the others, and
nothing may be concluded from the order in which two of them change.
"""

import asyncio
from collections.abc import Sequence
from random import Random

from svcdns.source.apiserver.observer import Observer
from svcdns.source.apiserver.pace import Pace
from svcdns.source.apiserver.protocol import Connection, Resource, Sink
from svcdns.source.apiserver.reflector import Reflector
from svcdns.source.apiserver.resources import is_needed


class Watch:
    """Follows one cluster."""

    def __init__(
        self,
        connection: Connection,
        resources: Sequence[Resource],
        sink: Sink,
        observer: Observer,
        random: Random,
    ) -> None:
        """Begin with nothing.

        Args:
            connection: the way to the API server.
            resources: what to follow, in the order in which they are asked for first.
            sink: gets the objects.
            observer: is told what happens.
            random: for pauses and the lengths of watches.
        """
        self.reflectors = tuple(
            Reflector(resource, connection, sink, observer, random) for resource in resources
        )
        self._observer = observer
        self._random = random

    @property
    def is_synced(self) -> bool:
        """Whether the sink has had a whole list of everything that is needed.

        A resource that only some features use never holds up the others, forbidden or not.
        """
        return all(
            reflector.is_synced for reflector in self.reflectors if is_needed(reflector.resource)
        )

    async def run(self) -> None:
        """Follow the cluster until the task ends."""
        async with asyncio.TaskGroup() as group:
            for reflector in self.reflectors:
                group.create_task(self._keep_running(reflector), name=reflector.resource.name)

    async def _keep_running(self, reflector: Reflector) -> None:
        pace = Pace(self._random)
        while True:
            try:
                await reflector.run()
            except Exception as error:  # noqa: BLE001  a bug ends one attempt, never the watch
                seconds = pace.pause()
                self._observer.failed(reflector.resource, _cause(error), seconds)
                await asyncio.sleep(seconds)


def _cause(error: Exception) -> Exception:
    """Return the exception in a group of one, as a reflector's tasks raise it."""
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error
