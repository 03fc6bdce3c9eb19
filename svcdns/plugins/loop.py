"""loop - find upstreams that send our own questions back to us, and ask them no more.

Every upstream of the block is asked for a name that nobody else can know. When that question
comes in from a client, the upstream forwards to us. It is disabled, which breaks the loop;
everything that does not need it goes on. Nothing happens any more once all have answered.
"""

import asyncio
from collections.abc import Callable, Sequence
from random import Random, SystemRandom

from svcdns.answers.answer import Answer, Reason
from svcdns.corefile.arguments import Arguments
from svcdns.route.directive import Directive, Scope
from svcdns.route.errand import Reach
from svcdns.route.offers import Upstream
from svcdns.route.stages import Client, Steps
from svcdns.wire.codes import RCode, RRType
from svcdns.wire.edns import InfoCode
from svcdns.wire.name import OwnerName, from_labels, from_text, labels, lower, to_text
from svcdns.wire.question import Query, Question

ENOUGH = 2
"""Own questions that come back before an upstream is disabled."""
LAST_TRY_SECONDS = 30
"""For how long an upstream is asked that does not answer."""
PAUSE_SECONDS = 1.0
LOOK_SECONDS = 5.0
"""How often there may be upstreams that were not there before."""
_NAME_BITS = 63


def parse(arguments: Arguments) -> None:
    """Read `loop`, which takes no words and stands once in a block."""
    arguments.once()


class Probe:
    """Which questions are ours, and whose upstream sent one back."""

    def __init__(
        self, zone: str, server: str, log: Callable[[str], None], chance: Random | None = None
    ) -> None:
        """Ask for names below `zone`.

        Args:
            zone: of the server block.
            server: the listener, for the log.
            log: where lines go.
            chance: must be hard to guess.
        """
        self._zone = lower(from_text(zone))
        self._server = server
        self._log = log
        self._chance = chance or SystemRandom()
        self._asked: dict[OwnerName, Upstream] = {}
        self._seen: dict[Upstream, int] = {}

    async def run(self, upstreams: Sequence[Upstream]) -> None:
        """Examine every upstream once, those that come later too; never returns."""
        known: set[Upstream] = set()
        while True:
            fresh = [upstream for upstream in upstreams if upstream not in known]
            known.update(fresh)
            if fresh:
                await asyncio.gather(*map(self.examine, fresh))
            await asyncio.sleep(LOOK_SECONDS)

    async def examine(self, upstream: Upstream) -> None:
        """Ask `upstream` until it has answered without sending the question back."""
        loop = asyncio.get_running_loop()
        until = loop.time() + LAST_TRY_SECONDS
        self._seen[upstream] = 0
        try:
            while self._seen[upstream] < ENOUGH and loop.time() < until:
                before = self._seen[upstream]
                question = self._question()
                self._asked[question.owner] = upstream
                try:
                    rcode = await upstream.probe(question)
                finally:
                    del self._asked[question.owner]
                if rcode is not None and self._seen[upstream] == before:
                    return
                if rcode is None and self._seen[upstream] < ENOUGH:
                    await asyncio.sleep(PAUSE_SECONDS)
        finally:
            del self._seen[upstream]

    def answer(self, query: Query, client: Client) -> Answer | None:
        """Return REFUSED to a question of ours that came back often enough; else nothing."""
        if not self._asked or query.question.rrtype != RRType.HINFO:
            return None
        upstream = self._asked.get(query.question.owner)
        if upstream is None:
            return None
        self._seen[upstream] += 1
        if self._seen[upstream] < ENOUGH:
            return None
        if self._seen[upstream] == ENOUGH:
            self._disable(upstream, query, client)
        reason = Reason(InfoCode.OTHER, _came_back, (upstream.address,))
        return Answer(RCode.REFUSED, authoritative=False, reason=reason, written_by="loop")

    def _disable(self, upstream: Upstream, query: Query, client: Client) -> None:
        host = f"[{client.address}]" if ":" in client.address else client.address
        _, _, at = self._server.rpartition("//")
        where = upstream.named_at
        self._log(
            f"[ERROR] plugin/loop: Loop ({host}:{client.port} -> {at}) detected for zone "
            f'"{to_text(self._zone)}", see https://coredns.io/plugins/loop#troubleshooting. '
            f'Query: "HINFO {to_text(query.question.owner)}"'
        )
        self._log(
            f"[ERROR] plugin/loop: {upstream.address} ({where}) sends our questions back to us, so "
            f"it is not asked any more; name a resolver at {where} that does not forward to this "
            "server. Other names are served as before"
        )
        upstream.disable(f"({where}) is not asked: it sends our questions back to us, a loop")

    def _question(self) -> Question:
        """Return a question that nobody has asked before."""
        numbers = (str(self._chance.getrandbits(_NAME_BITS)).encode() for _ in range(2))
        try:
            owner = from_labels((*numbers, *labels(self._zone)))
        except ValueError:  # the zone's name leaves no room
            owner = from_labels(str(self._chance.getrandbits(_NAME_BITS)).encode() for _ in "ab")
        return Question.of(owner, RRType.HINFO)


def _came_back(address: str) -> str:
    return f"this is our own question, which {address} sent back"


def build(_settings: None, scope: Scope) -> Steps:
    """Return the step that knows our own questions, and what asks them."""
    probe = Probe(scope.zones[0], scope.server, scope.log)
    reach = Reach(rrtypes=(RRType.HINFO,))
    return Steps(answer=probe.answer, reach=reach, run=lambda: probe.run(scope.offers.upstreams))


DIRECTIVE = Directive("loop", parse, build)
