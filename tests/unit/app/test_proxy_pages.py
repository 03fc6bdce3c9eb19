"""Two addresses for machines."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from svcdns.app.proxy_health import Health
from svcdns.app.proxy_pages import Pages
from svcdns.app.proxy_settings import ProxySettings
from svcdns.app.start_error import StartError
from svcdns.telemetry.metrics import Metrics
from svcdns.telemetry.proxy_metrics import PAGE, SERVICE_CHANGES
from tests.support.process import free_ports, page


@pytest.fixture
async def pages() -> AsyncIterator[Pages]:
    metrics = Metrics(PAGE)
    metrics.add(SERVICE_CHANGES, by=7)
    made = Pages(Health(lambda: True, lambda: True, metrics), metrics, lambda: "userspace")
    yield made
    await made.close()


async def ask(port: int, path: str) -> str:
    return (await asyncio.to_thread(page, port, path))[1]


async def test_health_and_metrics_have_an_address_each(pages: Pages) -> None:
    healthz, metrics = free_ports(2)
    pages.open(ProxySettings(healthz=f"127.0.0.1:{healthz}", metrics=f"127.0.0.1:{metrics}"))

    assert "nodeEligible" in await ask(healthz, "/healthz")
    assert await ask(metrics, "/proxyMode") == "userspace"
    assert await ask(metrics, "/healthz") == "ok"
    text = await ask(metrics, "/metrics")
    assert "kubeproxy_sync_proxy_rules_service_changes_total 7.0" in text
    assert "coredns_dns" not in text


async def test_an_empty_address_is_none(pages: Pages) -> None:
    pages.open(ProxySettings(healthz="", metrics=""))


@pytest.mark.parametrize(
    ("place", "flag"),
    [("healthz", "--healthz-bind-address"), ("metrics", "--metrics-bind-address")],
)
async def test_an_address_that_is_taken_names_its_flag(pages: Pages, place: str, flag: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        healthz, metrics = (address, "") if place == "healthz" else ("", address)
        with pytest.raises(StartError, match=f'{flag} "" is none$'):
            pages.open(ProxySettings(healthz=healthz, metrics=metrics))
