"""Files become a snapshot, and a snapshot follows the files."""

import asyncio
import gzip
import io
import json
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from svcdns.cluster.model import EndpointSlice, Namespace, Pod, Service
from svcdns.cluster.state import KINDS, State
from svcdns.source.manifests import Snapshot, read, watch
from svcdns.wire.name import pack_address

EXAMPLE = Path(__file__).parents[3] / "examples/shop"
PATIENCE_SECONDS = 20


def service(name: str, address: str = "10.96.4.7") -> str:
    return (
        f"apiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: shop}}\n"
        f"spec: {{clusterIP: {address}}}\n"
    )


@dataclass
class Folder:
    """A folder of manifests that a test writes."""

    path: Path

    def write(self, name: str, text: str) -> None:
        """Put a file in place at once, as editors and kubelet do."""
        fresh = self.path / f".{name}.new"
        fresh.write_text(text, encoding="utf-8")
        fresh.rename(self.path / name)

    def read(self, previous: Snapshot | None = None) -> Snapshot:
        return read([str(self.path)], previous)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    path = tmp_path / "manifests"
    path.mkdir()
    return Folder(path)


def services(snapshot: Snapshot) -> list[str]:
    return [value.name for value in snapshot.objects() if isinstance(value, Service)]


def problems(snapshot: Snapshot, folder: Folder) -> list[str]:
    return [str(problem).removeprefix(f"{folder.path}/") for problem in snapshot.problems]


def test_a_folder_is_read_whole(folder: Folder) -> None:
    folder.write("a.yaml", service("web"))
    (folder.path / "sub").mkdir()
    (folder.path / "sub/b.json.gz").write_bytes(
        gzip.compress(
            json.dumps({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "db"}}).encode()
        )
    )

    snapshot = folder.read()

    assert services(snapshot) == ["web", "db"]
    assert snapshot.problems == ()
    assert snapshot.is_readable


def test_one_file_is_read(folder: Folder) -> None:
    folder.write("a.yaml", service("web"))

    assert services(read([str(folder.path / "a.yaml")])) == ["web"]


def test_standard_input_is_read_once(monkeypatch: pytest.MonkeyPatch, folder: Folder) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(service("web").encode())))
    folder.write("a.yaml", service("db"))
    paths = ["-", str(folder.path)]
    first = read(paths)
    folder.write("a.yaml", service("mail"))

    second = read(paths, first)

    assert services(first) == ["web", "db"]
    assert services(second) == ["web", "mail"]


def test_nothing_changed_is_the_same_snapshot(folder: Folder) -> None:
    folder.write("a.yaml", service("web"))
    folder.write("broken.yaml", "a: [")
    first = folder.read()
    os.utime(folder.path / "a.yaml", ns=(1, 1))

    assert folder.read(first) is first


def test_only_a_file_that_changed_is_parsed_again(folder: Folder) -> None:
    folder.write("a.yaml", service("web"))
    folder.write("b.yaml", service("db"))
    first = folder.read()
    folder.write("b.yaml", service("mail"))

    second = folder.read(first)

    same = {name: second.files[name] is first.files[name] for name in second.files}
    assert [*same.values()] == [True, False]
    assert services(second) == ["web", "mail"]


def test_a_file_that_goes_takes_its_objects_along(folder: Folder) -> None:
    folder.write("a.yaml", service("web"))
    folder.write("b.yaml", service("db"))
    first = folder.read()
    (folder.path / "b.yaml").unlink()

    assert services(folder.read(first)) == ["web"]


def test_a_broken_file_keeps_what_it_said_and_is_mended_by_writing_it(folder: Folder) -> None:
    folder.write("a.yaml", service("web"))
    folder.write("b.yaml", service("db"))
    good = folder.read()
    folder.write("b.yaml", "a: [\n")

    broken = folder.read(good)
    still_broken = folder.read(broken)
    folder.write("b.yaml", service("mail"))
    mended = folder.read(still_broken)

    assert services(broken) == ["web", "db"]
    assert problems(broken, folder) == ["b.yaml:2: did not find expected node content"]
    assert still_broken is broken
    assert services(mended) == ["web", "mail"]
    assert mended.problems == ()


def test_a_wrong_object_is_left_out_although_it_was_good_before(folder: Folder) -> None:
    folder.write("a.yaml", service("web") + "---\n" + service("db"))
    good = folder.read()
    folder.write("a.yaml", service("web") + "---\n" + service("DB"))

    snapshot = folder.read(good)

    assert services(snapshot) == ["web"]
    assert [problem.subject for problem in snapshot.problems] == ["Service shop/DB"]


def test_a_file_that_cannot_be_read_keeps_what_it_said(folder: Folder) -> None:
    folder.write("a.yaml.gz", service("web"))
    good = folder.read()
    (folder.path / "a.yaml.gz").write_bytes(b"\x1f\x8b no gzip")

    snapshot = folder.read(good)

    assert services(snapshot) == ["web"]
    assert problems(snapshot, folder)[0].startswith("a.yaml.gz: cannot be read: ")
    assert folder.read(snapshot) is snapshot


def test_a_folder_that_is_away_keeps_what_it_said(folder: Folder) -> None:
    folder.write("a.yaml", service("web"))
    good = folder.read()
    folder.path.rename(folder.path.with_name("away"))

    snapshot = folder.read(good)

    assert services(snapshot) == ["web"]
    assert [problem.problem for problem in snapshot.problems] == [
        "does not exist; what was there is kept"
    ]


@pytest.mark.parametrize(
    ("texts", "readable"),
    [
        pytest.param({"a.yaml": service("web"), "b.yaml": "a: ["}, True, id="one is good"),
        pytest.param({"a.yaml": "a: [", "b.yaml": "a: ["}, False, id="all are broken"),
        pytest.param({}, True, id="an empty folder"),
        pytest.param(None, False, id="no folder"),
    ],
)
def test_a_start_fails_when_nothing_can_be_read(
    folder: Folder,
    texts: dict[str, str] | None,
    readable: bool,  # noqa: FBT001  # a column of the table
) -> None:
    for name, text in (texts or {}).items():
        folder.write(name, text)
    if texts is None:
        folder.path.rmdir()

    assert folder.read().is_readable is readable


def test_a_later_path_wins_over_an_earlier_one(folder: Folder, tmp_path: Path) -> None:
    folder.write("z.yaml", service("web"))
    later = tmp_path / "later.yaml"
    later.write_text(service("web", "10.96.4.8"), encoding="utf-8")

    snapshot = read([str(folder.path), str(later)])

    (value,) = (value for value in snapshot.objects() if isinstance(value, Service))
    assert value.addresses == (pack_address("10.96.4.8"),)


def test_given_addresses_come_from_the_ranges_that_are_set(folder: Folder) -> None:
    folder.write("a.yaml", service("web", '""'))

    snapshot = read([str(folder.path)], ranges=["10.200.0.0/24"])

    (value,) = (value for value in snapshot.objects() if isinstance(value, Service))
    assert value.addresses[0][:3] == bytes((10, 200, 0))


def test_selectors_are_applied_and_a_wrong_one_is_a_value_error(folder: Folder) -> None:
    folder.write("a.yaml", service("web"))
    snapshot = folder.read()

    assert [type(value) for value in snapshot.objects("app=web")] == [Namespace]
    with pytest.raises(ValueError, match="found the end"):
        snapshot.objects("app=web,")


@asynccontextmanager
async def following(
    folder: Folder, previous: Snapshot, *, polling: bool = False
) -> AsyncIterator[AsyncIterator[Snapshot]]:
    snapshots = watch([str(folder.path)], previous, polling=polling, rescan_seconds=0.1)
    try:
        yield snapshots
    finally:
        await snapshots.aclose()  # type: ignore[attr-defined]  # it is a generator


async def following_one(snapshots: AsyncIterator[Snapshot]) -> Snapshot:
    return await asyncio.wait_for(anext(snapshots), PATIENCE_SECONDS)


def steps(folder: Folder) -> Iterator[list[str]]:
    """Change the folder step by step; each step gives the Services there are then."""
    folder.write("b.yaml", service("db"))
    yield ["db", "web"]
    folder.write("b.yaml", "a: [")
    yield ["db", "web"]
    folder.write("b.yaml", service("mail"))
    yield ["mail", "web"]
    (folder.path / "a.yaml").unlink()
    yield ["mail"]
    folder.path.rename(folder.path.with_name("away"))  # whole, or its files would go one by one
    yield ["mail"]
    back = Folder(folder.path.with_name("back"))
    back.path.mkdir()
    back.write("c.yaml", service("cart"))
    back.path.rename(folder.path)
    yield ["cart"]


@pytest.mark.parametrize("polling", [False, True])
async def test_each_change_of_the_files_is_a_new_snapshot(
    folder: Folder,
    polling: bool,  # noqa: FBT001  # a column of the table
) -> None:
    folder.write("a.yaml", service("web"))
    previous = folder.read()

    async with following(folder, previous, polling=polling) as snapshots:
        for wanted in steps(folder):
            snapshot = await following_one(snapshots)
            assert sorted(services(snapshot)) == wanted


async def test_a_change_before_the_first_notice_is_not_lost(folder: Folder) -> None:
    folder.write("a.yaml", service("web"))
    previous = folder.read()
    folder.write("a.yaml", service("db"))

    async with following(folder, previous) as snapshots:
        assert services(await following_one(snapshots)) == ["db"]


async def test_a_config_map_volume_is_followed_when_its_link_is_turned(folder: Folder) -> None:
    for version, name in (("..1", "web"), ("..2", "db")):
        (folder.path / version).mkdir()
        (folder.path / version / "a.yaml").write_text(service(name), encoding="utf-8")
    (folder.path / "..data").symlink_to("..1")
    (folder.path / "a.yaml").symlink_to("..data/a.yaml")
    previous = folder.read()

    async with following(folder, previous) as snapshots:
        (folder.path / "..data_tmp").symlink_to("..2")
        (folder.path / "..data_tmp").rename(folder.path / "..data")
        snapshot = await following_one(snapshots)

    assert (services(previous), services(snapshot)) == (["web"], ["db"])


def test_the_example_cluster_is_what_its_page_says() -> None:
    snapshot = read([str(EXAMPLE)])

    assert snapshot.problems == ()
    assert snapshot.summary[0] == "12 Services, 31 endpoints, 9 Pods, 3 Namespaces in 9 files"
    state = State()
    objects = snapshot.objects()
    for kind in KINDS:
        state.replace(kind, [value for value in objects if isinstance(value, kind)], 1)
    assert state.service("default", "my-service") is not None
    assert [pod.name for pod in state.pods_at(pack_address("10.244.1.7"))] == ["db-0"]
    (db,) = state.slices("shop", "db")
    assert db.hostnames == ("db-0", "db-1", "db-2")
    assert [port.name for port in db.ports] == ["sql"]


def test_a_snapshot_has_all_kinds(folder: Folder) -> None:
    shutil.copytree(EXAMPLE, folder.path, dirs_exist_ok=True)

    kinds = {type(value) for value in folder.read().objects()}

    assert kinds == {*KINDS}
    assert {Service, EndpointSlice, Pod, Namespace} < kinds


def test_a_pipe_is_read_once(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as writer:
        writer.submit(pipe.write_text, service("web"), encoding="utf-8")
        first = read([str(pipe)])

    assert services(first) == ["web"]
    assert read([str(pipe)], first) is first
