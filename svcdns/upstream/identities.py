"""Message ids that nobody can guess, drawn from the operating system in blocks.

Source: RFC 5452 section 9.2.
"""

import os
from collections.abc import Callable, Iterator
from itertools import chain, repeat
from struct import Struct

_BLOCK = 1024
_ID_SIZE = 2
_split = Struct(f"{_ID_SIZE}s" * (_BLOCK // _ID_SIZE)).unpack


def identities(entropy: Callable[[int], bytes] = os.urandom) -> Iterator[bytes]:
    """Return ids of two octets without end; each octet drawn is used once."""
    return chain.from_iterable(map(_split, map(entropy, repeat(_BLOCK))))
