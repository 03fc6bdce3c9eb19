"""/health, /ready and /metrics on real sockets."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from io import StringIO

import pytest

from svcdns.app.probes import Probes, lameduck_seconds
from svcdns.route.stages import Declaration, HealthListener, MetricsListener, ReadyListener
from svcdns.server.listen_error import ListenError
from svcdns.telemetry.catalogue import HEALTH_DURATION, HEALTH_FAILURES
from svcdns.telemetry.metrics import Metrics
from svcdns.telemetry.status import Status
from tests.support.process import free_port, free_ports


class Side:
    """The side listeners of a process, and what they are about."""

    def __init__(self, *wishes: Declaration) -> None:
        self.metrics = Metrics()
        self.status = Status()
        self.probes = Probes(self.metrics, self.status)
        self.prepared = self.probes.prepare(wishes)

    @property
    def failures(self) -> float:
        return self.metrics.numbers[HEALTH_FAILURES.name][()]

    @property
    def checks(self) -> int:
        return sum(self.metrics.distributions[HEALTH_DURATION.name][()].counts)


@asynccontextmanager
async def serving(*wishes: Declaration) -> AsyncIterator[Side]:
    side = Side(*wishes)
    side.probes.take(side.prepared)
    try:
        yield side
    finally:
        await side.probes.close()


async def get(port: int, path: str, host: str = "127.0.0.1") -> tuple[int, str]:
    """Return status and body of a page."""
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    return int(head.split()[1]), body.decode()


async def test_each_wish_is_served_at_its_address() -> None:
    health, ready, metrics = free_ports(3)
    wishes = (
        HealthListener(f"127.0.0.1:{health}"),
        ReadyListener(f"127.0.0.1:{ready}"),
        MetricsListener(f"127.0.0.1:{metrics}"),
    )

    async with serving(*wishes):
        assert await get(health, "/health") == (200, "OK")
        assert await get(ready, "/ready") == (200, "OK")
        status, page = await get(metrics, "/metrics")
        elsewhere = await get(health, "/metrics")

    assert status == 200
    assert "coredns_panics_total 0.0\n" in page
    assert elsewhere[0] == 404


async def test_wishes_for_one_address_share_it() -> None:
    port = free_port()
    address = f"127.0.0.1:{port}"

    async with serving(HealthListener(address), ReadyListener(address), HealthListener(address)):
        assert await get(port, "/health") == (200, "OK")
        assert await get(port, "/ready") == (200, "OK")


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_no_host_is_every_address(host: str) -> None:
    port = free_port("")

    async with serving(HealthListener(f":{port}")):
        assert await get(port, "/health", host) == (200, "OK")


async def test_nothing_is_served_before_the_start() -> None:
    port = free_port()
    side = Side(HealthListener(f"127.0.0.1:{port}"))
    asking = asyncio.get_running_loop().create_task(get(port, "/health"))
    await asyncio.sleep(0)
    assert not asking.done()

    side.probes.take(side.prepared)

    assert await asking == (200, "OK")
    await side.probes.close()


async def test_when_one_address_cannot_be_had_none_stays_open() -> None:
    free = free_port()
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        taken = holder.getsockname()[1]

        with pytest.raises(ListenError, match=f"tcp 127.0.0.1:{taken}: the port is in use"):
            Side(HealthListener(f"127.0.0.1:{free}"), ReadyListener(f"127.0.0.1:{taken}"))

    with socket.socket() as ours:
        ours.bind(("127.0.0.1", free))


async def test_ready_names_who_is_not(log: StringIO) -> None:
    port = free_port()
    ready = {"kubernetes": False, "whoami": True, "forward": False}
    async with serving(ReadyListener(f"127.0.0.1:{port}")) as side:
        side.status.replace_checks([(name, partial(ready.__getitem__, name)) for name in ready])

        waiting = await get(port, "/ready")
        ready |= {"kubernetes": True, "forward": True}
        now_ready = await get(port, "/ready")
        ready["kubernetes"] = False
        afterwards = await get(port, "/ready")

    assert waiting == (503, "forward,kubernetes")
    assert now_ready == afterwards == (200, "OK")
    assert log.getvalue() == '[INFO] plugin/ready: Plugins not ready: "forward,kubernetes"\n'


async def test_ready_asks_again_where_that_is_wanted() -> None:
    port = free_port()
    ready = [True, False]
    async with serving(ReadyListener(f"127.0.0.1:{port}", continuously=True)) as side:
        side.status.replace_checks([("kubernetes", lambda: ready.pop(0))])

        first, second = [await get(port, "/ready") for _ in range(2)]

    assert (first, second) == ((200, "OK"), (503, "kubernetes"))


async def test_while_the_process_stops_it_is_alive_but_not_ready() -> None:
    port = free_port()
    address = f"127.0.0.1:{port}"
    async with serving(HealthListener(address), ReadyListener(address)) as side:
        side.status.stopping = True

        assert await get(port, "/ready") == (503, "stopping")
        assert await get(port, "/health") == (200, "OK")


@pytest.mark.parametrize("runtime", [True, False])
async def test_series_about_memory_are_there_on_demand(
    runtime: bool,  # noqa: FBT001  a column of the table
) -> None:
    port = free_port()
    async with serving(MetricsListener(f"127.0.0.1:{port}", runtime_metrics=runtime)):
        _, page = await get(port, "/metrics")

    assert ("python_gc_" in page) is runtime


async def test_our_own_health_is_asked_once_and_timed(log: StringIO) -> None:
    wish = HealthListener(f"127.0.0.1:{free_port()}")
    async with serving(wish, wish) as side:
        await side.probes.check_health()

        assert (side.checks, side.failures) == (1, 0)

    assert log.getvalue() == ""


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
async def test_a_health_check_that_fails_is_counted_and_logged(host: str, log: StringIO) -> None:
    port = free_port()
    async with serving(HealthListener(f"{host}:{port}")) as side:
        pass

    await side.probes.check_health()

    assert (side.checks, side.failures) == (0, 1)
    assert log.getvalue() == (
        f'[WARNING] plugin/health: Local health request to "http://{host}:{port}/health" failed: '
        "Connection refused\n"
    )


async def test_without_health_nobody_is_asked() -> None:
    async with serving(ReadyListener(f"127.0.0.1:{free_port()}")) as side:
        await side.probes.check_health()

        assert (side.checks, side.failures) == (0, 0)


@pytest.mark.parametrize(
    ("wishes", "seconds"),
    [
        ((), 0.0),
        ((ReadyListener(":1"), MetricsListener(":2")), 0.0),
        ((HealthListener(":1", 5.0),), 5.0),
        ((HealthListener(":1", 1.0), HealthListener(":2", 7.0), HealthListener(":3")), 7.0),
    ],
)
def test_the_longest_lameduck_counts(wishes: tuple[Declaration, ...], seconds: float) -> None:
    assert lameduck_seconds(wishes) == seconds
