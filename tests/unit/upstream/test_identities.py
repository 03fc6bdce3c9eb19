"""Ids from the operating system."""

from itertools import islice

from svcdns.upstream.identities import identities


def test_each_octet_that_is_drawn_is_used_once() -> None:
    drawn: list[bytes] = []

    def entropy(count: int) -> bytes:
        drawn.append(bytes((len(drawn) + index) & 0xFF for index in range(count)))
        return drawn[-1]

    taken = b"".join(islice(identities(entropy), 600))

    assert taken == b"".join(drawn)[:1200]


def test_ids_are_hardly_ever_the_same() -> None:
    assert len(set(islice(identities(), 400))) >= 388
