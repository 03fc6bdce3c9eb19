"""Edit the manifests of a running server: the next answers follow, and mistakes change nothing."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import dns.rcode
import pytest

from tests.e2e.conftest import SHOP
from tests.support.process import ServerProcess, serving

COREFILE = ". {\n    kubernetes cluster.local in-addr.arpa\n}\n"
MY_SERVICE = "my-service.default.svc.cluster.local."
CHANGED = r"manifests\.changed .* changes=[1-9]"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of examples/shop that a test may change."""
    return Path(shutil.copytree(SHOP, tmp_path / "shop"))


@pytest.fixture
def server(folder: Path) -> Iterator[ServerProcess]:
    """A server of that copy."""
    corefile = folder.parent / "Corefile"
    corefile.write_text(COREFILE)
    with serving(corefile, "--manifests", str(folder)) as server:
        yield server


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_the_next_answer_follows_an_edit(folder: Path, server: ServerProcess) -> None:
    reverse = "21.114.96.10.in-addr.arpa."
    assert server.addresses(MY_SERVICE) == ["10.96.114.20"]
    assert server.ask(reverse, "PTR").rcode() == dns.rcode.NXDOMAIN
    others = server.ask("db.shop.svc.cluster.local.", "SRV")

    edit(folder / "my-service.yaml", "10.96.114.20", "10.96.114.21")
    server.line(CHANGED)

    assert server.addresses(MY_SERVICE) == ["10.96.114.21"]
    assert server.ask(reverse, "PTR").rcode() == dns.rcode.NOERROR
    assert server.ask("db.shop.svc.cluster.local.", "SRV").answer == others.answer


def test_a_pod_that_becomes_ready_appears(folder: Path, server: ServerProcess) -> None:
    name = "10-244-2-9.web.shop.svc.cluster.local."
    assert server.ask(name).rcode() == dns.rcode.NXDOMAIN

    edit(folder / "web.yaml", 'status: "False"', 'status: "True"')
    server.line(CHANGED)

    assert server.addresses(name) == ["10.244.2.9"]


def test_files_that_come_and_go_are_followed(folder: Path, server: ServerProcess) -> None:
    name = "news.shop.svc.cluster.local."
    assert server.ask(name).rcode() == dns.rcode.NXDOMAIN
    new = folder / "below" / "news.json"
    new.parent.mkdir()

    new.write_text(
        '{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "news", "namespace": "shop"},'
        ' "spec": {"clusterIP": "10.96.9.9"}}'
    )
    server.line(CHANGED)
    assert server.addresses(name) == ["10.96.9.9"]

    seen = server.printed
    new.unlink()
    server.line(CHANGED, seen)
    assert server.ask(name).rcode() == dns.rcode.NXDOMAIN


def test_a_broken_file_keeps_what_it_said_and_is_named(folder: Path, server: ServerProcess) -> None:
    file = folder / "my-service.yaml"
    good = file.read_text(encoding="utf-8")
    assert server.addresses(MY_SERVICE) == ["10.96.114.20"]

    file.write_text(good.replace("clusterIP:", "clusterIP: ["), encoding="utf-8")
    complaint = server.line(r"\[WARNING\] manifests\.problem ")
    assert f"{file}:" in complaint
    line = int(complaint.split(f"{file}:")[1].split(":")[0])
    assert 1 < line <= good.count("\n")
    assert server.addresses(MY_SERVICE) == ["10.96.114.20"]

    edit(folder / "db.yaml", "10.96.43.32", "10.96.43.33")
    server.line(CHANGED)
    assert server.addresses(MY_SERVICE) == ["10.96.114.20"]
    assert server.addresses("db-read.shop.svc.cluster.local.") == ["10.96.43.33"]

    seen = server.printed
    file.write_text(good.replace("10.96.114.20", "10.96.114.22"), encoding="utf-8")
    server.line(r"\[INFO\] manifests\.mended .*problems=1 left=0", seen)
    server.line(CHANGED, seen)
    assert server.addresses(MY_SERVICE) == ["10.96.114.22"]


def test_a_config_map_volume_is_followed_when_its_link_is_turned(tmp_path: Path) -> None:
    volume = tmp_path / "volume"
    for version, address in (("..2026_1", "10.96.114.20"), ("..2026_2", "10.96.114.30")):
        shutil.copytree(SHOP, volume / version)
        edit(volume / version / "my-service.yaml", "10.96.114.20", address)
    (volume / "..data").symlink_to("..2026_1")
    for file in SHOP.iterdir():
        (volume / file.name).symlink_to(f"..data/{file.name}")
    corefile = tmp_path / "Corefile"
    corefile.write_text(COREFILE)

    with serving(corefile, "--manifests", str(volume)) as server:
        assert server.addresses(MY_SERVICE) == ["10.96.114.20"]
        (volume / "..data_tmp").symlink_to("..2026_2")
        (volume / "..data_tmp").rename(volume / "..data")
        shutil.rmtree(volume / "..2026_1")
        server.line(CHANGED)

        assert server.addresses(MY_SERVICE) == ["10.96.114.30"]
        assert "manifests.problem" not in str(server.output)
