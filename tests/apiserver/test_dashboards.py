"""Dashboards made for CoreDNS find the series of a server that follows an API server."""

import re
from datetime import UTC, datetime
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from tests.support.apiserver import ControlPlane
from tests.support.fakeapi import objects
from tests.support.live_server import WEB, following, until, until_served
from tests.support.process import page
from tests.support.queried import COREDNS_LIVE

_TRIGGER = "endpoints.kubernetes.io/last-change-trigger-time"


def test_series_of_the_cluster_are_there(cluster: ControlPlane, tmp_path: Path) -> None:
    with following(cluster, tmp_path) as server:
        corefile = (tmp_path / "Corefile").read_text()
        port = int(re.findall(r"prometheus 127.0.0.1:(\d+)", corefile)[0])
        slice_ = objects.endpoint_slice("web-1", "web", ["10.1.0.1"])
        changed = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        slice_["metadata"]["annotations"] = {_TRIGGER: changed}
        cluster.put(objects.service("web", addresses=(), selector={"app": "web"}))
        cluster.put(slice_)
        until_served(server, WEB, "10.1.0.1")
        until(lambda: "programming_duration_seconds_bucket{" in page(port, "/metrics")[1], server)
        labels = {
            sample.name: set(sample.labels)
            for family in text_string_to_metric_families(page(port, "/metrics")[1])
            for sample in family.samples
        }

    for line in COREDNS_LIVE.strip().splitlines():
        name, *wanted = line.split()
        assert set(wanted) <= labels[name], name
