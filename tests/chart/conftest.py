"""Helm for all tests of the chart, and an API server for those that install it."""

from collections.abc import Iterator

import pytest

from tests.support.apiserver import ControlPlane
from tests.support.chart_cluster import MONITORING, make_kind
from tests.support.helm import Helm
from tests.support.plane import plane, pytest_runtest_makereport

__all__ = ["cluster", "helm", "plane", "pytest_runtest_makereport"]


@pytest.fixture(scope="session")
def helm() -> Iterator[Helm]:
    """Helm 4."""
    helm = Helm()
    yield helm
    helm.stop()


@pytest.fixture(scope="session")
def cluster(plane: ControlPlane) -> ControlPlane:
    """The API server, which knows the kinds of the Prometheus operator."""
    for kind, plural in MONITORING.items():
        make_kind(plane, kind, plural)
    return plane
