import json
import platform

from typer.testing import CliRunner

from svcdns import __version__
from svcdns.cli.main import app
from svcdns.cli.version import text


def test_version_is_two_lines_as_coredns_prints_them() -> None:
    first, second = text().splitlines()

    assert first == f"svcdns-{__version__}"
    assert second.startswith("linux/")
    assert second.endswith(f", python{platform.python_version()}")


def test_version_can_be_read_by_programs() -> None:
    shown = CliRunner().invoke(app, ["version", "-o", "json"])

    assert json.loads(shown.output) == {
        "version": __version__,
        "python": platform.python_version(),
        "platform": text().splitlines()[1].partition(",")[0],
    }
