"""Whether load balancers should send clients to this node: kube-proxy's pages and its JSON.

One page says how the proxy is, on a port of its own; each Service of type LoadBalancer with
policy Local has a port where it says whether this node has endpoints of it.

Source: kube-proxy 1.36, pkg/proxy/healthcheck, as facts.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from svcdns.cluster.model import Key
from svcdns.proxy.model import HealthCheck
from svcdns.server.http import EVERY_PATH, HttpServer, Page, Response
from svcdns.server.http_request import Headers
from svcdns.server.listen_error import ListenError
from svcdns.server.sockets import open_streams
from svcdns.telemetry.log import get_log
from svcdns.telemetry.metrics import Metrics
from svcdns.telemetry.proxy_metrics import HEALTHZ, LIVEZ

_JSON = "application/json"
_NO_SNIFF = ("X-Content-Type-Options", "nosniff")

_log = get_log("app")


class Health:
    """How the proxy is, as seen from outside."""

    def __init__(
        self,
        is_healthy: Callable[[], bool],
        is_eligible: Callable[[], bool],
        metrics: Metrics,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Nothing is served yet.

        Args:
            is_healthy: whether the node gets what it should have, in time.
            is_eligible: whether the node should get new clients: it is not about to go.
            metrics: counts the answers.
            clock: the time of day.
        """
        self.is_healthy = is_healthy
        self._is_eligible = is_eligible
        self._metrics = metrics
        self._clock = clock
        self._last_healthy = clock()

    def pages(self) -> dict[str, Page]:
        """Return `/healthz`, and `/livez` for which it does not matter that the node goes."""
        return {"/healthz": self._healthz, "/livez": self._livez}

    def _healthz(self, _: Headers) -> Response:
        is_eligible = self._is_eligible()
        response = self._response(self.is_healthy() and is_eligible, nodeEligible=is_eligible)
        self._metrics.add(HEALTHZ, str(response.status))
        return response

    def _livez(self, _: Headers) -> Response:
        response = self._response(self.is_healthy())
        self._metrics.add(LIVEZ, str(response.status))
        return response

    def _response(self, is_well: bool, **more: bool) -> Response:  # noqa: FBT001  the status
        now = self._clock()
        # While it is well the last update is now, though nothing may have changed for hours.
        if self.is_healthy():
            self._last_healthy = now
        content = {"lastUpdated": str(self._last_healthy), "currentTime": str(now), **more}
        body = json.dumps(content).encode()
        return Response(200 if is_well else 503, _JSON, body, (_NO_SNIFF,))


class ServiceChecks:
    """The ports of single Services."""

    def __init__(self, is_healthy: Callable[[], bool], host: str = "") -> None:
        """Serve none yet.

        Args:
            is_healthy: whether the proxy itself is well.
            host: where the ports are; empty: at every address of the node.
        """
        self._is_healthy = is_healthy
        self._host = host
        self._wanted: Mapping[Key, HealthCheck] = {}
        self._servers: dict[tuple[Key, int], HttpServer] = {}
        self._refused: set[tuple[Key, int]] = set()
        self._closing: set[asyncio.Task[None]] = set()

    def take(self, checks: Mapping[Key, HealthCheck]) -> None:
        """Serve these, and no others any more."""
        if checks is self._wanted and not self._refused:
            return
        self._wanted = checks
        wanted = {(key, check.port) for key, check in checks.items()}
        for place in [place for place in self._servers if place not in wanted]:
            self._let_go(self._servers.pop(place))
        self._refused &= wanted
        for place in sorted(wanted - self._servers.keys()):
            self._open(place)

    async def close(self) -> None:
        """Serve nothing any more."""
        for server in self._servers.values():
            self._let_go(server)
        self._servers.clear()
        if self._closing:
            await asyncio.wait(self._closing)

    def _open(self, place: tuple[Key, int]) -> None:
        (namespace, name), port = place
        try:
            streams = open_streams(self._host, port, _moved)
        except ListenError as error:
            if place not in self._refused:  # it is tried again with the next sync
                self._refused.add(place)
                _log.warning("proxy.check_failed", service=f"{namespace}/{name}", error=error)
            return
        self._refused.discard(place)
        self._servers[place] = HttpServer(streams, {EVERY_PATH: self._page(place[0])})
        self._servers[place].start()

    def _page(self, key: Key) -> Page:
        def page(_: Headers) -> Response:
            check = self._wanted.get(key)
            count = check.local_endpoints if check is not None else 0
            is_healthy = self._is_healthy()
            content = {
                "service": {"namespace": key[0], "name": key[1]},
                "localEndpoints": count,
                "serviceProxyHealthy": is_healthy,
            }
            weight = ("X-Load-Balancing-Endpoint-Weight", str(count))
            status = 200 if count and is_healthy else 503
            return Response(status, _JSON, json.dumps(content).encode(), (_NO_SNIFF, weight))

        return page

    def _let_go(self, server: HttpServer) -> None:
        closing = asyncio.get_running_loop().create_task(server.close())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)


def _moved(port: int) -> str:
    return f"spec.healthCheckNodePort {port} in the Service, which is set when it is created"
