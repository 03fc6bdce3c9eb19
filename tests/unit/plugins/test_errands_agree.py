"""Whatever is asked and replied: an errand says and counts what the other way would."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from svcdns.answers.later import LATER, Later
from svcdns.app.build import Configuration
from svcdns.route.errand import Errand
from svcdns.route.errands import Errands, Holder
from svcdns.route.responder import Said
from svcdns.route.router import Router
from svcdns.telemetry.metrics import Metrics
from svcdns.wire.codes import AA, AD, CD, RA, RD, TC, RCode, RRType
from svcdns.wire.edns import extended_error, opt
from svcdns.wire.name import from_text
from svcdns.wire.question import Question
from tests.support.configured import configured
from tests.support.stubs import FixedClient, packet
from tests.support.upstreams import FakeUpstream, question_of, record, reply_to

_SOAS = tuple(
    owner + b"\0\6\0\1" + ttl.to_bytes(4) + b"\0\x16\0\0" + bytes(16) + minimum.to_bytes(4)
    for owner in (b"\0", b"\xc0\x0c", b"\xc0\x0e", b"\1b\xc0\x0e")
    for ttl, minimum in ((60, 30), (4, 900), (0x8000_0001, 0))
)
_PLAIN, _DO = opt(dnssec_ok=False), opt(dnssec_ok=True)
_EXPLAINED = opt(False, extended_error(3, "old"))
_BADVERS = opt(False, rcode=RCode.BADVERS)
_TAILS = (b"", _PLAIN, _PLAIN, _DO, _EXPLAINED, _BADVERS)
_SMALL = _PLAIN.replace((1232).to_bytes(2), (512).to_bytes(2))
_OPTS = (b"", b"", _PLAIN, _DO, _SMALL, _EXPLAINED)
_REVERSE = "1.2.0.192.in-addr.arpa."
_OTHERS = (
    *("A.example.", "x.cluster.local.", ".", "c.b.example.", "x.wild.example."),
    *("x.localhost.", "localhost.b.example.", _REVERSE),
)
_NAMES = (*["a.example."] * 8, *["b.example."] * 3, *_OTHERS)
_RARE = (RRType.HINFO, RRType.TXT, RRType.PTR, RRType.ANY)
_TYPES = (*[RRType.A] * 9, *[RRType.AAAA] * 3, *_RARE)
_TIMED = ("seconds", "duration")


_TARGETS = (
    *[b"\1c\0", b"\3cdn\xc0\x0e", b"\1C\xc0\x0e"] * 4,
    *(b"\1a\7example\0", b"\1A\xc0\x0e", b"\xc0\x0c"),
)
"""Of aliases; the last ones lead back."""


class Spoken(NamedTuple):
    """One reply: what an upstream says to every question but for its id."""

    addresses: tuple[bytes, ...]
    ttl: int
    flags: int
    rcode: int
    tail: bytes
    soa: bytes = b""
    aliases: tuple[tuple[bytes, int], ...] = ()
    """Targets and TTLs, each of the one before; the addresses are those of the last one."""
    is_astray: bool = False
    """They are not: they are the question's."""

    def to(self, sent: bytes) -> bytes:
        if question_of(sent)[0] != 1:  # pointers to its second label would point into the first
            self = self._replace(aliases=(), soa=_SOAS[0] * bool(self.soa))  # noqa: PLW0642
        size = len(self.addresses[0]) if self.addresses else 4
        rrtype = RRType.A if size == 4 else RRType.AAAA
        records: list[bytes] = []
        owner, at = b"\xc0\x0c", len(question_of(sent)) + 12
        for target, ttl in self.aliases:
            records.append(record(target, RRType.CNAME, owner, ttl))
            owner, at = (0xC000 | at + 12).to_bytes(2), at + len(records[-1])
        owner = b"\xc0\x0c" if self.is_astray else owner
        records += [record(one, rrtype, owner, self.ttl) for one in self.addresses]
        counts = (len(records), int(bool(self.soa)), int(bool(self.tail)))
        records += [self.soa] * bool(self.soa) + [self.tail] * bool(self.tail)
        flags, rcode = self.flags, self.rcode
        return reply_to(sent, *records, flags=flags, rcode=rcode, counts=counts)


def octets(size: int) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=size, max_size=size)


chains = st.lists(
    st.tuples(st.sampled_from(_TARGETS), st.sampled_from([0, 20, 300])), max_size=3
).map(tuple)
spoken = st.builds(
    Spoken,
    st.one_of(
        st.lists(octets(4), min_size=1, max_size=4).map(tuple),
        st.lists(octets(4), min_size=1, max_size=4).map(lambda few: tuple(few * 20)),
        st.lists(octets(16), max_size=4).map(tuple),
    ),
    st.sampled_from([0, 3, 5, 20, 30, 300, 0x8000_0001]),
    st.sampled_from([0, AA, AD, AD | AA, CD, TC]),
    st.sampled_from([0, 0, 0, 0, int(RCode.NXDOMAIN), int(RCode.SERVFAIL)]),
    st.sampled_from(_TAILS),
    st.sampled_from([b"", b"", b"", *_SOAS]),
    st.one_of(st.just(()), chains),
    st.booleans(),
)
aliased = st.builds(
    Spoken,
    st.lists(octets(4), min_size=1, max_size=3).map(tuple),
    st.sampled_from([3, 30, 300]),
    st.sampled_from([0, AA, AD]),
    st.just(0),
    st.sampled_from([b"", _PLAIN]),
    st.just(b""),
    chains,
    st.just(False),
)
denials = st.builds(
    Spoken,
    st.just(()),
    st.just(0),
    st.sampled_from([0, AA, AD]),
    st.sampled_from([0, int(RCode.NXDOMAIN)]),
    st.sampled_from(_TAILS),
    st.sampled_from(_SOAS),
    st.just(()),
    st.just(False),
)
queries = st.builds(
    packet,
    st.builds(
        Question.of,
        st.sampled_from(_NAMES).map(from_text),
        st.sampled_from(_TYPES),
        st.sampled_from([*[1] * 9, 3]),
    ),
    identity=st.integers(0, 0xFFFF),
    flags=st.sampled_from([RD, RD, RD, 0, RD | AD, RD | CD, RD | RA]),
    opt=st.sampled_from(_OPTS),
)

COREFILE = """\
{key} {{
    errors
    kubernetes cluster.local
    prometheus 127.0.0.1:0
    forward . 127.0.0.1:{port} {{
        {forward}
    }}
    {cache}
    loop
    {balance}
    {beside}
}}
"""
BESIDE = (
    "hosts /nowhere {\n192.0.2.1 b.example\n192.0.2.2 *.wild.example\nfallthrough\n}",
    "hosts /nowhere b.example wild.example {\n192.0.2.1 b.example\n}",
    "hosts /nowhere {\n192.0.2.1 b.example\nfallthrough_unsupported\nfallthrough\n}",
    "template IN AAAA . {\nrcode NXDOMAIN\n}",
    "template ANY ANY b.example {\nmatch ^c[.]\nrcode NXDOMAIN\nfallthrough\n}",
    'template CH A . {\nanswer "{{ .Name }} 60 IN A 192.0.2.3"\n}',
    "file /nowhere b.example",
    "rewrite name b.example a.example",
    "rewrite name regex (.*)[.]b[.]example {1}.a.example answer auto",
    "rewrite type HINFO A",
    "rewrite ttl suffix b.example. 7",
    "rewrite rcode exact b.example. NXDOMAIN NOERROR",
    "dns64 {\nallow_ipv4\n}",
    "local",
    "any",
    "chaos",
    "transfer {\nto *\n}",
    "k8s_external b.example",
    "k8s_external b.example {\nfallthrough\n}",
    "autopath @kubernetes",
    "autopath b.example /nowhere",
    'log . "{name} {type} {rcode} {>rflags} {rsize}" {\nclass error\n}',
)
"""What else stands in the block; none of it is for `a.example`."""
PLAIN = {"key": ".", "forward": "", "cache": "cache 30", "balance": "", "beside": ""}
corefiles = st.fixed_dictionaries(
    {
        "key": st.sampled_from([".", ".", "example"]),
        "forward": st.sampled_from(
            ["", "max_concurrent 1000", "failover SERVFAIL", "failover NXDOMAIN"]
        ),
        "cache": st.sampled_from(
            [
                *("", "cache 30", "cache 30 {\ndisable success b.example\n}"),
                *("cache {\nkeepttl\n}", "cache 30 {\ndisable denial b.example\n}"),
            ]
        ),
        "balance": st.sampled_from(["", "loadbalance"]),
        "beside": st.lists(
            st.sampled_from(BESIDE), max_size=3, unique_by=lambda text: text.split()[0]
        ).map("\n".join),
    }
)


class Way:
    """One server, and all it has said."""

    def __init__(self, text: str, *, has_errands: bool) -> None:
        self.metrics = Metrics()
        self.said: list[Said] = []
        self.logged: list[str] = []
        self.configuration: Configuration = configured(
            text, metrics=self.metrics, port=53, log=self.logged.append
        )
        (self.exchange,) = self.configuration.exchanges.values()
        self.errands = 0
        self.sent: list[bytes] = []
        """To the upstream, without ids."""
        if not has_errands:
            routes = [replace(route, way=None) for route in self.exchange.router.routes]
            self.exchange.router = Router(routes)
        self._client = FixedClient()
        self._coming: asyncio.Future[Said]
        holder = Holder(self._tell, self._become, lambda _: self._client)
        self._desk = Errands(self.exchange, 0, holder)

    async def ask(self, query: bytes) -> None:
        self._coming = asyncio.get_running_loop().create_future()
        errand = self._desk.begin(query, 0, len(query), (self.exchange.clock(), 0))
        if errand is not None:
            errand.depart()
            self.errands += 1
            self.said.append(await self._coming)
        else:
            said = self.exchange.respond(query, self._client)
            self.said.append(await said if isinstance(said, LATER) else said)  # type: ignore[arg-type]
        self.exchange.observe()

    def counted(self) -> tuple[Any, ...]:
        for tick in self.configuration.ticks:
            tick(1.0)
        self.exchange.traffic.fold()
        numbers = {
            name: series
            for name, series in self.metrics.numbers.items()
            if not any(word in name for word in _TIMED)
        }
        timed = sum(map(sum, self.exchange.traffic.durations.values()))
        histograms = {
            (name, labels): sum(row.counts)
            for name, series in self.metrics.distributions.items()
            for labels, row in series.items()
        }
        return self.exchange.traffic.counts, timed, numbers, histograms

    def _tell(self, _: Errand, response: bytes) -> None:
        self._coming.set_result(response)

    def _become(self, _: Errand, later: Later[Said]) -> None:
        async def wait() -> None:
            self._coming.set_result(await later)

        self._task = asyncio.ensure_future(wait())


async def both_ways(
    options: dict[str, str], asked: Sequence[tuple[bytes, Spoken]]
) -> tuple[Way, Way]:
    saying: list[Spoken] = []

    def say(_: FakeUpstream, sent: bytes) -> Iterable[bytes]:
        return (saying[-1].to(sent),)

    async with FakeUpstream(say) as upstream:
        text = COREFILE.format(port=upstream.port, **options)
        ways = Way(text, has_errands=True), Way(text, has_errands=False)
        for way in ways:
            async with running(way.configuration):
                for query, reply in asked:
                    saying.append(reply)
                    await asyncio.wait_for(way.ask(query), 5)
            way.sent += [octets[2:] for _, octets in upstream.queries]
            upstream.queries.clear()
    return ways


@asynccontextmanager
async def running(configuration: Configuration) -> AsyncIterator[None]:
    """Run what goes on beside the queries, the probes of `loop` aside."""
    runs = [run for name, run in configuration.runs if name != "loop"]
    tasks = [asyncio.ensure_future(run()) for run in runs]
    await asyncio.sleep(0)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@settings(max_examples=200, deadline=None)
@given(corefiles, st.lists(st.tuples(queries, spoken | denials | aliased), min_size=1, max_size=12))
def test_an_errand_says_and_counts_what_the_other_way_would(
    options: dict[str, str], asked: list[tuple[bytes, Spoken]]
) -> None:
    errands, others = asyncio.run(both_ways(options, asked))

    assert errands.said == others.said
    assert errands.sent == others.sent
    assert errands.logged == others.logged
    assert errands.counted() == others.counted()
    assert not others.errands


def test_a_plain_question_is_an_errand_each_time_it_is_not_kept() -> None:
    query = packet(Question.of(from_text("a.example."), RRType.A))
    reply = Spoken((b"1234", b"5678"), 30, 0, 0, _PLAIN)
    options = PLAIN | {"balance": "loadbalance"}

    errands, _ = asyncio.run(both_ways(options, [(query, reply)] * 3))

    assert errands.errands == 1
    assert len(errands.said) == 3


@pytest.mark.parametrize("beside", BESIDE)
def test_a_question_that_no_directive_is_for_is_an_errand_whatever_stands_in_the_block(
    beside: str,
) -> None:
    query = packet(Question.of(from_text("a.example."), RRType.A))
    reply = Spoken((b"1234",), 30, 0, 0, _PLAIN)

    errands, _ = asyncio.run(both_ways(PLAIN | {"beside": beside}, [(query, reply)]))

    assert errands.errands == 1
