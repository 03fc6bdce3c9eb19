"""Who says how to reach the API server, and who wins."""

import pytest

from svcdns.answers.settings import KubernetesSettings
from svcdns.source.apiserver.access import Access
from svcdns.wire.name import from_text

POD = {"KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443"}
LAPTOP = {"HOME": "/h"}
TLS = ("client.crt", "client.key", "ca.crt")


def stanza(
    *,
    endpoint: tuple[str, ...] = (),
    tls: tuple[str, str, str] | None = None,
    kubeconfig: tuple[str, str] | None = None,
) -> KubernetesSettings:
    zone = from_text("cluster.local.")
    return KubernetesSettings((zone,), endpoint=endpoint, tls=tls, kubeconfig=kubeconfig)


def test_a_pod_is_in_the_cluster_it_answers_for() -> None:
    access = Access.of(stanza(), POD)

    assert access.servers == ("https://10.96.0.1:443",)
    assert access.service_account == "/var/run/secrets/kubernetes.io/serviceaccount"
    assert access.kubeconfig == ()


def test_an_ipv6_cluster_has_brackets_in_its_url() -> None:
    access = Access.of(stanza(), POD | {"KUBERNETES_SERVICE_HOST": "fd00:10:96::1"})

    assert access.servers == ("https://[fd00:10:96::1]:443",)


@pytest.mark.parametrize("missing", sorted(POD))
def test_half_of_what_the_kubelet_says_is_no_pod(missing: str) -> None:
    access = Access.of(stanza(), LAPTOP | POD | {missing: ""})

    assert access.service_account == ""
    assert access.kubeconfig == ("/h/.kube/config",)


def test_outside_of_a_pod_kubectls_file_is_taken() -> None:
    assert Access.of(stanza(), LAPTOP).kubeconfig == ("/h/.kube/config",)


def test_outside_of_a_pod_kubectls_variable_is_taken() -> None:
    access = Access.of(stanza(), LAPTOP | {"KUBECONFIG": "/a:/b:"})

    assert access.kubeconfig == ("/a", "/b")


def test_the_stanzas_kubeconfig_wins_over_its_endpoint_and_the_pod() -> None:
    settings = stanza(kubeconfig=("/etc/kubeconfig", "prod"), endpoint=("http://10.0.0.1",))

    access = Access.of(settings, POD)

    assert (access.kubeconfig, access.context) == (("/etc/kubeconfig",), "prod")
    assert access.servers == ()
    assert access.service_account == ""


def test_the_command_lines_kubeconfig_wins_over_the_stanzas_and_its_context() -> None:
    settings = stanza(kubeconfig=("/etc/kubeconfig", "prod"))

    access = Access.of(settings, POD, kubeconfig="/mine")

    assert (access.kubeconfig, access.context) == (("/mine",), "")


def test_the_command_lines_context_chooses_in_the_stanzas_kubeconfig() -> None:
    settings = stanza(kubeconfig=("/etc/kubeconfig", "prod"))

    access = Access.of(settings, POD, context="test")

    assert (access.kubeconfig, access.context) == (("/etc/kubeconfig",), "test")


def test_of_several_endpoints_the_first_is_used_and_the_pods_token_is_not() -> None:
    settings = stanza(endpoint=("https://10.0.0.1:6443", "https://10.0.0.2:6443"), tls=TLS)

    access = Access.of(settings, POD)

    assert access.servers == ("https://10.0.0.1:6443",)
    assert access.tls == TLS
    assert access.service_account == ""


@pytest.mark.parametrize(
    ("settings", "environment", "kubeconfig", "service_account"),
    [
        pytest.param(stanza(endpoint=("http://a",)), POD, (), "", id="endpoint"),
        pytest.param(stanza(kubeconfig=("/k", "")), POD, ("/k",), "", id="kubeconfig"),
        pytest.param(stanza(), POD, (), "/sa", id="Pod"),
        pytest.param(stanza(), LAPTOP, (), "", id="nothing else"),
    ],
)
def test_servers_of_the_command_line_say_where_and_not_who(
    settings: KubernetesSettings,
    environment: dict[str, str],
    kubeconfig: tuple[str, ...],
    service_account: str,
) -> None:
    servers = ("https://10.0.0.1:6443", "https://10.0.0.2:6443")

    access = Access.of(settings, environment, servers=servers, service_account="/sa")

    assert access.servers == servers
    assert access.kubeconfig == kubeconfig
    assert access.service_account == service_account


def test_limits_are_those_of_the_stanza() -> None:
    settings = KubernetesSettings(
        (from_text("cluster.local."),),
        apiserver_qps=2.5,
        apiserver_burst=7,
        apiserver_max_inflight=3,
    )

    access = Access.of(settings, POD)

    assert (access.qps, access.burst, access.max_inflight) == (2.5, 7, 3)
