"""A fake with some Services for each test, or a real cluster in good order.

With the fake, time is virtual: hours pass in milliseconds, and every run is the same. Each row of
the table of a reflector's life is named above its tests.
"""

import pytest

from tests.support.apiserver import ControlPlane
from tests.support.fakeapi import FakeApi
from tests.support.followed import services_api
from tests.support.plane import plane, pytest_runtest_makereport

__all__ = ["api", "cluster", "plane", "pytest_runtest_makereport"]


@pytest.fixture
def api() -> FakeApi:
    """A server that has the Services `web-0`, `web-1` and `web-2`."""
    return services_api()


@pytest.fixture
def cluster(plane: ControlPlane) -> ControlPlane:
    """The shared API server, up and with nothing in the namespace `shop`."""
    if not plane.etcd.is_running:
        plane.etcd.start()
    if plane.apiserver.is_running:
        plane.apiserver.thaw()
    else:
        plane.start_apiserver()
    plane.empty("shop")
    return plane
