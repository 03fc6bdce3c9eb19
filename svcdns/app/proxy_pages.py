"""The pages of the proxy for machines: health at one address, metrics at another, as in kube-proxy.

Source: kube-proxy 1.36, cmd/kube-proxy/app, as facts.
"""

from collections.abc import Callable
from functools import partial

from svcdns.app.proxy_health import Health
from svcdns.app.proxy_settings import ProxySettings
from svcdns.app.start_error import StartError
from svcdns.server.http import HttpServer, Page, Response
from svcdns.server.http_request import Headers
from svcdns.server.listen_error import ListenError, place_text
from svcdns.server.sockets import host_port, open_streams
from svcdns.telemetry.metrics import Metrics


class Pages:
    """Both addresses."""

    def __init__(self, health: Health, metrics: Metrics, mode: Callable[[], str]) -> None:
        """Serve nothing yet.

        Args:
            health: says how the proxy is.
            metrics: what is scraped.
            mode: returns the mode in use, for `/proxyMode`.
        """
        self._health = health
        self._metrics = metrics
        self._mode = mode
        self._servers: list[HttpServer] = []

    def open(self, settings: ProxySettings) -> None:
        """Serve them from now on.

        Raises:
            StartError: an address cannot be had.
        """
        own: dict[str, Page] = {
            "/metrics": self._scrape,
            "/healthz": lambda _: Response(body=b"ok"),
            "/proxyMode": lambda _: Response(body=self._mode().encode()),
        }
        for address, flag, pages in (
            (settings.healthz, "--healthz-bind-address", self._health.pages()),
            (settings.metrics, "--metrics-bind-address", own),
        ):
            if not address:
                continue
            host, port = host_port(address)
            moved_by = partial(_moved, flag, host)
            try:
                streams = open_streams(host, port, moved_by)
            except ListenError as error:
                raise StartError(f'{error}; {flag} "" is none') from None
            self._servers.append(HttpServer(streams, pages))
            self._servers[-1].start()

    async def close(self) -> None:
        """Finish what is under way and close."""
        for server in self._servers:
            await server.close()

    async def _scrape(self, headers: Headers) -> Response:
        from svcdns.telemetry.exposition import render  # noqa: PLC0415  50 ms, when scraped

        page = render(self._metrics, headers.get("accept", ""), headers.get("accept-encoding", ""))
        fields = (("Content-Encoding", page.content_encoding),) if page.content_encoding else ()
        return Response(200, page.content_type, page.body, fields)


def _moved(flag: str, host: str, port: int) -> str:
    return f"{flag} {place_text(host, port)}"
