"""Connection tracking, as files of the kernel say it."""

from pathlib import Path

from svcdns.app.doctor_conntrack import counters, look
from svcdns.app.doctor_finding import Level

STATISTICS = """\
entries  clashres found new invalid insert insert_failed drop early_drop
00000007  00000000 00000000 00000000 00000001 00000000 0000000a 00000002 00000000
00000007  00000000 00000000 00000000 00000000 00000000 00000006 00000000 00000000
"""


def proc(tmp_path: Path, count: int, most: int, statistics: str = "") -> str:
    folder = tmp_path / "sys/net/netfilter"
    folder.mkdir(parents=True)
    (folder / "nf_conntrack_count").write_text(f"{count}\n")
    (folder / "nf_conntrack_max").write_text(f"{most}\n")
    (tmp_path / "net/stat").mkdir(parents=True)
    (tmp_path / "net/stat/nf_conntrack").write_text(statistics)
    return str(tmp_path)


def test_room_is_left(tmp_path: Path) -> None:
    (finding,) = look(proc(tmp_path, 10, 1000, STATISTICS.splitlines()[0] + "\n"))

    assert (finding.level, finding.text) == (Level.OK, "10 of 1,000 entries")


def test_a_table_that_is_nearly_full_is_a_warning(tmp_path: Path) -> None:
    (finding,) = look(proc(tmp_path, 900, 1000, "entries\n"))

    assert finding.level is Level.WARN
    assert finding.remedy == ("sysctl -w net.netfilter.nf_conntrack_max=2000",)


def test_losses_of_all_processors_are_added(tmp_path: Path) -> None:
    folder = proc(tmp_path, 10, 1000, STATISTICS)

    _, finding = look(folder)

    assert counters(folder) == {"insert_failed": 16, "drop": 2, "early_drop": 0}
    assert finding.level is Level.WARN
    assert finding.text.startswith("insert_failed 16, drop 2 since the machine started")


def test_a_kernel_without_it_has_none(tmp_path: Path) -> None:
    (finding,) = look(str(tmp_path))

    assert finding.level is Level.OK
    assert counters(str(tmp_path)) == {}


def test_statistics_without_a_line_are_none(tmp_path: Path) -> None:
    (finding,) = look(proc(tmp_path, 1, 2))

    assert finding.level is Level.OK
