"""Each mode that this machine's own kernel can do: the tests of `node` in fresh namespaces."""

import os
import subprocess
import sys

import pytest

from tests.support.tools import require
from tests.support.tree import ROOT

_PATIENCE_SECONDS = 240
_NEEDED = {
    "nftables": (("nft", "nftables"),),
    "iptables-nft": (("iptables-nft-restore", "iptables"),),
    "iptables-legacy": (("iptables-legacy-restore", "iptables"),),
    "userspace": (),
}
"""Program and Debian package by mode."""
_WORLD = """
mount -t tmpfs tmpfs /run && mkdir /run/netns && ip link set lo up || exit 125
echo 1 >/proc/sys/net/ipv4/ip_forward && exec "$@"
"""


@pytest.mark.parametrize("mode", _NEEDED)
def test_everything_holds_in_mode(mode: str) -> None:
    if os.geteuid() != 0:
        pytest.skip("network namespaces of the test's own need root")
    for program, package in (*_NEEDED[mode], ("ip", "iproute2"), ("unshare", "util-linux")):
        require(program, package=package)
    tests = ["tests/namespaces/node"]
    if mode != "userspace":
        tests.append("tests/contract/test_backends.py")
    inside = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests]

    done = subprocess.run(
        ["unshare", "--net", "--mount", "sh", "-c", _WORLD, "sh", *inside],
        cwd=ROOT,
        env=os.environ | {"SVCDNS_NODE": mode, "SVCDNS_REQUIRE": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_PATIENCE_SECONDS,
        check=False,
    )

    assert done.returncode == 0, done.stdout
