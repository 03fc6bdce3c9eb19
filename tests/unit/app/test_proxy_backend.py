"""A mode has its backend; what cannot be read here is said with what to do."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from svcdns.app import proxy_backend
from svcdns.app.proxy_plan import planned
from svcdns.app.proxy_script import script
from svcdns.app.proxy_settings import ProxySettings
from svcdns.app.start_error import StartError
from svcdns.dataplane.filter import FilterOptions
from svcdns.dataplane.sole_proxy import Sign
from svcdns.proxy.diff import diff
from svcdns.proxy.model import Desired
from svcdns.proxy.options import Network as Range
from tests.support.namespaces import Network
from tests.support.tools import require
from tests.support.tree import ROOT


@pytest.mark.parametrize("mode", ["ipvs", "nftables", "iptables", "userspace"])
def test_a_mode_has_the_backend_of_its_name(mode: str) -> None:
    settings = ProxySettings(mode=mode, packet_filter="iptables", listen="127.0.0.1")

    backend = proxy_backend.backend_of(settings)

    assert backend.name == mode
    backend.close()


def test_auto_is_no_backend() -> None:
    with pytest.raises(StartError, match="name one of the others"):
        proxy_backend.backend_of(ProxySettings(mode="auto"))


def test_the_packet_filter_gets_what_the_settings_say() -> None:
    settings = ProxySettings(
        masquerade_bit=3, masquerade_all=True, cluster_networks=(Range(bytes(4), 8),)
    )

    options = proxy_backend.filter_options(settings)

    assert options == FilterOptions(8, masquerade_all=True, cluster_networks=((bytes(4), 8),))


@pytest.mark.parametrize("name", ["nftables", "iptables"])
def test_a_packet_filter_can_be_named(name: str) -> None:
    assert proxy_backend.packet_filter_of(ProxySettings(packet_filter=name)).name == name


def test_the_first_packet_filter_that_works_is_taken() -> None:
    with Network() as network, network.inside():
        found = proxy_backend.packet_filter_of(ProxySettings())

    assert found.name in {"nftables", "iptables"}


def test_what_userspace_has_only_its_process_knows() -> None:
    settings = ProxySettings(mode="userspace", listen="127.0.0.1")

    with pytest.raises(StartError, match="is known to its process alone\n  next  curl "):
        proxy_backend.observed(settings, Desired())


@pytest.mark.skipif(Path("/proc/net/ip_vs").exists(), reason="this kernel has IPVS")
def test_a_kernel_without_ipvs_is_told_what_it_needs() -> None:
    with pytest.raises(StartError, match="modprobe ip_vs"):
        proxy_backend.observed(ProxySettings(), Desired())


def test_where_nothing_is_left_there_is_nothing_to_clean() -> None:
    with Network() as network, network.inside():
        assert proxy_backend.clean(ProxySettings(), and_kube_proxys=True) == ()


def test_a_proxy_that_runs_is_not_cleaned_away() -> None:
    with Network() as network, network.inside():
        sign = Sign()
        sign.take()
        with pytest.raises(StartError, match="another svcdns is: process"):
            proxy_backend.clean(ProxySettings())
        sign.give_back()


def test_what_a_kube_proxy_that_runs_has_made_is_not_cleaned_away(tmp_path: Path) -> None:
    program = tmp_path / "kube-proxy"
    shutil.copy(require("sleep", package="coreutils"), program)
    with (
        Network() as network,
        network.inside(),
        subprocess.Popen([program, "60"]) as process,
    ):
        with pytest.raises(
            StartError, match=f"kube-proxy runs: process {process.pid}\n  next  let"
        ):
            proxy_backend.clean(ProxySettings(), and_kube_proxys=True)
        assert proxy_backend.clean(ProxySettings()) == ()
        process.kill()


@pytest.mark.parametrize(
    ("mode", "words"), [("nftables", ("nft", "-f", "-")), ("iptables", ("sh", "-e"))]
)
def test_what_packet_filters_have_is_seen_beside_their_process(
    mode: str, words: tuple[str, ...]
) -> None:
    require("nft" if mode == "nftables" else "iptables-restore", package=mode)
    settings = ProxySettings(mode=mode, manifests=str(ROOT / "examples/shop"), node="node-a")
    desired = planned(settings).desired
    made = script(settings, desired)
    assert made is not None
    with Network() as network, network.inside():
        assert not proxy_backend.observed(settings, desired).realized.virtual_servers
        subprocess.run(words, input=made.text, text=True, check=True)

        found = proxy_backend.observed(settings, desired).realized
        cleaned = proxy_backend.clean(replace(settings, mode="ipvs"))
        left = proxy_backend.observed(settings, desired).realized

    assert diff(desired, found) == ()
    assert not left.virtual_servers
    assert [mode in what for what in cleaned] == [True]
