"""Answer one query without sockets: the same way through the same rooms as a packet takes."""

import asyncio
import os
import time
from dataclasses import dataclass
from types import CoroutineType
from typing import NamedTuple

from svcdns.answers.settings import is_reverse
from svcdns.app.build import Configuration, Surroundings, configure, plans_of
from svcdns.app.feed import Feed, Source
from svcdns.app.files import examine_corefile, examine_text
from svcdns.app.following import read_once
from svcdns.app.near import near
from svcdns.app.start_error import StartError
from svcdns.route.exchange import Exchange
from svcdns.wire.name import OwnerName
from svcdns.wire.question import Question, read_query

DEFAULT_COREFILE = """\
.:53 {
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        pods insecure
        ttl 30
    }
}
"""
"""What kubeadm says about the cluster's own names."""


class Reply(NamedTuple):
    """What came of one query."""

    response: bytes
    seconds: float
    """From the packet to the response, without reading the manifests."""
    near: tuple[str, ...]
    """Names that may have been meant, when the answer is negative."""
    problems: tuple[str, ...]
    """What is wrong with the manifests; objects may be missing because of it."""


@dataclass(frozen=True, slots=True)
class _Nobody:
    """The client of a query that came over no network."""

    address: str = "127.0.0.1"
    port: int = 0
    local_address: str = "127.0.0.1"
    local_port: int = 53
    stream: bool = True
    lane: int = 6


def ask(message: bytes, *, manifests: str, corefile: str | None = None) -> Reply:
    """Return the response that a server with these manifests would give.

    Args:
        message: a whole query.
        manifests: folder or file of Kubernetes objects, `-` for standard input.
        corefile: path; None: kubeadm's `kubernetes` stanza.

    Raises:
        CorefileError: the Corefile has mistakes.
        MalformedQueryError: the message is no query.
        StartError: there are no objects, or no server blocks.
        OSError: a file cannot be read.
    """
    question = read_query(message).question
    snapshot = read_once(manifests)
    asking = Asking(snapshot, corefile)
    started = time.perf_counter()
    response = asking.response(message)
    seconds = time.perf_counter() - started
    is_answer = not response[3] & 0x0F and any(response[6:8])
    return Reply(
        response,
        seconds,
        () if is_answer else near(asking.state, question.owner),
        tuple(map(str, snapshot.problems)),
    )


class Asking:
    """A server without sockets that knows a cluster."""

    def __init__(self, source: Source, corefile: str | None = None) -> None:
        """Compile the Corefile, take in the cluster.

        Args:
            source: all objects.
            corefile: path; None: kubeadm's `kubernetes` stanza.

        Raises:
            CorefileError: the Corefile has mistakes.
            StartError: there are no server blocks.
            OSError: a file cannot be read.
        """
        if corefile is None:
            plans = plans_of(examine_text(DEFAULT_COREFILE, "default", {}))
        else:
            plans = plans_of(examine_corefile(corefile, os.environ))
        feed = Feed()
        self._configuration = configure(plans, Surroundings(feed, log=lambda _: None))
        feed.serve(self._configuration.stanzas, self._configuration.exchanges.values())
        self.state = feed.state()
        feed.apply(source, int(time.time()))

    @property
    def zones(self) -> tuple[OwnerName, ...]:
        """The zones of clusters in which names of Services lie, as the Corefile orders them."""
        stanzas = [one for found in self._configuration.stanzas.values() for one in found]
        zones = (zone for one in stanzas for zone in one.zones if not is_reverse(zone))
        return tuple(dict.fromkeys(zones))

    def response(self, message: bytes) -> bytes:
        """Return the response to one query.

        Raises:
            MalformedQueryError: it is none.
            StartError: the Corefile answers it with no single message.
        """
        exchange = _listener(self._configuration, read_query(message).question)
        response = exchange.respond(message, _Nobody())
        if isinstance(response, CoroutineType):
            response = asyncio.run(response)
        if not isinstance(response, bytes):
            raise StartError(
                "the Corefile answers this query with silence, or with a zone transfer"
            )
        return response


def _listener(configuration: Configuration, question: Question) -> Exchange:
    """Return the first listener with a server block for the question, else the first one."""
    exchanges = tuple(configuration.exchanges.values())
    serving = (one for one in exchanges if one.router.find(question.owner, question.rrtype))
    return next(serving, exchanges[0])
