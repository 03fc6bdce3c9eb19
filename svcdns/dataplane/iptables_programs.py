"""The programs of iptables, in the variant that this machine uses.

Of the two variants the one is taken that already holds rules, as both at once are hard to
reason about. It blocks: use it in `dataplane.worker`'s thread.

Source: iptables-save(8), iptables-restore(8), xtables-nft(8).
"""

import shutil
import subprocess
from typing import NamedTuple

from svcdns.dataplane.backend import DataplaneError

WIDTHS = {4: "iptables", 16: "ip6tables"}
"""Program by octets of an address."""
_PATH = "/usr/sbin:/sbin:/usr/local/sbin:/usr/bin:/bin"
_MODULES = "iptable_nat iptable_filter xt_statistic xt_recent xt_comment xt_addrtype xt_conntrack"
VARIANTS = ("-nft", "-legacy", "")
_LOCK_SECONDS = "5"
_PATIENCE_SECONDS = 120
_LONGEST_CAUSE = 300
_TRIAL = "*nat\n:SVCDNS-TRIAL - [0:0]\n-X SVCDNS-TRIAL\nCOMMIT\n"


class Programs(NamedTuple):
    """The programs of one variant."""

    variant: str
    path: str = _PATH
    """Folders where they are, separated by colons."""

    def save(self, width: int) -> str:
        """Return all rules of one family.

        Raises:
            DataplaneError: they cannot be read.
        """
        return self._run([f"{WIDTHS[width]}{self.variant}-save"])

    def restore(self, width: int, text: str) -> None:
        """Change rules of one family; every table in one step.

        Raises:
            DataplaneError: refused; of the table it happened in nothing is done.
        """
        program = f"{WIDTHS[width]}{self.variant}-restore"
        self._run([program, "--noflush", "-w", _LOCK_SECONDS], text)

    def are_installed(self) -> bool:
        """Return whether those of both families are there."""
        return all(self._find(f"{name}{self.variant}-restore") for name in WIDTHS.values())

    def _find(self, name: str) -> str | None:
        return shutil.which(name, path=self.path)

    def _run(self, words: list[str], typed: str = "") -> str:
        name, *rest = words
        found = self._find(name)
        if found is None:
            raise DataplaneError(f"run {name}", "it is not installed", "apt-get install iptables")
        try:
            done = subprocess.run(  # noqa: S603 - a program found in the system's folders
                [found, *rest],
                input=typed,
                capture_output=True,
                text=True,
                env={"PATH": self.path, "LC_ALL": "C"},
                timeout=_PATIENCE_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise DataplaneError(
                f"run {name}", "it did not end", "see who holds its lock"
            ) from None
        except OSError as error:
            raise DataplaneError(f"run {name}", error.strerror or str(error)) from error
        if done.returncode:
            raise DataplaneError(f"run {name}", _words(done.stderr), _remedy(done.stderr))
        return done.stdout


def find_programs(variants: tuple[str, ...] = VARIANTS, path: str = _PATH) -> Programs:
    """Return the programs of the variant that holds most rules.

    Args:
        variants: to choose from, `-nft` and the like; of equals the first.
        path: folders to look in.

    Raises:
        DataplaneError: none works; says which package or module is missing.
    """
    working: list[tuple[int, int, Programs]] = []
    refused: DataplaneError | None = None
    for place, variant in enumerate(variants):
        programs = Programs(variant, path)
        if not programs.are_installed():
            continue
        try:
            rules = sum(programs.save(width).count("\n-A ") for width in WIDTHS)
            for width in WIDTHS:
                programs.restore(width, _TRIAL)  # reading works where making does not
        except DataplaneError as error:
            refused = error
            continue
        working.append((-rules, place, programs))
    if not working:
        if refused is not None:
            raise refused
        raise DataplaneError("look for iptables", "it is not installed", "apt-get install iptables")
    return min(working)[2]


def _words(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return "; ".join(lines)[:_LONGEST_CAUSE] or "it failed without a word"


def _remedy(said: str) -> str:
    if "Permission denied" in said or "not permitted" in said:
        return "add the capability NET_ADMIN"
    if "xtables lock" in said:
        return "mount the host's /run/xtables.lock"
    return f"modprobe -a {_MODULES}"
