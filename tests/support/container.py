"""The image, run as a container runtime would in a Pod of the restricted profile.

Read-only root, the image's user, no capability even to be gained, process 1 of its own process
namespace, in a network namespace of the test's own. Root alone, the proxy's user, has /run/svcdns
to write to.

Source: Kubernetes, Pod Security Standards; capabilities(7), pid_namespaces(7).
"""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.dockerfile import Stage
from tests.support.namespaces import Network
from tests.support.process import PATIENCE_SECONDS, Output, ServerProcess
from tests.support.tools import require

# Its last step is by the image's own setpriv: whoever has no capability cannot change its root.
_START = """
set -eu
root=$1 folder=$2 user=$3 capabilities=$4; shift 4
mount --bind "$root" "$root"
mount --bind "$folder" "$root/etc/coredns"
[ "$user" != 0:0 ] || mount -t tmpfs tmpfs "$root/run/svcdns"
mount -o remount,bind,ro "$root"
mount -o remount,bind,ro "$root/etc/coredns"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
mknod -m 666 "$root/dev/null" c 1 3
mknod -m 666 "$root/dev/urandom" c 1 9
cd "$root"
exec chroot . setpriv --reuid "${user%:*}" --regid "${user#*:}" --clear-groups --no-new-privs \
  --inh-caps=-all --ambient-caps=-all --bounding-set="$capabilities" -- "$@"
"""


@dataclass
class Container(ServerProcess):
    """One running container; `process` is who waits for it."""

    @property
    def pid(self) -> int:
        """The number of the container's first process, as the machine knows it."""
        path = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        return int(Path(path).read_text().split()[0])

    def status(self, name: str) -> str:
        """Return a line of its /proc/PID/status: `CapEff`."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith(f"{name}:"))

    def send(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)


def make_mount_points(stage: Stage) -> None:
    """Make the folders for mounts, as a runtime does before the root is read-only."""
    for folder in ("etc/coredns", "run/svcdns"):
        (stage.root / folder).mkdir(exist_ok=True)


def command_line(
    stage: Stage,
    network: Network,
    folder: Path,
    arguments: tuple[str, ...] = (),
    *,
    user: str = "",
    capabilities: str = "-all",
) -> list[str]:
    """Return what starts a container.

    Args:
        stage: of the Dockerfile, as it was built, with mount points.
        network: the Pod's.
        folder: is at /etc/coredns in it.
        arguments: instead of the image's CMD.
        user: instead of the image's; numbers, `0:0`.
        capabilities: what it may have, as setpriv's --bounding-set says it.
    """
    return [
        *(require("nsenter", package="util-linux"), f"--net={network.path}"),
        *("unshare", "--mount", "--pid", "--fork", "--kill-child"),
        *("sh", "-c", _START, "sh", str(stage.root), str(folder)),
        *(user or stage.user, capabilities),
        *stage.entrypoint,
        *(arguments or stage.command),
    ]


def variables(stage: Stage) -> Mapping[str, str]:
    """Return the environment a runtime gives: the image's, and a home where no user has one."""
    return {"HOME": "/", **stage.variables}


@contextmanager
def container(
    stage: Stage,
    network: Network,
    folder: Path,
    *arguments: str,
    port: int = 53,
    ready: str = r"serve\.ready",
    user: str = "",
    capabilities: str = "-all",
) -> Iterator[Container]:
    """Run the image until the block ends; wait until it prints `ready`.

    Args:
        stage: as for `command_line`, and so are the next three and the last two.
        network: the Pod's.
        folder: is at /etc/coredns in it.
        arguments: instead of the image's CMD.
        port: where it answers.
        ready: pattern of a line.
        user: instead of the image's.
        capabilities: what it may have.
    """
    process = subprocess.Popen(
        command_line(stage, network, folder, arguments, user=user, capabilities=capabilities),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=dict(variables(stage)),
        text=True,
    )
    assert process.stdout is not None
    running = Container(process, Output(process.stdout), port)
    try:
        running.line(ready)
        yield running
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(PATIENCE_SECONDS)
        running.output.end()
