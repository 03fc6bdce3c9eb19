"""Sets, maps and chains of a table as nftables prints it.

Pure. Source: nft(8), LIST.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

_SECTION = re.compile(r"^\t(map|set|chain) (\S+) \{\n(.*?)^\t\}\n", re.MULTILINE | re.DOTALL)
_ELEMENTS = "elements = {"


class Section(NamedTuple):
    """One set, map or chain."""

    kind: str
    name: str
    body: str

    def rules(self) -> int:
        """Return how many rules a chain has."""
        lines = (line.strip() for line in self.body.splitlines())
        return sum(bool(line) and not line.startswith("type ") for line in lines)

    def elements(self) -> Iterator[str]:
        """Yield the elements of a set or map."""
        _, found, rest = self.body.partition(_ELEMENTS)
        if found:
            for one in rest.rpartition("}")[0].split(","):
                yield one.strip()


def sections(listing: str) -> Iterator[Section]:
    """Yield what `list table` printed, part by part."""
    for found in _SECTION.finditer(listing):
        yield Section(*found.groups())
