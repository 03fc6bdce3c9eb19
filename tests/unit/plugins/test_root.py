import pytest

from svcdns.plugins.root import DIRECTIVE
from svcdns.route.stages import Steps
from tests.support.directives import FixedScope, problems_of, settings_of

COUNT = "root: Wrong argument count or unexpected line ending after"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("root /etc/coredns", "/etc/coredns"),
        ("root .", "."),
        pytest.param("root /a\nroot /b", "/b", id="the last one counts"),
        pytest.param('root "/with blank"', "/with blank", id="quoted"),
    ],
)
def test_the_path_is_kept_as_it_is(text: str, path: str) -> None:
    assert settings_of(DIRECTIVE, text) == path


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("root", [(f"<root> {COUNT} 'root'", "write: root /etc/svcdns")]),
        ("root /a b", [(f"<b> {COUNT} 'b'", "take out: b")]),
        ("root /a {\nx\n}", [("<root> root: 'root' takes no block", "take the braces out")]),
    ],
)
def test_mistakes(text: str, problems: list[tuple[str, str]]) -> None:
    assert problems_of(DIRECTIVE, text) == problems


def test_it_adds_no_step() -> None:
    assert DIRECTIVE.build("/a", FixedScope()) == Steps()
