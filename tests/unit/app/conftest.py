"""What the tests of this room share."""

from collections.abc import Iterator
from io import StringIO

import pytest

from svcdns.telemetry.log import Output, redirect


@pytest.fixture
def log() -> Iterator[StringIO]:
    """What the process logs."""
    lines = StringIO()
    before = redirect(Output(lines))
    yield lines
    redirect(before)
