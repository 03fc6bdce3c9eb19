"""Memory: what the collector looks at, and what goes back to the system.

Reading a large world takes octets that are free afterwards, but lie between those that stay:
the C library keeps them unless it is told not to. A query that is under way makes dozens of
objects and no cycle: with the usual thresholds the collector looks at each of them in vain.

Source: malloc_trim(3), of glibc only; gc.freeze of the library reference.
"""

import ctypes
import gc
from collections.abc import Callable

THRESHOLDS = (10_000, 3, 30)
"""The youngest are looked at when they are so many, which takes half a millisecond; those of three
such times together, which takes two. Nobody has their turn meanwhile, whichever thread it is in."""


def trimmer(library: object) -> Callable[[int], object] | None:
    """Return the function of a C library that gives memory back; musl has none."""
    return getattr(library, "malloc_trim", None)


_trim = trimmer(ctypes.CDLL(None))


def settle() -> None:
    """What lives now stays: the collector need not look at it again, and the rest is given back."""
    gc.set_threshold(*THRESHOLDS)
    gc.freeze()
    _give_back()


def clear_away() -> None:
    """Much has come to its end: what refers to itself goes, and what is free is given back."""
    gc.collect()
    _give_back()


def _give_back() -> None:
    if _trim is not None:
        _trim(0)
