import asyncio
from dataclasses import replace
from ipaddress import IPv6Address, IPv6Network
from types import CoroutineType
from typing import Any

import pytest

from svcdns.answers.answer import Answer
from svcdns.answers.foreign import ForeignAnswer, Outcome
from svcdns.answers.later import Later
from svcdns.plugins.dns64 import DIRECTIVE, WELL_KNOWN, Settings, Translation
from svcdns.route.stages import Client
from svcdns.wire.codes import TC, RCode, RRType
from svcdns.wire.name import from_text
from svcdns.wire.question import Query
from svcdns.wire.response import Body, compose
from svcdns.wire.rrset import RRset
from tests.support.directives import FixedScope, problems_of, settings_of, warnings_of
from tests.support.stubs import FixedAuthority, FixedClient, addresses, question

SIX = FixedClient("2001:db8::7")
FOUR = FixedClient("10.244.0.7")


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("dns64", Settings()),
        ("dns64 2001:db8::/32", Settings(IPv6Network("2001:db8::/32"))),
        ("dns64 2001:db8::1/96", Settings(IPv6Network("2001:db8::/96"))),
        ("dns64 {\nprefix 2001:db8:1::/48\n}", Settings(IPv6Network("2001:db8:1::/48"))),
        ("dns64 {\ntranslate_all\nallow_ipv4\n}", Settings(WELL_KNOWN, True, True)),
        (
            "dns64 2001:db8::/32 {\nallow_ipv4\n}",
            Settings(IPv6Network("2001:db8::/32"), allow_ipv4=True),
        ),
        (
            "dns64 2001:db8::/32\ndns64 {\ntranslate_all\n}",
            Settings(IPv6Network("2001:db8::/32"), translate_all=True),
        ),
    ],
)
def test_accepted(text: str, settings: Settings) -> None:
    assert settings_of(DIRECTIVE, text) == settings


COUNT = "Wrong argument count or unexpected line ending after"
AS_IN = "write it as in 64:ff9b::/96"
LENGTHS = "the length is one of /32, /40, /48, /56, /64, /96"
KNOWN = "known are: prefix, translate_all, allow_ipv4"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("dns64 foo", ("<foo> dns64: invalid CIDR address: foo", AS_IN)),
        ("dns64 64:ff9b::1", ("<64:ff9b::1> dns64: invalid CIDR address: 64:ff9b::1", AS_IN)),
        (
            "dns64 10.0.0.0/8",
            ("<10.0.0.0/8> dns64: invalid netmask 32 IPv6 address: '10.0.0.0/8'", AS_IN),
        ),
        (
            "dns64 2001:db8::/33",
            ("<2001:db8::/33> dns64: invalid prefix length '2001:db8::/33'", LENGTHS),
        ),
        ("dns64 64:ff9b::/96 x", (f"<x> dns64: {COUNT} 'x'", "take out: x")),
        ("dns64 {\nbar\n}", ("<bar> dns64: unknown property 'bar'", KNOWN)),
        ("dns64 {\nprefix\n}", (f"<prefix> dns64: {COUNT} 'prefix'", "write: prefix 64:ff9b::/96")),
        ("dns64 {\nallow_ipv4 x\n}", (f"<x> dns64: {COUNT} 'x'", "take out: x")),
    ],
)
def test_mistakes(text: str, problem: tuple[str, str]) -> None:
    assert problems_of(DIRECTIVE, text) == [problem]


def test_a_prefix_that_translators_may_not_understand_is_warned_of() -> None:
    assert warnings_of(DIRECTIVE, "dns64 2001:db8:0:0:100::/96") == [
        "dns64: bits 64 to 71 of '2001:db8:0:0:100::/96' are not zero, as RFC 6052 wants them"
    ]


class Names:
    """All that is behind dns64: answers by type, and how often was asked."""

    def __init__(self, denial: Outcome, found: Outcome | None = None, *, later: bool) -> None:
        self.by_type = {int(RRType.AAAA): denial, int(RRType.A): found or denial}
        self.later = later
        self.asked: list[bytes] = []

    def __call__(self, query: Query, _: Client) -> Outcome | Later[Outcome]:
        self.asked.append(query.question.octets)
        outcome = self.by_type.get(query.question.rrtype, Answer())
        return self._wait(outcome) if self.later else outcome

    @staticmethod
    async def _wait(outcome: Outcome) -> Outcome:
        return outcome


NODATA = Answer(authority=FixedAuthority(from_text("example."), ttl=30), depends_on=())
A = Answer(
    answer=(addresses("web.example.", b"\xc0\0\2\1", ttl=300),),
    recursion_available=True,
    depends_on=(),
)
AAAA = Answer(answer=(addresses("web.example.", IPv6Address("2001:db8::1").packed),))


def told(
    names: Names, client: FixedClient = SIX, *, rrtype: int = RRType.AAAA, **settings: Any
) -> tuple[Outcome, float]:
    """What a client is told, and how many translations were counted."""
    scope = FixedScope()
    translation = Translation(Settings(**settings), scope)
    query = Query(1, 0x0100, question("Web.example.", rrtype), None, 29)
    outcome = translation.around(query, client, names)
    translation.tick(1.0)
    if isinstance(outcome, CoroutineType):
        outcome = asyncio.run(outcome)
        translation.tick(2.0)
    counted = scope.metrics.numbers.get("coredns_dns64_requests_translated_total", {})
    return outcome, counted.get(("dns://:53",), 0)  # type: ignore[return-value]


def texts(outcome: Outcome) -> list[str]:
    assert isinstance(outcome, Answer)
    return [
        f"{rrset.ttl} {IPv6Address(record)}" for rrset in outcome.answer for record in rrset.records
    ]


@pytest.mark.parametrize("later", [False, True])
def test_an_address_is_made_for_a_client_without_ipv4(*, later: bool) -> None:
    names = Names(NODATA, A, later=later)

    outcome, counted = told(names)

    assert texts(outcome) == ["30 64:ff9b::c000:201"]
    assert counted == 1
    assert isinstance(outcome, Answer)
    assert (outcome.authoritative, outcome.recursion_available) == (False, True)
    assert [octets[:12] for octets in names.asked] == [from_text("Web.example.")[:12]] * 2


def test_the_prefix_is_the_corefiles() -> None:
    outcome, _ = told(Names(NODATA, A, later=False), prefix=IPv6Network("2001:db8::/32"))

    assert texts(outcome) == ["30 2001:db8:c000:201::"]


@pytest.mark.parametrize(
    "denial",
    [
        pytest.param(AAAA, id="it has an address"),
        pytest.param(Answer(RCode.NXDOMAIN, depends_on=()), id="there is no such name"),
        pytest.param(Answer(RCode.SERVFAIL), id="we failed ourselves"),
        pytest.param(Answer(is_silent=True), id="nothing is to be said"),
        pytest.param(
            ForeignAnswer(from_text("web.example."), Body((1, 0, 0), b"\xc0"), depends_on=()),
            id="it cannot be read",
        ),
    ],
)
def test_an_answer_that_needs_no_address_stays_as_it_is(denial: Outcome) -> None:
    names = Names(denial, A, later=False)

    assert told(names) == (denial, 0)
    assert len(names.asked) == 1


def foreign(rcode: int = RCode.NOERROR, *rrsets: RRset, **fields: Any) -> ForeignAnswer:
    owner = from_text("web.example.")
    return ForeignAnswer(owner, compose(owner, rrsets), rcode, **fields)


@pytest.mark.parametrize("rcode", [RCode.SERVFAIL, RCode.REFUSED, RCode.NOTIMP])
def test_a_failure_of_an_upstream_is_as_good_as_no_address(rcode: RCode) -> None:
    outcome, counted = told(Names(foreign(rcode), A, later=False))

    assert texts(outcome) == ["300 64:ff9b::c000:201"]
    assert counted == 1


def test_what_both_questions_fail_with_is_said() -> None:
    outcome, _ = told(Names(foreign(RCode.REFUSED), foreign(RCode.REFUSED), later=False))

    assert (outcome.rcode, texts(outcome)) == (RCode.REFUSED, [])


def test_an_answer_that_was_cut_stays_cut() -> None:
    outcome, _ = told(Names(foreign(), foreign(0, *A.answer, is_truncated=True), later=False))

    assert outcome.raised == TC


def test_other_types_and_classes_pass() -> None:
    names = Names(NODATA, A, later=False)

    assert told(names, rrtype=RRType.A) == (A, 0)
    assert told(names, rrtype=RRType.MX)[0] == Answer()


def test_a_client_with_ipv4_is_told_the_truth_and_nothing_is_kept() -> None:
    assert told(Names(NODATA, A, later=False), FOUR) == (replace(NODATA, depends_on=None), 0)
    outcome, _ = told(Names(NODATA, A, later=False), SIX)
    assert outcome.depends_on is None


def test_allow_ipv4_makes_all_clients_alike_and_answers_are_kept() -> None:
    for client in (SIX, FOUR):
        outcome, _ = told(Names(NODATA, A, later=False), client, allow_ipv4=True)

        assert texts(outcome) == ["30 64:ff9b::c000:201"]
        assert outcome.depends_on == ()


def test_translate_all_is_for_names_with_addresses_too() -> None:
    outcome, _ = told(Names(AAAA, A, later=False), translate_all=True)

    assert texts(outcome) == ["300 64:ff9b::c000:201"]


def test_translate_all_leaves_a_name_that_has_nothing_else() -> None:
    assert told(Names(AAAA, NODATA, later=False), translate_all=True) == (AAAA, 0)


def test_kept_answers_are_counted_with_those_behind_them() -> None:
    hits: list[int] = []
    scope = FixedScope()
    translation = Translation(Settings(allow_ipv4=True), scope)
    names = Names(
        replace(NODATA, on_hits=hits.append), replace(A, on_hits=hits.append), later=False
    )
    query = Query(1, 0, question("web.example.", RRType.AAAA), None, 29)

    outcome = translation.around(query, SIX, names)
    assert isinstance(outcome, Answer)
    assert outcome.on_hits is not None
    outcome.on_hits(4)
    translation.tick(1.0)

    assert hits == [4, 4]
    assert list(scope.metrics.numbers["coredns_dns64_requests_translated_total"].values()) == [5]


def test_the_block_gets_the_step() -> None:
    steps = DIRECTIVE.build(Settings(), FixedScope())

    assert steps.around is not None
    assert not steps.per_client
