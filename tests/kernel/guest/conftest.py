"""One world for all tests of a guest, and a clean proxy for each."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.driven import Driven
from tests.support.ipvs_world import Pods, lay_cables


@pytest.fixture(scope="session")
def world() -> Iterator[None]:
    """Cables are laid and every pod answers."""
    lay_cables()
    pods = Pods()
    yield
    pods.close()


@pytest.fixture
def proxy(world: None, tmp_path: Path) -> Iterator[Driven]:  # noqa: ARG001 - it is there
    """A proxy that has programmed nothing yet; what it leaves is taken away."""
    driven = Driven(tmp_path / "keys")
    yield driven
    driven.cleanup()
    driven.close()
