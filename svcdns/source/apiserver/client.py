"""The API server over HTTP/1.1: the only door to the package kubernetes and to its aiohttp.

Of the package: configuration, TLS and one request at a time. Not its models and watches, which
decode every event three times, and not its kubeconfig loader, which makes requests anonymous
when a credential plugin fails. The package imports all of them, so we go past it to the two
modules: that saves 0.11 s and 21 MB. Whoever serves manifests only never imports this file,
which still costs 0.11 s and 25 MB, for aiohttp.

Which server is asked, as whom and when is `connection`'s business.
"""

import socket
import ssl
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from urllib.parse import quote, urlencode

import aiohttp

from svcdns import __version__
from svcdns.source.apiserver.access import Access
from svcdns.source.apiserver.certificates import held
from svcdns.source.apiserver.connection import ApiServer, Get, Request
from svcdns.source.apiserver.hollow import hollow
from svcdns.source.apiserver.identity import Papers
from svcdns.source.apiserver.lost import broken_off, lost, redirected, silent

with hollow("kubernetes", "kubernetes.aio", "kubernetes.aio.utils", "kubernetes.aio.client"):
    from kubernetes.aio.client.configuration import Configuration
    from kubernetes.aio.client.rest import RESTClientObject

_CHUNK = 65_536
_BUFFER = 262_144
"""What aiohttp may read ahead; the package's 2 MiB a watch are only needed to read lines."""

_SOCKET_OPTIONS = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 15),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 30_000),
)
"""The kernel finds a dead peer within 30 seconds; HTTP/1.1 has no ping."""

# An API server makes one gzip member of each event, of which aiohttp takes 1,024 and no more.
_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "User-Agent": f"svcdns/{__version__}",
}
_FAILURES = (aiohttp.ClientError, OSError, ValueError)


class _Rest(RESTClientObject):
    """The package's transport, over sockets that notice a dead peer."""

    def _create_connector(self) -> aiohttp.TCPConnector:
        return aiohttp.TCPConnector(limit=0, ssl=self.ssl_context, socket_factory=_open_socket)


def _open_socket(address: aiohttp.AddrInfoType) -> socket.socket:
    opened = socket.socket(address[0], address[1], address[2])
    for level, option, value in _SOCKET_OPTIONS:
        opened.setsockopt(level, option, value)
    return opened


class HttpSession:
    """A `connection.Session` over HTTP/1.1."""

    def __init__(self, papers: Papers, *, strict: bool) -> None:
        self.users = 0
        """Requests under way, and responses that have not ended."""
        self._destination = destination = papers.destination
        self._configuration = configuration = Configuration(
            ca_cert_data=destination.authority.decode() or None,
            verify_ssl=destination.verify,
            proxy=destination.proxy or None,
            client_session_kwargs={
                "trust_env": False,  # HTTPS_PROXY is not meant for the way to the API server
                "read_bufsize": _BUFFER,
                "cookie_jar": aiohttp.DummyCookieJar(),
                "headers": destination.headers,
            },
        )
        configuration.disable_strict_ssl_verification = not strict
        with ExitStack() as files:
            if pair := papers.certificate:
                configuration.cert_file = files.enter_context(held(pair.certificate))
                configuration.key_file = files.enter_context(held(pair.key))
            self._rest = transport = _Rest(configuration)
        # What Python 3.13 made the default, so that what is found does not depend on the version:
        # an authority under another one may be trusted by itself, as in Go.
        transport.ssl_context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        if strict:
            transport.ssl_context.verify_flags |= ssl.VERIFY_X509_STRICT

    async def get(self, get: Get, tls_name: str, authorization: str) -> "HttpReply":
        """Return a response whose head is there."""
        self.users += 1
        try:
            return HttpReply(self, get, await self._send(get, tls_name, authorization))
        except BaseException as error:
            self.users -= 1
            if isinstance(error, aiohttp.SocketTimeoutError):
                raise silent(get.url, get.silence_seconds) from None
            if not isinstance(error, _FAILURES):
                raise
            cause = error.__cause__ or error
            if isinstance(cause, ssl.SSLCertVerificationError):
                raise cause from None
            is_proxy = isinstance(error, aiohttp.ClientProxyConnectionError)
            url = self._destination.proxy if is_proxy else get.url
            raise lost(url, cause, self._destination, get.connect_seconds) from None

    async def close(self) -> None:
        """Close all connections."""
        await self._rest.close()

    async def _send(self, get: Get, tls_name: str, authorization: str) -> aiohttp.ClientResponse:
        query = urlencode(get.query, quote_via=quote)
        url = f"{get.url}{get.path}?{query}" if query else get.url + get.path
        headers = dict(_HEADERS)
        if get.is_watch:  # the next one is to meet new certificates, perhaps another server
            headers["Connection"] = "close"
        if authorization:
            headers["authorization"] = authorization
        timeout = aiohttp.ClientTimeout(
            connect=get.connect_seconds,
            sock_connect=get.connect_seconds,
            sock_read=get.silence_seconds,
        )
        # It is read before `request` waits for anything, so no other request can be meant.
        self._configuration.tls_server_name = tls_name or None
        answer = await self._rest.request(  # type: ignore[no-untyped-call]  # as generated
            "GET" if get.content is None else "POST",
            url,
            headers=headers,
            body=get.content,
            _request_timeout=timeout,
        )
        response: aiohttp.ClientResponse = answer.response
        if response.history:
            response.close()
            raise redirected(get.url, str(response.url))
        return response


class HttpReply:
    """A `protocol.Reply`: one response, its body still coming."""

    def __init__(self, session: HttpSession, get: Get, response: aiohttp.ClientResponse) -> None:
        self.status = response.status
        self.headers: Mapping[str, str] = {
            name.lower(): value for name, value in response.headers.items()
        }
        self._session = session
        self._get = get
        self._response = response
        self._has_ended = False

    async def read(self) -> bytes:
        """Return the next octets of the body, `b""` at its end.

        Raises:
            LostError: it broke off, or nothing came for the time of silence that is allowed.
        """
        try:
            octets = await self._response.content.read(_CHUNK)
        except TimeoutError:
            self.close()
            raise silent(self._get.url, self._get.silence_seconds) from None
        except _FAILURES as error:
            self.close()
            raise broken_off(self._get.url, error.__cause__ or error) from None
        if not octets:
            self.close()
        return octets

    def close(self) -> None:
        """Close the connection; one whose response has ended may serve another request."""
        self._response.close()
        if not self._has_ended:
            self._has_ended = True
            self._session.users -= 1
            self._get.done()


def connect(access: Access, measure: Callable[[Request], None] | None = None) -> ApiServer:
    """Return the way to the API server; files are read now, nothing is sent yet.

    Args:
        access: as the operator said it.
        measure: called with every request once its fate is known.

    Raises:
        LostError: a file that `access` names is missing or wrong, so that waiting is no use.
    """
    return ApiServer(access, HttpSession, measure or _unmeasured)


def _unmeasured(_request: Request) -> None:
    pass
