"""A file is replaced as a whole or not at all."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from svcdns.source.replacing import replacing


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def write(path: Path, octets: bytes) -> None:
    with replacing(str(path)) as file:
        file.write(octets)


def test_a_file_is_there_once_all_is_written(tmp_path: Path) -> None:
    path = tmp_path / "state"

    with replacing(str(path)) as file:
        file.write(b"new")
        assert not path.exists()

    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["state"]


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "state"
    path.write_bytes(b"old")
    path.chmod(0o644)

    write(path, b"new")

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_was_there_stays_when_writing_fails(tmp_path: Path) -> None:
    path = tmp_path / "state"
    path.write_bytes(b"old")

    with pytest.raises(ValueError, match="closed file"), replacing(str(path)) as file:
        file.close()

    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["state"]


def test_a_name_without_a_folder_is_in_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    write(Path("state"), b"new")

    assert (tmp_path / "state").read_bytes() == b"new"


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write(tmp_path / "nowhere/state", b"new")


def test_a_folder_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()

    with pytest.raises(IsADirectoryError):
        write(tmp_path / "state", b"new")

    assert names(tmp_path) == ["state"]


def test_of_two_writers_neither_sees_the_others_octets(tmp_path: Path) -> None:
    path = tmp_path / "state"
    versions = [bytes([n]) * 100_000 for n in range(8)]

    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            list(pool.map(lambda octets: write(path, octets), versions))
            assert path.read_bytes() in versions

    assert names(tmp_path) == ["state"]


def test_what_a_killed_writer_left_is_swept_away_and_nothing_else(tmp_path: Path) -> None:
    left, young = tmp_path / ".state.abc.tmp", tmp_path / ".state.def.tmp"
    others = [tmp_path / name for name in ("state.tmp", ".other.abc.tmp", ".state.abc")]
    for path in (left, young, *others):
        path.write_bytes(b"")
        os.utime(path, (1, 1))
    os.utime(young)

    write(tmp_path / "state", b"new")

    assert not left.exists()
    assert all(path.exists() for path in (young, *others))
