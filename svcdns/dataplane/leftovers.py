"""What a proxy of ours leaves in a kernel, by parts, and how to take each away without the others.

A mode takes over from another one only when its own part works: then the parts of the others go.
A part that is not there needs no module, program or right to be gone; what could not be taken
away is named, and holds up no other part.

It blocks: use it in a thread.
"""

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from enum import Enum
from itertools import product
from pathlib import Path
from typing import NamedTuple

from svcdns.dataplane import filter_nftables_script, iptables_rules, iptables_text, libnftables
from svcdns.dataplane.addresses import Device
from svcdns.dataplane.backend import DataplaneError
from svcdns.dataplane.ipset import Sets
from svcdns.dataplane.iptables_programs import WIDTHS, Programs
from svcdns.dataplane.ipvs_kernel import IpvsTable
from svcdns.dataplane.journal import PLACE, Journal
from svcdns.dataplane.kernel_error import NOT_THERE, explained
from svcdns.dataplane.libnftables import ScriptError
from svcdns.dataplane.nftables_script import BRIDGE, FAMILIES, TABLE
from svcdns.dataplane.routes import RoutedDevice
from svcdns.proxy.model import VirtualKey
from svcdns.proxy.options import Network

IPVS_TABLE = Path("/proc/net/ip_vs")
"""Not there: this kernel has no virtual servers, and may never have had any."""
_VARIANTS = ("-nft", "-legacy", "")
_PATH = "/usr/sbin:/sbin:/usr/local/sbin:/usr/bin:/bin"


class Part(Enum):
    """One kind of thing; the value is what people call it."""

    VIRTUAL_SERVERS = "virtual servers"
    DEVICE = "the device"
    FILTER_TABLE = "the nftables table beside IPVS"
    FILTER_RULES = "the iptables rules beside IPVS"
    SETS = "the sets beside IPVS"
    TABLE = "the table of mode nftables"
    RULES = "the rules of mode iptables"


class Removed(NamedTuple):
    """What came of it."""

    parts: tuple[Part, ...]
    """Those that were there."""
    problems: tuple[str, ...]
    """What could not be taken away, a sentence and a remedy each."""


class Traces(NamedTuple):
    """By what things are known to be ours."""

    device: str
    journal: Path = PLACE
    exclude: tuple[Network, ...] = ()
    """Virtual servers there are others'."""


def parts_of(mode: str, packet_filter: str) -> frozenset[Part]:
    """Return the parts that a mode works with.

    Args:
        mode: `ipvs` and the like.
        packet_filter: beside IPVS, `nftables` or `iptables`.
    """
    match mode:
        case "ipvs":
            beside = {Part.FILTER_TABLE}
            if packet_filter == "iptables":
                beside = {Part.FILTER_RULES, Part.SETS}
            return frozenset({Part.VIRTUAL_SERVERS, Part.DEVICE} | beside)
        case "nftables":
            return frozenset({Part.TABLE})
        case "iptables":
            return frozenset({Part.RULES})
    return frozenset({Part.DEVICE})


def remove(parts: Iterable[Part], traces: Traces) -> Removed:
    """Take away these parts and nothing else; return which there were, and what stays."""
    wanted = frozenset(parts)
    steps: Mapping[Part, Callable[[], bool]] = {
        # In this order: an address may go with its virtual servers gone, a set with its rules.
        Part.VIRTUAL_SERVERS: lambda: _remove_virtual_servers(traces),
        Part.DEVICE: lambda: _remove_device(traces.device),
        Part.FILTER_TABLE: lambda: _remove_table(filter_nftables_script.TABLE),
        Part.TABLE: lambda: _remove_table(TABLE, BRIDGE),
        Part.FILTER_RULES: lambda: _remove_rules(iptables_text.PREFIX),
        Part.RULES: lambda: _remove_rules(iptables_rules.PREFIX),
        Part.SETS: _remove_sets,
    }
    there: list[Part] = []
    problems: list[str] = []
    for part, step in steps.items():
        if part not in wanted:
            continue
        try:
            if step():
                there.append(part)
        except DataplaneError as error:
            problems.append(str(error))
    return Removed(tuple(there), tuple(problems))


def remove_virtual_servers(is_ours: Callable[[VirtualKey], bool]) -> bool:
    """Delete virtual servers with all their real servers; return whether there were any.

    Raises:
        DataplaneError: one stays.
    """
    if not IPVS_TABLE.exists():
        return False
    table = IpvsTable()
    try:
        table.open()
        ours = [key for key in table.read() if is_ours(key)]
        refused = table.delete(ours)
    finally:
        table.close()
    for verdict in refused.values():
        if verdict.number not in NOT_THERE:
            raise explained("delete virtual servers", *verdict)
    return bool(ours)


def _remove_virtual_servers(traces: Traces) -> bool:
    if not IPVS_TABLE.exists():
        return False
    journal = Journal(traces.journal)
    journal.open()
    with closing(RoutedDevice(traces.device)) as device:
        found = device.read()
    bound = found.bound | found.former  # in either way

    def is_ours(key: VirtualKey) -> bool:
        if any(network.holds(key.address) for network in traces.exclude):
            return False
        return key in journal.keys or key.address in bound

    was_there = remove_virtual_servers(is_ours)
    journal.delete()
    return was_there


def _remove_device(name: str) -> bool:
    with closing(Device(name)) as device:
        is_there = device.find() is not None
        device.delete()
    return is_there


def _remove_table(*names: str) -> bool:
    try:
        runner = libnftables.find_runner()
    except DataplaneError:
        return False  # without nftables there are no tables
    is_there = False
    for family, name in product(FAMILIES.values(), names):
        try:
            runner.run(f"list table {family} {name}\n")
        except ScriptError as error:
            if error.is_denied:
                raise libnftables.explained(f"look for table {name}", error) from error
            continue
        is_there = True
        try:
            runner.run(f"delete table {family} {name}\n")
        except ScriptError as error:
            raise libnftables.explained(f"delete table {name}", error) from error
    return is_there


def _remove_rules(prefix: str) -> bool:
    is_there = False
    for programs in _programs():
        for width in WIDTHS:
            saved = programs.save(width)
            if f"\n:{prefix}" in saved:
                is_there = True
                programs.restore(width, iptables_text.no_rules(saved, prefix))
    return is_there


def _programs() -> Iterator[Programs]:
    return (one for one in map(Programs, _VARIANTS) if one.are_installed())


def _remove_sets() -> bool:
    if shutil.which("ipset", path=_PATH) is None:
        return False
    sets = Sets()
    try:
        sets.probe()
    except DataplaneError as error:
        if error.remedy.startswith("modprobe"):
            return False  # a kernel that has no sets at all
        raise
    return sets.remove()
