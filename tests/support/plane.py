"""A real API server as a fixture, for the `conftest.py` of folders that want one.

They import what is here by name, `pytest_runtest_makereport` too; each folder has its own server.
"""

from collections.abc import Generator, Iterator

import pytest

from tests.support import program
from tests.support.apiserver import ControlPlane


@pytest.fixture(scope="session")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """One real API server; each test leaves the namespace `shop` as it likes."""
    plane = ControlPlane(tmp_path_factory.mktemp("apiserver"))
    try:
        plane.start()
        yield plane
    finally:
        plane.stop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the ends of the server's logs when a test fails."""
    report = yield
    if report.failed:
        report.sections += [(name, program.tail(log)) for name, log in program.running.items()]
    return report
