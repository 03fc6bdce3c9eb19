"""Backends that tests/contract/test_backends.py holds to one contract.

A backend adds itself to `BACKENDS`. What needs a kernel says in `missing` what this machine has
not got, or that the test does not run in a network namespace of its own.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Protocol, cast

from svcdns.dataplane.backend import Backend
from svcdns.dataplane.fake import Fake
from svcdns.dataplane.filter import FilterOptions
from svcdns.dataplane.ipvs import IpvsBackend, IpvsOptions
from svcdns.dataplane.userspace import Userspace
from tests.support.driven import packet_filter
from tests.support.driven_mode import MODES


class _Closed(Protocol):
    def close(self) -> None: ...


class Kind(NamedTuple):
    """How to get one backend, and what it is spared."""

    make: Callable[[Path], Backend]
    """From a folder of its own, empty at first."""
    missing: Callable[[], str] = lambda: ""
    """Why it cannot run here; empty: it can."""
    close: Callable[[Backend], None] = lambda _: None
    """Give sockets and threads back; what it made stays."""
    stays: bool = True
    """Another one made from the same folder finds what this one made."""
    addresses: bool = True
    """It binds addresses."""
    weights: bool = True
    """A real server of weight 0 keeps what it has."""


BACKENDS: dict[str, Kind] = {
    "fake": Kind(lambda _: Fake(), stays=False),
    "userspace": Kind(lambda _: Userspace(listen="127.0.0.1"), stays=False),
}

if os.environ.get("SVCDNS_GUEST"):
    # tests/kernel: a kernel that has IPVS.
    BACKENDS = {
        "ipvs": Kind(
            lambda folder: IpvsBackend(
                IpvsOptions(journal=folder / "keys"), packet_filter(FilterOptions())
            ),
            close=lambda one: cast("_Closed", one).close(),
        )
    }

if _MODE := os.environ.get("SVCDNS_NODE", ""):
    # tests/namespaces: this machine's kernel, in namespaces of the test's own.
    BACKENDS = {
        _MODE.partition("-")[0]: Kind(
            lambda _: MODES[_MODE](), weights=False, close=lambda one: cast("_Closed", one).close()
        )
    }
