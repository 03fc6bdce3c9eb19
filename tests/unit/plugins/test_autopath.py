import asyncio
from collections.abc import Callable
from dataclasses import replace
from types import CoroutineType

import pytest

from svcdns.answers.answer import ON_NAMESPACES, Answer
from svcdns.answers.foreign import ForeignAnswer, Outcome
from svcdns.answers.later import Later
from svcdns.plugins.autopath import BY_CLIENT, DIRECTIVE, Autopath, Settings, build
from svcdns.route.stages import Client
from svcdns.wire.codes import TC, RCode, RRType
from svcdns.wire.name import ROOT, OwnerName, from_text, to_text
from svcdns.wire.question import Query
from svcdns.wire.response import Body, compose
from tests.support.configured import ask, configured, feed_of, records
from tests.support.directives import FixedScope, problems_of, settings_of, warnings_of
from tests.support.stubs import FixedAuthority, FixedClient, addresses, question

FILE = "/etc/autopath.conf"
TEXT = "nameserver 192.0.2.53\nsearch a.test b.test c.test\n"


@pytest.mark.parametrize(
    ("text", "zones", "source"),
    [
        ("autopath @kubernetes", ["cluster.local."], BY_CLIENT),
        (f"autopath {FILE}", ["cluster.local."], FILE),
        (f"autopath Example.org 10.0.0.0/8 {FILE}", ["example.org.", "10.in-addr.arpa."], FILE),
        (f"autopath {FILE}\nautopath @kubernetes", ["cluster.local."], BY_CLIENT),
    ],
)
def test_accepted(text: str, zones: list[str], source: str) -> None:
    settings = settings_of(DIRECTIVE, text)

    assert ([to_text(zone) for zone in settings.zones], settings.source) == (zones, source)


COUNT = "Wrong argument count or unexpected line ending after"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "autopath",
            (
                f"<autopath> autopath: {COUNT} 'autopath'",
                "write: autopath @kubernetes",
            ),
        ),
        (
            "autopath @erratic",
            (
                "<@erratic> autopath: no plugin knows the search path '@erratic'",
                "write: @kubernetes",
            ),
        ),
        (
            "autopath @kubernetes {\nx\n}",
            ("<autopath> autopath: 'autopath' takes no block", "take the braces out"),
        ),
    ],
)
def test_mistakes(text: str, problem: tuple[str, str]) -> None:
    assert problems_of(DIRECTIVE, text) == [problem]


def test_a_zone_that_is_none_is_a_mistake() -> None:
    ((problem, _),) = problems_of(DIRECTIVE, "autopath a..b @kubernetes")

    assert problem.startswith("<a..b> autopath: zone is not a valid domain name")


def test_a_second_stanza_is_warned_of() -> None:
    assert warnings_of(DIRECTIVE, "autopath /a\nautopath /b") == [
        "autopath: only this autopath counts, not the one above"
    ]


MISSING = Answer(
    RCode.NXDOMAIN, authority=FixedAuthority(from_text("test.")), depends_on=(ON_NAMESPACES,)
)


class Names:
    """All that is behind autopath; names that it does not know do not exist."""

    def __init__(self, **outcomes: Outcome) -> None:
        self.outcomes = {from_text(name.replace("_", ".")): one for name, one in outcomes.items()}
        self.later = False
        self.asked: list[str] = []

    def __call__(self, query: Query, _: Client) -> Outcome | Later[Outcome]:
        self.asked.append(to_text(query.question.owner))
        outcome = self.outcomes.get(query.question.owner, MISSING)
        return self._wait(outcome) if self.later else outcome

    @staticmethod
    async def _wait(outcome: Outcome) -> Outcome:
        return outcome


def a(name: str, ttl: int = 60) -> Answer:
    return Answer(answer=(addresses(name, b"\xc0\0\2\1", ttl=ttl),), depends_on=())


def prepared(
    scope: FixedScope,
    source: str = FILE,
    zone: str = ".",
    read: Callable[[str], str] = lambda _: TEXT,
) -> Autopath:
    autopath = Autopath(Settings((from_text(zone),), source), scope, read)
    asyncio.run(autopath.run())
    return autopath


def told(names: Names, name: str, autopath: Autopath | None = None) -> Outcome:
    query = Query(1, 0, question(name), None, 29)
    autopath = autopath or prepared(FixedScope())
    outcome = autopath.around(query, FixedClient(), names)
    if isinstance(outcome, CoroutineType):
        outcome = asyncio.run(outcome)
    assert isinstance(outcome, Answer | ForeignAnswer)
    return outcome


@pytest.mark.parametrize("later", [False, True])
def test_the_name_that_was_typed_is_found_with_another_domain(*, later: bool) -> None:
    names = Names(two_c_test=a("two.c.test.", ttl=7))
    names.later = later

    outcome = told(names, "two.a.test.")

    assert names.asked == ["two.a.test.", "two.b.test.", "two.c.test."]
    assert isinstance(outcome, Answer)
    assert [(rrset.rrtype, rrset.ttl) for rrset in outcome.answer] == [
        *((RRType.CNAME, 7), (RRType.A, 7))
    ]
    assert outcome.written_by == "autopath"
    assert outcome.depends_on == (ON_NAMESPACES,)


def test_the_name_alone_comes_last() -> None:
    names = Names(example_org=a("example.org."))

    outcome = told(names, "example.org.a.test.")

    assert names.asked[-2:] == ["example.org.c.test.", "example.org."]
    assert isinstance(outcome, Answer)
    assert outcome.answer[0].records == (from_text("example.org."),)


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        pytest.param("one.a.test.", a("one.a.test."), id="the name exists"),
        pytest.param("two.b.test.", MISSING, id="not within the first domain"),
        pytest.param("a.test.", MISSING, id="the first domain itself"),
        pytest.param("no.a.test.", Answer(RCode.SERVFAIL), id="a failure"),
        pytest.param("nd.a.test.", Answer(depends_on=()), id="it has no such record"),
    ],
)
def test_what_does_not_call_for_a_search_stays_as_it_is(name: str, outcome: Outcome) -> None:
    names = Names(**{name.rstrip(".").replace(".", "_"): outcome})

    assert told(names, name) is outcome
    assert names.asked == [name]


def test_a_name_outside_its_zones_stays_as_it_is() -> None:
    names = Names(two_b_test=a("two.b.test."))

    assert told(names, "two.a.test.", prepared(FixedScope(), zone="example.org.")) is MISSING


def test_when_all_names_are_missing_the_first_answer_is_said() -> None:
    names = Names()

    outcome = told(names, "four.a.test.")

    assert len(names.asked) == 4
    assert outcome == MISSING


@pytest.mark.parametrize("rcode", [RCode.SERVFAIL, RCode.REFUSED, RCode.NOERROR])
def test_any_other_answer_ends_the_search(rcode: RCode) -> None:
    names = Names(x_b_test=Answer(rcode), x_c_test=a("x.c.test."))

    assert told(names, "x.a.test.").rcode == rcode
    assert names.asked == ["x.a.test.", "x.b.test."]


def test_silence_is_silence() -> None:
    assert told(Names(x_b_test=Answer(is_silent=True)), "x.a.test.") == Answer(is_silent=True)


def foreign(name: str, **fields: bool) -> ForeignAnswer:
    owner = from_text(name)
    body = compose(owner, (addresses(name, b"\xc0\0\2\1"),))
    return ForeignAnswer(owner, body, **fields)  # type: ignore[arg-type]


def test_an_answer_of_an_upstream_is_opened() -> None:
    outcome = told(Names(x_b_test=foreign("x.b.test.", is_truncated=True)), "x.a.test.")

    assert isinstance(outcome, Answer)
    assert [rrset.rrtype for rrset in outcome.answer] == [RRType.CNAME, RRType.A]
    assert (outcome.raised, outcome.depends_on) == (TC, None)


def test_an_answer_that_cannot_be_read_leaves_the_first() -> None:
    broken = ForeignAnswer(from_text("x.b.test."), Body((1, 0, 0), b"\xc0"))

    assert told(Names(x_b_test=broken), "x.a.test.") is MISSING


def test_what_was_found_is_counted_kept_or_not() -> None:
    scope, hits = FixedScope(), list[int]()
    autopath = prepared(scope)
    names = Names(x_b_test=replace(a("x.b.test."), on_hits=hits.append))

    outcome = told(names, "x.a.test.", autopath)
    told(names, "y.a.test.", autopath)
    assert isinstance(outcome, Answer)
    assert outcome.on_hits is not None
    outcome.on_hits(2)
    autopath.tick(1.0)
    autopath.tick(2.0)

    assert hits == [2]
    assert scope.metrics.numbers["coredns_autopath_success_total"] == {("dns://:53",): 3}


def _unreadable(path: str) -> str:
    raise FileNotFoundError(2, "No such file or directory", path)


@pytest.mark.parametrize(
    ("read", "said"),
    [
        (_unreadable, f'autopath.unreadable file={FILE} why="No such file or directory"'),
        (lambda _: "nameserver 192.0.2.53\n", f'autopath.idle why="{FILE} has no search list"'),
    ],
)
def test_a_file_without_a_list_is_spoken_of_and_names_are_answered(
    read: Callable[[str], str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    autopath = prepared(FixedScope(), read=read)

    assert told(Names(x_b_test=a("x.b.test.")), "x.a.test.", autopath) is MISSING
    assert said in capsys.readouterr().out


def test_without_pods_verified_that_is_spoken_of(capsys: pytest.CaptureFixture[str]) -> None:
    autopath = prepared(FixedScope(), BY_CLIENT)

    assert told(Names(x_b_test=a("x.b.test.")), "x.a.test.", autopath) is MISSING
    assert "no kubernetes with 'pods verified' in its block" in capsys.readouterr().out


def test_the_list_of_a_client_is_followed_by_our_own() -> None:
    scope = FixedScope()
    scope.offers.search_paths["kubernetes"] = lambda *_: (from_text("x.test."), from_text("test."))
    names = Names(q_c_test=a("q.c.test."))

    outcome = told(names, "q.x.test.", prepared(scope, BY_CLIENT))

    assert names.asked == ["q.x.test.", "q.test.", "q.a.test.", "q.b.test.", "q.c.test."]
    assert outcome.depends_on is None


@pytest.mark.parametrize("path", [(), (from_text("else.test."),)], ids=["unknown", "elsewhere"])
def test_a_missing_name_that_the_client_decides_on_is_not_kept(path: tuple[OwnerName, ...]) -> None:
    scope = FixedScope()
    scope.offers.search_paths["kubernetes"] = lambda *_: path

    outcome = told(Names(), "q.x.test.", prepared(scope, BY_CLIENT))

    assert outcome == replace(MISSING, depends_on=None)


def test_a_missing_name_that_no_list_leads_to_is_kept_as_ever() -> None:
    scope = FixedScope()
    scope.offers.search_paths["kubernetes"] = lambda *_: None

    assert told(Names(), "q.x.test.", prepared(scope, BY_CLIENT)) is MISSING


def test_a_pod_is_known_by_its_address() -> None:
    feed = feed_of(
        "Service front/api 10.96.0.5 port http/TCP 80\n"
        "EndpointSlice front/api-1 of api port http/TCP 80: 10.244.0.8\n"
        "Pod shop/cart-0 10.244.0.7\n"
    )
    corefile = """
    cluster.local:53 {
        autopath @kubernetes
        kubernetes {
            pods verified
        }
    }
    """
    configuration = configured(corefile, feed)
    (exchange,) = configuration.exchanges.values()

    message = ask(exchange, "api.front.shop.svc.cluster.local.")

    assert records(message) == [
        "api.front.shop.svc.cluster.local. 5 IN CNAME api.front.svc.cluster.local.",
        "api.front.svc.cluster.local. 5 IN A 10.96.0.5",
    ]
    assert records(ask(exchange, "api.front.front.svc.cluster.local.")) == []


def test_the_block_gets_the_steps(tmp_path: object) -> None:
    steps = build(Settings((ROOT,), f"{tmp_path}/missing"), FixedScope())

    assert None not in (steps.around, steps.run, steps.tick)
    assert not steps.per_client
