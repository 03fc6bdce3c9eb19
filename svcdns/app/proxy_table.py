"""Where every port of every Service is reached, as a table for people."""

from collections.abc import Iterable

from svcdns.dataplane.userspace import Served

_TITLES = ("SERVICE", "ADDRESS", "HERE", "ENDPOINTS")


def table(served: Iterable[Served]) -> str:
    """Return one line a virtual server, by the names of their Services."""
    rows = sorted(
        (
            str(virtual.service),
            str(virtual.key),
            str(place) if place is not None else "-",
            str(len(virtual)),
        )
        for virtual, place in served
    )
    lines = [_TITLES, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
