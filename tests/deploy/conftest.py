"""Kustomize for all tests of deploy/, and an API server for those that apply it."""

import pytest

from tests.support.kustomize import Kustomize
from tests.support.plane import plane, pytest_runtest_makereport

__all__ = ["kustomize", "plane", "pytest_runtest_makereport"]


@pytest.fixture(scope="session")
def kustomize() -> Kustomize:
    """The pinned kustomize."""
    return Kustomize()
