"""The image as a Pod runs it: no root, no capability, nothing to write to, and port 53."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import dns.rcode
import pytest

from svcdns import __version__
from tests.support.container import Container, command_line, container, variables
from tests.support.dockerfile import Stage
from tests.support.namespaces import Network
from tests.support.process import PATIENCE_SECONDS, page
from tests.support.tools import require
from tests.support.tree import ROOT

USER = "65532"
ROOT_USER = "0:0"
NET_ADMIN = "-all,+net_admin"
CAP_NET_ADMIN = 12  # linux/capability.h
SERVE = ("-conf", "/etc/coredns/Corefile")  # a Deployment for CoreDNS says it so


def unprivileged(network: Network) -> None:
    """Let everybody have every port, as a Pod's sysctl and most runtimes do."""
    with network.inside():
        Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").write_text("0")


def run(
    stage: Stage, pod: Network, folder: Path, *arguments: str, **limits: str
) -> subprocess.CompletedProcess[str]:
    """Run the image until it ends by itself."""
    return subprocess.run(
        command_line(stage, pod, folder, arguments, **limits),
        env=dict(variables(stage)),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def files(root: Path) -> dict[str, tuple[int, int, int]]:
    """What is below a folder: mode, size and time of change of each path."""
    found = {}
    for folder, folders, names in os.walk(root):
        for name in (*folders, *names):
            path = Path(folder) / name
            seen = path.lstat()
            found[str(path)] = (seen.st_mode, seen.st_size, seen.st_mtime_ns)
    return found


def test_it_serves_dns_and_pages_on_port_53_and_stops_when_told(
    image: Stage, pod: Network, config: Path
) -> None:
    unprivileged(pod)
    before = files(image.root)

    with container(image, pod, config, *SERVE, port=53, ready=r"serve\.ready") as server:
        with pod.inside():
            addresses = server.addresses("seven.example.")
            over_tcp = server.ask("seven.example.", tcp=True)
            statuses = [page(8080, "/health")[0], page(8181, "/ready")[0]]
            status, metrics = page(9153, "/metrics")
        dug = dig(pod, "seven.example")
        who = {name: server.status(name) for name in ("Uid", "Gid", "Groups", "NoNewPrivs")}
        capabilities = {server.status(name) for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb")}
        root = mounted(server)
        code, printed = server.end()

    assert addresses == ["192.0.2.7"]
    assert over_tcp.rcode() == dns.rcode.NOERROR
    assert dug == "192.0.2.7"
    assert [*statuses, status] == [200, 200, 200]
    assert f'version="{__version__}"' in metrics
    four = "\t".join([USER] * 4)  # real, effective, saved, of the file system
    assert who == {"Uid": four, "Gid": four, "Groups": "", "NoNewPrivs": "1"}
    assert capabilities == {"0" * 16}
    assert root.startswith("ro")
    assert code == 0, printed
    assert "Traceback" not in printed
    assert files(image.root) == before


def dig(pod: Network, name: str) -> str:
    """What dig says in the Pod's network, asked at port 53."""
    inside = [require("nsenter", package="util-linux"), f"--net={pod.path}"]
    line = [*inside, require("dig", package="bind9-dnsutils"), "@127.0.0.1", "+short", name]
    return subprocess.run(line, capture_output=True, text=True, check=True).stdout.strip()


def mounted(server: Container) -> str:
    """The mount options of what the container sees as its root."""
    lines = Path(f"/proc/{server.pid}/mountinfo").read_text().splitlines()
    return next(line.split()[5] for line in lines if line.split()[4] == "/")


def test_a_port_above_1023_needs_nothing(image: Stage, pod: Network, config: Path) -> None:
    text = (config / "Corefile").read_text().replace(".:53", ".:5353")
    (config / "Corefile").write_text(text)

    with container(image, pod, config, *SERVE, port=5353, ready=r"serve\.ready") as server:
        with pod.inside():
            addresses = server.addresses("seven.example.")
        code, _ = server.end()

    assert addresses == ["192.0.2.7"]
    assert code == 0


def test_without_the_sysctl_it_says_what_port_53_needs(
    image: Stage, pod: Network, config: Path
) -> None:
    done = run(image, pod, config, *SERVE)

    assert done.returncode == 1
    assert "net.ipv4.ip_unprivileged_port_start" in done.stdout + done.stderr


def test_without_arguments_it_serves_what_kubeadm_writes(
    image: Stage, pod: Network, config: Path
) -> None:
    """There is no API server, so it must say that; it must not print its help."""
    unprivileged(pod)

    done = run(image, pod, config)

    assert done.returncode == 1
    assert "kubernetes" in done.stdout + done.stderr
    assert "Usage" not in done.stdout + done.stderr


def test_any_other_user_can_run_it_too(image: Stage, pod: Network, config: Path) -> None:
    done = run(image, pod, config, "check", "/etc/coredns/Corefile", user="1000670000:0")

    assert done.returncode == 0, done.stderr


def test_it_is_the_wheel_that_make_dist_builds(stages: dict[str, Stage], tmp_path: Path) -> None:
    copied = stages["build"].root / "src"
    line = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(line, cwd=copied, check=True, capture_output=True)

    (built,) = tmp_path.glob("*.whl")
    (there,) = (copied / "dist").glob("*.whl")

    assert members(there) == members(built)


def members(wheel: Path) -> dict[str, tuple[int, bytes]]:
    """What a wheel holds: how well it is packed, and of which commit, is not compared."""
    with zipfile.ZipFile(wheel) as archive:
        return {one.filename: (one.external_attr, archive.read(one)) for one in archive.infolist()}


def test_it_holds_only_what_is_locked_to_run(image: Stage) -> None:
    locked = {
        line.split("==")[0].replace("-", "_").lower()
        for line in (ROOT / "requirements/run.txt").read_text().splitlines()
        if "==" in line and "win32" not in line
    }
    (packages,) = (image.root / "opt/svcdns/lib").glob("python3.*/site-packages")
    names = {
        path.name.split("-")[0].lower().replace("-", "_").replace(".", "_")
        for path in packages.glob("*.dist-info")
    }

    assert names - locked == {"svcdns"}
    assert {"aiohttp", "kubernetes", "msgspec", "pyyaml"} <= names


def test_only_the_whole_image_has_what_the_proxy_starts(stages: dict[str, Stage]) -> None:
    programs = ("usr/sbin/nft", "usr/sbin/iptables", "usr/sbin/ipset", "sbin/modprobe")
    has = {
        name: {program for program in programs if (stages[name].root / program).exists()}
        for name in ("dns", "svcdns")
    }
    libraries = {name: any(stages[name].root.glob("usr/lib/*/libnftables.so.1")) for name in has}

    assert has == {"dns": set(), "svcdns": {*programs[1:]}}
    assert libraries == {"dns": False, "svcdns": True}


@pytest.mark.parametrize("mode", ["nftables", "iptables"])
def test_the_proxy_needs_one_capability_and_what_the_image_brings(
    mode: str, stages: dict[str, Stage], pod: Network, config: Path
) -> None:
    image = stages["svcdns"]
    for name in ("cluster.yaml", "my-service.yaml"):
        (config / name).write_bytes((ROOT / "examples/shop" / name).read_bytes())
    same = ("--mode", mode, "--manifests", "/etc/coredns", "--node", "node-a")

    def once(*words: str) -> subprocess.CompletedProcess[str]:
        return run(image, pod, config, "proxy", *words, user=ROOT_USER, capabilities=NET_ADMIN)

    with container(
        image,
        pod,
        config,
        *("proxy", *same),
        ready=r"proxy\.synced",
        user=ROOT_USER,
        capabilities=NET_ADMIN,
    ) as proxy:
        has = proxy.status("CapEff")
        code, printed = proxy.end()
    listed = once("list", *same)
    compared = once("diff", *same)
    cleaned = once("cleanup", "--kube-proxy")

    assert int(has, 16) == 1 << CAP_NET_ADMIN
    assert code == 0, printed
    assert "10.96.114.20:80/TCP" in listed.stdout, listed.stderr
    assert compared.returncode == 0, compared.stdout + compared.stderr
    assert cleaned.returncode == 0, cleaned.stdout + cleaned.stderr
    assert "nothing of kube-proxy is left" in cleaned.stdout
