"""The pages of the directives: there is one for each, and what they show can be loaded."""

import re
from pathlib import Path

import pytest

from svcdns.corefile.parser import parse
from svcdns.plugins import DIRECTIVES, SUPPORTED, UNSUPPORTED
from svcdns.route.compile import examine

PAGES = Path(__file__).parents[3] / "docs" / "plugins"
BLOCKS = [
    pytest.param(block[1], id=f"{page.stem}:{number}")
    for page in sorted(PAGES.glob("*.md"))
    for number, block in enumerate(
        re.finditer(r"^```corefile\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL), 1
    )
]


@pytest.mark.parametrize("text", BLOCKS)
def test_an_example_loads_without_a_warning(text: str) -> None:
    corefile = parse(
        text, "Corefile", read=lambda path: path, glob=lambda pattern: [pattern], env={}
    )

    findings = examine(corefile, DIRECTIVES, UNSUPPORTED)

    assert findings.plans
    assert [str(finding) for finding in (*findings.mistakes, *findings.warnings)] == []


@pytest.mark.parametrize("name", SUPPORTED)
def test_a_directive_has_a_page_with_its_syntax_and_an_example(name: str) -> None:
    page = (PAGES / f"{name}.md").read_text()

    assert page.startswith(f"# {name}\n")
    assert f"```text\n{name}" in page
    assert "```corefile\n" in page
