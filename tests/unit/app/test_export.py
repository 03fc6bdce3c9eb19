"""What a source has is written down so that it answers as the source does."""

import stat
from pathlib import Path

import pytest

from svcdns.app import inprocess
from svcdns.app.export import Request, export, objects_of
from svcdns.app.following import read_once
from svcdns.app.start_error import StartError
from svcdns.cluster.model import Service
from svcdns.wire.codec import Message, decode, encode_query
from svcdns.wire.codes import RRType
from svcdns.wire.name import from_text
from tests.support.tree import ROOT

SHOP = str(ROOT / "examples/shop")


@pytest.fixture
def folder(tmp_path: Path) -> str:
    return str(tmp_path / "export")


def ask(manifests: str, namespace: str, service: str, rrtype: int) -> Message:
    name = from_text(f"{service}.{namespace}.svc.cluster.local")
    return decode(
        inprocess.ask(
            encode_query(name, rrtype, id=7), known=inprocess.of_manifests(manifests)
        ).response
    )


def test_every_object_of_the_manifests_is_found() -> None:
    objects, missing = objects_of(Request(SHOP))

    assert [one.value for one in objects] == read_once(SHOP).objects()
    assert missing == ()


def test_a_folder_says_what_the_source_says(folder: str) -> None:
    outcome = export(Request(SHOP, folder))

    assert {one.key: one for one in read_once(folder).objects()} == {
        one.key: one for one in read_once(SHOP).objects()
    }
    assert outcome.files == len(list(Path(folder).iterdir())) == 4
    assert (outcome.text, outcome.missing) == ("", ())


@pytest.mark.parametrize("rrtype", [RRType.A, RRType.AAAA, RRType.SRV, RRType.CNAME])
def test_an_anonymized_folder_answers_as_the_source_does(folder: str, rrtype: int) -> None:
    outcome = export(Request(SHOP, folder, anonymize=True))

    pairs = zip(objects_of(Request(SHOP)).objects, outcome.objects, strict=True)
    keys = [(a.value.key, b.value.key) for a, b in pairs if isinstance(a.value, Service)]
    assert len(keys) == 12
    for before, after in keys:
        old, new = ask(SHOP, *before, rrtype), ask(folder, *after, rrtype)
        assert (new.rcode, len(new.answer)) == (old.rcode, len(old.answer)), before


def test_without_a_folder_the_text_is_the_outcome() -> None:
    outcome = export(Request(SHOP, form="json"))

    assert outcome.text.startswith('{"apiVersion": "v1", "kind": "List"')
    assert outcome.files == 0


def test_an_empty_folder_is_as_good_as_a_new_one(tmp_path: Path) -> None:
    assert export(Request(SHOP, str(tmp_path))).files == 4


def test_the_table_of_names_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "names.tsv"

    export(Request(SHOP, anonymize=True, names=str(path)))

    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[:2] == ["kind\tbefore\tafter", "namespace\tshop\tnamespace-1"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_folder_with_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("", encoding="ascii")

    with pytest.raises(StartError, match="is not empty"):
        export(Request(SHOP, str(tmp_path)))

    assert [one.name for one in tmp_path.iterdir()] == ["mine.yaml"]


@pytest.mark.parametrize("place", ["file", "file/folder"])
def test_where_no_folder_can_be_is_said(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("", encoding="ascii")

    with pytest.raises(StartError, match=f"cannot write to '.*{place}': Not a directory\n  next"):
        export(Request(SHOP, str(tmp_path / place)))


def test_a_table_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"cannot write to '.*nowhere/names.tsv': No such file"):
        export(Request(SHOP, anonymize=True, names=str(tmp_path / "nowhere/names.tsv")))


def test_what_could_not_be_read_is_missing(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 70000}]}\n"
        "---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\n",
        encoding="ascii",
    )

    (missing,) = export(Request(str(tmp_path))).missing

    assert missing.endswith(
        "Service default/web: spec.ports[0].port: 70000 is not a port number (1 to 65535)"
    )


def test_a_source_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="no Kubernetes objects can be read"):
        export(Request(str(tmp_path / "nowhere")))
