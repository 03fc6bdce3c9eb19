"""Change the Corefile of a running server: it is used whole or not at all, and nobody notices."""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import dns.exception
import dns.message
import dns.query
import dns.rcode
import pytest

from tests.e2e.conftest import SHOP
from tests.support.authority import Authority
from tests.support.process import ServerProcess, free_ports, page, serving

CLUSTER = "    kubernetes cluster.local in-addr.arpa\n"
TWO = "cluster.local {{\n{cluster}}}\nwho {{\n    whoami\n}}\n"
WEB = "web.shop.svc.cluster.local."
DONE = r"Reloading complete"
REFUSED = r"reload\.refused"


class Edited:
    """A server and the Corefile it reads."""

    def __init__(self, server: ServerProcess, file: Path) -> None:
        self.server = server
        self.file = file

    def write(self, text: str, said: str) -> str:
        """Write a Corefile, ask for a reload, return the line that tells how it went."""
        since = self.server.printed
        self.file.write_text(text)
        self.server.send(signal.SIGUSR1)
        return self.server.line(said, since)


@pytest.fixture
def edited(tmp_path: Path) -> Iterator[Edited]:
    """A server of examples/shop."""
    file = tmp_path / "Corefile"
    file.write_text(f". {{\n{CLUSTER}}}\n")
    with serving(file, "--manifests", str(SHOP)) as server:
        yield Edited(server, file)


def test_another_corefile_is_taken_into_use(edited: Edited) -> None:
    server = edited.server
    assert server.ask("x.who.").rcode() == dns.rcode.SERVFAIL

    edited.write(TWO.format(cluster=CLUSTER), DONE)

    assert server.ask("x.who.").rcode() == dns.rcode.NOERROR
    assert server.addresses(WEB) == ["10.96.4.7"]
    assert server.ask("elsewhere.").rcode() == dns.rcode.REFUSED


@pytest.mark.parametrize(
    ("text", "first"),
    [
        (". {\n    kubernetis\n}\n", r"Corefile:2:5: 'kubernetis' is not a directive"),
        (". {\n    bind 192.0.2.77\n    whoami\n}\n", r"192\.0\.2\.77"),
        (". {\n    bind nowhere7\n    whoami\n}\n", r"not a valid IP address or interface name"),
        ("", r"has no server block"),
    ],
    ids=["a mistake", "an address of nobody", "no such interface", "nothing"],
)
def test_what_cannot_be_used_changes_nothing(edited: Edited, text: str, first: str) -> None:
    line = edited.write(text, REFUSED)

    assert first.replace("\\", "") in line
    assert "keeping=" in line
    assert edited.server.addresses(WEB) == ["10.96.4.7"]

    edited.write(TWO.format(cluster=CLUSTER), DONE)
    assert edited.server.ask("x.who.").rcode() == dns.rcode.NOERROR


def test_a_certificate_that_went_bad_costs_no_upstream_and_no_name(
    edited: Edited, tmp_path: Path
) -> None:
    file = Authority(tmp_path / "authority").certificate
    good = file.read_bytes()
    upstream = f"    forward . tls://127.0.0.1:9 {{\n        tls {file}\n    }}\n"
    text = f". {{\n{CLUSTER}{upstream}}}\n"
    edited.write(text, DONE)

    file.write_text("rubbish")
    line = edited.write(text, r"reload failed")

    assert "Corefile changed but reload failed: " in line
    assert f":4:13: forward: could not parse root certs from {file}: no certificate" in line
    assert edited.server.addresses(WEB) == ["10.96.4.7"]
    file.write_bytes(good)
    edited.write(text, DONE)


def test_a_corefile_that_is_gone_changes_nothing(edited: Edited) -> None:
    since = edited.server.printed
    edited.file.unlink()
    edited.server.send(signal.SIGUSR1)

    edited.server.line(REFUSED, since)

    assert edited.server.addresses(WEB) == ["10.96.4.7"]


def test_the_directive_looks_by_itself_and_only_once_at_a_bad_text(edited: Edited) -> None:
    watching = f". {{\n{CLUSTER}    reload 2s 0s\n}}\n"
    edited.write(watching, DONE)
    since = edited.server.printed

    edited.file.write_text(watching.replace("kubernetes", "kubernetis"))
    edited.server.line(REFUSED, since)
    edited.file.write_text(watching.replace("reload 2s 0s", "reload 3s 0s"))
    edited.server.line(DONE, since)

    assert sum("reload.refused" in line for line in edited.server.output.lines[since:]) == 1


def test_open_connections_follow_the_new_corefile(edited: Edited) -> None:
    with socket.create_connection(("127.0.0.1", edited.server.port)) as connection:
        query = dns.message.make_query("x.who.", "A")
        dns.query.send_tcp(connection, query)
        before, _ = dns.query.receive_tcp(connection)

        edited.write(TWO.format(cluster=CLUSTER), DONE)
        dns.query.send_tcp(connection, query)
        after, _ = dns.query.receive_tcp(connection)

    assert (before.rcode(), after.rcode()) == (dns.rcode.SERVFAIL, dns.rcode.NOERROR)


def test_listeners_come_and_go(edited: Edited) -> None:
    server = edited.server
    dns_port, health = free_ports(2)
    another = f".:{dns_port} {{\n    whoami\n    health 127.0.0.1:{health}\n}}\n"
    more = TWO.format(cluster=CLUSTER) + another

    edited.write(more, DONE)
    assert server.ask("any.", port=dns_port).rcode() == dns.rcode.NOERROR
    assert page(health, "/health")[0] == 200

    edited.write(TWO.format(cluster=CLUSTER), DONE)
    with pytest.raises((dns.exception.Timeout, OSError)):
        dns.query.tcp(dns.message.make_query("any.", "A"), "127.0.0.1", timeout=2, port=dns_port)
    with pytest.raises(OSError, match="refused"):
        page(health, "/health")


@contextmanager
def asking(server: ServerProcess, lost: list[str]) -> Iterator[list[int]]:
    """Ask without pause; note what got no answer."""
    over, asked = Event(), [0]

    def ask() -> None:
        while not over.is_set():
            asked[0] += 1
            try:
                if server.addresses(WEB) != ["10.96.4.7"]:
                    lost.append("another answer")
            except (dns.exception.DNSException, OSError) as error:
                lost.append(repr(error))

    thread = Thread(target=ask)
    thread.start()
    try:
        yield asked
    finally:
        over.set()
        thread.join()


def test_a_hundred_reloads_lose_no_query_and_keep_nothing(edited: Edited) -> None:
    server = edited.server
    folder = Path(f"/proc/{server.process.pid}")
    texts = [TWO.format(cluster=CLUSTER), f". {{\n{CLUSTER}    errors\n}}\n"]
    lost: list[str] = []
    for text in texts:
        edited.write(text, DONE)
    before = len(list((folder / "fd").iterdir()))
    memory = _resident(folder)

    with asking(server, lost) as asked:
        for turn in range(100):
            edited.write(texts[turn % 2], DONE)

    assert not lost
    assert asked[0] > 100
    assert len(list((folder / "fd").iterdir())) <= before + 1
    assert _resident(folder) - memory < 10 * 1024 * 1024


def _resident(folder: Path) -> int:
    pages = int((folder / "statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
