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
from svcdns.route.fastlane import LONGEST_QUERY, PLAIN_SIZE, SHORTEST_QUERY, bare_opts
from svcdns.route.render import cut_at
from svcdns.route.responder import Said
from svcdns.route.route import Route
from svcdns.route.stages import Client
from svcdns.route.traffic import SIZE_BUCKETS
from svcdns.wire.codes import AD, RD
from svcdns.wire.edns import BARE_OPT, BARE_OPT_DO, SERVER_SIZE
from svcdns.wire.name import MAX_LABEL, MAX_NAME, OwnerName
from svcdns.wire.plain import PlainHead, PlainHeads
from svcdns.wire.question import read_query

_HEADER = 12
_ADDITIONALS_AT = 11
_OPT_SIZE = len(BARE_OPT)
_TYPE_AND_CLASS = 4
_IN = b"\0\1"
_BARE = (BARE_OPT, BARE_OPT_DO)
_BUCKET = tuple(bisect_left(SIZE_BUCKETS, size) for size in range(SERVER_SIZE + 1))
_WRITTEN_BY = "forward"


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
        self._desks = {
            route.zone: _Desk(exchange, route, route.way, lane, holder)
            for route in exchange.router.routes
            if route.way is not None and route.is_bare
        }

    def begin(self, packet: bytes) -> Errand | None:
        """Pass a question on; None: it is no errand.

        Where its response goes is for the caller to note.
        """
        size = len(packet)
        if not SHORTEST_QUERY <= size <= LONGEST_QUERY or not self._desks:
            return None
        end = size - _OPT_SIZE if packet[_ADDITIONALS_AT] else size
        question = packet[_HEADER:end]
        if not _is_plain(question):
            return None
        name = OwnerName(question[:-_TYPE_AND_CLASS])
        rrtype = question[-4] << 8 | question[-3]
        route = self._find(name, rrtype)
        desk = None if route is None else self._desks.get(route.zone)
        if desk is None:
            return None
        return desk.begin(packet, question, name, rrtype, packet[2:_HEADER] + packet[end:])


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
        self._rrtypes = way.rrtypes
        self._names = way.names
        self._forms = _forms(is_kept=way.keeper is not None)
        self._lane = lane
        self._holder = holder
        self._tell = holder.tell
        self._waited = exchange.traffic.waited
        self._rows: dict[tuple[int, bytes, int, int], list[int]] = {}

    def begin(
        self, packet: bytes, question: bytes, name: OwnerName, rrtype: int, around: bytes
    ) -> Errand | None:
        """Pass a question on, if the rest of its query is plain, too.

        Args:
            packet: the query.
            question: its question section, which is plain.
            name: the name in it.
            rrtype: its TYPE.
            around: octets 2 to 11 of the query, and those behind the question.
        """
        form = self._forms.get(around)
        if form is None or rrtype in self._rrtypes or name.endswith(self._zones):
            return None
        if self._names and any(has(name) for has in self._names):
            return None
        keeper, exchange = self._keeper, self._exchange
        if question in exchange.entries:
            return None
        if keeper is not None and keeper.has(question, dnssec_ok=form.dnssec_ok):
            return None
        errand = self._send(self, packet, question, form, (exchange.clock(), exchange.drops))
        if errand is not None and keeper is not None:
            keeper.missed[0] += 1
        return errand

    def close(self, errand: Errand, head: PlainHead, octets: bytes) -> None:
        """Send the answer; see `Desk`."""
        try:
            response = self._said(errand, head, octets)
        except Exception as error:  # noqa: BLE001  one query fails, never the listener
            client = self._holder.client(errand)
            response = self._exchange.fail(error, read_query(errand.packet), client)
        self._tell(errand, response)

    def _said(self, errand: Errand, head: PlainHead, octets: bytes) -> bytes:
        """Keep the answer and count it; return the response."""
        question, form, packet = errand.question, errand.form, errand.packet
        if self._keeper is not None:
            octets = self._keeper.keep(question, head, octets, dnssec_ok=form.dnssec_ok)
        exchange = self._exchange
        if self._rotates:
            cut = cut_at(next(exchange.turns), head.answers, len(octets))
            if cut:
                octets = octets[cut:] + octets[:cut]
        response = b"".join((packet[:2], head.header, question, octets, form.option))
        asked, answered = len(packet), len(response)
        key = (form.lane, question[-4:-2], _BUCKET[asked], _BUCKET[answered])
        row = self._rows.get(key)
        if row is None:
            row = self._rows[key] = self._row(form, question, asked, answered)
        row[0] += 1
        row[1] += asked
        row[2] += answered
        seconds = exchange.clock() - errand.asked_at[0]
        self._waited(self._route.measured_as, question, seconds)
        return response

    def hand_over(self, errand: Errand, coming: Coming[Outcome]) -> None:
        """Let `coming` bring the answer; see `Desk`."""
        query = read_query(errand.packet)
        client = self._holder.client(errand)
        later: Later[Outcome] = coming
        if self._keeper is not None:
            later = self._keeper.hand_over(query, coming)
        said = self._exchange.wait(query, client, self._route, later, errand.asked_at)
        self._holder.become(errand, said)

    def _row(self, form: Form, question: bytes, asked: int, answered: int) -> list[int]:
        """Return the numbers of such exchanges, as `Traffic.count` counts them."""
        zone = self._route.measured_as
        if not zone:
            return [0, 0, 0]
        rrtype = int.from_bytes(question[-4:-2])
        return self._exchange.traffic.row(
            zone, self._lane + form.lane, rrtype, (0, _WRITTEN_BY), (asked, answered)
        )


def _is_plain(question: bytes) -> bool:
    """Whether octets are one question of class IN in lower case, and nothing else."""
    at = 0
    try:
        while length := question[at]:
            if length > MAX_LABEL:
                return False
            at += length + 1
    except IndexError:
        return False
    name = question[:-_TYPE_AND_CLASS]
    return at + 1 == len(name) and at < MAX_NAME and question.endswith(_IN) and name.lower() == name


@cache
def _forms(*, is_kept: bool) -> dict[bytes, Form]:
    """Return all forms by octets 2 to 11 of a query and its OPT.

    Args:
        is_kept: upstreams are asked whether their answers are authentic, whoever will read them.
    """
    forms: dict[bytes, Form] = {}
    for rd, ad in product((0, RD), (0, AD)):
        head = (rd | (AD if is_kept else ad)).to_bytes(2) + b"\0\1\0\0\0\0\0\1"
        around = (rd | ad).to_bytes(2) + b"\0\1\0\0\0\0\0"
        heads = PlainHeads(recursion_desired=bool(rd), wants_ad=bool(ad), with_opt=False)
        forms[around + b"\0"] = Form(
            head, BARE_OPT, b"", PLAIN_SIZE, dnssec_ok=False, lane=0, heads=heads
        )
        kinds = [
            PlainHeads(recursion_desired=bool(rd), wants_ad=bool(ad or do), with_opt=True)
            for do in (False, True)
        ]
        for option, (limit, do) in bare_opts(stream=False).items():
            bare = _BARE[do]
            form = Form(head, bare, bare, limit - _OPT_SIZE, bool(do), 1 + do, kinds[do])
            forms[around + b"\1" + option] = form
    return forms
