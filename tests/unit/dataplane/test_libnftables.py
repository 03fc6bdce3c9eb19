from pathlib import Path

import pytest

from svcdns.dataplane.backend import DataplaneError
from svcdns.dataplane.libnftables import (
    ScriptError,
    ScriptRunner,
    explained,
    find_runner,
    generation,
)


def install(folder: Path, script: str) -> ScriptRunner:
    """Return what runs a program in place of the library."""
    program = folder / "nft-of-test"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return find_runner(library="libnosuch.so.1", program=program.name, folders=str(folder))


def test_a_machine_without_nftables_learns_the_package(tmp_path: Path) -> None:
    with pytest.raises(DataplaneError, match="apt-get install libnftables1"):
        find_runner(library="libnosuch.so.1", program="nosuch-nft", folders=str(tmp_path))


def test_the_program_takes_the_place_of_the_library(tmp_path: Path) -> None:
    runner = install(tmp_path, 'read line\necho "got $line"')

    assert runner.run("list tables\n") == "got list tables\n"


def test_what_the_program_says_is_the_error(tmp_path: Path) -> None:
    said = "/dev/stdin:1:1-3: Error: No such file\\nlist x\\n^^^"
    runner = install(tmp_path, f"printf '{said}' >&2\nexit 1")

    with pytest.raises(ScriptError, match=r"^No such file \(list x\)$"):
        runner.run("list x\n")


@pytest.mark.parametrize(
    ("said", "remedy"),
    [("Could not process rule: Operation not permitted", "NET_ADMIN"), ("syntax error", "1.0.6")],
)
def test_a_refusal_names_what_helps(said: str, remedy: str) -> None:
    error = explained("make table svcdns", ScriptError(said))

    assert str(error).startswith(f"make table svcdns: {said}")
    assert remedy in error.remedy


def test_the_generation_is_a_number_where_the_kernel_tells_it() -> None:
    assert generation() == generation()
