"""A Corefile as svcdns takes it, imports from ConfigMaps with it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.app.doctor_finding import Level
from svcdns.app.migration_corefile import (
    Tree,
    Understood,
    lameduck_seconds,
    needs_pods,
    ports,
    understood,
)
from svcdns.app.migration_sources import Found
from tests.support.coredns_objects import COREFILE
from tests.support.tree import ROOT

CUSTOM = "/etc/coredns/custom/a.server"
COREFILES = sorted((ROOT / "tests/corefiles").iterdir())


def of(corefile: str, **files: str) -> Understood:
    return understood(Found(corefile, files=files), {})


def said(found: Understood, level: Level) -> list[str]:
    return [f"{one.name}: {one.text}" for one in found.findings if one.level is level]


def test_kubeadms_is_used_unchanged() -> None:
    found = of(COREFILE)

    assert said(found, Level.FAIL) == said(found, Level.WARN) == []
    first, *rest = said(found, Level.OK)
    assert first.startswith("Corefile: 1 server block, used unchanged: reload, ready, health, ")
    assert [one.partition(":")[0] for one in rest] == ["loop", "cache"]
    assert (lameduck_seconds(found.plans), needs_pods(found.plans)) == (5, False)
    assert ports(found.plans) == {53}


@pytest.mark.parametrize("folder", COREFILES, ids=lambda path: path.name)
def test_the_corefile_of_a_distribution_has_no_mistake(folder: Path) -> None:
    text = (folder / "Corefile").read_text(encoding="utf-8")

    found = understood(Found(text, folder=str(folder)), {})

    failures = said(found, Level.FAIL)
    assert bool(found.plans)
    assert failures == (
        ["kubernetes: no server block has it: this is not the Corefile of a cluster's DNS"]
        if folder.name == "nodelocaldns"
        else []
    )


@pytest.mark.parametrize("pattern", ["custom/*.server", "/etc/coredns/custom/*.server"])
def test_what_a_config_map_adds_is_read(pattern: str) -> None:
    found = of(f"{COREFILE}import {pattern}\n", **{CUSTOM: "a.example:54 {\n    whaomi\n}\n"})

    assert said(found, Level.FAIL) == [
        "custom/a.server:2: 'whaomi' is not a directive; did you mean 'whoami'?"
    ]


def test_what_lies_beside_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "custom").mkdir()
    (tmp_path / "custom/a.server").write_text("a.example:54 {\n    whoami\n}\n", encoding="ascii")
    text = f"{COREFILE}import /etc/coredns/custom/*.server\n"

    found = understood(Found(text, folder=str(tmp_path)), {})

    assert ports(found.plans) == {53, 54}


@pytest.mark.parametrize(
    ("line", "level", "text"),
    [
        ("dnssec", Level.FAIL, "dnssec"),
        ("pprof", Level.WARN, "it is read and has no effect"),
        ("trace", Level.WARN, "it is read and has no effect"),
        ("bufsize 4096", Level.WARN, "bufsize"),
    ],
)
def test_what_is_different_is_said(line: str, level: Level, text: str) -> None:
    found = of(COREFILE.replace("    errors\n", f"    errors\n    {line}\n"))

    assert any(text in one for one in said(found, level))


def test_every_pod_is_followed_only_if_the_corefile_says_so() -> None:
    found = of(COREFILE.replace("pods insecure", "pods verified"))

    assert needs_pods(found.plans)
    assert any(one.startswith("pods verified: ") for one in said(found, Level.WARN))


def test_variables_are_those_of_the_container() -> None:
    text = COREFILE.replace("cluster.local", "{$ZONE}")

    assert understood(Found(text), {"ZONE": "corp.local"}).plans
    assert said(understood(Found("# nothing\n"), {}), Level.FAIL) == [
        "Corefile: there is no server block: nothing would be served"
    ]


def test_a_file_that_is_in_no_config_map_cannot_be_read() -> None:
    tree = Tree({CUSTOM: "a"}, "")

    assert tree.read(CUSTOM) == "a"
    assert tree.glob("/etc/coredns/*/*.server") == [CUSTOM]
    assert tree.glob("/etc/coredns/*.server") == []
    with pytest.raises(FileNotFoundError):
        tree.read("/etc/passwd")


@given(text=st.text(max_size=200))
def test_any_text_comes_to_something(text: str) -> None:
    assert of(text).findings
