"""A real cluster in good order for each test."""

import pytest

from tests.support.apiserver import ControlPlane
from tests.support.plane import plane, pytest_runtest_makereport

__all__ = ["cluster", "plane", "pytest_runtest_makereport"]


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
