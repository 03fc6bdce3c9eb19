"""A snapshot is written whole, and read or refused with one sentence."""

import os
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from svcdns.cluster.model import EndpointSlice, Namespace, Object, Pod, Service
from svcdns.source.snapshot import MAX_OCTETS, Cause, Identity, Refusal, Snapshot, read, write

IDENTITY = Identity("https://10.0.0.1:443")
OBJECTS: dict[type, list[Object]] = {
    Namespace: [Namespace("shop")],
    Service: [Service("shop", "web")],
}


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "state")


def refusal(path: str, identity: Identity = IDENTITY, *kinds: type) -> Refusal:
    found = read(path, identity, kinds)
    assert isinstance(found, Refusal)
    return found


def test_what_was_written_is_read(path: str) -> None:
    size = write(path, OBJECTS, 1764000000, IDENTITY)

    found = read(path, IDENTITY, [Service, Namespace])

    assert size == Path(path).stat().st_size
    assert found == Snapshot(
        1764000000, IDENTITY, {kind: tuple(values) for kind, values in OBJECTS.items()}
    )


def test_only_its_owner_may_read_it(path: str) -> None:
    write(path, OBJECTS, 1, IDENTITY)

    assert stat.S_IMODE(Path(path).stat().st_mode) == 0o600


def test_the_one_before_is_replaced(path: str) -> None:
    write(path, OBJECTS, 1, IDENTITY)
    write(path, {Service: []}, 2, Identity("another"))

    assert read(path, Identity("another")) == Snapshot(2, Identity("another"), {Service: ()})


def test_two_writers_never_leave_a_torn_file(path: str) -> None:
    worlds: list[dict[type, list[Object]]] = [
        {Pod: [Pod("shop", f"{n}-{m}") for m in range(2000 * n)]} for n in range(1, 4)
    ]
    ended = threading.Event()
    refused: list[Refusal] = []

    def read_on() -> None:
        while not ended.is_set():
            found = read(path, IDENTITY)
            if isinstance(found, Refusal):
                refused.append(found)

    write(path, worlds[0], 1, IDENTITY)
    with ThreadPoolExecutor(4) as pool:
        reader = pool.submit(read_on)
        list(pool.map(lambda world: write(path, world, 1, IDENTITY), worlds * 3))
        ended.set()
        reader.result()

    assert refused == []
    assert [one.name for one in Path(path).parent.iterdir()] == ["state"]


def test_a_file_that_is_no_snapshot_is_left_as_it_is(path: str) -> None:
    Path(path).write_text("root:x:0:0:root:/root:/bin/bash\n", encoding="ascii")

    with pytest.raises(FileExistsError, match="is no snapshot and is left as it is"):
        write(path, OBJECTS, 1, IDENTITY)

    assert Path(path).read_text(encoding="ascii").startswith("root:")
    assert refusal(path).cause is Cause.FOREIGN


@pytest.mark.parametrize("octets", [b"", b"svcdns-", b"svcdns-snapshot 7.9\n"])
def test_a_torn_snapshot_is_replaced(path: str, octets: bytes) -> None:
    Path(path).write_bytes(octets)
    assert refusal(path).cause in {Cause.TORN, Cause.FORMAT}

    write(path, OBJECTS, 1, IDENTITY)

    assert isinstance(read(path, IDENTITY), Snapshot)


@pytest.mark.parametrize("what", ["folder", "pipe", "device"])
def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path, what: str) -> None:
    path = tmp_path / "state"
    if what == "folder":
        path.mkdir()
    elif what == "pipe":
        os.mkfifo(path)
    else:
        path = Path("/dev/null")

    assert str(refusal(str(path))) == (
        f"the snapshot '{path}' is no regular file; name another file: this one is left as it is"
    )
    with pytest.raises(FileExistsError, match="is no regular file"):
        write(str(path), OBJECTS, 1, IDENTITY)


def test_a_missing_one_is_no_reason_to_worry(path: str) -> None:
    found = refusal(path)

    assert found.cause is Cause.MISSING
    assert str(found) == (
        f"the snapshot '{path}' does not exist; "
        "nothing to do: it is written once the API server has answered"
    )


def test_one_that_cannot_be_read_is_refused(path: str) -> None:
    Path(path).symlink_to(path)

    assert str(refusal(path)) == (
        f"the snapshot '{path}' cannot be read (Too many levels of symbolic links); "
        "let the user that svcdns runs as read and write it"
    )


def test_one_without_end_is_not_read(path: str) -> None:
    with Path(path).open("wb") as file:
        file.truncate(MAX_OCTETS + 1)

    assert refusal(path).problem == "is larger than 1,073,741,824 octets"


@pytest.mark.parametrize(
    ("wanted", "kinds", "cause", "sentence"),
    [
        pytest.param(
            Identity("https://10.0.0.2:443"),
            (),
            Cause.CLUSTER,
            "is of the cluster 'https://10.0.0.1:443', not of 'https://10.0.0.2:443'; "
            "give each cluster a file of its own",
            id="another cluster",
        ),
        pytest.param(
            IDENTITY._replace(labels="app=web"),
            (),
            Cause.SELECTORS,
            "holds the objects of labels '', namespace_labels '', "
            "not of labels 'app=web', namespace_labels ''; "
            "nothing to do: it is replaced once the API server has answered",
            id="other labels",
        ),
        pytest.param(
            IDENTITY._replace(namespace_labels="a"),
            (),
            Cause.SELECTORS,
            "holds the objects of labels '', namespace_labels '', "
            "not of labels '', namespace_labels 'a'; "
            "nothing to do: it is replaced once the API server has answered",
            id="other namespace labels",
        ),
        pytest.param(
            IDENTITY,
            (Service, Pod, EndpointSlice),
            Cause.KINDS,
            "has no EndpointSlice and no Pod objects, which are needed now; "
            "nothing to do: it is replaced once the API server has answered",
            id="kinds that were not watched",
        ),
    ],
)
def test_objects_of_anything_else_are_refused(
    path: str, wanted: Identity, kinds: tuple[type, ...], cause: Cause, sentence: str
) -> None:
    write(path, OBJECTS, 1, IDENTITY)

    found = refusal(path, wanted, *kinds)

    assert found.cause is cause
    assert str(found) == f"the snapshot '{path}' {sentence}"


def test_a_file_that_is_cut_off_is_refused_with_a_remedy(path: str) -> None:
    write(path, OBJECTS, 1, IDENTITY)
    os.truncate(path, Path(path).stat().st_size // 2)

    assert str(refusal(path)) == (
        f"the snapshot '{path}' is cut off; "
        "nothing to do: it is replaced once the API server has answered"
    )


def test_what_was_there_stays_when_writing_fails(path: str) -> None:
    write(path, OBJECTS, 1, IDENTITY)

    with pytest.raises(KeyError):
        write(path, {**OBJECTS, str: []}, 2, IDENTITY)

    found = read(path, IDENTITY)
    assert isinstance(found, Snapshot)
    assert found.saved_at == 1
    assert [one.name for one in Path(path).parent.iterdir()] == ["state"]
