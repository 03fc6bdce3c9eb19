"""The octets of a snapshot file: parts while it is written, what they say when it is read.

    svcdns-snapshot 1.1                               the format
    {"saved_at": 1764000000, "cluster": "…", …}       what it holds
    kind (1 octet), length (4), compressed objects    block after block
    0xFF end                                          nothing is cut off
    BLAKE2b-256 of all octets before it               nothing is changed

The format comes first, because what stands behind it may look otherwise in another version. The
digest comes before the rest: nothing of a file is believed, or even looked at, before it fits.
"""

import hashlib
import json
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from svcdns.cluster import archive
from svcdns.cluster.model import EndpointSlice, Namespace, Node, Object, Pod, Service

FORMAT = f"1.{archive.LAYOUT}"
"""Of the file, then of the objects in it."""
NAME = b"svcdns-snapshot "
"""What every format begins with."""

_BLOCK = struct.Struct(">BI")
_END = b"\xffend\n"
_DIGEST_SIZE = 32
# Level 1 takes half the time of the default level, for a fifth more octets.
_LEVEL = 1
# Objects of one block: far more than `archive.pack` ever puts into one.
_MAX_BLOCK = 1 << 28
_LONGEST_FORMAT = 32
_NUMBERS: Mapping[type, int] = {Namespace: 1, Node: 2, Service: 3, EndpointSlice: 4, Pod: 5}
_KINDS = {number: kind for kind, number in _NUMBERS.items()}
_KINDS_BY_NAME = {kind.__name__: kind for kind in _NUMBERS}


class Identity(NamedTuple):
    """Whose objects these are: as objects of anything else they would be a lie."""

    cluster: str
    """Whatever tells clusters apart and is the same after a restart."""
    labels: str = ""
    """Selector of Services, EndpointSlices and Pods."""
    namespace_labels: str = ""
    """Selector of Namespaces."""


class Cause(StrEnum):
    """Why a snapshot cannot be used, in one word."""

    MISSING = "missing"
    """There is none."""
    UNREADABLE = "unreadable"
    """The system does not let us read it."""
    FOREIGN = "foreign"
    """It is something else."""
    FORMAT = "format"
    """Another version of svcdns wrote it."""
    TORN = "torn"
    """Its end is missing."""
    DAMAGED = "damaged"
    """It has other octets than were written."""
    CLUSTER = "cluster"
    """It is of another cluster."""
    SELECTORS = "selectors"
    """It holds what other selectors let through."""
    KINDS = "kinds"
    """It lacks a kind of object that was not watched when it was written."""


class FormatError(Exception):
    """These octets are no snapshot that can be used; the message says what they are."""

    def __init__(self, cause: Cause, problem: str) -> None:
        super().__init__(problem)
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a cluster was like at one moment."""

    saved_at: int
    """Unix seconds."""
    identity: Identity
    objects: Mapping[type, tuple[Object, ...]]
    """By class in `cluster.model`; one that was not watched is not there."""


def parts(
    objects: Mapping[type, Sequence[Object]], saved_at: int, identity: Identity
) -> Iterator[bytes]:
    """Yield the file part by part, each made in well under a millisecond."""
    digest = hashlib.blake2b(digest_size=_DIGEST_SIZE)
    for part in _content(objects, saved_at, identity):
        digest.update(part)
        yield part
    yield digest.digest()


def _content(
    objects: Mapping[type, Sequence[Object]], saved_at: int, identity: Identity
) -> Iterator[bytes]:
    counts = {kind.__name__: len(values) for kind, values in objects.items()}
    head = {"saved_at": saved_at, **identity._asdict(), "objects": counts}
    yield NAME + FORMAT.encode() + b"\n"
    yield json.dumps(head).encode() + b"\n"
    for kind, values in objects.items():
        for piece in archive.pack(kind, values):
            block = zlib.compress(piece, _LEVEL)
            yield _BLOCK.pack(_NUMBERS[kind], len(block)) + block
    yield _END


def parse(octets: bytes) -> Snapshot:
    """Return what a whole file says.

    Raises:
        FormatError: foreign, of another format, torn or damaged.
    """
    start = _end_of_format(octets)
    content, digest = octets[:-_DIGEST_SIZE], octets[-_DIGEST_SIZE:]
    if len(content) < start or not content.endswith(_END):
        raise FormatError(Cause.TORN, "is cut off")
    if hashlib.blake2b(content, digest_size=_DIGEST_SIZE).digest() != digest:
        raise FormatError(Cause.DAMAGED, "does not hold the octets that were written")
    # What comes now was written like this, so only a program other than this one can be wrong.
    try:
        return _trusted(content, start)
    except (
        ArithmeticError,
        LookupError,
        RecursionError,
        TypeError,
        ValueError,
        zlib.error,
    ) as error:
        raise FormatError(Cause.DAMAGED, f"was not written by svcdns: {error}") from None


def _end_of_format(octets: bytes) -> int:
    """Return where the second line begins."""
    if not octets:
        raise FormatError(Cause.TORN, "is empty")
    if not octets.startswith(NAME):
        if NAME.startswith(octets):
            raise FormatError(Cause.TORN, "is cut off")
        raise FormatError(Cause.FOREIGN, "is no snapshot of svcdns")
    end = octets.find(b"\n", len(NAME), len(NAME) + _LONGEST_FORMAT)
    found = octets[len(NAME) : end if end >= 0 else len(NAME) + _LONGEST_FORMAT].decode("latin-1")
    if end < 0 and len(octets) < len(NAME) + _LONGEST_FORMAT:
        raise FormatError(Cause.TORN, "is cut off")
    if found != FORMAT:
        raise FormatError(Cause.FORMAT, f"is in format {found!r}, and this svcdns reads {FORMAT!r}")
    return end + 1


def _trusted(content: bytes, start: int) -> Snapshot:
    position = content.index(b"\n", start) + 1
    head = json.loads(content[start:position])
    objects: dict[type, list[Object]] = {_KINDS_BY_NAME[name]: [] for name in head["objects"]}
    end = len(content) - len(_END)
    while position < end:
        number, length = _BLOCK.unpack_from(content, position)
        position += _BLOCK.size + length
        block = content[position - length : position]
        kind = _KINDS[number]
        objects[kind] += archive.unpack(kind, _decompressed(block))
    counts = {kind.__name__: len(values) for kind, values in objects.items()}
    if position != end or counts != head["objects"]:
        raise ValueError("its blocks do not fit its second line")
    identity = Identity(*(str(head[field]) for field in Identity._fields))
    return Snapshot(
        int(head["saved_at"]), identity, {kind: tuple(each) for kind, each in objects.items()}
    )


def _decompressed(block: bytes) -> bytes:
    stream = zlib.decompressobj()
    octets = stream.decompress(block, _MAX_BLOCK)
    if not stream.eof:
        raise ValueError("a block does not end where it should")
    return octets
