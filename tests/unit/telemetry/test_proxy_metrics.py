"""The names that dashboards for kube-proxy ask for."""

from svcdns.telemetry.catalogue import ALL
from svcdns.telemetry.exposition import render
from svcdns.telemetry.metrics import Metrics
from svcdns.telemetry.proxy_metrics import PAGE, PROGRAMMING, PROXY, SYNC_DURATION


def test_buckets_are_those_of_kube_proxy() -> None:
    assert SYNC_DURATION.bounds[0] == 0.001
    assert len(SYNC_DURATION.bounds) == 15
    assert PROGRAMMING.bounds[:3] == (0.25, 0.5, 1.0)
    assert PROGRAMMING.bounds[-1] == 300.0
    assert list(PROGRAMMING.bounds) == sorted(set(PROGRAMMING.bounds))


def test_the_page_of_a_proxy_says_nothing_about_dns() -> None:
    text = render(Metrics(PAGE)).body.decode()

    assert "kubeproxy_sync_proxy_rules_duration_seconds_count 0.0" in text
    assert "coredns_dns" not in text


def test_the_page_of_a_dns_server_says_nothing_about_a_proxy() -> None:
    assert "kubeproxy_" not in render(Metrics()).body.decode()
    assert not {one.name for one in ALL} & {one.name for one in PROXY}
