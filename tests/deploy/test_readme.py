"""What deploy/README.md and the kind configuration say, against what is there."""

import re
import shlex

import pytest
import yaml

from tests.support.kustomize import NAMES, OVERLAYS
from tests.support.tree import ROOT

README = (ROOT / "deploy/README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
COMMANDS = [
    line for block in BLOCKS for line in block.replace("\\\n", " ").splitlines() if line.strip()
]
WORKLOADS = {"deployment/svcdns", "daemonset/svcdns-proxy", "deployment/coredns"}


@pytest.mark.parametrize("overlay", NAMES)
def test_an_overlay_is_listed_and_its_commands_shown(overlay: str) -> None:
    assert f"| `overlays/{overlay}` |" in README
    assert f"deploy/overlays/{overlay}" in README or overlay == "standalone"


def test_every_folder_that_is_applied_is_there() -> None:
    applied = {
        words[words.index("-k") + 1] for words in map(shlex.split, COMMANDS) if "-k" in words
    }

    assert applied
    for folder in applied:
        assert (ROOT / folder / "kustomization.yaml").is_file()


def test_what_is_waited_for_is_what_is_made() -> None:
    named = set(re.findall(r"\b(?:deployment|daemonset)/[\w-]+", "\n".join(COMMANDS)))

    assert named == WORKLOADS


def test_what_is_replaced_comes_back_before_the_rest_goes() -> None:
    (back,) = (one for one in BLOCKS if "delete -k deploy/overlays/replace" in one)

    up, wait, away = back.splitlines()
    assert "scale deployment/coredns --replicas=2" in up
    assert "rollout status deployment/coredns" in wait
    assert "delete -k" in away


def test_kind_leaves_out_what_svcdns_brings_and_skips_what_it_always_does() -> None:
    cluster = yaml.safe_load((ROOT / "deploy/kind-with-svcdns.yaml").read_text())

    (patch,) = map(yaml.safe_load, cluster["kubeadmConfigPatches"])
    assert (cluster["kind"], cluster["apiVersion"]) == ("Cluster", "kind.x-k8s.io/v1alpha4")
    assert cluster["networking"] == {"kubeProxyMode": "none"}
    assert patch == {
        "kind": "InitConfiguration",
        "skipPhases": ["preflight", "addon/coredns", "addon/kube-proxy"],
    }


def test_the_image_has_one_name_in_all_overlays() -> None:
    files = [ROOT / "deploy/base/kustomization.yaml", OVERLAYS / "proxy/kustomization.yaml"]
    images = [yaml.safe_load(file.read_text())["images"] for file in files]

    assert images[0] == images[1] == [{"name": "svcdns", "newName": "svcdns", "newTag": "dev"}]
    assert "docker build -t svcdns:dev ." in COMMANDS
    assert "kind load docker-image svcdns:dev" in COMMANDS
