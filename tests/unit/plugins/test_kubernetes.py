from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest

from svcdns.answers.answer import Answer
from svcdns.answers.settings import KubernetesSettings
from svcdns.cluster.model import Pod
from svcdns.cluster.state import State
from svcdns.plugins.kubernetes import DIRECTIVE
from svcdns.route.stages import Steps
from svcdns.wire.codes import RCode, RRType
from svcdns.wire.name import from_text, pack_address
from svcdns.wire.question import Query, Question
from tests.support.cluster_text import state_of
from tests.support.directives import FixedScope, problems_of, settings_of, warnings_of
from tests.support.stubs import FixedClient, question

ROOT = from_text(".")
REVERSE = (from_text("in-addr.arpa"), from_text("ip6.arpa"))


def block(*lines: str) -> str:
    return "kubernetes {\n" + "\n".join(lines) + "\n}"


def changed(settings: KubernetesSettings) -> dict[str, Any]:
    """Return the fields that are not as without any option."""
    plain = KubernetesSettings(settings.zones)
    names = [field.name for field in fields(settings)]
    return {
        name: getattr(settings, name)
        for name in names
        if getattr(settings, name) != getattr(plain, name)
    }


ACCEPTED: list[tuple[str, dict[str, Any]]] = [
    ("kubernetes", {}),
    ("kubernetes {\n}", {}),
    (block("pods disabled"), {}),
    (block("pods insecure"), {"pods": "insecure"}),
    (block("pods verified", "pods insecure"), {"pods": "insecure"}),
    (block("endpoint_pod_names"), {"endpoint_pod_names": True}),
    (block("namespaces a"), {"namespaces": frozenset({"a"})}),
    (block("namespaces a b", "namespaces c"), {"namespaces": frozenset({"a", "b", "c"})}),
    (block("namespace_labels team=a"), {"namespace_labels": "team=a"}),
    (block("labels app=web,tier"), {"labels": "app=web,tier"}),
    (block("labels app!=web, age>3"), {"labels": "app!=web, age>3"}),
    (
        block("labels environment in (production, qa),application=nginx"),
        {"labels": "environment in (production, qa),application=nginx"},
    ),
    (block("endpoint https://10.0.0.1:6443"), {"endpoint": ("https://10.0.0.1:6443",)}),
    (block("endpoint http://a http://b"), {"endpoint": ("http://a", "http://b")}),
    (block("tls cert.pem key.pem ca.pem"), {"tls": ("cert.pem", "key.pem", "ca.pem")}),
    (block("kubeconfig file"), {"kubeconfig": ("file", "")}),
    (block("kubeconfig file context"), {"kubeconfig": ("file", "context")}),
    (block("fallthrough"), {"fallthrough": (ROOT,)}),
    (block("fallthrough in-addr.arpa IP6.arpa"), {"fallthrough": REVERSE}),
    (block("fallthrough 10.0.0.0/8"), {"fallthrough": (from_text("10.in-addr.arpa"),)}),
    (block("ttl 0"), {"ttl": 0}),
    (block("ttl 3600"), {"ttl": 3600}),
    (block("ttl 1", "ttl 30"), {"ttl": 30}),
    (block("noendpoints"), {"noendpoints": True}),
    (block("zonal"), {"zonal": True}),
    (block("ignore empty_service"), {"ignore_empty_service": True}),
    (block("ignore empty_service really"), {"ignore_empty_service": True}),
    (block("ignore"), {}),
    (block("startup_timeout 0s"), {"startup_timeout": 0.0}),
    (block("startup_timeout 1m30s"), {"startup_timeout": 90.0}),
    (block("apiserver_qps 0.5"), {"apiserver_qps": 0.5}),
    (block("apiserver_burst 10"), {"apiserver_burst": 10}),
    (block("apiserver_max_inflight 3"), {"apiserver_max_inflight": 3}),
]


@pytest.mark.parametrize(("text", "expected"), ACCEPTED)
def test_an_accepted_spelling(text: str, expected: dict[str, Any]) -> None:
    assert changed(settings_of(DIRECTIVE, text)) == expected


@pytest.mark.parametrize(
    ("words", "zones"),
    [
        ("", ["cluster.local"]),
        ("K8s.Example.ORG", ["k8s.example.org"]),
        ("cluster.local in-addr.arpa ip6.arpa", ["cluster.local", "in-addr.arpa", "ip6.arpa"]),
        ("10.0.0.0/16 cluster.local", ["0.10.in-addr.arpa", "cluster.local"]),
        ("in-addr.arpa cluster.local", ["in-addr.arpa", "cluster.local"]),
        ("in-addr.arpa", ["in-addr.arpa"]),
        (".", ["."]),
    ],
)
def test_zones_are_read_in_their_order(words: str, zones: list[str]) -> None:
    settings = settings_of(DIRECTIVE, f"kubernetes {words}")

    assert settings.zones == tuple(map(from_text, zones))


COUNT = "Wrong argument count or unexpected line ending after"

REFUSED = [
    # what is in the block, the marked words with the problem, and the hint
    ("pods", f"<pods> {COUNT} 'pods'", "write: pods disabled"),
    ("pods a b", "<a> wrong value for pods: a, must be one of: disabled, verified, insecure", ""),
    (
        "pods insecur",
        "<insecur> wrong value for pods: insecur, must be one of: disabled, verified, insecure",
        "write: pods insecure",
    ),
    ("pods insecure now", f"<now> {COUNT} 'now'", "take out: now"),
    ("endpoint_pod_names a", f"<a> {COUNT} 'a'", "take out: a"),
    ("namespaces", f"<namespaces> {COUNT} 'namespaces'", "write: namespaces NAMESPACE"),
    ("labels", f"<labels> {COUNT} 'labels'", "write: labels KEY=VALUE"),
    (
        "labels app= =",
        ("<app=> unable to parse label selector value: 'app= =': expected a value, found '='"),
        "a selector is written as in: app=web, tier in (front, back), !legacy",
    ),
    (
        "namespace_labels a in b",
        (
            "<a> unable to parse namespace_label selector value: 'a in b': "
            "expected '(' after 'in' or 'notin'"
        ),
        "a selector is written as in: app=web, tier in (front, back), !legacy",
    ),
    ("endpoint", f"<endpoint> {COUNT} 'endpoint'", "write: endpoint https://ADDRESS:6443"),
    ("tls a b", f"<b> {COUNT} 'b'", "write: tls a b FILE"),
    ("tls a b c d", f"<d> {COUNT} 'd'", "take out: d"),
    ("kubeconfig", f"<kubeconfig> {COUNT} 'kubeconfig'", "write: kubeconfig FILE"),
    ("kubeconfig a b c", f"<c> {COUNT} 'c'", "take out: c"),
    ("ttl", f"<ttl> {COUNT} 'ttl'", "write: ttl 1"),
    ("ttl 3601", "<3601> ttl must be in range [0, 3600]: 3601", ""),
    ("ttl -1", "<-1> ttl must be in range [0, 3600]: -1", ""),
    ("ttl 30s", "<30s> '30s' is not a number of seconds", "30"),
    ("noendpoints a", f"<a> {COUNT} 'a'", "take out: a"),
    ("zonal a", f"<a> {COUNT} 'a'", "take out: a"),
    (
        "ignore empty-service",
        "<empty-service> unable to parse ignore value: 'empty-service'",
        "write: ignore empty_service",
    ),
    (
        "startup_timeout 5",
        '<5> time: missing unit in duration "5"',
        "5s",
    ),
    ("startup_timeout -1s", "<-1s> startup_timeout must be >= 0s: -1s", ""),
    ("apiserver_qps many", "<many> 'many' is not a number", ""),
    ("apiserver_qps -1", "<-1> apiserver_qps must be >= 0: -1", ""),
    ("apiserver_burst 1.5", "<1.5> '1.5' is not a whole number", ""),
    ("apiserver_max_inflight -1", "<-1> apiserver_max_inflight must be >= 0: -1", ""),
    (
        "multicluster clusterset.local",
        "<multicluster> multicluster is not supported yet: ServiceImports are not watched",
        "take the line out; a CoreDNS beside this server can go on serving those zones",
    ),
    (
        "upstream /etc/resolv.conf",
        "<upstream> unknown property 'upstream'",
        "take the line out: targets of CNAMEs are looked up through the server itself",
    ),
    (
        "resyncperiod 1m",
        "<resyncperiod> unknown property 'resyncperiod'",
        "take the line out: the watch needs no resync",
    ),
    (
        "federation prod example.org",
        "<federation> unknown property 'federation'",
        "take it out: Kubernetes has no federation v1 any more",
    ),
    (
        "transfer to *",
        "<transfer> unknown property 'transfer'",
        "write the directive 'transfer { to ADDRESS }' beside 'kubernetes'",
    ),
    (
        "wildcards",
        "<wildcards> unknown property 'wildcards'",
        "take the line out: names with wildcards are not answered",
    ),
    ("fallthough", "<fallthough> unknown property 'fallthough'; did you mean 'fallthrough'?", ""),
]


@pytest.mark.parametrize(("line", "problem", "hint"), REFUSED, ids=[row[0] for row in REFUSED])
def test_a_refused_spelling(line: str, problem: str, hint: str) -> None:
    marked, _, said = problem.partition("> ")

    ((found, advice),) = problems_of(DIRECTIVE, block(line))

    assert found == f"{marked}> kubernetes: {said}"
    assert hint in advice
    assert bool(hint) == bool(advice)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("kubernetes 10.0.0.0/16", "<kubernetes> kubernetes: non-reverse zone name must be used"),
        (
            block("namespaces a", "namespace_labels b=c"),
            "<namespace_labels> kubernetes: namespaces and namespace_labels cannot both be set",
        ),
        (
            block("noendpoints", "zonal"),
            "<zonal> kubernetes: zonal requires the endpoint cache; remove noendpoints",
        ),
        (
            "kubernetes\nkubernetes",
            "<kubernetes> kubernetes: this plugin can only be used once per Server Block",
        ),
    ],
)
def test_what_does_not_go_together(text: str, problem: str) -> None:
    assert [found for found, _ in problems_of(DIRECTIVE, text)] == [problem]


def test_every_mistake_is_found_in_one_go() -> None:
    found = problems_of(DIRECTIVE, block("ttl x", "pods y", "noendpoints z", "nope"))

    assert len(found) == 4


@pytest.mark.parametrize(
    ("line", "warning"),
    [
        ("endpoint a b c", "multiple endpoints have been deprecated, only the first specified"),
        ("ignore", "ignore without a word has no effect"),
        ("ignore empty_service x", "nothing reads 'x' here"),
        ("ttl 5 6", "nothing reads '6' here"),
    ],
)
def test_what_coredns_lets_pass_is_only_warned_of(line: str, warning: str) -> None:
    assert problems_of(DIRECTIVE, block(line)) == []
    (found,) = warnings_of(DIRECTIVE, block(line))
    assert found.startswith(f"kubernetes: {warning}")


class ClusterScope(FixedScope):
    """A scope with a cluster; it notes which one was asked for."""

    local_addresses = (bytes((192, 0, 2, 1)),)

    def __init__(self, state: State, ask: Callable[[Question], Answer | None]) -> None:
        super().__init__()
        self.state = state
        self.selectors: list[tuple[str, str]] = []
        self.asked: list[Question] = []
        self._ask = ask

    def cluster(self, settings: KubernetesSettings) -> State:
        self.selectors.append((settings.labels, settings.namespace_labels))
        return self.state

    def ask(self, question: Question) -> Answer | None:
        self.asked.append(question)
        return self._ask(question)


CLUSTER = """
Service shop/web 10.96.4.7 port http/TCP 80
Service shop/away ExternalName www.example.com
EndpointSlice shop/web-1 of web port http/TCP 80: 10.1.0.3 hostname=web-0
"""
CLIENT = FixedClient(address="10.1.0.3")


def built(text: str, state: State | None = None) -> tuple[Steps, ClusterScope]:
    scope = ClusterScope(state or state_of(CLUSTER), lambda _: None)
    return DIRECTIVE.build(settings_of(DIRECTIVE, text), scope), scope


def asked(name: str, rrtype: int = RRType.A) -> Query:
    return Query(1, 0x0100, question(name, rrtype), None, 40)


def answer_of(steps: Steps, name: str, rrtype: int = RRType.A) -> Answer | None:
    assert steps.answer is not None
    answer = steps.answer(asked(name, rrtype), CLIENT)
    assert answer is None or isinstance(answer, Answer)
    return answer


def test_the_step_answers_from_the_cluster_the_selectors_see() -> None:
    steps, scope = built(block("labels app=web", "ttl 30"))

    answer = answer_of(steps, "web.shop.svc.cluster.local")

    assert scope.selectors == [("app=web", "")]
    assert answer is not None
    assert answer.answer[0].ttl == 30


def test_a_name_outside_the_zones_is_passed_on() -> None:
    steps, _ = built("kubernetes")

    assert answer_of(steps, "example.com") is None


def test_a_missing_name_is_passed_on_where_fallthrough_says_so() -> None:
    steps, scope = built("kubernetes cluster.local in-addr.arpa {\nfallthrough in-addr.arpa\n}")

    for synced in (True, False):
        scope.state.synced = synced

        assert answer_of(steps, "9.9.9.9.in-addr.arpa", RRType.PTR) is None
        here = answer_of(steps, "nope.shop.svc.cluster.local")
        assert here is not None
        assert here.rcode == (RCode.NXDOMAIN if synced else RCode.SERVFAIL)


def test_what_exists_is_never_passed_on() -> None:
    steps, _ = built("kubernetes cluster.local in-addr.arpa {\nfallthrough\n}")

    for name, rrtype in (
        ("web.shop.svc.cluster.local", RRType.A),
        ("web.shop.svc.cluster.local", RRType.AAAA),
        ("shop.svc.cluster.local", RRType.A),
        ("7.4.96.10.in-addr.arpa", RRType.TXT),
        ("cluster.local", RRType.AXFR),
    ):
        assert answer_of(steps, name, rrtype) is not None


def test_it_is_ready_when_the_cluster_is_known() -> None:
    state = state_of(CLUSTER)
    state.synced = False
    steps, _ = built("kubernetes", state)
    assert steps.ready is not None
    assert not steps.ready()

    state.synced = True

    assert steps.ready()


def test_targets_outside_are_asked_through_the_scope() -> None:
    steps, scope = built("kubernetes")

    answer = answer_of(steps, "away.shop.svc.cluster.local")

    assert [one.owner for one in scope.asked] == [from_text("www.example.com")]
    assert answer is not None
    assert answer.answer[0].rrtype == RRType.CNAME


def test_local_addresses_name_the_server() -> None:
    steps, _ = built("kubernetes")

    answer = answer_of(steps, "ns.dns.cluster.local")

    assert answer is not None
    assert answer.answer[0].records == ClusterScope.local_addresses


def labels_of(steps: Steps, name: str) -> dict[str, str]:
    assert steps.metadata is not None
    found = steps.metadata(asked(name), CLIENT)
    assert all(key.startswith("kubernetes/") for key in found)
    return {key.removeprefix("kubernetes/"): value for key, value in found.items() if value}


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("cluster.local", {}),
        ("svc.cluster.local", {"kind": "svc"}),
        ("shop.pod.cluster.local", {"kind": "pod", "namespace": "shop"}),
        ("web.shop.svc.cluster.local", {"kind": "svc", "namespace": "shop", "service": "web"}),
        (
            "web-0.web.shop.svc.cluster.local",
            {"kind": "svc", "namespace": "shop", "service": "web", "endpoint": "web-0"},
        ),
        (
            "_http._tcp.web.shop.svc.cluster.local",
            {
                "kind": "svc",
                "namespace": "shop",
                "service": "web",
                "port-name": "http",
                "protocol": "tcp",
            },
        ),
        (
            "a.b.pin._zone.web.shop.svc.cluster.local",
            {"kind": "svc", "namespace": "shop", "service": "web", "zone": "a.b"},
        ),
        (
            "1-2-3-4.shop.pod.cluster.local",
            {"kind": "pod", "namespace": "shop", "service": "1-2-3-4"},
        ),
        ("foo.cluster.local", {"parse-error": "invalid query name"}),
        ("7.4.96.10.in-addr.arpa", {"parse-error": "invalid query name"}),
        ("example.com", {}),
    ],
)
def test_metadata_says_what_a_name_is_made_of(name: str, labels: dict[str, str]) -> None:
    steps, _ = built("kubernetes cluster.local in-addr.arpa")

    assert labels_of(steps, name) == labels


def test_every_word_of_a_name_has_a_value_that_may_be_empty() -> None:
    steps, _ = built("kubernetes")
    assert steps.metadata is not None

    found = steps.metadata(asked("cluster.local"), CLIENT)

    words = ("endpoint", "kind", "namespace", "port-name", "protocol", "service")
    assert found == {f"kubernetes/{word}": "" for word in words}


def test_with_verified_pods_metadata_says_who_asks() -> None:
    state = state_of(CLUSTER)
    pod = Pod("shop", "cart-0", (pack_address("10.1.0.3"),), (("app", "cart"),))
    state.replace(Pod, [pod], 1)
    verified, _ = built(block("pods verified"), state)
    disabled, _ = built("kubernetes", state)

    assert labels_of(verified, "example.com") == {
        "client-namespace": "shop",
        "client-pod-name": "cart-0",
        "client-label/app": "cart",
    }
    assert labels_of(disabled, "example.com") == {}


def test_a_client_without_an_address_is_nobody() -> None:
    steps, _ = built(block("pods verified"))
    assert steps.metadata is not None

    found = steps.metadata(asked("example.com"), FixedClient(address=""))

    assert found == {}
