"""Answer one query without sockets: the same way through the same rooms as a packet takes."""

import asyncio
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from types import CoroutineType
from typing import NamedTuple

from svcdns.answers.settings import KubernetesSettings, is_reverse
from svcdns.app.build import Configuration, Surroundings, configure, plans_of
from svcdns.app.feed import Feed, Source
from svcdns.app.files import examine_corefile, examine_text
from svcdns.app.following import read_some
from svcdns.app.listing import Done, listed
from svcdns.app.near import near
from svcdns.app.start_error import StartError
from svcdns.cluster.model import Object
from svcdns.cluster.selector import parse_selector
from svcdns.route.exchange import Exchange
from svcdns.source.apiserver.resources import resources_for
from svcdns.source.assembly import Cluster, Labelled
from svcdns.wire.name import OwnerName, from_text
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


class Known:
    """A cluster as it was read once; several queries may be answered from it."""

    def __init__(self, source: Source, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        self._source = source
        self._asking: dict[str | None, Asking] = {}

    def asking(self, corefile: str | None) -> "Asking":
        """Return a server that knows it; the same one for the same Corefile."""
        if corefile not in self._asking:
            self._asking[corefile] = Asking(self._source, corefile)
        return self._asking[corefile]


class _Listed:
    """The objects that an API server listed; a `feed.Source`."""

    def __init__(self, objects: Iterable[Labelled]) -> None:
        by_kind: dict[type, list[Labelled]] = {}
        for one in objects:
            by_kind.setdefault(type(one.value), []).append(one)
        self._cluster = Cluster({kind: tuple(found) for kind, found in by_kind.items()})

    def objects(self, labels: str, namespace_labels: str) -> Iterable[Object]:
        """Return those that the selectors let through."""
        return self._cluster.select(parse_selector(labels), parse_selector(namespace_labels))


def of_manifests(manifests: str) -> Known:
    """Return what a folder or file has, `-` for standard input.

    Raises:
        StartError: there are no objects.
    """
    snapshot = read_some(manifests)
    return Known(snapshot, map(str, snapshot.problems))


def of_cluster(
    kubeconfig: str, context: str, servers: tuple[str, ...], done: Done, *, with_pods: bool
) -> Known:
    """Return what an API server has now.

    Args:
        kubeconfig: path; empty: as for `svcdns serve`.
        context: of the kubeconfig; empty: its current one.
        servers: URLs, instead of the one in the kubeconfig.
        done: told how far it is.
        with_pods: whether Pods are read: kubeadm's stanza answers without them.

    Raises:
        StartError: what every answer is made of cannot be read.
    """
    stanza = KubernetesSettings((from_text("cluster.local"),), pods="insecure")
    found = listed(
        os.environ,
        kubeconfig=kubeconfig,
        context=context,
        servers=servers,
        resources=() if with_pods else resources_for(stanza),
        whole=True,
        done=done,
    )
    return Known(_Listed(found.objects), found.missing)


def ask(message: bytes, *, known: Known, corefile: str | None = None) -> Reply:
    """Return the response that a server which knows a cluster would give.

    Args:
        message: a whole query.
        known: the cluster.
        corefile: path; None: kubeadm's `kubernetes` stanza.

    Raises:
        CorefileError: the Corefile has mistakes.
        MalformedQueryError: the message is no query.
        StartError: there are no server blocks.
        OSError: a file cannot be read.
    """
    question = read_query(message).question
    asking = known.asking(corefile)
    started = time.perf_counter()
    response = asking.response(message)
    seconds = time.perf_counter() - started
    is_answer = not response[3] & 0x0F and any(response[6:8])
    return Reply(
        response,
        seconds,
        () if is_answer else near(asking.state, question.owner),
        known.problems,
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
