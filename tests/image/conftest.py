"""The stages of the Dockerfile, built without a container engine, and a Pod's network."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.container import make_mount_points
from tests.support.dockerfile import Stage
from tests.support.image import stages as built_stages
from tests.support.namespaces import Network

# `hosts` stands for the cluster: what an API server adds is tested elsewhere.
_COREFILE = """.:{port} {{
    errors
    health {{
        lameduck 1s
    }}
    ready
    prometheus :9153
    hosts {{
        192.0.2.7 seven.example
    }}
}}
"""


@pytest.fixture(scope="session")
def stages() -> dict[str, Stage]:
    """All stages by name."""
    found = built_stages()
    for stage in found.values():
        make_mount_points(stage)
    return found


@pytest.fixture(params=["dns", "svcdns"])
def image(request: pytest.FixtureRequest, stages: dict[str, Stage]) -> Stage:
    """Each image that can be asked for."""
    return stages[request.param]


@pytest.fixture
def pod() -> Iterator[Network]:
    """A network namespace in which ports below 1024 need the capability, as the kernel's are."""
    with Network() as network:
        with network.inside():
            Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").write_text("1024")
        yield network


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A folder to mount as a ConfigMap, with a Corefile for port 53."""
    folder = tmp_path / "config"
    folder.mkdir()
    folder.chmod(0o755)
    (folder / "Corefile").write_text(_COREFILE.format(port=53))
    return folder
