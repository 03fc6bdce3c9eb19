"""Message ids that nobody can guess, drawn from the operating system in blocks.

Source: RFC 5452 section 9.2.
"""

import os
from collections.abc import Callable, Iterator

_BLOCK = 1024
_ID_SIZE = 2


def identities(entropy: Callable[[int], bytes] = os.urandom) -> Iterator[bytes]:
    """Yield ids of two octets for ever; each octet drawn is used once."""
    while True:
        block = entropy(_BLOCK)
        for start in range(0, _BLOCK, _ID_SIZE):
            yield block[start : start + _ID_SIZE]
