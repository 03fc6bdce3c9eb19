"""Packet filter modes can be shown before they are used: what is printed loads."""

import subprocess

import pytest

from svcdns.app.proxy_plan import planned
from svcdns.app.proxy_script import Script, script
from svcdns.app.proxy_settings import ProxySettings
from tests.support.namespaces import Network
from tests.support.tools import require
from tests.support.tree import ROOT


def written(mode: str, scheduler: str = "rr") -> Script | None:
    settings = ProxySettings(
        mode=mode, manifests=str(ROOT / "examples/shop"), node="node-a", scheduler=scheduler
    )
    return script(settings, planned(settings).desired)


@pytest.mark.parametrize("mode", ["ipvs", "userspace"])
def test_a_mode_that_is_no_packet_filter_has_no_script(mode: str) -> None:
    assert written(mode) is None


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("nftables", ("table ip svcdns {", "table ip6 svcdns {", "10.96.4.7 . tcp . 80")),
        ("iptables", ("iptables-restore --noflush <<'END'\n", "ip6tables-restore", "-d 10.96.4.7")),
    ],
)
def test_a_packet_filter_mode_has_one(mode: str, words: tuple[str, ...]) -> None:
    found = written(mode)

    assert found is not None
    assert not found.failures
    assert all(word in found.text for word in words)


def test_what_the_mode_cannot_do_is_named() -> None:
    found = written("nftables", "lc")

    assert found is not None
    assert len(found.failures) >= 14
    assert "scheduler lc" in found.failures[0].cause


@pytest.mark.parametrize(
    ("mode", "program", "package"),
    [("nftables", "nft -f -", "nftables"), ("iptables", "sh -e", "iptables")],
)
def test_what_is_printed_loads(mode: str, program: str, package: str) -> None:
    name, *words = program.split()
    found = written(mode)
    assert found is not None
    require("iptables-restore" if name == "sh" else name, package=package)
    with Network() as network, network.inside():
        done = subprocess.run(
            [name, *words], input=found.text, capture_output=True, text=True, check=False
        )

    assert (done.returncode, done.stderr) == (0, "")
