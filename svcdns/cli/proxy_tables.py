"""What the kernel has: as a table, as JSON or YAML, and beside what it should have.

Sorted as a dry run is. A virtual server whose Service is not known belongs to one that is gone,
or to somebody else.
"""

import json
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from svcdns.cli.columns import Cell, aligned
from svcdns.cli.proxy_report import FORWARDING, in_order, place
from svcdns.cli.terminal import Tone, toned
from svcdns.proxy.model import (
    PROTOCOL_TEXTS,
    Desired,
    RealServer,
    VirtualKey,
    VirtualServer,
)
from svcdns.proxy.realized import Realized, RealizedServer, RealizedVirtual
from svcdns.source.yaml_writer import Value, document
from svcdns.wire.name import address_text

_HEAD = ("VIRTUAL SERVER", "SERVICE", "SCHEDULER", "SERVERS", "CONNECTIONS")


class Row(NamedTuple):
    """One virtual server in the kernel."""

    key: VirtualKey
    service: str
    """Empty: no Service of the cluster has it."""
    there: RealizedVirtual

    @property
    def connections(self) -> int:
        """Open ones, and those that are ending."""
        return sum(one.active + one.inactive for one in self.there.servers.values())


def rows(realized: Realized, desired: Desired) -> list[Row]:
    """Return a row for each virtual server that is there."""
    return [
        Row(
            key,
            str(desired.virtual_servers[key].service) if key in desired.virtual_servers else "",
            realized.virtual_servers[key],
        )
        for key in in_order(realized.virtual_servers)
    ]


def table(found: list[Row], *, wide: bool, colour: bool) -> str:
    """Return the rows for a person, with `wide` each real server below its virtual server."""
    if not found:
        return "no virtual servers"
    head = [Cell(text, Tone.DIM) for text in _HEAD]
    first, *rest = aligned([head, *map(_cells, found)], colour=colour)
    lines = [first]
    for row, line in zip(found, rest, strict=True):
        lines.append(line)
        if wide:
            lines += _server_lines(row.there, colour=colour)
    return "\n".join(lines)


def _cells(row: Row) -> tuple[Cell, ...]:
    there = row.there
    scheduler = there.scheduler
    if there.persistence_timeout:
        scheduler += f" {there.persistence_timeout} s"
    servers = there.servers.values()
    draining = sum(not one.weight for one in servers)
    count = f"{len(servers) - draining}{f' + {draining} draining' if draining else ''}"
    return (
        Cell(str(row.key)),
        Cell(row.service) if row.service else Cell("-", Tone.WARN),
        Cell(scheduler, Tone.DIM),
        Cell(count, Tone.WARN if draining or not servers else Tone.OK),
        Cell(f"{row.connections:,}"),
    )


def _server_lines(there: RealizedVirtual, *, colour: bool) -> Iterator[str]:
    cells = []
    for server, one in sorted(there.servers.items()):
        ending = f", {one.inactive:,} ending" if one.inactive else ""
        cells.append(
            (
                Cell(place(server)),
                Cell(f"weight {one.weight}", Tone.OK if one.weight else Tone.WARN),
                Cell(f"{one.active:,} connections{ending}"),
            )
        )
    yield from (f"  {line}" for line in aligned(cells, colour=colour))


def as_json(found: list[Row]) -> str:
    """Return the rows for a program: one object, its fields always there."""
    return json.dumps(_document(found), indent=2)


def as_yaml(found: list[Row]) -> str:
    """Return the same in YAML."""
    return document(_document(found))


def _document(found: list[Row]) -> dict[str, Value]:
    return {
        "virtual_servers": [
            {
                "protocol": PROTOCOL_TEXTS.get(row.key.protocol, str(row.key.protocol)),
                "address": address_text(row.key.address),
                "port": row.key.port,
                "scheduler": row.there.scheduler,
                "flags": row.there.flags,
                "persistence_timeout": row.there.persistence_timeout,
                "service": row.service,
                "real_servers": [
                    {
                        "address": address_text(server.address),
                        "port": server.port,
                        "weight": one.weight,
                        "forwarding": FORWARDING,
                        "active_connections": one.active,
                        "inactive_connections": one.inactive,
                    }
                    for server, one in sorted(row.there.servers.items())
                ],
            }
            for row in found
        ]
    }


def differences(realized: Realized, desired: Desired, *, colour: bool) -> list[str]:
    """Return a line for each difference; a server that drains is none."""
    found: list[tuple[str, str, str]] = []
    for key in in_order({*realized.virtual_servers, *desired.virtual_servers}):
        wanted = desired.virtual_servers.get(key)
        there = realized.virtual_servers.get(key)
        service = str(wanted.service) if wanted is not None else "-"
        found += [(str(key), service, what) for what in _of_one(wanted, there)]
    for address in sorted(desired.addresses ^ realized.addresses):
        what = (
            "is not bound" if address in desired.addresses else "is bound, and no Service needs it"
        )
        found.append((address_text(address), "-", what))
    cells = [(Cell(where), Cell(whose), Cell(what, Tone.FAIL)) for where, whose, what in found]
    return aligned(cells, colour=colour)


def _of_one(wanted: VirtualServer | None, there: RealizedVirtual | None) -> Iterator[str]:
    if there is None:
        yield "missing in the kernel"
        return
    if wanted is None:
        yield "in the kernel, and no Service has it"
        return
    pairs = (
        ("scheduler", there.scheduler, wanted.scheduler),
        ("flags", there.flags, wanted.flags),
        ("persistence", there.persistence_timeout, wanted.persistence_timeout),
    )
    for word, has, asked in pairs:
        if has != asked:
            yield f"{word} is {has} in the kernel, should be {asked}"
    yield from _of_servers(set(wanted.real_servers()), there.servers)


def _of_servers(
    wanted: set[RealServer], there: Mapping[RealServer, RealizedServer]
) -> Iterator[str]:
    for server in sorted(wanted):
        if server not in there:
            yield f"{place(server)} is missing in the kernel"
        elif there[server].weight != 1:
            yield f"kernel has {place(server)} with weight {there[server].weight}, should be 1"
    for server, one in sorted(there.items()):
        if server not in wanted and one.weight:
            yield f"kernel has {place(server)} (weight {one.weight}), the API does not"


def verdict(count: int, virtual_servers: int, seconds: float, *, colour: bool) -> str:
    """Return the last line of a comparison.

    Args:
        count: of differences.
        virtual_servers: that there should be.
        seconds: between two audits of a proxy.
        colour: whether there are colours.
    """
    among = f"{virtual_servers:,} virtual server{'s' * (virtual_servers != 1)}"
    if not count:
        return f"{toned('no difference', Tone.OK, colour=colour)} in {among}"
    counted = f"{count:,} difference{'s' * (count != 1)}"
    head = f"{toned(counted, Tone.FAIL, colour=colour)} in {among}."
    return f"{head} A proxy that runs here mends them within {seconds:g} s."
