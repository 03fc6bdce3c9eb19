"""What is found is shown in lines, as JSON, and in the exit code."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from svcdns.app.doctor_finding import fail, ok, warn
from svcdns.cli.doctor import as_json, lines, summary
from svcdns.cli.main import app
from tests.support.live_api import LiveApi, live_api
from tests.support.upstreams import closed_port

FINDINGS = [
    ok("port 53", "free (udp, tcp)")._replace(section="dns"),
    warn("resolv.conf", "a stub\x1b[31m", "use another")._replace(section="dns"),
    fail("permission", "cannot list", "kubectl a", "kubectl b")._replace(section="api"),
]
COREFILE = """\
.:0 {
    kubernetes cluster.local
    health 127.0.0.1:0
}
"""


def doctor(*words: str) -> Result:
    return CliRunner().invoke(app, ["doctor", "--timeout", "60", *words])


@pytest.fixture
def api() -> Iterator[LiveApi]:
    with live_api() as api:
        yield api


@pytest.fixture
def corefile(tmp_path: Path) -> str:
    """One whose ports are free and which forwards nowhere."""
    path = tmp_path / "Corefile"
    path.write_text(COREFILE, encoding="ascii")
    return str(path)


def test_each_finding_is_a_line_and_its_remedy_below() -> None:
    assert list(lines(FINDINGS, colour=False)) == [
        "ok    port 53      free (udp, tcp)",
        "warn  resolv.conf  a stub\\x1b[31m",
        "                   use another",
        "fail  permission   cannot list",
        "                   kubectl a",
        "                   kubectl b",
    ]


def test_colour_is_never_the_only_signal() -> None:
    shown = list(lines(FINDINGS, colour=True))

    assert "\x1b[31m" in shown[3]
    assert "fail" in shown[3]


def test_failures_and_warnings_are_counted() -> None:
    assert summary(FINDINGS, colour=False) == "1 failure, 1 warning"
    assert summary(FINDINGS[:2] * 2, colour=False) == "2 warnings"
    assert summary(FINDINGS[:1], colour=False) == "nothing to complain about in 1 finding"


def test_json_has_everything() -> None:
    document = json.loads(as_json(FINDINGS))

    assert document["good"] is False
    assert document["findings"][2] == {
        "section": "api",
        "level": "fail",
        "name": "permission",
        "text": "cannot list",
        "remedy": ["kubectl a", "kubectl b"],
    }


def test_a_cluster_in_good_order_is_fine(api: LiveApi, corefile: str) -> None:
    result = doctor(
        "dns", "api", "--corefile", corefile, "--bind", "127.0.0.1", "--apiserver", api.url
    )

    assert result.exit_code == 0, result.output
    assert f"{api.url}  1.37.2, " in result.stdout
    assert "may list and watch services" in result.stdout
    assert result.stderr == ""


def test_an_api_server_that_is_away_is_a_failure(corefile: str) -> None:
    url = f"http://127.0.0.1:{closed_port()}"

    result = doctor("api", "--corefile", corefile, "--apiserver", url, "-o", "json")

    assert result.exit_code == 1
    first = json.loads(result.stdout)["findings"][0]
    assert (first["level"], first["name"], first["section"]) == ("fail", "API server", "api")


def test_another_accounts_permissions_are_asked_for(api: LiveApi, corefile: str) -> None:
    words = ("--service-account", "svcdns", "-n", "dns", "--apiserver", api.url)

    result = doctor("api", "--corefile", corefile, *words)

    assert "system:serviceaccount:dns:svcdns may list and watch" in result.stdout


def test_a_section_that_does_not_exist_is_wrong_usage() -> None:
    result = doctor("dsn")

    assert result.exit_code == 2
    assert "'dns', 'proxy', 'api'" in result.stderr
