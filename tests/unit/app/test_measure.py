"""What the metrics read from the process."""

import platform
from collections.abc import Sequence
from io import StringIO

import pytest
from prometheus_client.parser import text_string_to_metric_families

from svcdns import __version__
from svcdns.app.build import Configuration
from svcdns.app.feed import Feed
from svcdns.app.measure import measure, measure_configuration, measure_lives, size_of
from svcdns.server.limits import Connections
from svcdns.telemetry.exposition import render
from svcdns.telemetry.log import get_log
from svcdns.telemetry.metrics import Metrics
from tests.support.configured import ask, configured, objects_of

CLUSTER = """
    Service shop/web 10.96.4.7
    Service shop/db headless port sql/TCP 5432
    EndpointSlice shop/db-1 of db port sql/TCP 5432: 10.1.0.3 hostname=db-0, 10.1.0.4 not-ready
    EndpointSlice shop/stray of nobody port sql/TCP 5432: 10.1.0.9
    Pod shop/db-0 10.1.0.3
"""
NAME = "web.shop.svc.cluster.local."


class Page:
    """The metrics of one configuration."""

    def __init__(self, text: str) -> None:
        self.feed = Feed()
        self.connections = Connections(10, 5)
        self.configuration: Configuration = configured(text, self.feed)
        self._metrics = Metrics()
        measure(self._metrics, self.feed, self.connections)
        measure_configuration(self._metrics, self.configuration)

    def watch(self, lives: Sequence["Watching"]) -> None:
        measure_lives(self._metrics, lives)

    def value(self, name: str, /, **labels: str) -> float:
        """Return the only series of a name with these labels."""
        self._metrics.fold()
        page = render(self._metrics).body.decode()
        found = [
            sample.value
            for family in text_string_to_metric_families(page)
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        ]
        assert len(found) == 1, (name, labels, found)
        return found[0]


@pytest.fixture
def page() -> Page:
    """A block with kubernetes that is measured, one that is not, and a cluster."""
    page = Page("cluster.local {\n prometheus\n kubernetes\n}\nother {\n whoami\n}\n")
    page.feed.apply(objects_of(CLUSTER), now=1_700_000_000)
    return page


def test_the_version_and_what_is_in_use_are_labels(page: Page) -> None:
    assert page.value("coredns_build_info", version=__version__) == 1
    assert page.value("coredns_plugin_enabled", name="kubernetes", zone="cluster.local.") == 1
    assert page.value("coredns_plugin_enabled", name="whoami", zone="other.") == 1


def test_the_label_about_go_says_which_python_runs(page: Page) -> None:
    running = f"python{platform.python_version()}"

    assert page.value("coredns_build_info", goversion=running) == 1


def test_exchanges_and_kept_answers_are_counted(page: Page) -> None:
    (exchange,) = page.configuration.exchanges.values()
    for _ in range(3):
        ask(exchange, NAME)
        ask(exchange, "a.other.")

    assert page.value("coredns_dns_requests_total", type="A", zone="cluster.local.") == 3
    assert page.value("svcdns_table_entries", server="dns://:53") == 1


@pytest.mark.parametrize(
    ("kind", "count"),
    [("services", 2), ("endpointslices", 2), ("pods", 1), ("namespaces", 1), ("nodes", 0)],
)
def test_objects_are_counted_by_kind(page: Page, kind: str, count: int) -> None:
    assert page.value("svcdns_kubernetes_objects", kind=kind) == count


def test_the_time_of_the_last_change_follows_the_feed(page: Page) -> None:
    before = page.value("svcdns_kubernetes_last_change_seconds")

    page.feed.apply(objects_of(""), now=1_700_000_009)

    after = page.value("svcdns_kubernetes_last_change_seconds")
    assert (before, after) == (1_700_000_000, 1_700_000_009)


def test_connections_are_read_when_somebody_looks(page: Page) -> None:
    assert page.value("svcdns_tcp_connections") == 0

    page.connections.counts.evicted += 4

    assert page.value("svcdns_tcp_events_total", event="evicted") == 4


def test_lines_that_were_left_out_are_counted(page: Page, log: StringIO) -> None:
    some = get_log("app")
    for _ in range(13):
        some.info("again")

    assert page.value("svcdns_log_lines_suppressed_total") == 3
    assert len(log.getvalue().splitlines()) == 10


def test_the_size_is_what_all_stanzas_see() -> None:
    feed = Feed()
    configured("a {\n kubernetes\n}\nb {\n kubernetes {\n labels app=web\n }\n}\n", feed)

    feed.apply(objects_of(CLUSTER), now=1)

    # Twice: this source shows everything to everybody.
    assert size_of(feed) == (2 * 2, 2 * 2, 2 * 2, 2 * 1)


def test_the_size_of_an_empty_feed_is_nothing() -> None:
    assert size_of(Feed()) == (0, 0, 0, 0)


class Watching:
    """A watch of these resources that has been lost and silent for so long."""

    def __init__(self, seconds: float, *resources: str) -> None:
        self.resources: tuple[str, ...] = resources
        self._seconds = seconds

    def lost_seconds(self, resource_name: str) -> float:
        assert resource_name in self.resources
        return self._seconds

    def silent_seconds(self, resource_name: str) -> float:
        return self.lost_seconds(resource_name) + 0.5


def test_of_several_watches_of_a_resource_the_worst_one_counts(page: Page) -> None:
    watches = [Watching(1, "services", "pods"), Watching(9, "services"), Watching(4, "pods")]

    page.watch(watches)

    lost, contact = (f"svcdns_kubernetes_{what}_seconds" for what in ("watch_lost", "last_contact"))
    assert [page.value(lost, resource=name) for name in ("services", "pods")] == [9, 4]
    assert [page.value(contact, resource=name) for name in ("services", "pods")] == [9.5, 4.5]
