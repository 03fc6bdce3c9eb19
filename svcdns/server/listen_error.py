"""Why a socket could not be opened, in words an operator can act on."""

import errno
import os
from collections.abc import Callable

from svcdns.server.holders import Holder, holders


class ListenError(Exception):
    """The operator has to free the address, choose another, or grant a privilege.

    `problem` names protocol, address, port and cause; `hint` is what to do next. Starting
    prints both and exits with 1; a reload that raises it keeps the running configuration.
    """

    def __init__(self, problem: str, hint: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.problem}\n  next  {self.hint}" if self.hint else self.problem


def port_of_dns(port: int) -> str:
    """Return how DNS is given another port."""
    return f"--port {port}"


def explain(
    error: OSError,
    protocol: str,
    address: str,
    port: int,
    moved_by: Callable[[int], str] = port_of_dns,
) -> ListenError:
    """Return what `error`, raised by opening a socket, means to the operator.

    Args:
        error: from socket, bind or listen.
        protocol: `udp` or `tcp`.
        address: text form, IPv6 without brackets.
        port: the port that was asked for.
        moved_by: returns what to write for this listener to have another port.
    """
    elsewhere = f"choose another port: {moved_by(_alternative(port))}"
    place = f"{protocol} {place_text(address, port)}"
    if error.errno == errno.EADDRINUSE:
        found = holders(protocol, address, port)
        finding = f"sudo ss -a{protocol[0]}np 'sport = :{port}'"
        return _in_use(place, found, finding, elsewhere)
    if error.errno in {errno.EACCES, errno.EPERM}:
        if port >= 1024:
            return ListenError(
                f"cannot listen on {place}: permission denied",
                "a security module of this machine forbids it: see its audit log",
            )
        return ListenError(
            f"cannot listen on {place}: permission denied, ports below 1024 need a privilege",
            f"sysctl -w net.ipv4.ip_unprivileged_port_start={port}, or grant CAP_NET_BIND_SERVICE,"
            f" or {elsewhere}",
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return ListenError(
            f"cannot listen on {place}: this machine does not have the address {address}",
            "`ip address` lists the addresses it has; an IPv6 address works once it is no longer"
            " tentative",
        )
    reason = os.strerror(error.errno) if error.errno else str(error)
    return ListenError(f"cannot listen on {place}: {reason}")


def place_text(address: str, port: int) -> str:
    """Return `10.0.0.1:53` or `[::1]:53`."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _in_use(place: str, found: tuple[Holder, ...], finding: str, elsewhere: str) -> ListenError:
    if not found:
        return ListenError(
            f"cannot listen on {place}: the port is in use by a program this user may not see",
            f"find it with: {finding}; or {elsewhere}",
        )
    names = ", ".join(f"{holder.command} (pid {holder.pid})" for holder in found)
    if any(holder.pid == os.getpid() for holder in found):
        return ListenError(
            f"cannot listen on {place}: the port is in use by this process itself",
            "two listeners overlap: compare the addresses of the server blocks, health, ready and"
            " prometheus",
        )
    pronoun = "it" if len(found) == 1 else "them"
    return ListenError(
        f"cannot listen on {place}: the port is in use by {names}",
        f"stop {pronoun}, or {elsewhere}",
    )


def _alternative(port: int) -> int:
    """Return an unprivileged port that one recognises: 53 gives 1053."""
    if port < 1024:
        return port + 1000
    return port + 1 if port < 65_535 else port - 1
