"""A 403 that is meant for nobody, told from one that is meant for us."""

from collections.abc import Mapping

import pytest

from svcdns.cluster.envelope import read_status
from svcdns.source.apiserver.anonymous import unmasked
from svcdns.source.apiserver.protocol import LostError

OURS = b'{"message":"services is forbidden: User \\"svcdns\\" cannot list","code":403}'
NOBODYS = OURS.replace(b"svcdns", b"system:anonymous")


class Pieces:
    """A 403 that comes in pieces, and breaks off where one is None."""

    status = 403
    headers: Mapping[str, str] = {"retry-after": "7"}

    def __init__(self, *pieces: bytes | None) -> None:
        self.pieces = list(pieces)
        self.is_closed = False

    async def read(self) -> bytes:
        piece = self.pieces.pop(0) if self.pieces else b""
        if piece is None:
            raise LostError("broke off")
        return piece

    def close(self) -> None:
        self.is_closed = True


async def test_what_is_forbidden_to_us_comes_as_it_was() -> None:
    reply = Pieces(OURS[:20], OURS[20:])

    seen = await unmasked(reply)

    assert (seen.status, seen.headers) == (403, {"retry-after": "7"})
    assert [await seen.read(), await seen.read()] == [OURS, b""]
    seen.close()
    assert reply.is_closed


@pytest.mark.parametrize("cut", [10, 55, len(NOBODYS)])
async def test_what_is_forbidden_to_nobody_is_a_401_that_names_no_permission(cut: int) -> None:
    reply = Pieces(NOBODYS[:cut], NOBODYS[cut:])

    seen = await unmasked(reply)

    assert seen.status == 401
    status = read_status(await seen.read())
    assert status.code == 401
    assert "not known there" in status.message
    assert "cannot" not in status.message
    assert reply.is_closed


async def test_of_a_response_that_breaks_off_what_came_is_enough() -> None:
    seen = await unmasked(Pieces(OURS[:20], None))

    assert (seen.status, await seen.read()) == (403, OURS[:20])


async def test_a_response_without_end_is_given_up() -> None:
    reply = Pieces(*[b"x" * 10_000] * 1_000)

    seen = await unmasked(reply)

    assert len(await seen.read()) < 80_000
    assert reply.is_closed
