"""From a Corefile to everything that serves it."""

from collections.abc import Iterable

import dns.rcode
import pytest

from svcdns.app.build import Configuration, Place, plans_of
from svcdns.app.feed import Feed
from svcdns.app.files import examine_text
from svcdns.app.start_error import StartError
from svcdns.corefile.errors import CorefileError
from svcdns.route.exchange import Exchange
from svcdns.route.stages import HealthListener, MetricsListener, ReadyListener
from svcdns.wire.codes import RRClass, RRType
from tests.support.configured import ask, configured, objects_of, records
from tests.support.corefiles import said

CLUSTER = """
    Service shop/web 10.96.4.7 port http/TCP 80
    Service shop/there ExternalName web.shop.svc.other.local
"""


def only(configuration: Configuration) -> Exchange:
    (exchange,) = configuration.exchanges.values()
    return exchange


def places(configuration: Configuration) -> dict[Place, tuple[str, ...]]:
    return {place: exchange.router.zones for place, exchange in configuration.exchanges.items()}


def test_mistakes_of_the_text_and_inside_the_stanzas_are_found_together() -> None:
    reading = examine_text("a {\n whoamI\n}\nb {\n log {\n class bad\n }\n}\n", "Corefile", {})

    with pytest.raises(CorefileError) as caught:
        plans_of(reading)

    assert [said(mistake).split("> ")[0] for mistake in caught.value.mistakes] == [
        "2 <whoamI",
        "6 <bad",
    ]


@pytest.mark.parametrize("text", ["", "# nothing\n", "(snippet) {\n whoami\n}\n"])
def test_a_corefile_without_a_server_block_cannot_be_served(text: str) -> None:
    reading = examine_text(text, "Corefile", {})

    with pytest.raises(StartError, match=r"the Corefile 'Corefile' has no server block"):
        plans_of(reading)


def test_blocks_of_one_port_share_a_listener() -> None:
    configuration = configured(
        "a.example b.example:1053 {\n whoami\n}\nc.example {\n whoami\n}\n", port=5300
    )

    assert places(configuration) == {
        Place("", 5300): ("a.example.", "c.example."),
        Place("", 1053): ("b.example.",),
    }


@pytest.mark.parametrize(
    ("address", "server"),
    [("", "dns://:53"), ("10.0.0.1", "dns://10.0.0.1:53"), ("::1", "dns://[::1]:53")],
)
def test_a_listener_has_the_name_that_metrics_give_it(address: str, server: str) -> None:
    configuration = configured(".:53 {\n errors\n whoami\n}\n", address=address)

    assert only(configuration).traffic.server == server
    assert configuration.enabled == ((server, ".", "errors"), (server, ".", "whoami"))


def test_a_directive_that_answers_nothing_is_in_use_too() -> None:
    configuration = configured("a {\n debug\n health :1\n whoami\n}\n")

    assert [name for *_, name in configuration.enabled] == ["debug", "health", "whoami"]


@pytest.mark.parametrize("directive", ["root /", "debug", "health :1", "ready :2"])
def test_a_block_whose_directives_answer_nothing_fails_and_says_so(directive: str) -> None:
    response = ask(only(configured(f". {{\n {directive}\n}}\n")), "a.")

    assert response.rcode() == dns.rcode.SERVFAIL
    assert "no directive of the server block '.' answers a." in str(response.options[0])


def test_a_directive_in_use_is_listed_for_each_zone_and_listener() -> None:
    configuration = configured("a b:1053 {\n whoami\n}\n")

    assert configuration.enabled == (
        ("dns://:53", "a.", "whoami"),
        ("dns://:1053", "b.", "whoami"),
    )


def test_what_directives_want_of_the_process_is_collected() -> None:
    configuration = configured(
        "a {\n health :1\n ready :2\n errors\n kubernetes a\n}\n"
        "b {\n prometheus :3\n kubernetes b\n}\n"
    )

    assert set(configuration.declarations) == {
        HealthListener(":1"),
        ReadyListener(":2"),
        MetricsListener(":3"),
    }
    assert {name: len(checks) for name, checks in configuration.ready.items()} == {"kubernetes": 2}
    assert len(configuration.ticks) == 2, "one of errors, one of the listener"


def test_kubernetes_is_ready_when_its_objects_are_there() -> None:
    feed = Feed()
    configuration = configured(". {\n kubernetes cluster.local\n}\n", feed)
    (check,) = configuration.ready["kubernetes"]
    before = check()

    feed.apply(objects_of(""), now=1)

    assert (before, check()) == (False, True)


def test_the_next_answer_after_a_change_is_right() -> None:
    feed = Feed()
    configuration = configured(". {\n kubernetes cluster.local\n}\n", feed)
    feed.apply(objects_of(CLUSTER), now=1)
    name = "web.shop.svc.cluster.local."
    before = records(ask(only(configuration), name))

    feed.apply(objects_of(CLUSTER.replace("10.96.4.7", "10.96.4.8")), now=2)

    assert before == [f"{name} 5 IN A 10.96.4.7"]
    assert records(ask(only(configuration), name)) == [f"{name} 5 IN A 10.96.4.8"]


def test_each_stanza_sees_the_cluster_through_its_own_selectors() -> None:
    class Selecting:
        """A source that shows nothing to those who want labels."""

        def objects(self, labels: str, namespace_labels: str) -> Iterable[object]:
            assert not namespace_labels
            return () if labels else objects_of(CLUSTER).objects("", "")

    feed = Feed()
    configuration = configured(
        "a {\n kubernetes\n}\nb {\n kubernetes {\n labels app=web\n }\n}\n", feed
    )

    feed.apply(Selecting(), now=1)  # type: ignore[arg-type]  # they are objects

    assert ask(only(configuration), "web.shop.svc.a.").rcode() == dns.rcode.NOERROR
    assert ask(only(configuration), "web.shop.svc.b.").rcode() == dns.rcode.NXDOMAIN


def test_a_question_within_a_question_goes_through_every_server_block() -> None:
    feed = Feed()
    configuration = configured(
        "cluster.local {\n kubernetes\n}\nother.local {\n kubernetes\n}\n", feed
    )
    feed.apply(objects_of(CLUSTER), now=1)

    answer = records(ask(only(configuration), "there.shop.svc.cluster.local."))

    assert answer == [
        "there.shop.svc.cluster.local. 5 IN CNAME web.shop.svc.other.local.",
        "web.shop.svc.other.local. 5 IN A 10.96.4.7",
    ]


def test_local_addresses_name_the_server_of_the_zone() -> None:
    feed = Feed()
    text = "cluster.local {\n kubernetes\n}\n"
    configuration = configured(text, feed, local_addresses=(bytes((10, 0, 0, 1)),))
    feed.apply(objects_of(""), now=1)

    answer = records(ask(only(configuration), "cluster.local.", RRType.NS))

    assert answer == ["cluster.local. 5 IN NS ns.dns.cluster.local."]


@pytest.mark.parametrize("reasons", [True, False])
def test_reasons_are_sent_or_not(reasons: bool) -> None:  # noqa: FBT001  a column of the table
    configuration = configured(". {\n whoami\n}\na {\n}\n", reasons=reasons)

    response = ask(only(configuration), "a.")

    assert response.rcode() == dns.rcode.REFUSED
    assert bool(response.options) is reasons


@pytest.mark.parametrize("wanted", [True, False])
def test_examples_of_durations_are_taken_when_they_are_wanted(wanted: bool) -> None:  # noqa: FBT001  a column of the table
    exchange = only(configured(". {\n whoami\n}\n", exemplars=wanted))

    assert (exchange.traffic.exemplars is not None) == wanted


def test_lines_of_directives_go_to_the_log_of_the_process() -> None:
    lines: list[str] = []
    configuration = configured(". {\n log\n whoami\n}\n", log=lines.append)

    ask(only(configuration), "a.")
    only(configuration).observe()

    (line,) = lines
    assert '"A IN a. udp ' in line


def test_a_bug_in_a_step_is_reported() -> None:
    configuration = configured(". {\n kubernetes cluster.local\n log\n}\n", log=lambda _: 1 / 0)

    ask(only(configuration), "a.")

    with pytest.raises(ZeroDivisionError):
        only(configuration).observe()


def test_beside_chaos_a_hosts_file_answers_no_other_class() -> None:
    exchange = only(configured(". {\n chaos v1\n hosts {\n 192.0.2.1 www.test\n }\n}\n"))

    there = ask(exchange, "www.test.")
    chaotic = ask(exchange, "version.bind.", RRType.TXT, RRClass.CH)
    missing = ask(exchange, "www.test.", RRType.A, RRClass.CH)

    assert records(there) == ["www.test. 3600 IN A 192.0.2.1"]
    assert records(chaotic) == ['version.bind. 0 CH TXT "v1"']
    assert (missing.rcode(), missing.answer) == (dns.rcode.SERVFAIL, [])
    (why,) = missing.options
    assert "answers www.test. in class CH; of all directives chaos" in why.to_text()
