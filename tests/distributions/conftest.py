"""A machine for each distribution, its server, and the resolver that all of them reach."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from svcdns.plugins import SUPPORTED
from tests.distributions.distributions import (
    DISTRIBUTIONS,
    PLACES,
    RECORDS,
    RESOLV_CONF,
    RESOLVER,
    Distribution,
)
from tests.support.namespaces import Network, join
from tests.support.process import Output, ServerProcess, command, environment
from tests.support.stub_upstream import StubUpstream
from tests.support.tree import ROOT

COREFILES = ROOT / "tests/corefiles"
_LINKER = ("ld.so.cache", "ld.so.conf", "ld.so.conf.d")
"""What a program of the machine needs of /etc."""


@dataclass
class Fleet:
    """All machines of one run; they end together, as most of that is waiting."""

    internet: Network
    upstream: StubUpstream
    ending: dict[str, ServerProcess] = field(default_factory=dict)
    networks: list[Network] = field(default_factory=list)

    def network(self, distribution: Distribution) -> Network:
        """Return the network of one more machine, which reaches the resolver."""
        network = Network()
        self.networks.append(network)
        join(network, self.internet, len(self.networks))
        for address in distribution.own_addresses:
            network.configure(f"addr add {address}/32 dev lo")
        return network


@dataclass
class Node:
    """One machine, and the server on it."""

    distribution: Distribution
    root: Path
    server: ServerProcess
    upstream: StubUpstream

    @property
    def corefile(self) -> Path:
        """Where the server reads it."""
        return self.root / "etc/coredns/Corefile"


@pytest.fixture(scope="session")
def fleet() -> Iterator[Fleet]:
    """The resolver, and whoever will be joined to it."""
    with Network() as internet:
        addresses = dict.fromkeys(address for address, _ in PLACES)
        internet.configure(*(f"addr add {address}/32 dev lo" for address in addresses))
        with internet.inside():
            upstream = StubUpstream(PLACES, RECORDS)
        fleet = Fleet(internet, upstream)
        try:
            with upstream:
                yield fleet
        finally:
            for server in fleet.ending.values():
                server.process.kill()
                server.process.wait()
            for network in fleet.networks:
                network.close()


@pytest.fixture(
    scope="module", params=DISTRIBUTIONS, ids=[distribution.name for distribution in DISTRIBUTIONS]
)
def started(
    request: pytest.FixtureRequest, fleet: Fleet, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Node, Network]]:
    """Start the server of one distribution with the Corefile as it is."""
    distribution: Distribution = request.param
    root = tmp_path_factory.mktemp(distribution.name) / "root"
    _furnish(root, distribution)
    network = fleet.network(distribution)
    words = command("-conf", "/etc/coredns/Corefile", "--manifests", str(ROOT / "examples/shop"))
    process = subprocess.Popen(
        network.program(words, root),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment(),
        text=True,
    )
    assert process.stdout is not None
    output = Output(process.stdout)
    server = ServerProcess(process, output, distribution.port, distribution.address)
    try:
        server.line(r"serve\.ready")
    except AssertionError as error:
        missing = sorted(set(re.findall(r"'(\w+)' is not supported yet", str(output))))
        lacking = f"svcdns has no {', '.join(missing)} yet\n" if missing else ""
        process.kill()
        process.wait()
        pytest.fail(f"{distribution.name} does not start: {lacking}{error}", pytrace=False)
    fleet.ending[distribution.name] = server
    yield Node(distribution, root, server, fleet.upstream), network
    process.terminate()


@pytest.fixture
def node(started: tuple[Node, Network]) -> Iterator[Node]:
    """A machine with its server; sockets of the test are on that machine."""
    machine, network = started
    with network.inside():
        yield machine


@pytest.fixture
def reloads() -> None:
    """Skip the calling test while there is no directive `reload`."""
    if "reload" not in SUPPORTED:
        pytest.skip("the directive 'reload' is not there yet")


def _furnish(root: Path, distribution: Distribution) -> None:
    """Put into a new root folder what a Pod of the distribution has in it."""
    source = COREFILES / distribution.name
    etc = root / "etc"
    shutil.copytree(source, etc / "coredns", ignore=shutil.ignore_patterns("elsewhere"))
    if (source / "elsewhere").exists():
        shutil.copytree(source / "elsewhere", root, dirs_exist_ok=True)
    (etc / "resolv.conf").write_text(RESOLV_CONF.format(RESOLVER))
    (etc / "hosts").write_text("127.0.0.1 localhost\n")
    for name in _LINKER:
        if (path := Path("/etc") / name).is_dir():
            shutil.copytree(path, etc / name)
        elif path.exists():
            shutil.copy(path, etc / name)
