"""The way to one cluster: which server is asked, as whom, when, and what to do if it fails.

How a request becomes octets is a `Session`'s business, which `client` has over HTTP.
"""

import asyncio
import ssl
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

from svcdns.source.apiserver.access import Access
from svcdns.source.apiserver.anonymous import unmasked
from svcdns.source.apiserver.identity import Identity, Papers
from svcdns.source.apiserver.lost import NAME_MISMATCHES, STRICT_FINDINGS, not_proven, not_strict
from svcdns.source.apiserver.protocol import Query, Reply
from svcdns.source.apiserver.servers import Servers
from svcdns.source.apiserver.throttle import Throttle


class Get(NamedTuple):
    """What a session is to send, and who has to know how it went."""

    url: str
    """Of the server."""
    path: str
    query: Query
    is_watch: bool
    connect_seconds: float
    silence_seconds: float
    done: Callable[[], None]
    """Called once a response has ended, broke off or was closed."""
    content: Mapping[str, object] | None = None
    """Sent by POST; None: it is a GET."""


class Session(Protocol):
    """Connections with one set of certificates."""

    users: int
    """Requests under way, and responses that have not ended."""

    async def get(self, get: Get, tls_name: str, authorization: str) -> Reply:
        """Return a response whose head is there.

        Raises:
            ssl.SSLCertVerificationError: the server's certificate is not accepted.
            LostError: any other reason why there is none.
        """
        ...

    async def close(self) -> None:
        """Close all connections."""
        ...


class Opening(Protocol):
    """What makes a session."""

    def __call__(self, papers: Papers, *, strict: bool) -> Session:
        """Return a session with the certificates of `papers`.

        Args:
            papers: whom to trust and who we are; the token of each request comes with it.
            strict: whether certificates have to be all that RFC 5280 wants.
        """
        ...


class Request(NamedTuple):
    """One request that was made, for metrics."""

    host: str
    """`10.0.0.1:6443`."""
    code: str
    """`200`, or `<error>` when no response came."""
    is_watch: bool
    seconds: float
    """Until the head of the response was there."""
    waited: float
    """For how long it was held back before."""


class ApiServer:
    """A `protocol.Connection`; `close` it in the end."""

    def __init__(
        self, access: Access, open_session: Opening, measure: Callable[[Request], None]
    ) -> None:
        """Read what `access` names.

        Raises:
            LostError: one of the files is missing or wrong.
        """
        self.remark = ""
        """What the operator should know although it works; empty: nothing."""
        self._connect_seconds = access.connect_seconds
        self._open_session = open_session
        self._measure = measure
        self._throttle = Throttle(access.qps, access.burst, access.max_inflight)
        self._identity = Identity(access)
        self._destination = self._identity.destination
        self._servers = Servers(self._destination.servers, self._destination.tls_name)
        self._learnt: tuple[str, ...] = ()
        self._strict = True
        self._session: Session | None = None
        self._session_parts: object = None
        self._retired: list[Session] = []

    @property
    def server(self) -> str:
        """The URL in use."""
        return self._servers.current

    async def get(self, path: str, query: Query = (), *, silence_seconds: float) -> Reply:
        """Return the response to GET as soon as its head is there; any status is a response.

        A 403 that is meant for nobody, although the request said who we are, comes as 401.

        Raises:
            LostError: no response.
        """
        return await self._send(path, query, silence_seconds)

    async def post(
        self, path: str, content: Mapping[str, object], *, silence_seconds: float
    ) -> Reply:
        """Return the response to POST of one object, as for `get`.

        Only for questions that are asked so, such as reviews of permissions: nothing is changed.

        Raises:
            LostError: no response.
        """
        return await self._send(path, (), silence_seconds, content)

    async def renew_credentials(self) -> None:
        """Read or get again what says who we are, unless that happened since it was refused.

        If nothing new is to be had, the next request says so instead of being sent.
        """
        await self._identity.renew(self.server)

    def next_server(self) -> None:
        """Use another address of the cluster from now on, if there is one."""
        self._servers.next()

    def learn(self, addresses: Iterable[str]) -> None:
        """Take `HOST:PORT` of every API server the cluster has; see `servers.addresses_of`."""
        self._learnt = tuple(addresses)
        self._servers.learn(self._learnt)

    async def close(self) -> None:
        """Close all connections; what is being read breaks off."""
        sessions = [*self._retired, *filter(None, (self._session,))]
        self._retired, self._session, self._session_parts = [], None, None
        for session in sessions:
            await session.close()

    async def _send(
        self,
        path: str,
        query: Query,
        silence_seconds: float,
        content: Mapping[str, object] | None = None,
    ) -> Reply:
        is_watch = ("watch", "true") in query
        leave = _nothing if is_watch else self._throttle.leave
        waited = 0.0 if is_watch else await self._throttle.enter()
        url = self.server
        get = Get(
            url, path, query, is_watch, self._connect_seconds, silence_seconds, leave, content
        )
        started = asyncio.get_running_loop().time()
        code = "<error>"
        try:
            reply, papers = await self._ask(get)
            code = str(reply.status)
        except BaseException:
            leave()
            raise
        finally:
            seconds = asyncio.get_running_loop().time() - started
            self._measure(Request(urlsplit(url).netloc, code, is_watch, seconds, waited))
        if reply.status == 403 and papers.say_who:
            reply = await unmasked(reply)
        if reply.status == 401:
            self._identity.refuse(papers, how=code)
        return reply

    async def _ask(self, get: Get) -> tuple[Reply, Papers]:
        """Return the response, with the least strictness that the server's certificate needs.

        It may be good for another name of the server, or only without the strictness which
        Python 3.13 brought and the authorities of some clusters do not bear.
        """
        names = self._servers.tls_names(get.url)
        remark = ""
        while True:
            papers = await self._identity.papers()
            session = await self._session_for(papers)
            strict = self._strict  # that of the session; others may change it meanwhile
            try:
                reply = await session.get(get, names[0], papers.authorization)
            except ssl.SSLCertVerificationError as error:
                if error.verify_code in NAME_MISMATCHES and len(names) > 1:
                    names = names[1:]
                elif error.verify_code in STRICT_FINDINGS and strict:
                    self._strict = False
                    remark = not_strict(get.url, error)
                else:
                    raise not_proven(get.url, error, papers.destination) from None
                continue
            self.remark = remark or self.remark
            self._servers.proven(get.url, names[0])
            return reply, papers

    async def _session_for(self, papers: Papers) -> Session:
        """Return the session with these papers; close the earlier ones that nobody uses."""
        idle = [session for session in self._retired if not session.users]
        self._retired = [session for session in self._retired if session.users]
        for session in idle:
            await session.close()
        destination, before = papers.destination, self._destination
        if destination is not before:
            self._destination = destination
            self._strict, self.remark = True, ""
            if (destination.servers, destination.tls_name) != (before.servers, before.tls_name):
                self._servers = Servers(destination.servers, destination.tls_name)
                self._servers.learn(self._learnt)
        parts = (destination, papers.certificate, self._strict)
        if self._session is None or parts != self._session_parts:
            if self._session:
                self._retired.append(self._session)
            self._session = self._open_session(papers, strict=self._strict)
            self._session_parts = parts
        return self._session


def _nothing() -> None:
    pass
