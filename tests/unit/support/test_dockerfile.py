"""What is understood of a Dockerfile, and what .dockerignore keeps out."""

from pathlib import Path

import pytest

from tests.support.dockerfile import Build, Ignored, Stage, instructions


def test_lines_that_go_on_are_joined_and_comments_left_out() -> None:
    text = "# one\nFROM a AS b\n\nLABEL x=1 \\\n      # two\n      y=2\nrun a && \\\n  b\n"

    assert instructions(text) == [("FROM", "a AS b"), ("LABEL", "x=1 y=2"), ("RUN", "a && b")]


@pytest.mark.parametrize(
    ("path", "is_ignored"),
    [
        ("README.md", False),
        ("docs/README.md", True),
        ("svcdns", False),
        ("svcdns/wire/name.py", False),
        ("svcdns/wire/__pycache__/name.pyc", True),
        ("deploy/image/install.sh", False),
        ("deploy/README.md", True),
    ],
)
def test_the_last_line_that_fits_decides(path: str, is_ignored: bool) -> None:  # noqa: FBT001
    ignored = Ignored("# some\n*\n!svcdns\n!deploy/image\n!README.md\n**/__pycache__\n")

    assert (path in ignored) == is_ignored


def test_a_stage_takes_from_another_one_and_changes_only_itself(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one/file").write_text("as it was")
    one = Stage(tmp_path / "one", variables={"A": "1"})

    two = Stage.after(tmp_path / "two", one)
    two.note("ENV", 'B="2 3"')
    two.note("USER", "65532:65532")
    (two.root / "file").write_text("changed")

    assert two.variables == {"A": "1", "B": "2 3"}
    assert (one.variables, one.user) == ({"A": "1"}, "0")
    assert (one.root / "file").read_text() == "as it was"


def test_what_is_not_understood_is_said(tmp_path: Path) -> None:
    (tmp_path / ".dockerignore").write_text("*\n")
    (tmp_path / "Dockerfile").write_text("HEALTHCHECK NONE\nFROM a AS b\n")

    with pytest.raises(ValueError, match="HEALTHCHECK before FROM"):
        Build(tmp_path, tmp_path, {}).run()
    with pytest.raises(ValueError, match="VOLUME is not understood"):
        Stage(tmp_path).note("VOLUME", "/a")
