"""A Corefile and a cluster, put together as `app` does it, with nothing opened."""

import asyncio
from collections.abc import Iterable
from types import CoroutineType
from typing import Any

import dns.message

from svcdns.app.build import Configuration, Surroundings, configure, plans_of
from svcdns.app.feed import Feed
from svcdns.app.files import examine_text
from svcdns.cluster.model import Object
from svcdns.route.exchange import Exchange
from svcdns.wire.edns import BARE_OPT
from svcdns.wire.question import Query
from tests.support.cluster_text import events_of
from tests.support.stubs import FixedClient, packet, question


class Objects:
    """A source that has these objects, whatever the selectors."""

    def __init__(self, objects: Iterable[Object]) -> None:
        self._objects = tuple(objects)

    def objects(self, labels: str, namespace_labels: str) -> tuple[Object, ...]:
        assert isinstance(labels + namespace_labels, str)
        return self._objects


def objects_of(text: str) -> Objects:
    """Return the objects that lines of `tests.support.cluster_text` describe."""
    events = list(events_of(text.splitlines()))
    values = {(event.kind, event.key): event.value for event in events}
    return Objects(value for value in values.values() if value is not None)


def feed_of(text: str) -> Feed:
    """Return a feed that has taken in a cluster, without selectors."""
    feed = Feed()
    feed.state()
    feed.apply(objects_of(text), now=1)
    return feed


def configured(text: str, feed: Feed | None = None, **around: Any) -> Configuration:
    """Return the configuration of a Corefile's text; a bug in a step fails the test."""
    plans = plans_of(examine_text(text, "Corefile", {}, around.get("port", 53)))
    feed = feed or Feed()
    configuration = configure(plans, Surroundings(feed, on_bug=_raise, **around))
    feed.serve(configuration.stanzas, configuration.exchanges.values(), configuration.changed)
    return configuration


def ask(exchange: Exchange, name: str, rrtype: int = 1, rrclass: int = 1) -> dns.message.Message:
    """Return the response to a question with EDNS."""
    asked = packet(question(name, rrtype, rrclass), opt=BARE_OPT)
    response = exchange.respond(asked, FixedClient())
    if isinstance(response, CoroutineType):
        response = asyncio.run(response)
    assert isinstance(response, bytes)
    return dns.message.from_wire(response)


def records(message: dns.message.Message) -> list[str]:
    """Return the records of the answer section, sorted."""
    return sorted(line for rrset in message.answer for line in rrset.to_text().splitlines())


def _raise(error: Exception, _: Query) -> None:
    raise error
