"""The mode that takes kube-proxy's place."""

import pytest
import yaml

from tests.support.helm import MODES, Helm, merged


def test_the_proxy_s_pods_do_not_get_dns_queries(helm: Helm) -> None:
    rendered = helm.render(MODES["proxy"])

    assert rendered.pod["metadata"]["labels"]["k8s-app"] == "svcdns"


def test_the_proxy_runs_on_the_node_and_not_through_what_it_makes(helm: Helm) -> None:
    values = merged(MODES["proxy"], {"proxy": {"clusterCIDR": "10.244.0.0/16"}})

    rendered = helm.render(values)

    spec = rendered.pod["spec"]
    assert spec["hostNetwork"] is True
    assert spec["dnsPolicy"] == "Default"
    assert spec["priorityClassName"] == "system-node-critical"
    assert spec["tolerations"] == [{"operator": "Exists"}]
    variables = {one["name"]: one.get("value") for one in rendered.container["env"]}
    assert variables["KUBERNETES_SERVICE_HOST"] == "192.0.2.1"
    assert variables["KUBERNETES_SERVICE_PORT"] == "6443"
    arguments = rendered.container["args"]
    assert arguments[:2] == ["proxy", "--node=$(NODE_NAME)"]
    assert {"--mode=nftables", "--cluster-cidr=10.244.0.0/16"} < {*arguments}
    places = {path: one["hostPath"]["path"] for path, one in rendered.mounted.items()}
    assert places == {path: path for path in places}
    assert places.keys() == {"/lib/modules", "/run/svcdns", "/run/xtables.lock", "/var/lib/svcdns"}


@pytest.mark.parametrize(
    ("proxy", "is_privileged"),
    [
        ({}, False),
        ({"mode": "iptables"}, False),
        ({"mode": "ipvs"}, True),
        ({"mode": ""}, True),
        ({"mode": "ipvs", "privileged": False}, False),
        ({"privileged": True}, True),
    ],
)
def test_the_proxy_has_the_rights_of_its_mode(
    helm: Helm,
    proxy: dict[str, object],
    is_privileged: bool,  # noqa: FBT001
) -> None:
    context = helm.render(merged(MODES["proxy"], {"proxy": proxy})).container["securityContext"]

    assert context["readOnlyRootFilesystem"] is True
    assert context["runAsUser"] == 0
    assert context.get("privileged", False) is is_privileged
    if not is_privileged:
        assert context["capabilities"] == {"drop": ["ALL"], "add": ["NET_ADMIN"]}
        assert context["allowPrivilegeEscalation"] is False


def test_the_proxy_takes_kube_proxy_s_own_configuration(helm: Helm) -> None:
    values = {"mode": "proxy", "proxy": {"existingConfigMap": "kube-proxy"}}

    rendered = helm.render(values)

    assert "--config=/var/lib/kube-proxy/config.conf" in rendered.container["args"]
    assert rendered.mounted["/var/lib/kube-proxy"]["configMap"] == {"name": "kube-proxy"}
    assert {one["name"] for one in rendered.container["env"]} == {"NODE_NAME"}


def test_the_proxy_takes_a_configuration_from_values(helm: Helm) -> None:
    values = merged(MODES["proxy"], {"proxy": {"config": {"ipvs": {"scheduler": "lc"}}}})

    rendered = helm.render(values)

    written = yaml.safe_load(rendered.one("ConfigMap")["data"]["config.conf"])
    assert written == {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "ipvs": {"scheduler": "lc"},
    }
    assert rendered.mounted["/var/lib/kube-proxy"]["configMap"] == {"name": "svcdns"}
