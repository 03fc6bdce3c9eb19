"""Which server blocks of distributions have the quick way of a miss, `route.errands`."""

from pathlib import Path

import pytest

from svcdns.app.build import Surroundings, configure, plans_of
from svcdns.app.feed import Feed
from svcdns.app.files import examine_text
from tests.distributions.conftest import COREFILES

UPSTREAM = "198.51.100.53"
WITHOUT = {
    ("digitalocean", "."): "log writes a line for every exchange",
    ("kubespray", "stub.test."): "log writes a line for every exchange",
    ("minikube", "."): "log writes a line for every exchange",
    ("nodelocaldns", "cluster.local."): "force_tcp asks over a stream",
    ("nodelocaldns", "in-addr.arpa."): "force_tcp asks over a stream",
    ("nodelocaldns", "ip6.arpa."): "force_tcp asks over a stream",
    ("openshift", "hostname.bind."): "it forwards nothing",
    ("ovhcloud", "."): "log writes a line for every exchange",
}
"""Distribution and zone -> why its questions go the longer way."""


def with_and_without(folder: Path) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """The blocks of a Corefile that have errands, and the others: its name, and the zone."""
    text = (folder / "Corefile").read_text(encoding="utf-8")
    text = text.replace("/etc/coredns/", f"{folder}/").replace("/etc/resolv.conf", UPSTREAM)
    reading = examine_text(text, str(folder / "Corefile"), {})
    configuration = configure(plans_of(reading), Surroundings(Feed(), log=lambda _: None))
    found: dict[bool, set[tuple[str, str]]] = {True: set(), False: set()}
    for exchange in configuration.exchanges.values():
        for route in exchange.router.routes:
            found[route.way is not None and route.is_bare].add((folder.name, route.zone))
    return found[True], found[False]


@pytest.mark.parametrize("name", [folder.name for folder in COREFILES.iterdir()])
def test_a_block_passes_plain_questions_on_as_they_are_unless_there_is_a_reason(name: str) -> None:
    having, lacking = with_and_without(COREFILES / name)

    assert {block for block in WITHOUT if block[0] == name} == lacking
    assert not having & lacking
    assert having | lacking
