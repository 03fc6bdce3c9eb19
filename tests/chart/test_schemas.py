"""Every object of every mode, by the schemas of the oldest and the newest Kubernetes it is for.

The schemas are strict: a field they do not know is a mistake.
"""

import kubernetes_validate
import pytest
import yaml

from tests.support.helm import CHART, EVERYTHING, MODES, Helm, Values, merged

OLDEST, NEWEST = "1.28", "1.37"
FOREIGN = {"ServiceMonitor", "PrometheusRule"}
"""Kinds of the Prometheus operator."""

HPA = {"hpa": {"enabled": True}}
SPREAD = {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}
CASES: dict[str, Values] = {
    "defaults": {},
    "everything": EVERYTHING,
    "extras": {
        "image": {"pullSecrets": ["a"]},
        "env": [{"name": "A", "value": "b"}],
        "extraVolumes": [{"name": "keys", "emptyDir": {}}],
        "extraVolumeMounts": [{"name": "keys", "mountPath": "/keys"}],
        "extraSecrets": [{"name": "tls", "mountPath": "/tls", "defaultMode": 288}],
        "deployment": {"dnsConfig": {"nameservers": ["192.0.2.1"]}},
        "customAnnotations": {"a": "b"},
        "topologySpreadConstraints": [SPREAD],
    },
}


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("mode", MODES)
def test_every_object_is_as_its_schema_says(helm: Helm, mode: str, case: str, version: str) -> None:
    more = HPA if case == "everything" and mode != "proxy" else {}

    rendered = helm.render(merged(CASES[case], more, MODES[mode]))

    checked = [
        kubernetes_validate.validate(one, version, strict=True)
        for one in rendered.objects
        if one["kind"] not in FOREIGN
    ]
    assert {*checked} == {version}


def test_the_oldest_of_them_is_the_oldest_that_helm_lets_in() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())

    assert chart["kubeVersion"] == f">={OLDEST}.0-0"
