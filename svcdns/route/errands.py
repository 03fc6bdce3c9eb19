"""The way of errands: a plain question goes on as it came, and so does its reply.

A query is plain when the fast lane could have had an answer to it: nothing in it but one question
in lower case and perhaps a bare OPT. What leaves is what came, behind another id; what goes back
to the client is the reply, under the client's id and header. No query, no answer and no record is
made an object, and all that is kept of the reply is its octets.

What is not plain, on either way, is for `route.exchange`; it would have said the same.
"""

from bisect import bisect_left
from collections.abc import Callable
from functools import cache
from itertools import product
from typing import NamedTuple

from svcdns.answers.foreign import Outcome
from svcdns.answers.later import Coming, Later
from svcdns.route.errand import Errand, Form, Way
from svcdns.route.exchange import Exchange
from svcdns.route.fastlane import (
    LONGEST_QUERY,
    PLAIN_SIZE,
    SHORTEST_QUERY,
    Buffer,
    bare_opts,
    splitters,
    splitters_with_opt,
)
from svcdns.route.render import cut_at
from svcdns.route.responder import Said
from svcdns.route.route import Route
from svcdns.route.stages import Client
from svcdns.route.traffic import SIZE_BUCKETS
from svcdns.wire.codes import AD, RD
from svcdns.wire.edns import BARE_OPT, BARE_OPT_DO, SERVER_SIZE
from svcdns.wire.name import MAX_LABEL, MAX_NAME, OwnerName
from svcdns.wire.plain import PlainHead, PlainHeads, Shape
from svcdns.wire.question import Query, read_query

_HEADER = 12
_ADDITIONALS_AT = 11
_OPT_SIZE = len(BARE_OPT)
_TYPE_AND_CLASS = 4
_IN = b"\0\1"
_BARE = (BARE_OPT, BARE_OPT_DO)
_BUCKET = tuple(bisect_left(SIZE_BUCKETS, size) for size in range(SERVER_SIZE + 1))
_WRITTEN_BY = "forward"
_MOST_ROWS = 1024
"""Far more than are in use; who makes up TYPEs does not take memory."""


class Holder(NamedTuple):
    """Who listens, and has what is on its way."""

    tell: Callable[[Errand, bytes], None]
    """Sends the response."""
    become: Callable[[Errand, Later[Said]], None]
    """Waits for what an errand has become instead."""
    client: Callable[[Errand], Client]
    """Returns who has asked."""


class Errands:
    """All errands of one kind of socket of a listener."""

    def __init__(self, exchange: Exchange, lane: int, holder: Holder) -> None:
        """Begin with none.

        Args:
            exchange: answers all other questions of the listener.
            lane: index of the first of the three lanes of the socket, which takes datagrams.
            holder: the listener.
        """
        self._find = exchange.router.find
        self._split = splitters()
        self._split_with_opt = splitters_with_opt()
        self._desks = {
            route.zone: _Desk(exchange, route, route.way, lane, holder)
            for route in exchange.router.routes
            if route.way is not None and route.is_bare
        }
        everything = exchange.router.everything
        self._only = None if everything is None else self._desks.get(everything.zone)
        """The one that all questions go to."""

    def begin(
        self, source: Buffer, at: int, length: int, asked_at: tuple[float, int]
    ) -> Errand | None:
        """Return what passes a question on once it departs; None: it is no errand.

        Where its response goes is for the caller to note.

        Args:
            source: where the query is.
            at: where in it.
            length: octets of the query.
            asked_at: see `Errand`.
        """
        if not SHORTEST_QUERY <= length <= LONGEST_QUERY or not self._desks:
            return None
        if source[at + _ADDITIONALS_AT]:
            if length < SHORTEST_QUERY + _OPT_SIZE:
                return None
            identity, header, question, option = self._split_with_opt[length](source, at)
        else:
            identity, header, question = self._split[length](source, at)
            option = b""
        name: OwnerName = question[:-_TYPE_AND_CLASS]  # type: ignore[assignment]  # calls cost
        if not question.endswith(_IN) or not _is_plain(name):
            return None
        desk = self._only
        if desk is None:
            route = self._find(name, question[-4] << 8 | question[-3])
            desk = None if route is None else self._desks.get(route.zone)
            if desk is None:
                return None
        try:
            return desk.begin(identity, question, header + option, asked_at)
        except Exception:  # noqa: BLE001  the other way meets the bug too, and tells of it
            return None


class _Desk:
    """Errands of one server block; a `route.errand.Desk`."""

    def __init__(
        self, exchange: Exchange, route: Route, way: Way, lane: int, holder: Holder
    ) -> None:
        self._exchange = exchange
        self._route = route
        self._rotates = route.rotate
        self._send = way.sender.send
        self._keeper = way.keeper
        self._zones = way.zones
        self._rrtypes = frozenset(rrtype.to_bytes(2) for rrtype in way.rrtypes)
        self._names = way.names
        self._forms = _forms(is_kept=way.keeper is not None)
        self._lane = lane
        self._client = holder.client
        self._tell = holder.tell
        self._become = holder.become
        self._waited = exchange.traffic.waited
        self._rows: dict[tuple[int, bytes, int, int, int], list[int]] = {}

    def begin(
        self, identity: bytes, question: bytes, around: bytes, asked_at: tuple[float, int]
    ) -> Errand | None:
        """Return what passes a question on, if the rest of its query is plain, too.

        Args:
            identity: of the query.
            question: its question section, which is plain.
            around: octets 2 to 11 of the query, and those behind the question.
            asked_at: see `Errand`.
        """
        form = self._forms.get(around)
        if (
            form is None
            or question[-4:-2] in self._rrtypes
            or question.endswith(self._zones, 0, -_TYPE_AND_CLASS)
            or question in self._exchange.entries
        ):
            return None
        if self._names:
            name = OwnerName(question[:-_TYPE_AND_CLASS])
            if any(has(name) for has in self._names):
                return None
        keeper = self._keeper
        if keeper is None:
            return self._send(self, identity, question, form, asked_at)
        if keeper.has(question, form.dnssec_ok):
            return None
        errand = self._send(self, identity, question, form, asked_at)
        if errand is not None:
            keeper.missed[0] += 1
        return errand

    def close(self, errand: Errand, head: PlainHead, octets: bytes, shape: Shape | None) -> None:
        """Send the answer; see `Desk`."""
        try:
            response = self._said(errand, head, octets, shape)
        except Exception as error:  # noqa: BLE001  one query fails, never the listener
            response = self._exchange.fail(error, _query(errand), self._client(errand))
        self._tell(errand, response)

    def _said(self, errand: Errand, head: PlainHead, octets: bytes, shape: Shape | None) -> bytes:
        """Keep the answer and count it; return the response."""
        question, form = errand.question, errand.form
        if self._keeper is not None:
            octets = self._keeper.keep(question, head, octets, shape, form.dnssec_ok)
        exchange = self._exchange
        if self._rotates:
            turn = next(exchange.turns)
            if head.answers > 1:
                octets = _turned(octets, turn, head, shape)
        response = b"".join((errand.identity, head.header, question, octets, form.option))
        size = len(response)
        key = (form.lane, question[-4:-2], len(question), head.rcode, _BUCKET[size])
        row = self._rows.get(key)
        if row is None:
            if len(self._rows) >= _MOST_ROWS:
                self._rows.clear()
            row = self._rows[key] = self._row(form, question, head.rcode, size)
        row[0] += 1
        row[1] += len(question) + form.size
        row[2] += size
        seconds = exchange.clock() - errand.asked_at[0]
        self._waited(self._route.measured_as, question, seconds)
        return response

    def hand_over(self, errand: Errand, coming: Coming[Outcome]) -> None:
        """Let `coming` bring the answer; see `Desk`."""
        query, client = _query(errand), self._client(errand)
        later: Later[Outcome] = coming
        if self._keeper is not None:
            later = self._keeper.hand_over(query, coming)
        said = self._exchange.wait(query, client, self._route, later, errand.asked_at)
        self._become(errand, said)

    def _row(self, form: Form, question: bytes, rcode: int, size: int) -> list[int]:
        """Return the numbers of such exchanges, as `Traffic.count` counts them."""
        zone = self._route.measured_as
        if not zone:
            return [0, 0, 0]
        rrtype = int.from_bytes(question[-4:-2])
        sizes = (len(question) + form.size, size)
        return self._exchange.traffic.row(
            zone, self._lane + form.lane, rrtype, (rcode, _WRITTEN_BY), sizes
        )


def _turned(octets: bytes, turn: int, head: PlainHead, shape: Shape | None) -> bytes:
    """Return the octets of an answer, its addresses in the order of a turn."""
    if shape is None:
        cut = cut_at(turn, head.answers, len(octets))
        return octets[cut:] + octets[:cut] if cut else octets
    start = shape.addresses_at
    size = len(octets) - start
    cut = start + cut_at(turn, size // shape.width, size)
    return octets[:start] + octets[cut:] + octets[start:cut]


def _query(errand: Errand) -> Query:
    """Return what was asked, as all others have it."""
    form = errand.form
    return read_query(errand.identity + form.asked + errand.question + form.asked_option)


def _is_plain(name: bytes) -> bool:
    """Whether octets are one name in lower case, and nothing else."""
    at = 0
    try:
        while length := name[at]:
            if length > MAX_LABEL:
                return False
            at += length + 1
    except IndexError:
        return False
    return at + 1 == len(name) <= MAX_NAME and name.lower() == name


@cache
def _forms(*, is_kept: bool) -> dict[bytes, Form]:
    """Return all forms by octets 2 to 11 of a query and its OPT.

    Args:
        is_kept: upstreams are asked whether their answers are authentic, whoever will read them.
    """
    forms: dict[bytes, Form] = {}
    for rd, ad in product((0, RD), (0, AD)):
        head = (rd | (AD if is_kept else ad)).to_bytes(2) + b"\0\1\0\0\0\0\0\1"
        asked = (rd | ad).to_bytes(2) + b"\0\1\0\0\0\0\0"
        heads = PlainHeads(recursion_desired=bool(rd), wants_ad=bool(ad), with_opt=False)
        forms[asked + b"\0"] = Form(
            _HEADER,
            asked + b"\0",
            b"",
            head,
            BARE_OPT,
            b"",
            PLAIN_SIZE,
            dnssec_ok=False,
            lane=0,
            heads=heads,
        )
        kinds = [
            PlainHeads(recursion_desired=bool(rd), wants_ad=bool(ad or do), with_opt=True)
            for do in (False, True)
        ]
        for option, (limit, do) in bare_opts(stream=False).items():
            bare = _BARE[do]
            forms[asked + b"\1" + option] = Form(
                _HEADER + _OPT_SIZE,
                asked + b"\1",
                option,
                head,
                bare,
                bare,
                limit - _OPT_SIZE,
                dnssec_ok=bool(do),
                lane=1 + do,
                heads=kinds[do],
            )
    return forms
