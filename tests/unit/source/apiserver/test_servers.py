"""Which API server is asked next."""

import pytest

from svcdns.cluster.model import Condition, EndpointPort, EndpointSlice
from svcdns.source.apiserver.protocol import LostError
from svcdns.source.apiserver.servers import Servers, addresses_of, url_of

A, B, C = "https://10.0.0.1:6443", "https://10.0.0.2:6443", "https://10.0.0.3:6443"


def test_after_the_last_comes_the_first() -> None:
    servers = Servers((A, B, C))
    seen = [servers.current]
    for _ in range(3):
        servers.next()
        seen.append(servers.current)

    assert seen == [A, B, C, A]


def test_the_only_server_is_the_next_one_too() -> None:
    servers = Servers((A,))

    servers.next()

    assert servers.current == A


def test_learnt_servers_come_after_those_the_operator_named() -> None:
    servers = Servers((A,))

    servers.learn(["10.0.0.2:6443", "10.0.0.1:6443", "[fd00::3]:6443"])

    assert servers.urls == (A, B, "https://[fd00::3]:6443")


def test_learnt_servers_speak_what_the_first_one_speaks() -> None:
    servers = Servers(("http://127.0.0.1:8001",))

    servers.learn(["10.0.0.2:6443"])

    assert servers.urls[1:] == ("http://10.0.0.2:6443",)


def test_what_is_learnt_replaces_what_was_learnt_before() -> None:
    servers = Servers((A,))
    servers.learn(["10.0.0.2:6443"])

    servers.learn(["10.0.0.3:6443"])

    assert servers.urls == (A, C)


def test_a_server_that_is_no_longer_one_is_left() -> None:
    servers = Servers((A,))
    servers.learn(["10.0.0.2:6443"])
    servers.next()
    assert servers.current == B

    servers.learn([])

    assert servers.current == A


def test_nothing_is_learnt_behind_a_proxy_for_several_clusters() -> None:
    servers = Servers(("https://rancher.example/k8s/clusters/c-1",))

    servers.learn(["10.0.0.2:6443"])

    assert servers.urls == ("https://rancher.example/k8s/clusters/c-1",)


def test_a_named_server_proves_itself_or_the_cluster() -> None:
    servers = Servers(("https://api.example:6443", B))

    assert servers.tls_names("https://api.example:6443") == ("api.example",)
    assert servers.tls_names(B) == ("10.0.0.2", "api.example")


def test_a_learnt_server_proves_the_cluster_or_itself() -> None:
    servers = Servers(("https://api.example:6443",))
    servers.learn(["10.0.0.2:6443"])

    assert servers.tls_names(B) == ("api.example", "10.0.0.2")


def test_the_name_that_was_good_is_tried_first() -> None:
    servers = Servers(("https://api.example:6443",))
    servers.learn(["10.0.0.2:6443"])

    servers.proven(B, "10.0.0.2")

    assert servers.tls_names(B) == ("10.0.0.2", "api.example")


def test_a_name_that_was_set_is_the_only_one() -> None:
    servers = Servers((A, B), "kubernetes.default.svc")
    servers.learn(["10.0.0.3:6443"])

    assert {servers.tls_names(url) for url in servers.urls} == {("kubernetes.default.svc",)}


def test_without_tls_there_is_no_name() -> None:
    assert Servers(("http://10.0.0.1",)).tls_names("http://10.0.0.1") == ("",)


def test_addresses_are_those_of_ready_endpoints_on_the_https_port() -> None:
    ready, gone = Condition.READY | Condition.SERVING, Condition.TERMINATING
    ports = (EndpointPort("https", "TCP", 6443), EndpointPort("metrics", "TCP", 9090))
    four = EndpointSlice(
        *("default", "kubernetes", "kubernetes", 4),
        addresses=bytes([10, 0, 0, 1, 10, 0, 0, 2]),
        conditions=bytes([ready, gone]),
        ports=ports,
    )
    six = EndpointSlice(
        *("default", "kubernetes-6", "kubernetes", 16),
        addresses=bytes.fromhex("fd000000000000000000000000000003"),
        conditions=bytes([ready]),
        ports=(EndpointPort("", "TCP", 443), EndpointPort("", "TCP", None)),
    )
    named = EndpointSlice("default", "named", "kubernetes", 0, conditions=bytes([ready]))

    assert addresses_of([four, six, named]) == ("10.0.0.1:6443", "[fd00::3]:443")


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://10.0.0.1:6443/", A),
        ("10.0.0.1:6443", A),
        ("http://localhost:8080", "http://localhost:8080"),
        ("https://rancher.example/k8s/clusters/c-1", "https://rancher.example/k8s/clusters/c-1"),
        ("HTTPS://[fd00::1]", "https://[fd00::1]"),
    ],
)
def test_a_server_is_written_as_url_or_as_host_and_port(text: str, url: str) -> None:
    assert url_of(text) == url


def test_without_tls_a_host_and_port_is_plain_http() -> None:
    assert url_of("localhost:8080", "http") == "http://localhost:8080"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://",
        "ftp://10.0.0.1",
        "https://10.0.0.1:66443",
        "https://10.0.0.1:https",
        "https://user:password@10.0.0.1",
        "https://10.0.0.1/?a=b",
        "https://10.0.0.1/#a",
        "https://[fd00::1",
    ],
)
def test_what_is_no_url_says_how_one_looks(text: str) -> None:
    with pytest.raises(LostError, match="is no URL of an API server: write https://HOST:PORT"):
        url_of(text)
