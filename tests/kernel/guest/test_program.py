"""The program itself in a real kernel: it dies, is started again, and nobody notices."""

import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.support.driven import FILTER, flush_filter, shown_filter
from tests.support.ipvs_world import flow, reached, shell
from tests.support.one_service import service_text, slice_text
from tests.support.process import ServerProcess, run, running

VIP, NODE, NODE6, NODE_PORT = "10.96.0.1", "192.0.2.1", "2001:db8::1", 30080
PATIENCE_SECONDS = 20


def program(
    folder: Path, *more: str, mode: str = "ipvs", node: str = NODE
) -> AbstractContextManager[ServerProcess]:
    """`svcdns proxy` over a folder of manifests, once it has synced."""
    return running(
        *("proxy", "--mode", mode, "--manifests", str(folder), "--node", "here"),
        *("--node-address", node, "--cluster-cidr", "10.1.0.0/16", "--drain-timeout", "2s"),
        *("--packet-filter", FILTER, *more),
        ready="proxy.synced",
    )


def slice_of(*numbers: int) -> str:
    return slice_text(*(f"10.1.{number}.2" for number in numbers))


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
    (tmp_path / "service.yaml").write_text(service_text(VIP))
    (tmp_path / "slice.yaml").write_text(slice_of(1, 2))
    yield tmp_path
    done = run("proxy", "cleanup")
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


def test_a_packet_filter_that_somebody_flushes_is_back_when_the_program_is_told_to_look(
    folder: Path,
) -> None:
    with program(folder) as running_program:
        before = shown_filter().count(VIP)
        flush_filter()
        running_program.send(signal.SIGUSR1)

        assert "the packet filter" in running_program.line("proxy.repaired")
        assert is_so_in_time(lambda: shown_filter().count(VIP) == before)


def test_a_device_that_somebody_changes_again_and_again_is_contested(folder: Path) -> None:
    with program(folder) as running_program:

        def is_told() -> bool:
            shell("ip addr replace 10.99.0.1/32 dev kube-ipvs0")  # the program takes it away
            return "proxy.contested" in str(running_program.output)

        assert is_so_in_time(is_told)
        assert "device=kube-ipvs0 by=" in running_program.line("proxy.contested")


@pytest.mark.parametrize(("before", "after"), [("iptables", "ipvs"), ("ipvs", "iptables")])
def test_a_mode_takes_over_from_another_one(folder: Path, before: str, after: str) -> None:
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")  # mode ipvs alone sees to it
    with program(folder, mode=before):
        first = reached(VIP, count=24)  # mode iptables chooses at random
    with program(folder, mode=after) as second:
        line = second.line("proxy.taken_over")
        found = reached(VIP, count=24)

        assert (bool(shell("ipvsadm -Sn")), "kube-ipvs0" in shell("ip link")) == (
            (after == "ipvs",) * 2
        )
        rules = shell("iptables-legacy-save", "iptables-nft-save 2>&1 || true")
        assert (":SVCDNS-" in rules) == (after == "iptables")
    assert first.keys() == found.keys() == {"b1", "b2"}
    assert ("virtual servers" in line) == (before == "ipvs")


def test_a_node_without_ipv4_serves_ipv6(folder: Path) -> None:
    (folder / "service.yaml").write_text(service_text("fd00:96::1"))
    (folder / "slice.yaml").write_text(slice_text("fd00:1:1::2", "fd00:1:2::2"))
    cables = {"vc1": "192.0.2.1", **{f"vb{n}": f"10.1.{n}.1" for n in (1, 2, 3)}}
    shell(*(f"ip -4 addr flush dev {cable}" for cable in cables))
    try:
        with program(folder, node=NODE6):
            found = [reached("fd00:96::1", place=place, count=2) for place in ("c1", "b1", "")]
            over_udp = reached("fd00:96::1", 53, count=2, udp=True)
            at_node = reached(NODE6, NODE_PORT, count=2)
            bound = shell("ip -o addr show dev kube-ipvs0")
    finally:
        shell(
            *(f"ip addr add {address}/24 dev {cable}" for cable, address in cables.items()),
            "ip route add 10.3.0.0/24 via 192.0.2.2",
        )

    assert [*found, over_udp, at_node] == [Counter(b1=1, b2=1)] * 5
    assert "inet " not in bound


def test_mode_userspace_serves_at_the_addresses_themselves(folder: Path) -> None:
    with program(folder, mode="userspace") as served:
        for place in ("c1", "b1", ""):
            assert reached(VIP, place=place, count=4) == Counter(b1=2, b2=2)
        assert reached(VIP, 53, count=1, udp=True).keys() <= {"b1", "b2"}
        assert reached(NODE, NODE_PORT, count=4) == Counter(b1=2, b2=2)
        assert VIP in shell("ip -o addr show dev kube-ipvs0")
        assert not shell("ipvsadm -Sn")
        # Killed, it may leave a child in the middle of starting a program, which has the listener
        # too until it has become that program. Asked to end, it waits for its programs.
        code, _ = served.end()

    assert code == 0
    assert reached(VIP, count=1) == Counter(ConnectionRefusedError=1)


@pytest.mark.usefixtures("world")
def test_what_kube_proxy_left_goes_and_what_others_made_stays() -> None:
    external = "198.51.100.7"
    places = ("10.96.0.9:80", f"{external}:80", f"{NODE}:31000")
    shell(
        "ip link add kube-ipvs0 type dummy",
        "ip addr add 10.96.0.9/32 dev kube-ipvs0",
        "ipset create KUBE-NODE-PORT-TCP bitmap:port range 0-65535",
        "ipset add KUBE-NODE-PORT-TCP 31000",
        "ipset create KUBE-EXTERNAL-IP hash:ip,port",
        f"ipset add KUBE-EXTERNAL-IP {external},tcp:80",
        f"ipvsadm -A -t {NODE}:4000 -s wlc",
        f"ipvsadm -a -t {NODE}:4000 -r 10.1.3.2:8080 -m",
    )
    foreign = shell("ipvsadm -Sn")
    shell(*(f"ipvsadm -A -t {place} -s rr" for place in places))
    done = run("proxy", "cleanup", "--kube-proxy")
    left, sets = shell("ipvsadm -Sn"), shell("ipset list -name")
    shell("ipvsadm -C")

    assert done.returncode == 0, done.stderr
    assert left == foreign
    assert "KUBE" not in sets
    assert "kube-ipvs0" not in shell("ip link")


def test_beside_a_kube_proxy_of_mode_ipvs_virtual_servers_are_its_own(folder: Path) -> None:
    """The way back: kube-proxy runs again, on the same device, when ours is cleaned away."""
    with program(folder) as first:
        first.end()
    before = shell("ipvsadm -Sn; ip -o addr show dev kube-ipvs0")
    filtered = shown_filter()
    with HTTPServer(("127.0.0.1", 10249), _Ipvs) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        done = run("proxy", "cleanup")
        server.shutdown()
        thread.join()

    assert done.returncode == 0, done.stderr
    assert "virtual servers" not in done.stdout
    assert VIP in filtered
    assert VIP not in shown_filter()
    assert VIP in before
    assert shell("ipvsadm -Sn; ip -o addr show dev kube-ipvs0") == before


class _Ipvs(BaseHTTPRequestHandler):
    """What kube-proxy says at /proxyMode."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"ipvs")

    def log_message(self, *_: object) -> None:
        pass


def test_beside_a_proxy_that_runs_only_kube_proxys_goes(folder: Path) -> None:
    shell(
        "ipset create KUBE-NODE-PORT-TCP bitmap:port range 0-65535",
        "ipset add KUBE-NODE-PORT-TCP 31000",
        f"ipset add KUBE-NODE-PORT-TCP {NODE_PORT}",
        f"ipvsadm -A -t {NODE}:31000 -s rr",
    )
    with program(folder):
        before = shell("ipvsadm -Sn").replace(f"-A -t {NODE}:31000 -s rr\n", "")
        done = run("proxy", "cleanup", "--kube-proxy")

        assert done.returncode == 0, done.stderr
        assert shell("ipvsadm -Sn") == before
        assert reached(VIP, count=2) == reached(NODE, NODE_PORT, count=2) == Counter(b1=1, b2=1)
        assert "KUBE" not in shell("ipset list -name")


def test_it_says_what_the_kernel_has(folder: Path) -> None:
    with program(folder):
        listed = run("proxy", "list", "--mode", "ipvs", "--manifests", str(folder))

    assert f"{VIP}:80" in listed.stdout, listed.stderr
