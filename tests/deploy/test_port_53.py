"""What deploy/README.md says about file capabilities, asked of the kernel.

Source: capabilities(7), "Transformation of capabilities during execve()"; vfs_cap_data.
"""

import os
import re
import shutil
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.support.tools import require

NET_BIND_SERVICE = 10
_REVISION_2, _EFFECTIVE = 0x02000000, 1
MAY_HAVE = "-all,+net_bind_service"  # add: [NET_BIND_SERVICE]
MAY_NOT = "-all"  # drop: [ALL]


@pytest.fixture
def program() -> Iterator[Path]:
    """A program that shows its capabilities and has one in its file, as the interpreter would."""
    if os.geteuid() != 0:
        pytest.skip("only root gives a file a capability")
    with TemporaryDirectory() as folder:  # pytest's own are in one that no other user may enter
        path = Path(folder) / "cat"
        shutil.copy(require("cat", package="coreutils"), path)
        path.chmod(0o755)
        path.parent.chmod(0o755)
        bits = 1 << NET_BIND_SERVICE
        stored = struct.pack("<5I", _REVISION_2 | _EFFECTIVE, bits, 0, 0, 0)
        os.setxattr(path, "security.capability", stored)
        yield path


def start(program: Path, bounding: str, *more: str) -> subprocess.CompletedProcess[str]:
    """Start it as a runtime starts what a Pod's user is to run."""
    user = ("--reuid", "65532", "--regid", "65532", "--clear-groups")
    limits = ("--inh-caps=-all", f"--bounding-set={bounding}", *more)
    return subprocess.run(
        [
            require("setpriv", package="util-linux"),
            *user,
            *limits,
            str(program),
            "/proc/self/status",
        ],
        capture_output=True,
        text=True,
        check=False,
    )


def in_effect(done: subprocess.CompletedProcess[str]) -> int:
    (found,) = re.findall(r"^CapEff:\s*(\w+)$", done.stdout, re.MULTILINE)
    return int(found, 16)


def test_a_file_capability_is_in_effect_where_the_container_may_have_it(program: Path) -> None:
    assert in_effect(start(program, MAY_HAVE)) == 1 << NET_BIND_SERVICE


def test_it_does_not_start_at_all_where_the_container_may_not(program: Path) -> None:
    done = start(program, MAY_NOT)

    assert done.returncode != 0
    assert "Operation not permitted" in done.stderr


def test_without_privilege_escalation_it_is_in_effect_all_the_same(program: Path) -> None:
    """It is no gain: the runtime has given it to what becomes the program, as setpriv has here."""
    assert in_effect(start(program, MAY_HAVE, "--no-new-privs")) == 1 << NET_BIND_SERVICE


def test_a_capability_that_is_only_added_does_nothing_for_another_user(program: Path) -> None:
    os.removexattr(program, "security.capability")

    assert in_effect(start(program, MAY_HAVE)) == 0
