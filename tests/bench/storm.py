"""python -m tests.bench.storm - an API server in which slices change all the time.

Serves the world of the benchmark from `tests.support.fakeapi` and prints `port N`. From a first
line on its input until the input ends it changes RATE slices a second, one in twenty of them the
probe's: of each such change it prints the address and the time at which it was accepted. No change
makes a name vanish, so the RCODEs of a workload stay what they are.

    python -m tests.bench.storm RATE
"""

import asyncio
import sys
import time
from collections.abc import Iterator
from ipaddress import IPv4Address
from itertools import count
from typing import Any

from tests.bench.files import objects
from tests.bench.plane import FIRST_ADDRESS, NAMESPACE, probe_slice
from tests.bench.world import World, build
from tests.support.fakeapi import FakeApi
from tests.support.fakeapi.objects import namespace, service

ENDPOINTS = 150_000
PROBE_SHARE = 20
"""One change in so many is the probe's."""

_FURTHER = int(IPv4Address("10.251.0.1"))


class Storm:
    """Changes of one fake API server."""

    def __init__(self, api: FakeApi, world: World) -> None:
        """Put the world and the probe into it."""
        self._api = api
        self._slices: list[dict[str, Any]] = []
        for document in objects(world):
            api.put(document)
            if document["kind"] == "EndpointSlice":
                self._slices.append(document)
        api.put(namespace(NAMESPACE))
        api.put(service("probe", NAMESPACE, addresses=()))
        self._addresses = count(FIRST_ADDRESS)
        self._numbers = count()
        self._put_probe()

    def change(self) -> tuple[int, float] | None:
        """Change one slice; if it is the probe's, return its address and when it had it."""
        number = next(self._numbers)
        if number % PROBE_SHARE == 0:
            return self._put_probe()
        document = self._slices[number % len(self._slices)]
        address = str(IPv4Address(_FURTHER + number % 60_000))
        further = {"addresses": [address], "conditions": {"ready": True}, "nodeName": "node-000"}
        self._api.put({**document, "endpoints": [*document["endpoints"], further]})
        return None

    def _put_probe(self) -> tuple[int, float]:
        address = next(self._addresses)
        self._api.put(probe_slice(str(IPv4Address(address))))
        return address, time.perf_counter()


async def blow(storm: Storm, rate: int) -> None:
    """Change so many slices a second for ever."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    for due in _times(began, rate):
        await asyncio.sleep(max(0.0, due - loop.time()))
        if seen := storm.change():
            address, accepted = seen
            sys.stdout.write(f"{address} {accepted:.9f}\n")
            sys.stdout.flush()


def _times(began: float, rate: int) -> Iterator[float]:
    return (began + number / rate for number in count())


async def main(rate: int) -> None:
    """Serve, and change what is told to change."""
    async with FakeApi() as api:
        storm = Storm(api, build(endpoints=ENDPOINTS))
        _, port = await api.serve()
        sys.stdout.write(f"port {port}\n")
        sys.stdout.flush()
        if await asyncio.to_thread(sys.stdin.readline):
            async with asyncio.TaskGroup() as group:
                blowing = group.create_task(blow(storm, rate))
                await asyncio.to_thread(sys.stdin.readline)
                blowing.cancel()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
