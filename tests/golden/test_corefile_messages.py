"""How mistakes look: a Corefile, a line of its own, then what is printed about it.

To change the looks on purpose, change a message, look at the difference pytest shows, and write
what is right into the file.
"""

from pathlib import Path

import pytest

from svcdns.corefile.errors import CorefileError
from tests.support.corefiles import read_text

FILES = sorted(Path(__file__).with_name("corefile").glob("*.txt"))
DIVIDER = "-- is told --\n"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_corefile_is_told_what_is_wrong_with_it(file: Path) -> None:
    text, _, told = file.read_text(encoding="utf-8").partition(DIVIDER)

    reading = read_text(text)

    warnings = [
        warning._replace(problem=f"warning: {warning.problem}")
        for warning in reading.corefile.warnings
    ]
    assert f"{CorefileError((*reading.mistakes, *warnings))}\n" == told
