"""forward - pass questions on to other resolvers.

Every stanza of a server block is one forwarder; they are tried in the order of the Corefile,
and the first whose zone has the name answers. What happens to a question then is in
`upstream.forwarder`; here are the words of the Corefile, and the numbers.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path

from svcdns.answers.foreign import Outcome
from svcdns.answers.later import Later
from svcdns.corefile.addresses import expand_zone
from svcdns.corefile.arguments import Arguments, Words
from svcdns.corefile.errors import WordError
from svcdns.plugins.parts.forward_options import READERS
from svcdns.route.directive import Asking, Directive, Metrics, Scope
from svcdns.route.offers import Upstream
from svcdns.route.stages import AnswerStep, Client, Steps
from svcdns.telemetry.plugin_metrics import (
    FORWARD_BROKEN,
    FORWARD_REJECTED,
    UPSTREAM_CONNECTIONS_OPENED,
    UPSTREAM_CONNECTIONS_REUSED,
    UPSTREAM_DURATION,
    UPSTREAM_HEALTH_FAILURES,
)
from svcdns.upstream.datagram import Datagrams
from svcdns.upstream.endpoint import Transport
from svcdns.upstream.errand import Errands, may_be_sent
from svcdns.upstream.forwarder import Forwarder
from svcdns.upstream.forwarding import Forwarding
from svcdns.upstream.gathering import Gathering
from svcdns.upstream.server import Server
from svcdns.upstream.targets import MOST, Address, HostName, TargetError, read_target
from svcdns.wire.codes import rcode_text
from svcdns.wire.name import from_text, lower
from svcdns.wire.question import Query

NAME = "forward"
_PROTOCOLS = {
    Transport.DNS: "tcp",
    Transport.TLS: "tcp-tls",
    Transport.HTTPS: "https",
    Transport.QUIC: "quic",
}
"""What metrics call connections; all but `https`, which CoreDNS does not count, as CoreDNS does."""


def parse(arguments: Arguments) -> tuple[Forwarding, ...]:
    """Read `forward FROM TO... { options }`; several stanzas are tried in their order."""
    return tuple(_stanza(words) for words in arguments)


def _stanza(words: Words) -> Forwarding:
    origin = lower(from_text(_origin(words)))
    stanza = Forwarding(origin=origin, tls_at=words.token.place)
    stanza = _with_targets(words, stanza)
    # `max_age` is compared with `expire`, whichever comes first.
    for option in sorted(words.options(*READERS), key=lambda option: option.name == "max_age"):
        stanza = READERS[option.name](option, stanza)
    return _with_server_name(words, stanza)


def _origin(words: Words) -> str:
    word = words.take(". /etc/resolv.conf")
    if not word.text:
        return "."
    try:
        first, *others = expand_zone(word.text)
    except WordError as error:
        words.mistake(error.problem, error.hint, at=word)
        return "."
    if others:
        words.warning(
            f"Unsupported CIDR notation: '{word.text}' expands to multiple zones. "
            f"Using only '{first}'.",
            "write a 'forward' for each of: " + " ".join((first, *others)),
            at=word,
        )
    return first


def _with_targets(words: Words, stanza: Forwarding) -> Forwarding:
    written = words.at_least(1, "/etc/resolv.conf")
    targets = []
    for word in written:
        if not word.text:
            continue
        where = f"{word.file}:{word.line}"
        try:
            target = read_target(word.text, where, is_file=Path(word.text).is_file())
        except TargetError as error:
            words.mistake(error.problem, error.hint, at=word)
        else:
            targets.append(target)
    if len(written) > MOST:
        words.mistake(
            f"more than {MOST} TOs configured: {len(written)}",
            "those that are asked seldom help nobody: leave a few",
            at=written[MOST],
        )
    return replace(stanza, targets=tuple(targets))


def _with_server_name(words: Words, stanza: Forwarding) -> Forwarding:
    """Give upstreams the name that their certificates are of."""
    name = stanza.tls_server_name
    if not name:
        return stanza
    targets = list(stanza.targets)
    for index, target in enumerate(targets):
        if isinstance(target, Address) and target.transport.has_certificate:
            own = target.endpoint.server_name
            targets[index] = target._replace(endpoint=target.endpoint._replace(server_name=name))
        elif isinstance(target, HostName) and target.transport.has_certificate:
            own = target.server_name
            targets[index] = target._replace(server_name=name)
        else:
            continue
        if own:
            words.mistake(
                f"both forward ('{name}') and proxy level ('{own}') TLS servernames are set",
                "take one of them out",
            )
    return replace(stanza, targets=tuple(targets))


def build(settings: tuple[Forwarding, ...], scope: Scope) -> Steps:
    """Return the step that forwards, and what goes on beside it."""
    datagrams = Datagrams()
    upstreams = scope.offers.upstreams

    def on_change(before: tuple[Server, ...], after: tuple[Server, ...]) -> None:
        gone: tuple[Upstream, ...] = before
        upstreams[:] = [*(known for known in upstreams if known not in gone), *after]

    gatherings = [
        Gathering(_as_asked(forwarding, scope.asking), datagrams, scope.root, on_change)
        for forwarding in settings
    ]

    scope.offers.faults += [gathering.faults for gathering in gatherings]

    async def run() -> None:
        datagrams.open()
        try:
            async with asyncio.TaskGroup() as group:
                for gathering in gatherings:
                    group.create_task(gathering.run())
        except asyncio.CancelledError:  # after anything else it is started again
            for gathering in gatherings:
                gathering.retire()
            datagrams.retire()
            raise

    forwarders = [gathering.forwarder for gathering in gatherings]
    return Steps(
        answer=answer_step(forwarders),
        answers_all=_answers_all(forwarders[0]),
        sender=_sender(forwarders[0], datagrams),
        any_class=True,
        run=run,
        tick=partial(_tick, gatherings, scope.metrics),
    )


def _as_asked(forwarding: Forwarding, asking: Asking) -> Forwarding:
    """Return a stanza with what the command line says of all of them."""
    habits = replace(forwarding.habits, random_case=asking.random_case)
    return replace(forwarding, hedge=asking.hedge, habits=habits)


def answer_step(forwarders: Sequence[Forwarder]) -> AnswerStep:
    """Return the step that asks the first forwarder whose zone has the name."""
    if _answers_all(forwarders[0]):
        first = forwarders[0].answer
        return lambda query, client: first(query, stream=client.stream)

    def answer(query: Query, client: Client) -> Later[Outcome | None] | None:
        owner = query.question.owner
        chain = [forwarder for forwarder in forwarders if forwarder.takes(owner)]
        if not chain:
            return None
        if len(chain) == 1 or not chain[0].may_go_on:
            return chain[0].answer(query, stream=client.stream)
        return _first_that_will_do(chain, query, stream=client.stream)

    return answer


def _sender(forwarder: Forwarder, datagrams: Datagrams) -> Errands | None:
    """Return what sends errands; None: questions need more than a datagram."""
    if _answers_all(forwarder) and may_be_sent(forwarder.forwarding):
        return Errands(forwarder, datagrams)
    return None


def _answers_all(forwarder: Forwarder) -> bool:
    """Whether nobody behind it is ever asked."""
    return forwarder.takes_all and not forwarder.may_go_on


async def _first_that_will_do(
    chain: Sequence[Forwarder], query: Query, *, stream: bool
) -> Outcome | None:
    outcome = await chain[0].answer(query, stream=stream)
    for before, forwarder in pairwise(chain):
        if not before.goes_on(outcome):
            break
        outcome = await forwarder.answer(query, stream=stream)
    return outcome


def _tick(gatherings: Sequence[Gathering], metrics: Metrics, now: float) -> None:
    """Hand the numbers over, close connections that are idle."""
    for gathering in gatherings:
        counts = gathering.forwarder.counts
        for metric, number in (
            (FORWARD_BROKEN, counts.all_down),
            (FORWARD_REJECTED, counts.too_many),
        ):
            if number:
                metrics.add(metric, by=number)
        counts.all_down = counts.too_many = 0
        for server in gathering.servers:
            server.streams.sweep(now)
            _report(server, metrics)


def _report(server: Server, metrics: Metrics) -> None:
    figures, streams, to = server.figures, server.streams, server.address
    for rcode, seconds in figures.take().items():
        metrics.observe_all(UPSTREAM_DURATION, seconds, NAME, to, rcode_text(rcode))
    if figures.probes_failed:
        metrics.add(UPSTREAM_HEALTH_FAILURES, NAME, to, by=figures.probes_failed)
        figures.probes_failed = 0
    proto = _PROTOCOLS[server.endpoint.transport]
    for metric, kind, number in (
        (UPSTREAM_CONNECTIONS_REUSED, proto, streams.hits),
        (UPSTREAM_CONNECTIONS_OPENED, proto, streams.misses),
        (UPSTREAM_CONNECTIONS_OPENED, "udp", figures.datagrams),
    ):
        if number:
            metrics.add(metric, NAME, to, kind, by=number)
    streams.hits = streams.misses = figures.datagrams = 0


DIRECTIVE = Directive(NAME, parse, build)
