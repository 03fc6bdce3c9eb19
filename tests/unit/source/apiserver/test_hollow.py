"""Modules of a large package without the package around them."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from svcdns.source.apiserver.hollow import hollow


@pytest.fixture(name="large")
def _large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the name of a package whose `__init__` is costly and whose part is not."""
    inner = tmp_path / "costly" / "inner"
    inner.mkdir(parents=True)
    (tmp_path / "costly" / "__init__.py").write_text("import costly.inner\nHAS_RUN = True\n")
    (inner / "__init__.py").write_text("raise AssertionError('it has run')\n")
    (inner / "part.py").write_text("from costly.inner.other import VALUE\n")
    (inner / "other.py").write_text("VALUE = 7\n")
    monkeypatch.syspath_prepend(tmp_path)
    return "costly"


def test_a_module_is_imported_and_the_packages_above_it_are_not_run(large: str) -> None:
    with hollow(large, f"{large}.inner"):
        part = importlib.import_module(f"{large}.inner.part")

    assert part.VALUE == 7


def test_whoever_imports_the_package_afterwards_gets_all_of_it(large: str, tmp_path: Path) -> None:
    (tmp_path / large / "inner" / "__init__.py").write_text("")
    with hollow(large, f"{large}.inner"):
        importlib.import_module(f"{large}.inner.part")
    assert not [name for name in sys.modules if name.partition(".")[0] == large]

    whole = importlib.import_module(large)

    assert whole.HAS_RUN
    for name in [name for name in sys.modules if name.partition(".")[0] == large]:
        del sys.modules[name]


def test_a_package_that_is_there_already_stays_as_it_is() -> None:
    before = sys.modules["importlib"]

    with hollow("importlib"):
        pass

    assert sys.modules["importlib"] is before


@pytest.mark.parametrize("packages", [("not_here",), ("costly", "costly.not_here")])
def test_a_missing_package_is_named_and_nothing_is_left(
    large: str, packages: tuple[str, ...]
) -> None:
    with pytest.raises(ModuleNotFoundError, match="not_here"), hollow(*packages):
        pass

    assert large not in sys.modules


def test_the_client_brings_neither_the_models_nor_the_package() -> None:
    program = "import sys, svcdns.source.apiserver.client; print(*sys.modules)"

    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    loaded = set(ended.stdout.split())
    assert "aiohttp" in loaded
    assert not {"kubernetes", "pydantic", "dateutil"} & loaded
