"""kube-proxy's configuration file is read; what has no effect is named, mistakes have a place."""

from pathlib import Path

import pytest

from svcdns.app.proxy_config import (
    FIELDS,
    WITHOUT_EFFECT,
    ProxyConfig,
    ProxyConfigError,
    parse_config,
    read_config,
)
from svcdns.proxy.options import Network

HEAD = "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n"
KUBEADM = """\
apiVersion: kubeproxy.config.k8s.io/v1alpha1
bindAddress: 0.0.0.0
bindAddressHardFail: false
clientConnection:
  acceptContentTypes: ""
  burst: 0
  contentType: ""
  kubeconfig: /var/lib/kube-proxy/kubeconfig.conf
  qps: 0
clusterCIDR: 10.244.0.0/16,fd00:10:244::/56
configSyncPeriod: 0s
conntrack: {maxPerCore: null, min: null, tcpBeLiberal: false, udpTimeout: 0s}
detectLocal: {bridgeInterface: "", interfaceNamePrefix: ""}
detectLocalMode: ""
enableProfiling: false
healthzBindAddress: ""
hostnameOverride: ""
iptables: {localhostNodePorts: null, masqueradeAll: false, masqueradeBit: null, syncPeriod: 0s}
ipvs: {excludeCIDRs: null, minSyncPeriod: 0s, scheduler: "", strictARP: false, tcpTimeout: 0s}
kind: KubeProxyConfiguration
logging: {flushFrequency: 0, options: {json: {infoBufferSize: "0"}}, verbosity: 0}
metricsBindAddress: ""
mode: ""
nftables: {masqueradeAll: false, masqueradeBit: null, minSyncPeriod: 0s, syncPeriod: 0s}
nodePortAddresses: null
oomScoreAdj: null
portRange: ""
showHiddenMetricsForVersion: ""
winkernel: {enableDSR: false, networkName: ""}
"""


def parsed(text: str) -> ProxyConfig:
    return parse_config((HEAD + text).encode(), "config.conf")


def mistakes(text: str) -> list[str]:
    with pytest.raises(ProxyConfigError) as caught:
        parsed(text)
    return str(caught.value).splitlines()


def test_what_kubeadm_writes_says_two_things() -> None:
    config = parse_config(KUBEADM.encode(), "config.conf")

    assert config == ProxyConfig(
        {
            "kubeconfig": "/var/lib/kube-proxy/kubeconfig.conf",
            "cluster_networks": (
                Network(bytes((10, 244, 0, 0)), 16),
                Network(bytes.fromhex("fd000010024400000000000000000000"), 56),
            ),
        }
    )


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("mode: nftables", {"mode": "nftables"}),
        ("hostnameOverride: Node-A", {"node": "node-a"}),
        ("nodePortAddresses: [10.0.0.0/8]", {"nodeport_networks": (Network(b"\n\0\0\0", 8),)}),
        ("nodePortAddresses: [primary]", {"nodeport_networks": ()}),
        ("ipvs: {scheduler: sh, strictARP: true}", {"scheduler": "sh", "strict_arp": True}),
        ("ipvs: {excludeCIDRs: [10.0.0.0/8]}", {"exclude": (Network(b"\n\0\0\0", 8),)}),
        ("ipvs: {syncPeriod: 10s}", {"sync_seconds": 10.0}),
        ("ipvs: {minSyncPeriod: 1s}", {"min_sync_seconds": 1.0}),
        ("ipvs: {tcpTimeout: 15m}", {"tcp_seconds": 900.0}),
        ("ipvs: {tcpFinTimeout: 1m}", {"tcp_fin_seconds": 60.0}),
        ("ipvs: {udpTimeout: 5s}", {"udp_seconds": 5.0}),
        ("iptables: {masqueradeAll: true}", {"masquerade_all": True}),
        ("iptables: {masqueradeBit: 0}", {"masquerade_bit": 0}),
        ("healthzBindAddress: 127.0.0.1", {"healthz": "127.0.0.1:10256"}),
        ("metricsBindAddress: 0.0.0.0:9000", {"metrics": "0.0.0.0:9000"}),
        ("# nothing", {}),
    ],
)
def test_a_field_has_its_value(text: str, values: dict[str, object]) -> None:
    config = parsed(text)

    assert config.values == values
    assert not config.warnings


def test_the_sections_of_the_mode_count() -> None:
    config = parsed(
        "mode: nftables\n"
        "nftables: {masqueradeAll: true, syncPeriod: 9s}\n"
        "iptables: {masqueradeBit: 3}\n"
        "ipvs: {syncPeriod: 7s}\n"
    )

    assert config.values == {"mode": "nftables", "masquerade_all": True, "sync_seconds": 9.0}
    assert config.warnings == (
        "config.conf:5: iptables.masqueradeBit has no effect in this mode",
        "config.conf:6: ipvs.syncPeriod has no effect in this mode",
    )


def test_what_has_no_effect_is_named_with_the_reason() -> None:
    config = parsed("oomScoreAdj: -999\nconntrack: {min: 5}\nclientConnection: {qps: 5}\n")

    assert config.warnings == (
        "config.conf:3: oomScoreAdj has no effect here: set it in the Pod",
        "config.conf:4: conntrack has no effect here: set net.netfilter.nf_conntrack_* on the node",
        "config.conf:5: clientConnection.qps has no effect here: only its kubeconfig counts",
    )


def test_an_unknown_field_is_named_and_a_near_one_offered() -> None:
    config = parsed("ipvs:\n  schedular: lc\nfoo: 1\n")

    assert config.warnings == (
        (
            "config.conf:4: ipvs.schedular is not a field of KubeProxyConfiguration; did you mean "
            "ipvs.scheduler?"
        ),
        "config.conf:5: foo is not a field of KubeProxyConfiguration",
    )


def test_all_mistakes_come_at_once_with_their_lines() -> None:
    assert mistakes(
        "mode: ebpf\n"
        "clusterCIDR: 10.0.0.0/99\n"
        "nodePortAddresses: [1]\n"
        "ipvs:\n"
        "  syncPeriod: 5\n"
        "iptables:\n"
        "  masqueradeBit: 77\n"
        "  masqueradeAll: 'yes'\n"
    ) == [
        "config.conf:3: mode: 'ebpf' is no mode: ipvs, nftables, iptables, userspace, auto",
        "config.conf:4: clusterCIDR: '10.0.0.0/99' is not a network: write 10.244.0.0/16",
        "config.conf:5: nodePortAddresses has to be a list of texts",
        "config.conf:7: ipvs.syncPeriod: '5' is not a time: write 30s, 500ms or 1m30s",
        "config.conf:9: iptables.masqueradeBit: '77' is not a number from 0 to 31",
        "config.conf:10: iptables.masqueradeAll has to be true or false",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: [", "x:2: "),
        ("a: !!nosuch 1", "x:1: the tag"),
        ("kind: ConfigMap", "x: there is no KubeProxyConfiguration in it"),
        ("", "x: there is no KubeProxyConfiguration in it"),
        (
            "kind: KubeProxyConfiguration\napiVersion: v2",
            "x:2: apiVersion: 'v2' is not kubeproxy.config.k8s.io/v1alpha1",
        ),
    ],
)
def test_another_file_is_refused(text: str, problem: str) -> None:
    with pytest.raises(ProxyConfigError) as caught:
        parse_config(text.encode(), "x")

    assert str(caught.value).startswith(problem)


def test_of_several_documents_the_right_one_is_read(tmp_path: Path) -> None:
    file = tmp_path / "config.conf"
    file.write_text(f"kind: Other\n---\n{HEAD}mode: userspace\n", encoding="ascii")

    assert read_config(str(file)).values == {"mode": "userspace"}


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(ProxyConfigError, match=r"cannot read '/nosuch': No such file"):
        read_config("/nosuch")


def test_no_field_both_counts_and_has_no_effect() -> None:
    assert not FIELDS.keys() & WITHOUT_EFFECT.keys()
