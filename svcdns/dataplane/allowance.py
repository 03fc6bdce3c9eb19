"""How many files the connections of a process may take, all of them and those of one Service.

Whoever is refused is refused at once: a Service under attack leaves the others their share.
"""

from resource import RLIM_INFINITY, RLIMIT_NOFILE, getrlimit

RESERVED_FILES = 256
"""For everything that is no connection of a client."""
MOST_FILES = 200_000


class Allowance:
    """So many files; the ones of a part count in the whole too."""

    def __init__(self, limit: int, whole: "Allowance | None" = None) -> None:
        self.limit = limit
        self.taken = 0
        self._whole = whole

    def part(self) -> "Allowance":
        """Return an allowance of half as many that is taken from this one."""
        return Allowance(max(1, self.limit // 2), self)

    def take(self, files: int) -> bool:
        """Take so many, if there are; return whether there were."""
        if self.taken + files > self.limit:
            return False
        if self._whole is not None and not self._whole.take(files):
            return False
        self.taken += files
        return True

    def give(self, files: int) -> None:
        """Give so many back."""
        self.taken -= files
        if self._whole is not None:
            self._whole.give(files)


def of_this_process() -> Allowance:
    """Return what the limit of open files leaves for connections."""
    soft, _ = getrlimit(RLIMIT_NOFILE)
    if soft == RLIM_INFINITY:
        return Allowance(MOST_FILES)
    return Allowance(max(64, min(soft - RESERVED_FILES, MOST_FILES)))
