"""Runs a test that takes `api` against every API server there is.

The real one is kube-apiserver, if `make apiserver` has built it.
"""

import pytest

from tests.support.api_server import ApiServer, FakeInMemory, FakeOverHttp
from tests.support.plane import plane, pytest_runtest_makereport
from tests.support.real_api import RealApi

__all__ = ["api", "plane", "pytest_runtest_makereport"]

_FAKES: dict[str, ApiServer] = {"memory": FakeInMemory(), "http": FakeOverHttp()}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "api" in metafunc.fixturenames:
        servers = [*_FAKES, pytest.param("real", marks=pytest.mark.built)]
        metafunc.parametrize("api", servers, indirect=True)


@pytest.fixture
def api(request: pytest.FixtureRequest) -> ApiServer:
    """One API server."""
    server: ApiServer = (
        RealApi(request.getfixturevalue("plane"))
        if request.param == "real"
        else _FAKES[request.param]
    )
    return server
