"""Manifests become the cluster, and what is wrong with them is said once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import StringIO
from pathlib import Path

import pytest

from svcdns.app.feed import Feed
from svcdns.app.following import Manifests, read_once, read_some
from svcdns.app.start_error import StartError
from svcdns.telemetry.catalogue import MANIFEST_PROBLEMS
from svcdns.telemetry.metrics import Metrics
from svcdns.wire.name import address_text
from tests.support.streams import until


class World:
    """A folder, and the feed that has to agree with it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.feed = Feed()
        self.feed.state()
        self.metrics = Metrics()
        self.manifests = Manifests(str(folder), self.feed, self.metrics)

    def write(self, name: str, address: str = "10.96.4.7") -> Path:
        """Write a file with one Service."""
        file = self.folder / f"{name}.yaml"
        file.write_text(
            f"apiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: shop}}\n"
            f"spec: {{clusterIP: {address}}}\n"
        )
        return file

    def address(self, name: str) -> str:
        """The address that the feed has for a Service; empty if there is none."""
        service = self.feed.state().service("shop", name)
        return address_text(service.addresses[0]) if service else ""

    @property
    def problems(self) -> float:
        return self.metrics.numbers[MANIFEST_PROBLEMS.name][()]

    @asynccontextmanager
    async def followed(self) -> AsyncIterator[None]:
        """Follow the folder meanwhile."""
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self.manifests.follow())
            await asyncio.sleep(0)  # the first turn sets the watch up
            yield
            task.cancel()


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A folder without files."""
    return World(tmp_path)


def test_the_first_reading_fills_the_feed_and_says_how_much_there_is(world: World) -> None:
    world.write("web")

    summary = world.manifests.read_first()

    assert summary[0] == "1 Service, 0 endpoints, 0 Pods, 1 Namespace in 1 file"
    assert world.address("web") == "10.96.4.7"
    assert world.feed.state().synced
    assert world.problems == 0


def test_an_empty_folder_is_an_empty_cluster(world: World) -> None:
    world.manifests.read_first()

    assert world.feed.state().synced


def test_a_missing_folder_is_no_cluster(world: World) -> None:
    missing = world.folder / "missing"

    with pytest.raises(StartError) as caught:
        Manifests(str(missing), world.feed, world.metrics).read_first()

    assert str(caught.value) == (
        f"no Kubernetes objects can be read from '{missing}':\n  {missing}: does not exist"
    )
    assert not world.feed.state().synced


def test_a_file_that_cannot_be_read_alone_is_no_cluster_either(world: World) -> None:
    file = world.write("web")
    file.write_text("a: [")

    with pytest.raises(StartError, match=r"no Kubernetes objects can be read from .*:\n  .*:\d+: "):
        read_once(str(file))


def test_a_broken_file_beside_a_good_one_is_a_problem_and_no_more(
    world: World, log: StringIO
) -> None:
    world.write("web")
    broken = world.write("db")
    broken.write_text("a: [")

    world.manifests.read_first()

    assert world.address("web") == "10.96.4.7"
    assert world.problems == 1
    (line,) = log.getvalue().splitlines()
    assert line.startswith(f'[WARNING] manifests.problem what="{broken}:')


async def test_a_change_is_taken_in_and_logged(world: World, log: StringIO) -> None:
    world.write("web")
    world.manifests.read_first()

    async with world.followed():
        world.write("web", "10.96.4.8")
        await until(lambda: "manifests.changed" in log.getvalue())

    assert world.address("web") == "10.96.4.8"
    assert f"[INFO] manifests.changed path={world.folder} changes=1 seconds=0" in log.getvalue()


async def test_a_problem_is_said_once_and_so_is_its_end(world: World, log: StringIO) -> None:
    world.write("web")
    broken = world.write("db")
    broken.write_text("a: [")
    world.manifests.read_first()

    async with world.followed():
        world.write("web", "10.96.4.8")
        await until(lambda: log.getvalue().count("manifests.changed") == 1)
        complaints = log.getvalue().count("manifests.problem")
        problems = world.problems
        world.write("db", "10.96.4.9")
        await until(lambda: log.getvalue().count("manifests.changed") == 2)

    assert (complaints, problems) == (1, 1)
    assert f"[INFO] manifests.mended path={world.folder} problems=1 left=0\n" in log.getvalue()
    assert world.problems == 0
    assert world.address("db") == "10.96.4.9"


def test_who_reads_once_wants_objects(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing")

    assert read_once(str(tmp_path)).is_readable
    with pytest.raises(StartError, match="there are no Kubernetes objects in "):
        read_some(str(tmp_path))
