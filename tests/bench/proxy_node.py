"""A whole node process at 10,000 Services and 150,000 endpoints: memory, and queries meanwhile.

    unshare --net python -m tests.bench.proxy_node nftables

prints one JSON document. It follows a fake API server; only the namespace it is started in gets
rules. `ipvs` runs in User Mode Linux in the same way.
"""

import json
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dns.message

from tests.bench.pace import quantile
from tests.support.process import ServerProcess, free_port, page, running
from tests.support.tree import ROOT

_POLICY = ("--cluster-cidr", "10.244.0.0/14", "--node", "node-000", "--node-address", "127.0.0.1")
_ASK_EVERY_SECONDS = 0.002
_AUDITS = re.compile(r"^svcdns_proxy_audits_total\{[^}]*\} (\S+)$", re.MULTILINE)


@contextmanager
def api_server() -> Iterator[str]:
    """Serve the world of the benchmark; the value is the URL."""
    program = [sys.executable, "-m", "tests.bench.storm", "1"]
    server = subprocess.Popen(
        program, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    try:
        _, port = server.stdout.readline().split()
        yield f"http://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()


def memory(process: subprocess.Popen[str], field: str) -> float:
    """Return `VmRSS` or `VmHWM` of a process, in MB."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.partition(f"{field}:")[2].split()[0]) * 1024 / 1e6


def audits(port: int) -> float:
    """Return how often everything has been compared."""
    return sum(map(float, _AUDITS.findall(page(port, "/metrics")[1])))


def alone(mode: str, url: str) -> dict[str, float]:
    """Return what `svcdns proxy` takes: after the first sync, and after it has read all back."""
    metrics = free_port()
    line = ("proxy", "--mode", mode, "--apiserver", url, *_POLICY)
    pages = ("--metrics-bind-address", f"127.0.0.1:{metrics}", "--healthz-bind-address", "")
    with running(*line, *pages, ready="proxy.synced") as server:
        process = server.process
        found = {
            "MB after the first sync": memory(process, "VmRSS"),
            "MB most until then": memory(process, "VmHWM"),
        }
        if mode == "nftables":  # else nothing has to be read again
            subprocess.run(["nft", "add", "table", "ip", "foreign"], check=True)
        before = audits(metrics)
        server.send(signal.SIGUSR1)
        while audits(metrics) == before:
            time.sleep(0.1)
        found["MB after an audit"] = memory(process, "VmRSS")
        found["MB most of all"] = memory(process, "VmHWM")
        server.end()
    return found


def beside(mode: str, url: str) -> dict[str, float]:
    """Return how long queries wait in `svcdns serve --proxy` from the answers on to the sync."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "Corefile").write_text("cluster.local {\n kubernetes cluster.local\n}\n")
        (place / "config.yaml").write_text(
            "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n"
            f"metricsBindAddress: 127.0.0.1:{free_port()}\nhealthzBindAddress: 127.0.0.1:"
            f"{free_port()}\nclusterCIDR: 10.244.0.0/14\nmode: {mode}\n"
        )
        line = ("serve", "--corefile", str(place / "Corefile"), "--port", str(port))
        more = ("--bind", "127.0.0.1", "--apiserver", url, "--proxy", mode)
        config = ("--proxy-config", str(place / "config.yaml"))
        with running(*line, *more, *config, port=port) as server:
            waited = _asked_until_synced(server)
            found = {f"p{share}": quantile(waited, share / 100) for share in (50, 99)}
            found |= {"most": max(waited), "queries": len(waited)}
            found["MB resident"] = memory(server.process, "VmRSS")
            server.end()
    return found


def _asked_until_synced(server: ServerProcess) -> list[float]:
    """Return seconds for each answer."""
    is_synced = threading.Event()

    def watch() -> None:
        server.line("proxy.synced")
        is_synced.set()

    watching = threading.Thread(target=watch)
    watching.start()
    query = dns.message.make_query("kubernetes.default.svc.cluster.local.", "A").to_wire()
    waited = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(10)
        sock.connect(("127.0.0.1", server.port))
        while not is_synced.wait(_ASK_EVERY_SECONDS):
            started = time.perf_counter()
            sock.send(query)
            sock.recv(4096)
            waited.append(time.perf_counter() - started)
    watching.join()
    return waited


def main(mode: str) -> None:
    """Print MB and seconds as one JSON document."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with api_server() as url:
        found = {"process": alone(mode, url), "queries during the first sync": beside(mode, url)}
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
