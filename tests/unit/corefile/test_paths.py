import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.corefile.paths import clean, resolve


@pytest.mark.parametrize(
    ("pattern", "importer", "path"),
    [
        pytest.param("a", "Corefile", "a", id="beside"),
        pytest.param("custom/*.server", "Corefile", "custom/*.server", id="below"),
        pytest.param("a", "/etc/coredns/Corefile", "/etc/coredns/a", id="in the same folder"),
        pytest.param("../a", "/etc/coredns/Corefile", "/etc/a", id="one up"),
        pytest.param("../a", "Corefile", "../a", id="above the working folder"),
        pytest.param("/a", "conf/Corefile", "/a", id="absolute"),
        pytest.param("a", "/Corefile", "/a", id="in the root"),
        pytest.param("./Corefile", "Corefile", "Corefile", id="itself in disguise"),
        pytest.param("../conf/x", "conf/Corefile", "conf/x", id="there and back"),
        pytest.param("/../a", "Corefile", "/a", id="above the root"),
    ],
)
def test_an_import_is_relative_to_the_folder_of_its_file(
    pattern: str, importer: str, path: str
) -> None:
    assert resolve(pattern, importer) == path


@given(st.text(alphabet="a./", max_size=20))
def test_paths_are_cleaned_as_everybody_does_it(path: str) -> None:
    usual = posixpath.normpath(path) if path else ""

    assert clean(path) == usual.removeprefix("/" if usual.startswith("//") else "").removesuffix(
        "." if usual in (".", "./") else ""
    )
