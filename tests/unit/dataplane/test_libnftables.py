import subprocess
from pathlib import Path

import pytest

from svcdns.dataplane.backend import DataplaneError
from svcdns.dataplane.libnftables import (
    ScriptError,
    ScriptRunner,
    contents,
    explained,
    find_runner,
    generation,
)
from svcdns.dataplane.nftables_messages import Element
from svcdns.wire.name import pack_address
from tests.support.namespaces import Network
from tests.support.tools import require


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


def test_the_contents_of_a_table_are_read_from_the_kernel_itself() -> None:
    nft = require("nft", package="nftables")
    script = """
    table ip shop {
      chain refuse { drop; drop; }
      map places { type ipv4_addr . inet_proto . inet_service : verdict;
        elements = { 10.96.0.1 . tcp . 80 : goto refuse } }
      set ranges { type ipv4_addr . ipv4_addr; flags interval;
        elements = { 10.96.0.1 . 10.0.0.0/8 } }
    }
    table ip other {
      chain more { }
    }
    """
    with Network() as network, network.inside():
        nothing = contents(4, "shop")
        subprocess.run([nft, "-f", "-"], input=script, text=True, check=True)
        found = contents(4, "shop")

        assert nothing is None
        assert found is not None
        assert found.chains == {"refuse": 2}
        assert found.sets == {"places", "ranges"}
        place = bytes.fromhex("0a600001 06000000 00500000")
        assert list(found.elements("places")) == [Element(place, verdict="goto refuse")]
        first, last = map(pack_address, ("10.0.0.0", "10.255.255.255"))
        assert list(found.elements("ranges")) == [Element(place[:4] + first, place[:4] + last)]
