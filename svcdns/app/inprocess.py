"""Answer one query without sockets: the same way through the same rooms as a packet takes."""

import os
import time
from dataclasses import dataclass
from typing import NamedTuple

from svcdns.app.build import Surroundings, configure, plans_of
from svcdns.app.feed import Feed
from svcdns.app.files import load_corefile, parse_text
from svcdns.app.following import read_once
from svcdns.app.near import near
from svcdns.app.start_error import StartError
from svcdns.wire.question import read_query

DEFAULT_COREFILE = """\
.:53 {
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        pods insecure
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
        StartError: there are no objects, or no server block takes queries.
        OSError: a file cannot be read.
    """
    if corefile is None:
        plans = plans_of(parse_text(DEFAULT_COREFILE, "default", {}))
    else:
        plans = plans_of(load_corefile(corefile, os.environ))
    feed = Feed()
    configuration = configure(plans, Surroundings(feed, log=lambda _: None))
    feed.state()
    feed.apply(read_once(manifests), int(time.time()))
    for exchange in configuration.exchanges.values():
        started = time.perf_counter()
        response = exchange.respond(message, _Nobody())
        seconds = time.perf_counter() - started
        if response is not None:
            owner = read_query(message).question.owner
            return Reply(response, seconds, near(feed.state(), owner))
    raise StartError(f"no server block of '{corefile}' answers")
