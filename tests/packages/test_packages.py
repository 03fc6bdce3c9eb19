"""Wheel and sdist: the same bytes from any clone of a commit, and what is in them."""

import email
import os
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path

import pytest

from svcdns import __version__
from tests.support.tree import ROOT, relative, source_files

EPOCH = 1_700_000_000
WHEEL = f"svcdns-{__version__}-py3-none-any.whl"
SDIST = f"svcdns-{__version__}.tar.gz"


def clone(folder: Path) -> Path:
    """Everything of the project as git would hand it out, in another folder."""
    folder.mkdir(parents=True)
    line = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(line, cwd=ROOT, capture_output=True, check=True).stdout
    for name in filter(None, listed.decode().split("\0")):
        if (ROOT / name).is_file():
            place = folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes((ROOT / name).read_bytes())
            place.chmod((ROOT / name).stat().st_mode)
    return folder


def build(source: Path, *targets: str, **environment: str) -> Path:
    """Build in a folder as `make dist` does, and return the folder of what came of it."""
    chosen = [word for target in targets for word in ("-t", target)]
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", *chosen],
        cwd=source,
        env=os.environ | {"SOURCE_DATE_EPOCH": str(EPOCH)} | environment,
        check=True,
        capture_output=True,
    )
    return source / "dist"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One clone, so that nothing changes between two builds."""
    return clone(tmp_path_factory.mktemp("one") / "svcdns")


@pytest.fixture(scope="module")
def dist(source: Path) -> Path:
    """Wheel and sdist of the clone."""
    return build(source)


def test_two_builds_of_one_commit_are_the_same_bytes(
    source: Path, dist: Path, tmp_path: Path
) -> None:
    """At another path, with files of another time and mode, in another zone and language."""
    other = tmp_path / "elsewhere" / "a clone"
    other.parent.mkdir()
    for path in sorted(source.rglob("*")):
        if path.is_file() and "dist" not in path.relative_to(source).parts:
            place = other / path.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(path.read_bytes())
            is_program = path.stat().st_mode & 0o100
            place.chmod(0o700 if is_program else 0o600)
            os.utime(place, (EPOCH - 10**8, EPOCH - 10**8))
    (other / "svcdns/__pycache__").mkdir()
    (other / "svcdns/__pycache__/left.pyc").write_bytes(b"left behind")

    again = build(other, TZ="Pacific/Auckland", LC_ALL="C", PYTHONHASHSEED="7")

    assert sorted(path.name for path in dist.iterdir()) == sorted([SDIST, WHEEL])
    for name in (WHEEL, SDIST):
        assert (again / name).read_bytes() == (dist / name).read_bytes(), name


def test_the_wheel_of_the_sdist_is_the_wheel_of_the_clone(dist: Path, tmp_path: Path) -> None:
    with tarfile.open(dist / SDIST) as archive:
        archive.extractall(tmp_path, filter="data")

    (unpacked,) = tmp_path.iterdir()
    again = build(unpacked, "wheel")

    assert (again / WHEEL).read_bytes() == (dist / WHEEL).read_bytes()


def test_every_file_has_the_commit_s_time(dist: Path) -> None:
    moment = time.gmtime(EPOCH)[:6]
    with zipfile.ZipFile(dist / WHEEL) as wheel:
        times = {one.date_time for one in wheel.infolist()}
    with tarfile.open(dist / SDIST) as sdist:
        owners = {(one.mtime, one.uid, one.gid, one.uname, one.gname) for one in sdist}

    assert {one[:5] for one in times} == {moment[:5]}  # a zip knows every second second
    assert owners == {(EPOCH, 0, 0, "", "")}


def test_the_wheel_holds_the_product_and_nothing_else(source: Path, dist: Path) -> None:
    with zipfile.ZipFile(dist / WHEEL) as wheel:
        names = set(wheel.namelist())
        texts = {name: wheel.read(name) for name in names if name.startswith("svcdns/")}

    product = {relative(path) for path in source_files() if (source / relative(path)).exists()}
    described = f"svcdns-{__version__}.dist-info/"
    assert {name for name in names if name.endswith(".py")} == product
    assert names - product == {
        "svcdns/py.typed",
        *(described + one for one in ("METADATA", "WHEEL", "RECORD", "entry_points.txt")),
        described + "licenses/LICENSE",
    }
    assert {name: (source / name).read_bytes() for name in texts} == texts


def test_the_wheel_says_licence_version_and_what_it_needs(source: Path, dist: Path) -> None:
    folder = f"svcdns-{__version__}.dist-info"
    with zipfile.ZipFile(dist / WHEEL) as wheel:
        metadata = email.message_from_bytes(wheel.read(f"{folder}/METADATA"))
        licence = wheel.read(f"{folder}/licenses/LICENSE")
        commands = wheel.read(f"{folder}/entry_points.txt").decode()

    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Version"] == __version__
    assert metadata["Requires-Python"] == ">=3.11"
    assert all("==" in one for one in metadata.get_all("Requires-Dist", []))
    assert licence == (source / "LICENSE").read_bytes()
    assert "svcdns = svcdns.cli.main:main" in commands.splitlines()


def test_the_sdist_holds_what_the_readme_links_to_and_no_tests(dist: Path) -> None:
    with tarfile.open(dist / SDIST) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}

    assert {"README.md", "LICENSE", "pyproject.toml", "svcdns/py.typed"} <= names
    assert {"docs/README.md", "Corefile.example", "CHANGELOG.md", "examples/Corefile"} <= names
    assert {name.partition("/")[0] for name in names} & {"tests", ".ci", "requirements"} == set()
