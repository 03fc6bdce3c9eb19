"""What kube-proxy leaves behind in a kernel, and how to take it away. Stop it first.

Named are its chains, sets and tables alone: the kubelet's chains begin with KUBE- too and stay.
The kernel keeps no owner of virtual servers, and kube-proxy no list; but its sets have the
address and port of each, and of those at the node's own addresses the port. A virtual server
that is in none of them is somebody else's.

It blocks: use it in `dataplane.worker`'s thread. Source: kube-proxy 1.36, `--cleanup`.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from typing import NamedTuple

from svcdns.dataplane import leftovers, libnftables
from svcdns.dataplane.addresses import Device
from svcdns.dataplane.backend import DataplaneError
from svcdns.dataplane.iptables_programs import WIDTHS, Programs
from svcdns.dataplane.journal import Journal
from svcdns.proxy.model import PROTOCOLS, VirtualKey
from svcdns.proxy.options import Network
from svcdns.wire.name import pack_address

_CHAIN = re.compile(
    r"KUBE-(?:(?:SVC|SVL|EXT|FW|SEP|XLB)-[A-Z2-7]+|SERVICES|EXTERNAL-SERVICES|NODEPORTS|NODE-PORT"
    r"|POSTROUTING|MARK-MASQ|LOAD-BALANCER|FORWARD|PROXY-FIREWALL|SOURCE-RANGES-FIREWALL"
    r"|IPVS-FILTER|IPVS-OUT-FILTER|PROXY-CANARY)"
)
_JUMP = re.compile(r"(?:-j|-g) (\S+)")
_SET = re.compile(r"KUBE-(?:6-)?(?:LOOP-BACK|CLUSTER-IP|EXTERNAL-IP|LOAD-BALANCER|NODE-PORT|HEALTH"
                  r"|IPVS)\S*")  # fmt: skip
_PLACES = re.compile(
    r"add KUBE-(?:6-)?(?:CLUSTER-IP|EXTERNAL-IP(?:-LOCAL)?|LOAD-BALANCER|NODE-PORT-SCTP-HASH)"
    r" (?P<host>[0-9a-f.:]+),(?P<protocol>\w+):(?P<port>\d+)"
)
_NODE_PORT = re.compile(r"add KUBE-(?P<six>6-)?NODE-PORT-(?P<protocol>TCP|UDP) (?P<port>\d+)")
DEVICE = "kube-ipvs0"
_VARIANTS = ("-nft", "-legacy", "")
_PATH = "/usr/sbin:/sbin:/usr/local/sbin:/usr/bin:/bin"
_TABLES = ("ip kube-proxy", "ip6 kube-proxy")
_PATIENCE_SECONDS = 60


class Places(NamedTuple):
    """Where kube-proxy's virtual servers are, as its sets have it."""

    keys: frozenset[VirtualKey]
    node_ports: frozenset[tuple[int, int, int]]
    """Octets of an address, protocol and port."""

    def has(self, key: VirtualKey, node_addresses: frozenset[bytes]) -> bool:
        """Return whether a virtual server is one of them.

        Args:
            key: of the virtual server.
            node_addresses: of all devices but kube-proxy's own.
        """
        port = (len(key.address), key.protocol, key.port)
        return key in self.keys or (port in self.node_ports and key.address in node_addresses)


def places(saved: str) -> Places:
    """Return what the output of `ipset save` says of virtual servers."""
    keys: set[VirtualKey] = set()
    node_ports: set[tuple[int, int, int]] = set()
    for line in saved.splitlines():
        if found := _PLACES.fullmatch(line):
            protocol = PROTOCOLS[found["protocol"].upper()]
            keys.add(VirtualKey(protocol, pack_address(found["host"]), int(found["port"])))
        elif found := _NODE_PORT.fullmatch(line):
            width = 16 if found["six"] else 4
            node_ports.add((width, PROTOCOLS[found["protocol"]], int(found["port"])))
    return Places(frozenset(keys), frozenset(node_ports))


def remove(exclude: tuple[Network, ...] = (), beside: Journal | None = None) -> tuple[str, ...]:
    """Take it away; return what could not be, a sentence each.

    Args:
        exclude: virtual servers there are others'.
        beside: of a proxy of ours that runs: its virtual servers stay, and so does the device
            with what is there, as it may have taken that over. None: none runs.
    """
    problems = list(_remove_virtual_servers(exclude, beside))
    for variant in _VARIANTS:
        programs = Programs(variant)
        for width, name in WIDTHS.items():
            if shutil.which(f"{name}{variant}-restore", path=_PATH) is None:
                continue
            try:
                if text := removal(programs.save(width)):
                    programs.restore(width, text)
            except DataplaneError as error:
                problems.append(str(error))
    # A set can go when no rule looks into it any more.
    problems += _remove_sets()
    problems += _remove_tables()
    return tuple(problems)


def removal(saved: str) -> str:
    """Return what iptables-restore needs to remove kube-proxy's chains; empty: there are none.

    Args:
        saved: what iptables-save says.
    """
    return "".join(f"{line}\n" for table in _tables(saved) for line in _table_removal(table))


def _tables(saved: str) -> Iterator[list[str]]:
    table: list[str] = []
    for line in saved.splitlines():
        if line.startswith("*"):
            table = [line]
        elif line == "COMMIT":
            yield table
        elif not line.startswith("#"):
            table.append(line)


def _table_removal(table: list[str]) -> list[str]:
    head, *lines = table
    chains = [line[1:].split(" ")[0] for line in lines if line.startswith(":")]
    ours = [chain for chain in chains if _CHAIN.fullmatch(chain)]
    if not ours:
        return []
    jumps = [
        f"-D {line[3:]}"
        for line in lines
        if line.startswith("-A ") and line.split(" ")[1] not in ours and _leads_to(line, ours)
    ]
    flushed = [f":{chain} - [0:0]" for chain in ours]
    return [head, *flushed, *jumps, *(f"-X {chain}" for chain in ours), "COMMIT"]


def _leads_to(rule: str, chains: list[str]) -> bool:
    found = _JUMP.search(rule)
    return found is not None and found[1] in chains


def _remove_virtual_servers(exclude: tuple[Network, ...], beside: Journal | None) -> Iterator[str]:
    """Delete virtual servers and device, as long as sets say whose they are."""
    saved = ""
    program = shutil.which("ipset", path=_PATH)
    if program is not None:
        saved, _ = _run([program, "save"])  # a kernel without sets has none of kube-proxy's
    elif leftovers.IPVS_TABLE.exists():
        yield (
            "find kube-proxy's virtual servers at node ports: ipset is not installed\n"
            "  next  apt-get install ipset, before its sets are gone"
        )
    found = places(saved)
    try:
        with closing(Device(DEVICE)) as device:
            here = device.read()
        if beside is not None and leftovers.IPVS_TABLE.exists():
            beside.open()

        def is_kube_proxys(key: VirtualKey) -> bool:
            if any(network.holds(key.address) for network in exclude):
                return False
            if beside is not None and (key in beside.keys or key.address in here.bound):
                return False
            return key.address in here.bound or found.has(key, here.elsewhere)

        leftovers.remove_virtual_servers(is_kube_proxys)
        if beside is None:
            with closing(Device(DEVICE)) as device:
                device.delete()
    except DataplaneError as error:
        yield str(error)


def _remove_sets() -> Iterator[str]:
    program = shutil.which("ipset", path=_PATH)
    if program is None:
        return
    names, problem = _run([program, "list", "-name"])
    if problem:
        return  # without sets in the kernel there are none of kube-proxy's
    for name in filter(_SET.fullmatch, names.split()):
        _, problem = _run([program, "destroy", name])
        if problem:
            yield f"destroy set {name}: {problem}"


def _remove_tables() -> Iterator[str]:
    try:
        runner = libnftables.find_runner()
    except DataplaneError:
        return  # without nftables there are no tables
    for table in _TABLES:
        try:
            runner.run(f"list table {table}\n")
        except libnftables.ScriptError as error:
            if error.is_denied:
                yield f"look for table {table}: {error}"
            continue  # there is none
        try:
            runner.run(f"delete table {table}\n")
        except libnftables.ScriptError as error:
            yield f"delete table {table}: {error}"


def _run(command: list[str]) -> tuple[str, str]:
    """Return what a program says, and why it failed."""
    try:
        done = subprocess.run(  # noqa: S603 - a program found in the system's folders
            command, capture_output=True, text=True, timeout=_PATIENCE_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return "", str(error)
    return done.stdout, done.stderr.strip() if done.returncode else ""
