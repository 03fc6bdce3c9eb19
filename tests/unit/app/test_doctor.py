"""Which checks a request comes to, and how bad what they find is for it."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from svcdns.app.doctor import Request, checks, weighed
from svcdns.app.doctor_finding import Check, Level, fail

NOT_OURS = ".:0 {\n    whoami\n}\n"
OF_A_CLUSTER = """\
.:1053 {
    kubernetes cluster.local {
        pods verified
    }
    forward . resolv.conf 198.51.100.53
    forward corp.example 198.51.100.54
}
"""


def names(found: Sequence[Check]) -> list[str]:
    return [f"{one.section} {one.name}" for one in found]


@pytest.fixture
def corefile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The Corefile of a cluster, in the working folder with a resolv.conf."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "resolv.conf").write_text("nameserver 198.51.100.55\n", encoding="ascii")
    path = tmp_path / "Corefile"
    path.write_text(OF_A_CLUSTER, encoding="ascii")
    return path


def test_without_a_section_everything_is_looked_at() -> None:
    assert names(checks(Request())) == [
        "api API server",
        "api certificates",
        "api clock",
        "dns Corefile",
        "dns ports",
        "dns /etc/resolv.conf",
        "dns upstreams",
        "dns files",
        "proxy port 10249",
        "proxy port 10256",
        "proxy kernel",
        "proxy rights",
        "proxy conntrack",
    ]


@pytest.mark.parametrize("section", ["dns", "proxy", "api"])
def test_a_section_can_be_chosen(section: str) -> None:
    assert {one.section for one in checks(Request((section,)))} == {section}


def test_who_waits_longer_waits_longer_for_each_answer(corefile: Path) -> None:
    found = checks(Request(("api", "dns"), corefile=str(corefile), seconds=60))

    looks = {one.name: one.look for one in found if isinstance(one.look, partial)}
    assert looks["API server"].args[1].seconds == 60
    assert looks["certificates"].keywords == {"seconds": 60}
    assert looks["upstreams"].keywords == {"seconds": 60}


def test_each_upstream_stanza_and_each_file_is_a_check(corefile: Path) -> None:
    found = names(checks(Request(("dns",), corefile=str(corefile))))

    assert found == [
        "dns Corefile",
        "dns ports",
        "dns resolv.conf",
        "dns upstreams",
        "dns upstreams",
        "dns files",
    ]


def test_a_corefile_without_a_cluster_needs_no_api_server(tmp_path: Path) -> None:
    path = tmp_path / "Corefile"
    path.write_text(NOT_OURS, encoding="ascii")

    assert checks(Request(("api",), corefile=str(path))) == []
    assert checks(Request(("api", "proxy"), corefile=str(path)))[0].name == "API server"


def of_corefile(path: Path) -> tuple[Level, str, tuple[str, ...]]:
    check = checks(Request(("dns",), corefile=str(path)))[0]
    (finding,) = check.look()
    return finding.level, finding.text, finding.remedy


def test_a_good_corefile_is_counted(corefile: Path) -> None:
    assert of_corefile(corefile)[:2] == (
        Level.OK,
        f"{corefile}: 1 server block, no mistakes",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (".:53 {\n    whaomi\n}\n", "1 mistake: 'whaomi' is not a directive"),
        ("# nothing\n", "has no server block"),
    ],
)
def test_a_bad_corefile_is_a_failure(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "Corefile"
    path.write_text(text, encoding="ascii")

    level, found, remedy = of_corefile(path)

    assert level is Level.FAIL
    assert said in found
    assert remedy == (f"svcdns check {path}",)


def test_a_corefile_that_is_not_there_is_a_failure(tmp_path: Path) -> None:
    level, text, _ = of_corefile(tmp_path / "missing")

    assert level is Level.FAIL
    assert "cannot be read: No such file or directory" in text


def test_the_programs_of_a_packet_filter_have_a_check_of_their_own() -> None:
    assert "proxy nftables" in names(checks(Request(("proxy",), mode="nftables")))
    assert "proxy iptables" in names(checks(Request(("proxy",), mode="iptables")))


def test_what_only_a_proxy_needs_fails_only_when_it_was_asked_for() -> None:
    found = [fail("kernel", "no ip_vs")._replace(section="proxy"), fail("port 53", "taken")]

    everything, proxy = weighed(found, Request()), weighed(found, Request(("proxy",)))

    assert [one.level for one in everything] == [Level.WARN, Level.FAIL]
    assert everything[0].text == "no ip_vs (only svcdns proxy needs it)"
    assert proxy == found
