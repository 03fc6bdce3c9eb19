"""Modules and rights, as files of the kernel say them."""

from pathlib import Path

import pytest

from svcdns.app import doctor_kernel
from svcdns.app.doctor_finding import Level
from svcdns.app.doctor_kernel import (
    NEEDED,
    Machine,
    capabilities,
    look_at_iptables,
    look_at_modules,
    look_at_nftables,
    look_at_rights,
    modules,
)
from svcdns.dataplane import libnftables
from svcdns.dataplane.backend import DataplaneError
from svcdns.dataplane.iptables_programs import VARIANTS, Programs


def machine(
    tmp_path: Path, *, loaded: str = "", built: str = "", there: str = "", folder: bool = True
) -> Machine:
    """A machine with these modules, names with spaces between them."""
    tmp_path.mkdir(exist_ok=True)
    (tmp_path / "modules").write_text(
        "".join(f"{name} 4096 0 - Live 0x0\n" for name in loaded.split())
    )
    on_disk = tmp_path / "lib/6.1"
    if folder:
        on_disk.mkdir(parents=True)
        (on_disk / "modules.builtin").write_text(
            "".join(f"kernel/net/{name}.ko\n" for name in built.split())
        )
        (on_disk / "modules.dep").write_text(
            "".join(f"kernel/net/{name}.ko.xz: kernel/lib/a.ko\n" for name in there.split())
        )
    return Machine(str(tmp_path), str(tmp_path / "sys"), str(tmp_path / "lib"), "6.1")


def test_a_module_is_loaded_built_in_on_disk_or_missing(tmp_path: Path) -> None:
    here = machine(tmp_path, loaded="ip_vs", built="nf-conntrack", there="ip_vs_rr")

    found = modules(("ip_vs", "nf_conntrack", "ip_vs_rr", "dummy"), here)

    assert [one.state for one in found] == ["loaded", "built in", "can be loaded", ""]


def test_a_module_that_has_a_folder_is_built_in(tmp_path: Path) -> None:
    (tmp_path / "sys/module/dummy").mkdir(parents=True)

    assert modules(("dummy",), machine(tmp_path, folder=False))[0].state == "built in"


@pytest.mark.parametrize(
    ("has", "level", "said"),
    [
        ({"loaded": "{} nf_tables"}, Level.OK, "ip_vs loaded"),
        ({"there": "{} nf_tables"}, Level.WARN, "there, and not loaded"),
        ({"built": "nf_tables"}, Level.FAIL, "not loaded, and not in"),
        ({"built": "", "folder": False}, Level.WARN, "cannot be seen"),
    ],
)
def test_what_a_mode_needs_is_there_or_named(
    tmp_path: Path, has: dict[str, str], level: Level, said: str
) -> None:
    needed = " ".join(NEEDED["ipvs"])
    filled = {name: v.format(needed) if isinstance(v, str) else v for name, v in has.items()}

    finding, *_ = look_at_modules("ipvs", machine(tmp_path, **filled))  # type: ignore[arg-type]

    assert finding.level is level
    assert said in finding.text


@pytest.mark.parametrize(
    ("mode", "enough"),
    [("ipvs", ("nf_tables", "ip_set")), ("iptables", ("nf_tables", "ip_tables"))],
)
def test_some_modes_want_one_of_two_packet_filters(
    tmp_path: Path, mode: str, enough: tuple[str, ...]
) -> None:
    needed = " ".join(NEEDED[mode])

    _, finding = look_at_modules(mode, machine(tmp_path, loaded=needed))

    assert (finding.level, finding.name) == (Level.FAIL, "packet filter")
    for name in enough:
        found = look_at_modules(mode, machine(tmp_path / name, loaded=f"{needed} {name}"))
        assert [one.level for one in found] == [Level.OK]


@pytest.mark.parametrize("mode", NEEDED)
def test_every_mode_says_something_about_this_machine(mode: str) -> None:
    assert list(look_at_modules(mode))


def status(tmp_path: Path, bits: int) -> str:
    (tmp_path / "self").mkdir()
    (tmp_path / "self/status").write_text(f"Name:\ta\nCapEff:\t{bits:016x}\n")
    return str(tmp_path)


def test_capabilities_are_read_bit_by_bit(tmp_path: Path) -> None:
    assert capabilities(status(tmp_path, 1 << 12 | 1 << 10)) == {"NET_ADMIN", "NET_BIND_SERVICE"}
    assert capabilities(str(tmp_path / "missing")) == frozenset()


@pytest.mark.parametrize(
    ("bits", "mode", "level"),
    [
        (1 << 12, "ipvs", Level.OK),
        (0, "ipvs", Level.FAIL),
        (0, "userspace", Level.WARN),
    ],
)
def test_a_mode_wants_rights(tmp_path: Path, bits: int, mode: str, level: Level) -> None:
    (finding,) = look_at_rights(mode, status(tmp_path, bits))

    assert finding.level is level


def test_nftables_is_here_or_its_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> libnftables.ScriptRunner:
        raise DataplaneError("look for nftables", "it is not here", "apt-get install it")

    monkeypatch.setattr(libnftables, "find_runner", nowhere)

    (finding,) = look_at_nftables()

    assert finding.level is Level.FAIL
    assert finding.remedy == ("apt-get install libnftables1",)


@pytest.mark.parametrize(
    ("installed", "level"), [("iptables ip6tables", Level.OK), ("iptables", Level.FAIL)]
)
def test_iptables_is_here_for_both_families_or_its_package_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, installed: str, level: Level
) -> None:
    for name in installed.split():
        (tmp_path / f"{name}-legacy-restore").touch(0o755)
    programs = [Programs(variant, str(tmp_path)) for variant in VARIANTS]
    monkeypatch.setattr(doctor_kernel, "Programs", dict(zip(VARIANTS, programs, strict=True)).get)

    (finding,) = look_at_iptables()

    assert finding.level is level
