"""The program itself in a real kernel: it dies, is started again, and nobody notices."""

import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.support.ipvs_world import flow, reached, shell
from tests.support.process import ServerProcess, run, running

VIP, NODE, NODE_PORT = "10.96.0.1", "192.0.2.1", 30080
PATIENCE_SECONDS = 20

SERVICE = """\
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  type: NodePort
  clusterIP: 10.96.0.1
  ports: [{name: http, port: 80, targetPort: 8080, nodePort: 30080}]
"""


def slice_of(*numbers: int) -> str:
    endpoints = "".join(
        f"- addresses: [10.1.{number}.2]\n  conditions: {{ready: true}}\n  nodeName: here\n"
        for number in numbers
    )
    return (
        "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n"
        "metadata: {name: web-1, namespace: shop, labels: {kubernetes.io/service-name: web}}\n"
        "addressType: IPv4\nports: [{name: http, port: 8080, protocol: TCP}]\n"
        f"endpoints:\n{endpoints}"
    )


def program(folder: Path) -> AbstractContextManager[ServerProcess]:
    """`svcdns proxy --mode ipvs` over a folder of manifests, once it has synced."""
    return running(
        *("proxy", "--mode", "ipvs", "--manifests", str(folder), "--node", "here"),
        *("--node-address", NODE, "--cluster-cidr", "10.1.0.0/16", "--drain-timeout", "2s"),
        ready="proxy.synced",
    )


def is_so_in_time(happened: Callable[[], bool]) -> bool:
    """Whether it comes true; each look is a connection or a program, which takes its time."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        if happened():
            return True
    return False


@pytest.fixture
def folder(world: None, tmp_path: Path) -> Iterator[Path]:  # noqa: ARG001 - it is there
    """Manifests of one Service with two pods; what the program leaves is taken away."""
    (tmp_path / "service.yaml").write_text(SERVICE)
    (tmp_path / "slice.yaml").write_text(slice_of(1, 2))
    yield tmp_path
    done = run("proxy", "cleanup", "--mode", "ipvs")
    assert done.returncode == 0, done.stderr
    assert not shell("ipvsadm -Sn")


def test_a_killed_program_leaves_everything_and_its_successor_changes_nothing(
    folder: Path,
) -> None:
    with program(folder) as first:
        held = [flow("c1", VIP), flow("c1", NODE, NODE_PORT)]
        before = shell("ipvsadm -Sn; ip -o addr show dev kube-ipvs0")
        first.end(signal.SIGKILL)
    meanwhile = reached(VIP, count=4)
    with program(folder) as second:
        after = shell("ipvsadm -Sn; ip -o addr show dev kube-ipvs0")
        said = [one.say("still") for one in held]
        code, _ = second.end()

    assert meanwhile == Counter(b1=2, b2=2)
    assert after == before
    assert said == ["still", "still"]
    assert code == 0
    assert reached(VIP, count=4) == Counter(b1=2, b2=2)
    for one in held:
        one.close()


def test_a_changed_slice_moves_new_connections_and_ends_old_ones_when_time_is_over(
    folder: Path,
) -> None:
    with program(folder):
        held = {one.pod: one for one in (flow("c1", VIP), flow("c1", VIP))}
        (folder / "slice.yaml").write_text(slice_of(1, 3))
        moved = is_so_in_time(lambda: "b3" in reached(VIP, count=2))
        found = reached(VIP, count=4)
        drained = is_so_in_time(lambda: "10.1.2.2" not in shell("ipvsadm -Sn"))

        assert held.keys() == {"b1", "b2"}
        assert moved
        assert found == Counter(b1=2, b3=2)
        assert drained
        assert held["b1"].say("still") == "still"
        with pytest.raises(ConnectionResetError):
            held["b2"].say("gone")
    for one in held.values():
        one.close()


@pytest.mark.parametrize("line", [f"ip addr del {VIP}/32 dev kube-ipvs0", "ip link del kube-ipvs0"])
def test_an_address_or_a_device_that_somebody_deletes_is_back_soon(folder: Path, line: str) -> None:
    with program(folder):
        before = time.monotonic()
        shell(line)

        # Without being told, the program looks every 30 s.
        assert is_so_in_time(lambda: reached(VIP, count=2) == Counter(b1=1, b2=1))
        assert time.monotonic() - before < PATIENCE_SECONDS


def test_a_virtual_server_that_somebody_deletes_is_back_when_the_program_is_told_to_look(
    folder: Path,
) -> None:
    with program(folder) as running_program:
        shell(f"ipvsadm -D -t {VIP}:80")
        running_program.send(signal.SIGUSR1)

        assert is_so_in_time(lambda: reached(VIP, count=2) == Counter(b1=1, b2=1))


def test_it_says_what_the_kernel_has(folder: Path) -> None:
    with program(folder):
        listed = run("proxy", "list", "--mode", "ipvs", "--manifests", str(folder))

    assert f"{VIP}:80" in listed.stdout, listed.stderr
