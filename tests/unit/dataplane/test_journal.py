from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.dataplane.backend import DataplaneError
from svcdns.dataplane.journal import Journal
from svcdns.proxy.model import TCP, UDP, VirtualKey

ONE, TWO = VirtualKey(TCP, b"\n\0\0\1", 80), VirtualKey(UDP, bytes(15) + b"\1", 53)


def opened(place: Path) -> Journal:
    journal = Journal(place)
    journal.open()
    return journal


def test_what_was_added_is_there_after_a_restart(tmp_path: Path) -> None:
    place = tmp_path / "run" / "keys"
    opened(place).add([ONE, TWO])

    assert opened(place).keys == {ONE, TWO}


def test_what_was_discarded_is_gone_after_a_restart(tmp_path: Path) -> None:
    journal = opened(tmp_path / "keys")
    journal.add([ONE, TWO])
    journal.discard([ONE])

    assert journal.keys == {TWO}
    assert opened(tmp_path / "keys").keys == {TWO}


def test_adding_what_is_there_writes_nothing(tmp_path: Path) -> None:
    journal = opened(tmp_path / "keys")
    journal.add([ONE])
    before = (tmp_path / "keys").read_text()
    journal.add([ONE])
    journal.discard([TWO])

    assert (tmp_path / "keys").read_text() == before


@given(cut=st.integers(0, 60))
def test_a_line_that_a_crash_cut_off_is_passed_over(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    place = tmp_path_factory.mktemp("run") / "keys"
    opened(place).add([ONE, TWO])
    place.write_bytes(place.read_bytes()[:cut])
    journal = opened(place)

    assert journal.keys <= {ONE, TWO}
    journal.add([TWO])
    assert opened(place).keys == journal.keys


def test_lines_of_nonsense_are_passed_over(tmp_path: Path) -> None:
    place = tmp_path / "keys"
    place.write_text("+ 6 0a0000 80\n+ six\n? 6 0a000001 80\n\n+ 6 0a000001 80\n")

    assert opened(place).keys == {ONE}


def test_keys_that_do_not_exist_are_forgotten(tmp_path: Path) -> None:
    journal = opened(tmp_path / "keys")
    journal.add([ONE, TWO])
    journal.compact([TWO])

    assert opened(tmp_path / "keys").keys == {TWO}


def test_a_long_history_is_written_anew(tmp_path: Path) -> None:
    journal = opened(tmp_path / "keys")
    journal.add([ONE])
    for _ in range(600):
        journal.add([TWO])
        journal.discard([TWO])
    journal.compact([ONE])

    assert (tmp_path / "keys").read_text() == "+ 6 0a000001 80\n"


def test_deleting_it_forgets_everything(tmp_path: Path) -> None:
    journal = opened(tmp_path / "keys")
    journal.add([ONE])
    journal.delete()

    assert not journal.keys
    assert not (tmp_path / "keys").exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(DataplaneError, match=r"file/keys"):
        opened(tmp_path / "file" / "keys")
