import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from svcdns.plugins.parts.file_zone import Access, FileZone
from svcdns.wire.name import from_text
from tests.support.following import MemoryFiles, TellingScope

NAME = from_text("example.org")


def text(serial: int, *lines: str) -> str:
    return "\n".join(["$TTL 60", f"@ SOA ns hm {serial} 1 1 1 1", *lines])


def zone_of(files: MemoryFiles, scope: TellingScope) -> FileZone:
    return FileZone(NAME, "db", scope, Access(files.read, files.stamp))


@contextmanager
def followed(zone: FileZone, *, by_mtime: bool = False) -> Iterator[None]:
    task = asyncio.ensure_future(zone.follow(0.001, by_mtime=by_mtime))
    try:
        yield
    finally:
        task.cancel()


async def test_a_new_serial_is_taken_into_use() -> None:
    files, scope = MemoryFiles(db=text(1)), TellingScope()
    zone = zone_of(files, scope)

    with followed(zone):
        files.write("db", text(2))
        await scope.until(lambda: bool(scope.lines))

    assert zone.serial == 2
    assert scope.forgotten == 1
    assert scope.lines == [
        '[INFO] plugin/file: Successfully reloaded zone "example.org." in "db" with 2 SOA serial'
    ]


async def test_a_lower_serial_is_taken_into_use_too() -> None:
    files, scope = MemoryFiles(db=text(7)), TellingScope()
    zone = zone_of(files, scope)

    with followed(zone):
        files.write("db", text(3))
        await scope.until(lambda: bool(scope.forgotten))

    assert zone.serial == 3


async def test_a_change_without_a_new_serial_is_not_loaded_and_that_is_said() -> None:
    files, scope = MemoryFiles(db=text(1)), TellingScope()
    zone = zone_of(files, scope)

    with followed(zone):
        files.write("db", text(1, "www A 192.0.2.1"))
        await scope.until(lambda: bool(scope.lines))

    assert len(list(zone.rrsets())) == 1
    assert "its serial is still 1: it is not loaded" in scope.lines[0]


async def test_with_reload_by_mtime_any_change_is_loaded() -> None:
    files, scope = MemoryFiles(db=text(1)), TellingScope()
    zone = zone_of(files, scope)

    with followed(zone, by_mtime=True):
        files.write("db", text(1, "www A 192.0.2.1"))
        await scope.until(lambda: bool(scope.forgotten))

    assert len(list(zone.rrsets())) == 2


async def test_a_bad_version_is_named_and_the_one_before_goes_on_being_served() -> None:
    files, scope = MemoryFiles(db=text(1)), TellingScope()
    zone = zone_of(files, scope)

    with followed(zone):
        files.write("db", text(2, "www A 192.0.2"))
        await scope.until(lambda: bool(scope.lines))

    assert zone.serial == 1
    assert scope.forgotten == 0
    (line,) = scope.lines
    assert line == (
        "[ERROR] plugin/file: Parsing zone \"example.org.\": db:3: A address: '192.0.2' is not an "
        "IP address"
    )


async def test_a_file_that_comes_later_is_found() -> None:
    files, scope = MemoryFiles(), TellingScope()
    zone = zone_of(files, scope)
    assert zone.zone is None

    with followed(zone):
        files.write("db", text(1))
        await scope.until(lambda: bool(scope.forgotten))

    assert zone.serial == 1


async def test_a_file_that_goes_away_leaves_the_zone() -> None:
    files, scope = MemoryFiles(db=text(1)), TellingScope()
    zone = zone_of(files, scope)

    with followed(zone):
        files.remove("db")
        await scope.until(lambda: bool(scope.lines))

    assert zone.serial == 1
    assert 'Failed to open zone "example.org." in "db"' in scope.lines[0]


async def test_a_changed_included_file_counts() -> None:
    files = MemoryFiles(db="$TTL 60\n$INCLUDE part\n", part="@ SOA ns hm 1 1 1 1 1")
    scope = TellingScope()
    zone = zone_of(files, scope)

    with followed(zone):
        files.write("part", "@ SOA ns hm 2 1 1 1 1")
        await scope.until(lambda: bool(scope.forgotten))

    assert zone.serial == 2


@pytest.mark.parametrize(
    ("contents", "line"),
    [
        (text(1, "www.other.net. A 192.0.2.1"), "1 records are not of this zone"),
        (text(1, "a NSEC b A"), "1 signatures are left out: it is served unsigned"),
        ("$TTL 60\na A 192.0.2.1", "there is no SOA record for example.org."),
        (text(1, *["a A x"] * 12), "2 more lines have mistakes"),
    ],
)
def test_what_is_odd_about_a_file_is_said(contents: str, line: str) -> None:
    scope = TellingScope()

    zone_of(MemoryFiles(db=contents), scope)

    assert line in scope.lines[-1]
    assert len(scope.lines) <= 11
