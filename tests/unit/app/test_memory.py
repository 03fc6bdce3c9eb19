"""Memory that is not needed any more goes back to the system."""

import ctypes
import gc
import subprocess
import sys
import weakref
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from svcdns.app import memory

HOLES = """
import gc
from pathlib import Path
from svcdns.app.memory import settle

def resident():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))

blocks = [bytearray(8_000) for _ in range(4_000)]
stays = bytearray(8_000)
del blocks
before = resident()
settle()
print(before - resident(), gc.get_freeze_count())
"""


class Circle:
    itself: "Circle"


@pytest.fixture(autouse=True)
def _collector() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


def test_what_lives_now_is_no_business_of_the_collector_any_more() -> None:
    memory.settle()

    assert gc.get_freeze_count() > 0
    assert gc.get_threshold() == memory.THRESHOLDS


def test_what_refers_to_itself_goes_when_much_has_come_to_its_end() -> None:
    circle = Circle()
    circle.itself = circle
    gone = weakref.ref(circle)
    del circle

    memory.clear_away()

    assert gone() is None


@pytest.mark.skipif(
    memory.trimmer(ctypes.CDLL(None)) is None, reason="a C library other than glibc"
)
def test_free_memory_between_what_stays_is_given_back() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", HOLES], capture_output=True, text=True, check=True
    )

    kilobytes, frozen = map(int, ended.stdout.split())
    assert kilobytes > 16_000
    assert frozen > 0


def test_a_c_library_that_cannot_do_it_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    musl = SimpleNamespace()
    monkeypatch.setattr(memory, "_trim", memory.trimmer(musl))

    memory.settle()
