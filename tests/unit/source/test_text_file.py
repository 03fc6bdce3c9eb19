import os
from pathlib import Path

import pytest

from svcdns.source import text_file
from svcdns.source.text_file import read_text, stamp_of


def test_the_text_of_a_file_is_read_and_odd_octets_survive(tmp_path: Path) -> None:
    file = tmp_path / "db"
    file.write_bytes(b"a \xc3\xa4 \xff")

    text = read_text(str(file))

    assert text.encode("utf-8", "surrogateescape") == b"a \xc3\xa4 \xff"


def test_what_is_no_file_is_an_error_with_its_cause(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"^no such file or directory$"):
        read_text(str(tmp_path / "gone"))
    with pytest.raises(OSError, match=r"^is a directory$"):
        read_text(str(tmp_path))
    with pytest.raises(OSError, match=r"^it is not a regular file$"):
        read_text("/dev/zero")
    with pytest.raises(OSError, match="name"):
        read_text("a\0b")


def test_a_file_that_is_too_large_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_file, "MAX_OCTETS", 3)
    (tmp_path / "db").write_text("four")

    with pytest.raises(OSError, match="larger than 3 octets"):
        read_text(str(tmp_path / "db"))


def test_a_stamp_changes_with_the_file(tmp_path: Path) -> None:
    file = tmp_path / "db"
    file.write_text("one")
    first = stamp_of(str(file))

    os.utime(file, ns=(0, 0))
    second = stamp_of(str(file))
    (tmp_path / "new").write_text("one")
    os.utime(tmp_path / "new", ns=(0, 0))
    (tmp_path / "new").replace(file)
    third = stamp_of(str(file))

    assert len({first, second, third}) == 3
    assert stamp_of(str(tmp_path / "gone")) is None
    assert stamp_of("a\0b") is None
