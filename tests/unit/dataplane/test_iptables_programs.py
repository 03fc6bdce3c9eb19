from pathlib import Path

import pytest

from svcdns.dataplane.backend import DataplaneError
from svcdns.dataplane.iptables_programs import Programs, find_programs


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the programs are."""
    return tmp_path


def path(folder: Path) -> str:
    return f"{folder}:/usr/bin:/bin"


def install(folder: Path, variant: str, *, rules: int = 0, restore: str = "cat >/dev/null") -> None:
    for name in ("iptables", "ip6tables"):
        lines = "".join(f"echo '-A X -j {n}'\n" for n in range(rules))
        for verb, script in (("save", f"echo '*nat'\n{lines}"), ("restore", restore)):
            program = folder / f"{name}{variant}-{verb}"
            program.write_text(f"#!/bin/sh\n{script}\n")
            program.chmod(0o755)


def test_a_machine_without_iptables_learns_the_package(folder: Path) -> None:
    with pytest.raises(DataplaneError, match="apt-get install iptables"):
        find_programs(("-nosuch",), path(folder))


def test_the_variant_that_holds_rules_is_taken(folder: Path) -> None:
    install(folder, "-one")
    install(folder, "-two", rules=3)

    assert find_programs(("-one", "-two"), path(folder)) == Programs("-two", path(folder))
    assert find_programs(("-one",), path(folder)) == Programs("-one", path(folder))


def test_of_equals_the_first_is_taken(folder: Path) -> None:
    install(folder, "-one")
    install(folder, "-two")

    assert find_programs(("-one", "-two"), path(folder)) == Programs("-one", path(folder))


def test_one_that_cannot_change_anything_is_not_taken(folder: Path) -> None:
    install(folder, "-one", restore="echo 'Permission denied (you must be root)' >&2; exit 4")

    with pytest.raises(DataplaneError, match="Permission denied"):
        find_programs(("-one",), path(folder))


def test_input_goes_in_and_rules_come_out(folder: Path) -> None:
    install(folder, "-one", rules=1, restore=f'cat >{folder}/got; echo "$@" >>{folder}/got')

    assert Programs("-one", path(folder)).save(4) == "*nat\n-A X -j 0\n"
    Programs("-one", path(folder)).restore(16, "*nat\nCOMMIT\n")

    assert (folder / "got").read_text() == "*nat\nCOMMIT\n--noflush -w 5\n"


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ("Another app is currently holding the xtables lock", "/run/xtables.lock"),
        ("Operation not permitted", "NET_ADMIN"),
        ("Couldn't load match `recent'", "xt_recent"),
    ],
)
def test_a_refusal_names_what_helps(folder: Path, said: str, remedy: str) -> None:
    quoted = said.replace("'", "'\\''")
    install(folder, "-one", restore=f"echo '{quoted}' >&2; exit 2")

    with pytest.raises(DataplaneError) as caught:
        Programs("-one", path(folder)).restore(4, "")

    assert said in caught.value.cause
    assert remedy in caught.value.remedy
