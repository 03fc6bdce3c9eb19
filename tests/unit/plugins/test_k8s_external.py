import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.answers.answer import Answer
from svcdns.answers.foreign import Outcome
from svcdns.answers.later import Later
from svcdns.answers.lookup import Stanza
from svcdns.answers.settings import ExternalSettings, KubernetesSettings
from svcdns.plugins.k8s_external import DIRECTIVE
from svcdns.route.offers import Cluster
from svcdns.route.stages import Client, Steps
from svcdns.wire.codes import RCode
from svcdns.wire.name import from_text
from svcdns.wire.question import Query
from tests.support.cluster_text import state_of
from tests.support.directives import FixedScope, problems_of, settings_of, warnings_of
from tests.support.stubs import FixedClient, question

COUNT = "Wrong argument count or unexpected line ending after"
OWN = (from_text("cluster.local"),)
ORG = (from_text("example.org"),)
CLUSTER = "Service shop/edge LoadBalancer 10.96.4.8 port https/TCP 443 outside=192.0.2.1"
BEHIND = Answer(depends_on=(), written_by="whoami")


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("k8s_external", ExternalSettings(OWN)),
        ("k8s_external example.org", ExternalSettings(ORG)),
        ("k8s_external example.org {\n}", ExternalSettings(ORG)),
        ("k8s_external example.org {\napex names\n}", ExternalSettings(ORG, apex=("names",))),
        ("k8s_external example.org {\napex a.b\n}", ExternalSettings(ORG, apex=("a", "b"))),
        ("k8s_external example.org {\nttl 0\n}", ExternalSettings(ORG, ttl=0)),
        ("k8s_external example.org {\nttl 3600\n}", ExternalSettings(ORG, ttl=3600)),
        ("k8s_external example.org {\nheadless\n}", ExternalSettings(ORG, headless=True)),
        (
            "k8s_external example.org {\nfallthrough\n}",
            ExternalSettings(ORG, fallthrough=(from_text("."),)),
        ),
        (
            "k8s_external example.org {\nfallthrough a.example.org\n}",
            ExternalSettings(ORG, fallthrough=(from_text("a.example.org"),)),
        ),
        (
            "k8s_external example.net {\nttl 7\n}\nk8s_external example.org",
            ExternalSettings(ORG, ttl=7),
        ),
    ],
)
def test_accepted(text: str, settings: ExternalSettings) -> None:
    assert settings_of(DIRECTIVE, text) == settings


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("ttl", f"<ttl> k8s_external: {COUNT} 'ttl'"),
        ("ttl -1", "<-1> k8s_external: ttl must be in range [0, 3600]: -1"),
        ("ttl 3601", "<3601> k8s_external: ttl must be in range [0, 3600]: 3601"),
        ("ttl 30s", "<30s> k8s_external: '30s' is not a number of seconds"),
        ("apex", f"<apex> k8s_external: {COUNT} 'apex'"),
        ("headless yes", f"<yes> k8s_external: {COUNT} 'yes'"),
        ("upstream", "<upstream> k8s_external: unknown property 'upstream'"),
    ],
)
def test_mistakes(line: str, problem: str) -> None:
    found = problems_of(DIRECTIVE, f"k8s_external example.org {{\n{line}\n}}")

    assert [text for text, _ in found][:1] == [problem]


def test_an_apex_that_is_no_name_is_a_mistake() -> None:
    (found,) = problems_of(DIRECTIVE, "k8s_external {\napex a..b\n}")

    assert found[0].startswith("<a..b> k8s_external: apex 'a..b' is no name: ")


def test_words_that_nothing_reads_are_warned_of() -> None:
    text = "k8s_external {\nttl 5 6\napex dns more\n}"

    assert warnings_of(DIRECTIVE, text) == [
        "k8s_external: nothing reads '6' here",
        "k8s_external: nothing reads 'more' here",
    ]


@given(st.integers(-10_000, 10_000))
def test_a_ttl_is_accepted_up_to_an_hour(ttl: int) -> None:
    problems = problems_of(DIRECTIVE, f"k8s_external {{\nttl {ttl}\n}}")

    assert bool(problems) != (0 <= ttl <= 3600)


def steps_of(text: str, *, is_alone: bool = False, scope: FixedScope | None = None) -> Steps:
    scope = scope or FixedScope()
    steps = DIRECTIVE.build(settings_of(DIRECTIVE, text), scope)
    if not is_alone:  # the directive kubernetes is built later
        state = state_of(CLUSTER)
        scope.offers.clusters.append(Cluster(Stanza(KubernetesSettings(OWN), state), state))
    return steps


def ask(steps: Steps, name: str) -> Outcome | Later[Outcome | None] | None:
    def rest(passed: Query, _: Client) -> Outcome:
        assert passed is query
        return BEHIND

    query = Query(1, 0x0100, question(name), None, 40)
    if steps.around is not None:
        return steps.around(query, FixedClient(), rest)
    assert steps.answer is not None
    return steps.answer(query, FixedClient())


def test_a_service_is_found_by_its_external_address() -> None:
    found = ask(steps_of("k8s_external example.org"), "edge.shop.example.org.")

    assert isinstance(found, Answer)
    assert found.answer[0].records == (b"\xc0\x00\x02\x01",)


def test_names_of_other_zones_are_passed_on() -> None:
    assert ask(steps_of("k8s_external example.org"), "edge.shop.example.net.") is None


@pytest.mark.parametrize(
    ("fallthrough", "is_passed_on"),
    [("", False), ("fallthrough", True), ("fallthrough x.example.org", False)],
)
def test_a_name_that_is_not_there_falls_through_where_the_stanza_says_so(
    fallthrough: str, *, is_passed_on: bool
) -> None:
    steps = steps_of(f"k8s_external example.org {{\n{fallthrough}\n}}")

    found = ask(steps, "nobody.shop.example.org.")

    assert isinstance(found, Answer)
    assert (found.written_by == "whoami") == is_passed_on
    if is_passed_on:  # what comes from behind may be wrong as soon as the Service exists
        assert found.depends_on is None
    else:
        assert found.rcode == RCode.NXDOMAIN


def test_with_fallthrough_names_that_are_there_are_answered() -> None:
    steps = steps_of("k8s_external example.org {\nfallthrough\n}")

    found = ask(steps, "edge.shop.example.org.")

    assert isinstance(found, Answer)
    assert found.written_by == "k8s_external"
    assert found.depends_on


def test_without_kubernetes_its_names_fail_and_say_why() -> None:
    steps = steps_of("k8s_external example.org", is_alone=True)

    found = ask(steps, "edge.shop.example.org.")

    assert isinstance(found, Answer)
    assert found.rcode == RCode.SERVFAIL
    assert found.reason is not None
    assert "kubernetes plugin not loaded" in found.reason.text()
    assert ask(steps, "example.net.") is None


def test_its_zones_can_be_transferred_once_the_cluster_is_there() -> None:
    scope, alone = FixedScope(), FixedScope()
    steps_of("k8s_external example.org example.net", scope=scope)
    steps_of("k8s_external example.org", scope=alone, is_alone=True)

    first, second = scope.offers.zones
    (without,) = alone.offers.zones

    assert (first.name, second.name) == (*ORG, from_text("example.net"))
    assert first.serial() == int.from_bytes(next(first.rrsets()).records[0][-20:-16]) > 0
    assert next(second.rrsets()).owner == second.name
    assert (without.serial(), list(without.rrsets())) == (0, [])
