"""Kernel settings below /proc/sys: read, set when they differ.

Source: Documentation/networking/ipvs-sysctl.rst and ip-sysctl.rst of Linux.
"""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path("/proc/sys")
REUSE_SINCE = (5, 9)
"""From this kernel on conn_reuse_mode=1 no longer drops the first SYN of a port used again."""


class Setting(NamedTuple):
    """One setting as it shall be."""

    name: str
    """Path below /proc/sys: `net/ipv4/ip_forward`."""
    value: str
    why: str


class Difference(NamedTuple):
    """A setting that is not as it shall be."""

    setting: Setting
    found: str | None
    """None where this kernel has no such setting."""
    error: str
    """Why it could not be set; empty when it was."""


IPVS = (
    Setting("net/ipv4/vs/conntrack", "1", "masquerading needs conntrack entries of IPVS flows"),
    Setting("net/ipv4/vs/expire_nodest_conn", "1", "flows of a real server that went end at once"),
    Setting("net/ipv4/vs/expire_quiescent_template", "1", "affinity leaves a draining real server"),
    Setting("net/ipv4/ip_forward", "1", "the node sends packets on to pods"),
)
STRICT_ARP = (
    Setting("net/ipv4/conf/all/arp_ignore", "1", "no ARP answer for an address of our device"),
    Setting("net/ipv4/conf/all/arp_announce", "2", "no ARP question from an address of our device"),
)


def wanted(*, strict_arp: bool) -> tuple[Setting, ...]:
    """Return all settings that IPVS needs."""
    return IPVS + STRICT_ARP if strict_arp else IPVS


def apply(settings: tuple[Setting, ...], root: Path = ROOT) -> tuple[Difference, ...]:
    """Set what differs; return that, and for what could not be set the reason."""
    return tuple(found for one in settings if (found := _apply(one, root)) is not None)


def kernel_version(release: str) -> tuple[int, int]:
    """Return major and minor number of what `uname -r` says; (0, 0) if it says none."""
    found = re.match(r"(\d+)\.(\d+)", release)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _apply(setting: Setting, root: Path) -> Difference | None:
    place = root / setting.name
    try:
        found = place.read_text().strip()
    except FileNotFoundError:
        return Difference(setting, None, "this kernel has no such setting")
    except OSError as error:
        return Difference(setting, None, error.strerror or str(error))
    if found == setting.value:
        return None
    try:
        place.write_text(setting.value)
    except OSError as error:
        return Difference(setting, found, error.strerror or str(error))
    return Difference(setting, found, "")
