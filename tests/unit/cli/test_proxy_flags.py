"""Flags and a configuration file come to settings; each mistake names its flag."""

import platform
from dataclasses import fields
from pathlib import Path

import pytest
import typer

from svcdns.app.proxy_settings import EVERYWHERE, ProxySettings
from svcdns.cli.proxy_flags import ProxyFlags, settings_of, with_flags
from svcdns.proxy.options import Network
from svcdns.wire.name import pack_address

CONFIG = """\
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
clientConnection: {kubeconfig: /etc/kube.conf}
ipvs: {scheduler: lc, strictARP: true}
oomScoreAdj: -999
"""


def test_without_flags_everything_has_kube_proxys_default() -> None:
    assert settings_of(ProxyFlags()) == ProxySettings(node=platform.node().lower())


def test_flags_become_values() -> None:
    settings = settings_of(
        ProxyFlags(
            mode="nftables",
            node="Node-A",
            node_addresses=["192.0.2.1", "2001:db8::1"],
            nodeport_networks=["all"],
            cluster_networks=["10.244.0.0/16,fd00::/64"],
            servers=["https://a,https://b"],
            masquerade_bit="15",
            drain_seconds="1m30s",
            strict_arp=False,
            healthz="",
        )
    )

    assert settings == ProxySettings(
        mode="nftables",
        node="node-a",
        node_addresses=(pack_address("192.0.2.1"), pack_address("2001:db8::1")),
        nodeport_networks=EVERYWHERE,
        cluster_networks=(
            Network(pack_address("10.244.0.0"), 16),
            Network(pack_address("fd00::"), 64),
        ),
        servers=("https://a", "https://b"),
        masquerade_bit=15,
        drain_seconds=90.0,
        healthz="",
    )


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (ProxyFlags(node_addresses=["x"]), "--node-address: 'x' is not an address"),
        (ProxyFlags(cluster_networks=["10.0.0.0/99"]), "--cluster-cidr: '10.0.0.0/99' is not a"),
        (ProxyFlags(scheduler="r-r"), "--ipvs-scheduler: 'r-r' is no scheduler"),
        (ProxyFlags(drain_seconds="soon"), "--drain-timeout: 'soon' is not a time"),
        (ProxyFlags(masquerade_bit="32"), "--iptables-masquerade-bit: '32' is not a number"),
        (ProxyFlags(metrics="10249"), "--metrics-bind-address: '10249' has no port"),
        (ProxyFlags(manifests="d", kubeconfig="f"), "--manifests is instead of an API server"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_a_mistake_names_its_flag(flags: ProxyFlags, complaint: str) -> None:
    with pytest.raises(typer.BadParameter, match=complaint):
        settings_of(flags)


def test_flags_win_over_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "config.conf"
    file.write_text(CONFIG, encoding="ascii")

    settings = settings_of(ProxyFlags(config=str(file), scheduler="sh", node="a"))

    assert (settings.scheduler, settings.strict_arp) == ("sh", True)
    assert settings.kubeconfig == "/etc/kube.conf"
    assert capsys.readouterr().err == (
        f"{file}:5: oomScoreAdj has no effect here: set it in the Pod\n"
    )


def test_manifests_win_over_the_kubeconfig_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "config.conf"
    file.write_text(CONFIG, encoding="ascii")

    settings = settings_of(ProxyFlags(config=str(file), manifests="dir"))

    assert (settings.kubeconfig, settings.manifests) == ("", "dir")


def test_a_file_with_mistakes_ends_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit):
        settings_of(ProxyFlags(config="/nosuch"))

    assert "cannot read '/nosuch'" in capsys.readouterr().err


def test_flags_without_effect_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    settings_of(ProxyFlags(ignored=["oom-score-adj"]))

    assert capsys.readouterr().err == "--oom-score-adj has no effect here: set it in the Pod\n"


def test_every_flag_is_a_field_of_the_settings() -> None:
    settings = {one.name for one in fields(ProxySettings)}

    assert {one.name for one in fields(ProxyFlags)} - settings == {"config", "ignored"}


def test_a_command_gets_what_was_typed_in_one_value() -> None:
    seen: list[ProxyFlags] = []

    @with_flags
    def command(word: str, *, flags: ProxyFlags) -> None:
        """Say it."""
        seen.append(flags)
        assert word == "now"

    app = typer.Typer(add_completion=False)
    app.command()(command)
    app(["now", "--node", "a", "--node-address", "192.0.2.1"], standalone_mode=False)

    assert [(one.node, one.node_addresses) for one in seen] == [("a", ["192.0.2.1"])]
    assert command.__doc__ == "Say it."
