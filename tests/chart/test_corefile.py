"""The Corefile that the chart writes, and what `svcdns check` says of it."""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from svcdns.cli.main import app
from tests.support.helm import MODES, Helm, merged
from tests.support.tree import ROOT

RAW = ".:53 {\n    errors\n    whoami\n}"

SERVERS: dict[str, list[dict[str, Any]]] = {
    "no zone and no port": [{"plugins": [{"name": "whoami"}]}],
    "several zones": [
        {
            "zones": [{"zone": "a.example", "use_tcp": True}, {"zone": "b.example"}],
            "port": 53,
            "plugins": [{"name": "errors"}, {"name": "forward", "parameters": ". 192.0.2.53"}],
        }
    ],
    "several servers": [
        {
            "zones": [{"zone": "cluster.local"}, {"zone": "in-addr.arpa"}],
            "port": 1053,
            "plugins": [{"name": "kubernetes", "configBlock": "pods verified\nttl 5"}],
        },
        {"zones": [{"zone": "."}], "port": 1053, "plugins": [{"name": "whoami"}]},
    ],
    "scheme": [{"zones": [{"zone": ".", "scheme": "dns://"}], "plugins": [{"name": "whoami"}]}],
    "numbers": [
        {
            "plugins": [
                {"name": "bufsize", "parameters": 1232},
                {"name": "cache", "parameters": 3600000},
                {"name": "whoami"},
            ]
        }
    ],
    "blocks with blocks": [
        {
            "plugins": [
                {"name": "cache", "configBlock": "success 9984 30\ndenial 9984 5\n"},
                {
                    "name": "template",
                    "parameters": "IN A example",
                    "configBlock": 'answer "{{ .Name }} 60 IN A 192.0.2.1"',
                },
            ]
        }
    ],
}


def check(text: str, folder: Path) -> None:
    """Fail with what `svcdns check` says against a Corefile."""
    file = folder / "Corefile"
    file.write_text(text)

    checked = CliRunner().invoke(app, ["check", "-v", str(file)])

    assert checked.exit_code == 0, checked.output + text


@pytest.mark.parametrize("mode", ["replace", "canary", "standalone"])
def test_the_corefile_without_values_is_kubeadm_s_and_good(
    helm: Helm, tmp_path: Path, mode: str
) -> None:
    text = helm.render(MODES[mode]).corefile

    check(text, tmp_path)
    kubeadm = (ROOT / "tests/corefiles/kubeadm/Corefile").read_text().split()
    without = "{ disable success cluster.local disable denial cluster.local }"
    assert text.split() == " ".join(kubeadm).replace(f"cache 30 {without}", "cache 30").split()


@pytest.mark.parametrize("name", SERVERS)
def test_a_corefile_of_values_is_good(helm: Helm, tmp_path: Path, name: str) -> None:
    check(helm.render({"servers": SERVERS[name]}).corefile, tmp_path)


def test_a_port_stands_behind_each_zone(helm: Helm) -> None:
    text = helm.render({"servers": SERVERS["several zones"]}).corefile

    assert text.splitlines()[0] == "a.example:53 b.example:53 {"


def test_a_large_number_stays_a_number(helm: Helm) -> None:
    text = helm.render({"servers": SERVERS["numbers"]}).corefile

    assert "    cache 3600000\n" in text


def test_lines_of_a_block_are_indented_below_their_directive(helm: Helm) -> None:
    text = helm.render({"servers": SERVERS["blocks with blocks"]}).corefile

    assert text.splitlines()[1:5] == [
        "    cache {",
        "        success 9984 30",
        "        denial 9984 5",
        "    }",
    ]


def test_further_lines_stand_in_front(helm: Helm) -> None:
    values = {"extraConfig": {"import": {"parameters": "custom/*.server"}}}

    text = helm.render(values).corefile

    assert text.splitlines()[:2] == ["import custom/*.server", ".:53 {"]


def test_a_whole_corefile_is_taken_as_it_is(helm: Helm) -> None:
    assert helm.render({"corefile": RAW}).corefile == f"{RAW}\n"


def test_zone_files_lie_beside_the_corefile(helm: Helm) -> None:
    zone = "@ 60 IN SOA ns root 1 60 60 60 60\n@ 60 IN NS ns\nns 60 IN A 192.0.2.1"
    values = {"zoneFiles": [{"filename": "a.example.db", "domain": "a.example", "contents": zone}]}

    configured = helm.render(values).one("ConfigMap")["data"]

    assert configured["a.example.db"] == f"{zone}\n"


@pytest.mark.parametrize(
    ("listed", "opened", "offered"),
    [
        ([], [53], [53]),
        ([8053], [8053], [53]),
        ([8053, 9053], [8053, 9053], [53, 9053]),
        ([8053, 53], [8053, 53], [8053, 53]),
    ],
)
@pytest.mark.parametrize("source", [{"corefile": RAW}, {"existingConfigMap": "theirs"}])
def test_ports_of_a_corefile_that_is_taken_as_it_is_can_be_said(
    helm: Helm, source: dict[str, str], listed: list[int], opened: list[int], offered: list[int]
) -> None:
    values = {**source, "dnsPorts": listed, "networkPolicy": {"enabled": True}}

    rendered = helm.render(values)

    ports = {one["name"]: one["containerPort"] for one in rendered.container["ports"]}
    service = rendered.one("Service")["spec"]["ports"]
    assert [ports[one["targetPort"]] for one in service if one["protocol"] == "UDP"] == opened
    assert [one["port"] for one in service if one["protocol"] == "UDP"] == offered
    let_in = rendered.one("NetworkPolicy")["spec"]["ingress"][0]["ports"]
    assert [one["port"] for one in let_in if one["protocol"] == "UDP"] == opened


def test_each_port_of_dns_is_opened_once(helm: Helm) -> None:
    values = merged(MODES["standalone"], {"servers": SERVERS["several servers"]})

    ports = helm.render(values).container["ports"]

    assert [one["containerPort"] for one in ports if one["name"].startswith("dns")] == [1053, 1053]
