"""The files of a folder are those that somebody wrote there, in one order."""

import gzip
import io
import os
from pathlib import Path

import pytest

from svcdns.source.files import Search, find, folders_of, in_order, is_read_once, load, signature


def names(folder: Path) -> list[str]:
    return [str(Path(file).relative_to(folder)) for file in find(str(folder)).files]


def touch(folder: Path, *paths: str) -> None:
    for path in paths:
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("", encoding="utf-8")


def test_a_folder_is_searched_whole_and_in_order(tmp_path: Path) -> None:
    touch(
        tmp_path, "b.yaml", "a/z.yml", "a/b/c.json", "a-b.yaml", "B.YAML", "x.yaml.gz", "y.json.gz"
    )

    assert names(tmp_path) == [
        "B.YAML",
        "a/b/c.json",
        "a/z.yml",
        "a-b.yaml",
        "b.yaml",
        "x.yaml.gz",
        "y.json.gz",
    ]


def test_what_nobody_meant_to_be_read_is_left_alone(tmp_path: Path) -> None:
    touch(
        tmp_path,
        ".hidden.yaml",
        ".git/config.yaml",
        ".web.yaml.swp",
        "web.yaml~",
        "web.yaml.bak",
        "#web.yaml#",
        "#web.yaml",
        ".#web.yaml",
        "4913",
        "README.md",
        "values.yaml.tpl",
    )

    assert names(tmp_path) == []


def test_a_config_map_volume_is_read_through_its_links(tmp_path: Path) -> None:
    touch(tmp_path, "..2026_01_01/web.yaml", "..2026_01_01/sub/db.yaml")
    (tmp_path / "..data").symlink_to("..2026_01_01")
    (tmp_path / "web.yaml").symlink_to("..data/web.yaml")
    (tmp_path / "sub").symlink_to("..data/sub")

    assert names(tmp_path) == ["sub/db.yaml", "web.yaml"]


def test_a_link_to_a_folder_above_ends_the_search(tmp_path: Path) -> None:
    touch(tmp_path, "a/web.yaml")
    (tmp_path / "a/up").symlink_to(tmp_path)

    assert names(tmp_path) == ["a/web.yaml"]


def test_a_file_that_is_named_is_read_whatever_it_is_called(tmp_path: Path) -> None:
    touch(tmp_path, ".dump.txt")

    assert find(str(tmp_path / ".dump.txt")).files == (str(tmp_path / ".dump.txt"),)


def test_a_hidden_folder_that_is_named_is_searched(tmp_path: Path) -> None:
    touch(tmp_path, ".kube/web.yaml")

    assert names(tmp_path / ".kube") == ["web.yaml"]


def test_what_does_not_exist_is_not_an_empty_folder(tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere")

    assert find(nowhere) == Search((), {nowhere: "does not exist"})
    assert find(str(tmp_path)) == Search((), {})


def test_a_path_that_cannot_be_entered_is_named(tmp_path: Path) -> None:
    touch(tmp_path, "web.yaml")
    behind = str(tmp_path / "web.yaml/db.yaml")

    assert find(behind) == Search((), {behind: "cannot be read: Not a directory"})


def test_a_link_that_leads_nowhere_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "web.yaml").symlink_to("nowhere.yaml")

    assert names(tmp_path) == []


def test_a_pipe_in_a_folder_is_no_manifest_but_one_that_is_named_is_read_once(
    tmp_path: Path,
) -> None:
    pipe = str(tmp_path / "web.yaml")
    os.mkfifo(pipe)

    assert names(tmp_path) == []
    assert find(pipe).files == (pipe,)
    assert is_read_once(pipe)
    assert folders_of([pipe]) == []


def test_files_are_in_the_order_of_their_names() -> None:
    assert in_order(["a-b.yaml", "b.yaml", "a/z.yaml"]) == ("a/z.yaml", "a-b.yaml", "b.yaml")


def test_standard_input_is_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"kind: List")))

    assert find("-") == Search(("-",), {})
    assert is_read_once("-")
    assert load("-") == b"kind: List"


def test_a_compressed_file_is_known_by_its_first_octets(tmp_path: Path) -> None:
    file = tmp_path / "dump.yaml"
    file.write_bytes(gzip.compress(b"kind: List"))

    assert load(str(file)) == b"kind: List"


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(gzip.compress(b"kind: List" * 99)[:20], id="cut off"),
        pytest.param(gzip.compress(b"kind: List")[:-8] + bytes(8), id="wrong checksum"),
        pytest.param(b"\x1f\x8bplain", id="no gzip at all"),
    ],
)
def test_a_broken_compressed_file_is_an_os_error(tmp_path: Path, octets: bytes) -> None:
    file = tmp_path / "dump.yaml.gz"
    file.write_bytes(octets)

    with pytest.raises(OSError, match=r"(?i)gzip|crc"):
        load(str(file))


def test_the_signature_differs_once_a_file_was_written(tmp_path: Path) -> None:
    file = tmp_path / "web.yaml"
    file.write_text("a", encoding="utf-8")
    before = signature([str(tmp_path), "-", str(tmp_path / "nowhere")])
    os.utime(file, ns=(1, 1))

    after = signature([str(tmp_path), "-", str(tmp_path / "nowhere")])

    assert [entry[0] for entry in before] == [entry[0] for entry in after] == [str(file)]
    assert before != after


def test_the_folder_of_a_file_is_watched_because_editors_replace_files(tmp_path: Path) -> None:
    touch(tmp_path, "a/web.yaml", "b/db.yaml")
    paths = [tmp_path / "a/web.yaml", tmp_path / "a", tmp_path / "b", tmp_path / "no/where.yaml"]

    assert folders_of([*map(str, paths), "-"]) == [str(tmp_path / "a"), str(tmp_path / "b")]
