from pathlib import Path

import pytest

from svcdns.dataplane import sysctl
from svcdns.dataplane.sysctl import Difference, Setting

ONE = Setting("net/ipv4/ip_forward", "1", "packets")


def place(root: Path, text: str) -> Path:
    path = root / ONE.name
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return path


def test_what_is_right_is_left_alone(tmp_path: Path) -> None:
    place(tmp_path, "1\n")

    assert sysctl.apply((ONE,), tmp_path) == ()


def test_what_is_wrong_is_set(tmp_path: Path) -> None:
    path = place(tmp_path, "0\n")

    assert sysctl.apply((ONE,), tmp_path) == (Difference(ONE, "0", ""),)
    assert path.read_text() == "1"


def test_what_the_kernel_does_not_have_is_named(tmp_path: Path) -> None:
    (found,) = sysctl.apply((ONE,), tmp_path)

    assert found.found is None
    assert "no such setting" in found.error


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / ONE.name).mkdir(parents=True)

    (found,) = sysctl.apply((ONE,), tmp_path)

    assert found.error == "Is a directory"


def test_strict_arp_needs_two_settings_more() -> None:
    plain, strict = sysctl.wanted(strict_arp=False), sysctl.wanted(strict_arp=True)

    assert set(strict) - set(plain) == set(sysctl.STRICT_ARP)


@pytest.mark.parametrize(
    ("release", "version"),
    [("6.1.176um", (6, 1)), ("5.10.0-33-cloud-amd64", (5, 10)), ("strange", (0, 0))],
)
def test_a_kernel_version_is_two_numbers(release: str, version: tuple[int, int]) -> None:
    assert sysctl.kernel_version(release) == version
