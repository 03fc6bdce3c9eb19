"""How a server starts, and what it says when it cannot."""

import os
import shutil
import signal
import socket
from pathlib import Path

import dns.rcode
import pytest

from tests.e2e.conftest import SHOP
from tests.support.process import ServerProcess, free_port, free_ports, run, running, serving

WHOAMI = ". {\n    whoami\n}\n"
KUBERNETES = ". {\n    kubernetes cluster.local\n}\n"


@pytest.fixture
def corefile(tmp_path: Path) -> Path:
    """A place for a Corefile."""
    return tmp_path / "Corefile"


@pytest.mark.parametrize("protocol", ["udp", "tcp"])
def test_a_port_in_use_names_who_has_it(corefile: Path, protocol: str) -> None:
    corefile.write_text(WHOAMI)
    kind = socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as holder:
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
        if protocol == "tcp":
            holder.listen()

        done = run("serve", "--corefile", str(corefile), "--bind", "127.0.0.1", "--port", str(port))

    place, hint = done.stderr.splitlines()
    assert done.returncode == 1
    assert place.startswith(f"cannot listen on {protocol} 127.0.0.1:{port}: the port is in use by ")
    assert place.endswith(f" (pid {os.getpid()})")
    assert hint == f"  next  stop it, or choose another port: --port {port + 1}"
    assert done.stdout == ""


def test_a_second_server_does_not_take_half_of_the_queries(
    corefile: Path, shop: ServerProcess
) -> None:
    corefile.write_text(WHOAMI)

    done = run("serve", "--corefile", str(corefile), "--port", str(shop.port))

    assert done.returncode == 1
    assert f"(pid {shop.process.pid})" in done.stderr


@pytest.mark.parametrize("directive", ["health", "ready", "prometheus"])
def test_a_port_in_use_for_probes_ends_the_start_too(corefile: Path, directive: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        corefile.write_text(f".:0 {{\n    {directive} 127.0.0.1:{port}\n    whoami\n}}\n")

        done = run("serve", "--corefile", str(corefile))

    place, hint = done.stderr.splitlines()
    assert done.returncode == 1
    assert place.startswith(f"cannot listen on tcp 127.0.0.1:{port}: the port is in use by")
    moved = f"write in the Corefile: {directive} 127.0.0.1:{port + 1}"
    assert hint == f"  next  stop it, or choose another port: {moved}"


def test_every_mistake_of_a_corefile_is_named_and_nothing_is_opened(corefile: Path) -> None:
    corefile.write_text(
        "cluster.local {\n    kubernetess\n    forward . 10.0.0.3:port\n}\n"
        "example.org {\n    log {\n        class sucess\n    }\n    health 80:80:80\n}\n"
        "example.org {\n    whoami\n}\n"
    )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]

        done = run("serve", "--corefile", str(corefile), "--bind", "127.0.0.1", "--port", str(port))

    places = [
        line.removeprefix(f"{corefile}:").split(":")[0]
        for line in done.stderr.splitlines()
        if line.startswith(f"{corefile}:")
    ]
    assert done.returncode == 1
    assert places == ["2", "3", "7", "9", "11"]
    assert "did you mean 'kubernetes'?" in done.stderr
    assert "cannot listen" not in done.stderr
    assert done.stdout == ""


def test_kubernetes_without_manifests_says_what_to_add(corefile: Path) -> None:
    corefile.write_text(KUBERNETES)

    done = run("serve", "--corefile", str(corefile), "--port", "0", home=corefile.parent)

    assert done.returncode == 1
    assert "kubernetes needs an API server, but there is no kubeconfig" in done.stderr
    assert "name one with --kubeconfig FILE" in done.stderr
    assert "--manifests DIR" in done.stderr


def test_a_missing_folder_ends_the_start(corefile: Path, tmp_path: Path) -> None:
    corefile.write_text(KUBERNETES)
    missing = tmp_path / "nowhere"

    done = run("serve", "--corefile", str(corefile), "--port", "0", "--manifests", str(missing))

    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"no Kubernetes objects can be read from '{missing}':",
        f"  {missing}: does not exist",
    ]


def test_a_bad_object_is_named_and_the_others_are_served(corefile: Path, tmp_path: Path) -> None:
    corefile.write_text(KUBERNETES)
    folder = Path(shutil.copytree(SHOP, tmp_path / "shop"))
    bad = folder / "bad.yaml"
    bad.write_text(
        "apiVersion: v1\nkind: Service\nmetadata: {name: good, namespace: shop}\n"
        "spec: {clusterIP: 10.96.7.7}\n---\n"
        "apiVersion: v1\nkind: Service\nmetadata: {name: bad, namespace: shop}\n"
        "spec: {clusterIP: 10.96.7.8, ports: eighty}\n"
    )

    with serving(corefile, "--manifests", str(folder)) as server:
        complaint = server.line(r"manifests\.problem")
        rcode = server.ask("bad.shop.svc.cluster.local.").rcode()
        good = server.addresses("good.shop.svc.cluster.local.")
        web = server.addresses("web.shop.svc.cluster.local.")

    assert complaint.startswith(f'[WARNING] manifests.problem what="{bad}:')
    for word in ("Service shop/bad", "spec.ports: expected a list", "(document 2)"):
        assert word in complaint
    assert rcode == dns.rcode.NXDOMAIN
    assert (good, web) == (["10.96.7.7"], ["10.96.4.7"])


def test_a_corefile_without_a_server_block_is_refused(corefile: Path) -> None:
    corefile.write_text("# nothing\n")

    done = run("serve", "--corefile", str(corefile))

    assert done.returncode == 1
    assert done.stderr.startswith(f"the Corefile '{corefile}' has no server block")


def test_the_command_line_of_coredns_starts_a_server(corefile: Path, tmp_path: Path) -> None:
    corefile.write_text(KUBERNETES.replace("cluster.local", "cluster.local.", 1))
    port, pidfile = free_port(), tmp_path / "pid"
    line = ("-conf", str(corefile), f"-dns.port={port}", "-pidfile", str(pidfile), "-quiet")

    with running(*line, "--manifests", str(SHOP), port=port) as server:
        answered = server.addresses("web.shop.svc.cluster.local.")
        pid = int(pidfile.read_text())
        code, output = server.end(signal.SIGTERM)

    assert answered == ["10.96.4.7"]
    assert pid == server.process.pid
    assert code == 0
    assert "svcdns-" not in output


def test_plugins_are_listed_as_coredns_does() -> None:
    done = run("-plugins")

    assert done.returncode == 0
    assert "kubernetes" in done.stdout.splitlines()


def test_the_version_is_printed() -> None:
    done = run("-version")

    assert done.returncode == 0
    assert done.stdout.startswith("svcdns-")


def test_a_corefile_from_standard_input_is_checked_like_a_file() -> None:
    done = run("-conf", "stdin", stdin=". {\n    whoamI\n}\n")

    assert done.returncode == 1
    assert done.stderr.startswith("stdin:2:5: ")


def test_a_dump_from_standard_input_is_asked_without_a_server() -> None:
    manifest = (SHOP / "web.yaml").read_text(encoding="utf-8")

    done = run("query", "web.shop.svc.cluster.local", "--manifests", "-", stdin=manifest)

    assert done.returncode == 0
    assert "10.96.4.7" in done.stdout


def test_what_make_run_starts_says_what_to_try(tmp_path: Path) -> None:
    port, *ports_of_probes = free_ports(4)
    ports = iter(ports_of_probes)
    text = (SHOP.parent / "Corefile").read_text(encoding="utf-8")
    for usual in ("8080", "8181", "9153"):
        text = text.replace(f"127.0.0.1:{usual}", f"127.0.0.1:{next(ports)}")
    (tmp_path / "Corefile").write_text(text.replace(".:5300", f".:{port}"))
    line = ("serve", "--corefile", str(tmp_path / "Corefile"), "--manifests", str(SHOP))

    with running(*line, "--bind", "127.0.0.1", "--demo", port=port) as server:
        shown = str(server.output)
        tries = [text for text in server.output.lines if text.startswith("  dig ")]
        answers = [server.ask(*_asked(command)).answer for command in tries]

    assert f"  DNS      127.0.0.1:{port} udp, tcp\n" in shown
    assert len(tries) == 3
    assert all(answers)


def _asked(command: str) -> tuple[str, str]:
    """Name and type that a line of dig asks for."""
    _, _, _, _, name, *rrtype = command.split()
    return name, rrtype[0] if rrtype else "A"
