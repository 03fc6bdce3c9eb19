"""svcdns beside a real kube-apiserver: it is started, asked, and waited for."""

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import dns.edns
import dns.message
import dns.rcode

from tests.support.apiserver import ControlPlane
from tests.support.fakeapi import objects
from tests.support.process import ServerProcess, free_port, serving

WEB = "web.shop.svc.cluster.local."
MAIL = "mail.shop.svc.cluster.local."
PATIENCE_SECONDS = 30.0


@contextlib.contextmanager
def following(
    cluster: ControlPlane,
    folder: Path,
    who: str = "svcdns",
    *options: str,
    servers: tuple[str, ...] = (),
    **user: str,
) -> Iterator[ServerProcess]:
    """Serve the cluster's names.

    Args:
        cluster: to follow.
        folder: for files.
        who: one of `apiserver.USERS`, or any name if `user` is given.
        options: lines of the stanza.
        servers: URLs to ask instead of the cluster's own.
        user: of the kubeconfig, instead of a token.
    """
    corefile = folder / "Corefile"
    ready = free_port()
    stanza = "".join(f"        {line}\n" for line in options)
    corefile.write_text(
        f"cluster.local in-addr.arpa {{\n    errors\n    ready 127.0.0.1:{ready}\n"
        f"    prometheus 127.0.0.1:{free_port()}\n"
        f"    kubernetes cluster.local in-addr.arpa {{\n{stanza}    }}\n}}\n"
    )
    kubeconfig = cluster.kubeconfig(who, **(user or {"token": who}))
    named = ("--apiserver", ",".join(servers)) if servers else ()
    with serving(corefile, "--kubeconfig", str(kubeconfig), *named) as server:
        yield server
        assert "Traceback" not in str(server.output)


def until(is_so: Callable[[], object], server: ServerProcess) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, f"not within {PATIENCE_SECONDS:.0f} s:\n{server.output}"
        time.sleep(0.005)


def until_served(server: ServerProcess, name: str, *addresses: str) -> None:
    """Wait until a name has exactly these addresses."""
    until(lambda: server.addresses(name) == sorted(addresses), server)


def rcode(server: ServerProcess, name: str) -> str:
    """Return how a question for A ends."""
    return dns.rcode.to_text(server.ask(name).rcode())


def reason(response: dns.message.Message) -> str:
    """Return the text of the Extended DNS Error."""
    texts = [one.text for one in response.options if isinstance(one, dns.edns.EDEOption)]
    return texts[0] or "" if texts else ""


def put_web(cluster: ControlPlane, *addresses: str) -> None:
    """Put the headless Service `web` with these endpoints."""
    cluster.put(objects.service("web", addresses=()))
    cluster.put(objects.endpoint_slice("web-1", "web", addresses))


def lines(server: ServerProcess, event: str) -> list[str]:
    """Return the log lines of one event."""
    return [line for line in server.output.lines if f"] {event} " in line]
