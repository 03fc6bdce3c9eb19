"""Who may import whom. `make lint` says the same through import-linter; this needs only pytest.

The rooms are those of docs/architecture.md.
"""

import sys
from pathlib import Path

import pytest

from tests.support.tree import ROOT, imported_modules, relative, source_files

ROOMS = (  # highest first; rooms on one line do not know each other
    "__main__",
    "cli",
    "app",
    "plugins",
    "server source upstream dataplane",
    "telemetry",
    "route",
    "answers proxy",
    "corefile cluster",
    "wire",
)
LEVEL = {room: level for level, line in enumerate(ROOMS) for room in line.split()}

PURE = {"answers", "cluster", "corefile", "proxy", "route", "wire"}
IMPURE = {
    "asyncio",
    "concurrent",
    "ctypes",
    "datetime",
    "glob",
    "logging",
    "multiprocessing",
    "os",
    "pathlib",
    "random",
    "secrets",
    "select",
    "selectors",
    "signal",
    "socket",
    "ssl",
    "subprocess",
    "tempfile",
    "threading",
    "time",
}

DOORS = {  # outside package: files (or whole rooms) that may import it
    "aiohttp": ("svcdns/source/apiserver/client.py",),
    "aioquic": ("svcdns/upstream/quic.py",),
    "cachetools": ("svcdns/plugins/parts/cache_store.py",),
    "dnslib": ("svcdns/wire/codec.py",),
    "h2": ("svcdns/upstream/http2.py",),
    "kubernetes": ("svcdns/source/apiserver/client.py",),
    "msgspec": (
        "svcdns/cluster/archive.py",
        "svcdns/cluster/envelope_structs.py",
        "svcdns/cluster/parse.py",
        "svcdns/cluster/structs.py",
    ),
    "re2": ("svcdns/route/patterns.py",),
    "prometheus_client": ("svcdns/telemetry/",),
    "watchfiles": ("svcdns/source/",),
    "yaml": ("svcdns/source/",),
    "typer": ("svcdns/cli/",),
}

every_source_file = pytest.mark.parametrize("path", source_files(), ids=relative)


def room_of(path: Path) -> str:
    """The room a file lies in; files directly in the package are rooms by themselves."""
    below = path.relative_to(ROOT / "svcdns")
    return below.parts[0].removesuffix(".py")


@every_source_file
def test_a_file_lies_in_a_room(path: Path) -> None:
    assert room_of(path) in {*LEVEL, "__init__"}


@every_source_file
def test_a_room_imports_only_rooms_below_it(path: Path) -> None:
    room = room_of(path)
    others = {name.split(".")[1] for name in imported_modules(path) if name.startswith("svcdns.")}

    above = {other for other in others & LEVEL.keys() - {room} if LEVEL[other] <= LEVEL[room]}

    assert not above


@every_source_file
def test_a_pure_room_touches_no_clock_no_chance_no_system(path: Path) -> None:
    if room_of(path) not in PURE:
        return

    assert not {name.split(".")[0] for name in imported_modules(path)} & IMPURE


@every_source_file
def test_an_outside_package_comes_in_through_its_door(path: Path) -> None:
    packages = {name.split(".")[0] for name in imported_modules(path)}

    for package in packages - sys.stdlib_module_names - {"svcdns"}:
        assert package in DOORS, f"{package} has no door: give it one here and in pyproject.toml"
        assert relative(path).startswith(DOORS[package])


@pytest.mark.parametrize(
    "path",
    [path for path in source_files() if room_of(path) == "plugins" and path.stem != "__init__"],
    ids=relative,
)
def test_a_plugin_knows_no_other_plugin(path: Path) -> None:
    known = {name for name in imported_modules(path) if name.startswith("svcdns.plugins")}

    own = "svcdns.plugins.parts." + path.stem.split("_")[0] + "_"
    assert not {name for name in known if not name.startswith(own)}


@pytest.mark.parametrize(
    "path", [path for path in source_files() if path.parent.name == "parts"], ids=relative
)
def test_a_part_of_a_plugin_is_no_plugin(path: Path) -> None:
    assert "DIRECTIVE" not in path.read_text()
