"""kube-proxy's answers about health, byte by byte where load balancers look."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

from svcdns.app.proxy_health import Health, ServiceChecks
from svcdns.proxy.model import HealthCheck
from svcdns.server.http import Response
from svcdns.server.sockets import open_streams
from svcdns.telemetry.metrics import Metrics
from svcdns.telemetry.proxy_metrics import HEALTHZ, LIVEZ, PAGE
from tests.support.process import free_port

WEB = ("shop", "web")
START = datetime(2026, 11, 24, 10, tzinfo=UTC)


class Node:
    """A node that may be well and may be about to go."""

    def __init__(self) -> None:
        self.is_well = True
        self.is_eligible = True
        self.now = START
        self.metrics = Metrics(PAGE)
        self.health = Health(
            lambda: self.is_well, lambda: self.is_eligible, self.metrics, lambda: self.now
        )

    def ask(self, path: str) -> tuple[int, dict[str, Any]]:
        response = self.health.pages()[path]({})
        assert isinstance(response, Response)
        assert response.content_type == "application/json"
        assert ("X-Content-Type-Options", "nosniff") in response.headers
        return response.status, json.loads(response.body)


def test_a_node_that_is_well_was_updated_now() -> None:
    node = Node()
    node.now += timedelta(hours=1)

    assert node.ask("/healthz") == (
        200,
        {
            "lastUpdated": "2026-11-24 11:00:00+00:00",
            "currentTime": "2026-11-24 11:00:00+00:00",
            "nodeEligible": True,
        },
    )
    assert node.ask("/livez")[0] == 200
    assert "nodeEligible" not in node.ask("/livez")[1]


def test_a_proxy_that_is_late_says_since_when() -> None:
    node = Node()
    node.ask("/healthz")
    node.is_well = False
    node.now += timedelta(minutes=2)

    for path in ("/healthz", "/livez"):
        status, content = node.ask(path)
        assert status == 503
        assert content["lastUpdated"] == "2026-11-24 10:00:00+00:00"
        assert content["currentTime"] == "2026-11-24 10:02:00+00:00"


def test_a_node_that_is_about_to_go_lives_and_gets_no_clients() -> None:
    node = Node()
    node.is_eligible = False

    assert node.ask("/healthz")[0] == 503
    assert node.ask("/healthz")[1]["nodeEligible"] is False
    assert node.ask("/livez")[0] == 200


def test_answers_are_counted() -> None:
    node = Node()
    node.ask("/healthz")
    node.is_well = False
    node.ask("/healthz")
    node.ask("/livez")

    assert node.metrics.numbers[HEALTHZ.name] == {("200",): 1, ("503",): 1}
    assert node.metrics.numbers[LIVEZ.name] == {("503",): 1}


async def get(port: int) -> tuple[str, dict[str, str], Any]:
    """Status line, fields and content of what a port says."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /any HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    head, _, body = (await reader.read()).decode().partition("\r\n\r\n")
    writer.close()
    status, *lines = head.split("\r\n")
    return status, dict(line.split(": ", 1) for line in lines), json.loads(body)


async def test_a_service_with_local_endpoints_is_open_on_its_port() -> None:
    port = free_port()
    is_well = [True]
    checks = ServiceChecks(lambda: is_well[0], "127.0.0.1")
    checks.take({WEB: HealthCheck(port, 2)})

    status, fields, content = await get(port)

    assert status == "HTTP/1.1 200 OK"
    assert fields["Content-Type"] == "application/json"
    assert fields["X-Content-Type-Options"] == "nosniff"
    assert fields["X-Load-Balancing-Endpoint-Weight"] == "2"
    assert content == {
        "service": {"namespace": "shop", "name": "web"},
        "localEndpoints": 2,
        "serviceProxyHealthy": True,
    }
    is_well[0] = False
    assert (await get(port))[0].startswith("HTTP/1.1 503")
    await checks.close()


async def test_without_local_endpoints_it_is_503() -> None:
    port = free_port()
    checks = ServiceChecks(lambda: True, "127.0.0.1")
    checks.take({WEB: HealthCheck(port, 1)})
    checks.take({WEB: HealthCheck(port, 0)})

    status, fields, content = await get(port)

    assert status.startswith("HTTP/1.1 503")
    assert fields["X-Load-Balancing-Endpoint-Weight"] == "0"
    assert content["localEndpoints"] == 0
    await checks.close()


async def test_a_port_that_nobody_asks_for_any_more_is_closed(log: StringIO) -> None:
    port = free_port()
    checks = ServiceChecks(lambda: True, "127.0.0.1")
    checks.take({WEB: HealthCheck(port, 1)})

    checks.take({})
    await checks.close()

    (stream,) = open_streams("127.0.0.1", port)
    stream.close()
    assert log.getvalue() == ""


async def test_a_port_that_is_taken_is_told_once_and_tried_again(log: StringIO) -> None:
    (taken,) = open_streams("127.0.0.1", 0)
    port = taken.getsockname()[1]
    checks = ServiceChecks(lambda: True, "127.0.0.1")

    checks.take({WEB: HealthCheck(port, 1)})
    checks.take({WEB: HealthCheck(port, 1)})
    taken.close()
    checks.take({WEB: HealthCheck(port, 1)})

    assert (await get(port))[0] == "HTTP/1.1 200 OK"
    assert log.getvalue().count("[WARNING] proxy.check_failed service=shop/web") == 1
    await checks.close()
