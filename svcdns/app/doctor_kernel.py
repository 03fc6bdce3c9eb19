"""What a proxy needs of the kernel: modules, and the right to use them. Nothing is loaded.

Source: proc(5), capabilities(7), modprobe(8); docs/proxy.md says which mode needs what.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from svcdns.app.doctor_finding import Finding, fail, ok, warn
from svcdns.dataplane import libnftables
from svcdns.dataplane.backend import DataplaneError
from svcdns.dataplane.iptables_programs import VARIANTS, Programs

NEEDED = {
    "ipvs": ("ip_vs", "ip_vs_rr", "ip_vs_sh", "dummy", "nf_conntrack"),
    "nftables": ("nf_tables", "nf_nat", "nf_conntrack"),
    "iptables": ("xt_conntrack", "xt_statistic", "xt_addrtype", "nf_nat"),
    "userspace": ("dummy",),
}
"""Modules by mode."""
_ONE_OF = {"ipvs": ("nf_tables", "ip_set"), "iptables": ("nf_tables", "ip_tables")}
"""Packet filters by mode: whichever there is."""
_CAPABILITIES = {"NET_BIND_SERVICE": 10, "NET_ADMIN": 12, "NET_RAW": 13}


class Machine(NamedTuple):
    """Where the kernel says what it is."""

    proc: str = "/proc"
    sys: str = "/sys"
    modules: str = "/lib/modules"
    release: str = os.uname().release


class Module(NamedTuple):
    """One module, and whether it is there."""

    name: str
    state: str
    """`loaded`, `built in`, `can be loaded`, or empty: it is not there."""


def modules(names: Iterable[str], machine: Machine = Machine()) -> list[Module]:  # noqa: B008
    """Return where each module is: in use, or on disk.

    Args:
        names: with underscores.
        machine: whose.
    """
    listed = _lines(Path(machine.proc, "modules"))
    loaded = {line.partition(" ")[0] for line in listed}
    folder = Path(machine.modules, machine.release)
    built, there = (_names(folder / file) for file in ("modules.builtin", "modules.dep"))
    found = []
    for name in names:
        if name in loaded:
            state = "loaded"
        elif name in built or Path(machine.sys, "module", name).is_dir():
            state = "built in"
        else:
            state = "can be loaded" if name in there else ""
        found.append(Module(name, state))
    return found


def capabilities(proc: str = "/proc") -> frozenset[str]:
    """Return which of those that matter here this process has."""
    for line in _lines(Path(proc, "self/status")):
        name, _, value = line.partition(":")
        if name == "CapEff":
            bits = int(value, 16)
            return frozenset(name for name, bit in _CAPABILITIES.items() if bits >> bit & 1)
    return frozenset()


def look_at_modules(mode: str, machine: Machine = Machine()) -> Iterator[Finding]:  # noqa: B008
    """Yield whether the kernel can do what a mode needs."""
    found = modules(NEEDED[mode], machine)
    missing = [one.name for one in found if not one.state]
    waiting = [one.name for one in found if one.state == "can be loaded"]
    if missing and not Path(machine.modules, machine.release).is_dir():
        yield warn(
            "kernel",
            f"mode {mode} needs {', '.join(missing)}: not loaded, and whether this kernel has "
            f"them built in cannot be seen without {machine.modules}/{machine.release}",
            f"mount {machine.modules} of the node, read only; or on the node: "
            f"modprobe -a {' '.join(missing)}",
        )
    elif missing:
        yield fail(
            "kernel",
            f"mode {mode} needs {', '.join(missing)}: not loaded, and not in "
            f"{machine.modules}/{machine.release}",
            f"modprobe -a {' '.join(missing)} on the node; where it has none, choose another "
            "--mode, or a kernel package with these modules",
        )
    elif waiting:
        yield warn(
            "kernel",
            f"mode {mode} needs {', '.join(waiting)}: there, and not loaded",
            f"modprobe -a {' '.join(waiting)}",
        )
    else:
        yield ok("kernel", ", ".join(f"{one.name} {one.state}" for one in found))
    filters = _ONE_OF.get(mode, ())
    if filters and not any(one.state for one in modules(filters, machine)):
        yield fail(
            "packet filter",
            f"mode {mode} needs {' or '.join(filters)} too: neither is there",
            "modprobe nf_tables",
        )


def look_at_rights(mode: str, proc: str = "/proc") -> Iterator[Finding]:
    """Yield whether this process may do what a mode needs."""
    if "NET_ADMIN" in capabilities(proc):
        yield ok("rights", "CAP_NET_ADMIN")
    elif mode == "userspace":
        yield warn("rights", "no CAP_NET_ADMIN", "name an address of this machine: --listen")
    else:
        yield fail(
            "rights",
            "no CAP_NET_ADMIN: only it may change what the kernel balances",
            "of the Pod: securityContext.capabilities.add [NET_ADMIN], hostNetwork: true; here: "
            "run it as root",
        )


def look_at_nftables() -> Iterator[Finding]:
    """Yield whether there is a program or library that speaks to nf_tables."""
    try:
        libnftables.find_runner()
    except DataplaneError as error:
        yield fail("nftables", str(error).splitlines()[0], "apt-get install libnftables1")
    else:
        yield ok("nftables", "libnftables or nft is here")


def look_at_iptables() -> Iterator[Finding]:
    """Yield whether there are programs that write rules of iptables."""
    if any(Programs(variant).are_installed() for variant in VARIANTS):
        yield ok("iptables", "iptables-restore is here")
    else:
        yield fail("iptables", "it is not installed", "apt-get install iptables")


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _names(path: Path) -> frozenset[str]:
    """Return the modules that a file of depmod lists, with underscores."""
    files = (line.partition(":")[0].rpartition("/")[2] for line in _lines(path))
    return frozenset(file.partition(".ko")[0].replace("-", "_") for file in files)
