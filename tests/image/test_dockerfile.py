"""What the Dockerfile promises on paper; the other file of this folder builds it."""

import re

import pytest

from svcdns import __version__
from tests.support.dockerfile import BASES, Ignored, instructions
from tests.support.tree import ROOT

LINES = instructions((ROOT / "Dockerfile").read_text())
IGNORED = Ignored((ROOT / ".dockerignore").read_text())


def rest_of(name: str) -> list[str]:
    return [rest for one, rest in LINES if one == name]


def test_every_base_is_an_argument_so_that_it_can_be_a_digest() -> None:
    stages = [rest.split() for rest in rest_of("FROM")]
    named = {words[2] for words in stages}

    assert LINES[0] == ("ARG", f"PYTHON_IMAGE={next(iter(BASES))}")
    assert {words[0] for words in stages} - named == {"${PYTHON_IMAGE}"}


def test_no_name_has_a_registry_and_no_step_an_architecture() -> None:
    text = (ROOT / "Dockerfile").read_text() + "".join(
        path.read_text() for path in (ROOT / "deploy/image").iterdir()
    )

    assert "/" not in next(iter(BASES))
    assert not re.search(r"amd64|arm64|x86|aarch|--platform|TARGETARCH|https?://", text)


def test_it_ends_as_a_user_with_a_number() -> None:
    assert rest_of("USER")[-1] == "65532:65532"
    assert LINES[-1][0] == "USER"


def test_it_starts_serving_without_arguments() -> None:
    assert rest_of("ENTRYPOINT") == ['["svcdns"]']
    assert rest_of("CMD") == ['["serve"]']


def test_its_version_is_that_of_the_project() -> None:
    assert f"VERSION={__version__}" in rest_of("ARG")


def test_every_step_is_a_script_that_can_be_run_elsewhere() -> None:
    for step in rest_of("RUN"):
        script = step.split()[0].removeprefix("/opt/svcdns/").removeprefix("deploy/image/")
        path = ROOT / "deploy/image" / script

        assert path.stat().st_mode & 0o111, step


@pytest.mark.parametrize("rest", [one for one in rest_of("COPY") if "--from" not in one])
def test_what_is_copied_is_let_in(rest: str) -> None:
    *sources, _ = rest.split()

    for source in sources:
        assert (ROOT / source).exists()
        assert source not in IGNORED


def test_nothing_else_is_let_in() -> None:
    copied = {word for rest in rest_of("COPY") for word in rest.split()[:-1]}

    let_in = {path.name for path in ROOT.iterdir() if path.name not in IGNORED}
    assert let_in <= copied
