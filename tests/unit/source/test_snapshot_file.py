"""The octets of a snapshot say what was written, or are refused."""

import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.cluster.model import EndpointSlice, Namespace, Node, Object, Pod, Service
from svcdns.cluster.state import KINDS
from svcdns.source.snapshot_file import (
    FORMAT,
    NAME,
    Cause,
    FormatError,
    Identity,
    Snapshot,
    parse,
    parts,
)
from tests.support.cluster_objects import objects

Objects = Mapping[type, Sequence[Object]]

IDENTITY = Identity("https://10.0.0.1:443", "app=web", "team in (a, b)")
SMALL: Objects = {
    Namespace: [Namespace("shop")],
    Node: [],
    Service: [Service("shop", "web", addresses=(b"\n`\4\7",))],
}
ENDLESS = "\\x1bÿ" * 16
FILE = b"".join(parts(SMALL, 1764000000, IDENTITY))


def closed(content: bytes) -> bytes:
    """The file that these octets make together with the digest that fits them."""
    return content + hashlib.blake2b(content, digest_size=32).digest()


def written(head: object, *blocks: bytes, end: bytes = b"\xffend\n") -> bytes:
    """A file that is whole, whatever it says."""
    first = NAME + FORMAT.encode() + b"\n"
    return closed(first + json.dumps(head).encode() + b"\n" + b"".join(blocks) + end)


def cause_of(octets: bytes) -> Cause:
    with pytest.raises(FormatError) as caught:
        parse(octets)
    return caught.value.cause


@given(st.lists(objects), st.sets(st.sampled_from(KINDS)), st.integers(0, 1 << 40))
def test_any_objects_survive_a_round_trip(
    values: list[Object], kinds: set[type], saved_at: int
) -> None:
    by_kind = {kind: tuple(one for one in values if isinstance(one, kind)) for kind in kinds}

    read = parse(b"".join(parts(by_kind, saved_at, IDENTITY)))

    assert read == Snapshot(saved_at, IDENTITY, by_kind)


def test_a_person_can_see_what_it_holds() -> None:
    first, second, *_ = FILE.split(b"\n")

    assert first == b"svcdns-snapshot " + FORMAT.encode()
    assert json.loads(second) == {
        "saved_at": 1764000000,
        "cluster": "https://10.0.0.1:443",
        "labels": "app=web",
        "namespace_labels": "team in (a, b)",
        "objects": {"Namespace": 1, "Node": 0, "Service": 1},
    }


def test_a_kind_without_objects_is_not_a_kind_that_was_not_watched() -> None:
    read = parse(FILE)

    assert read.objects[Node] == ()
    assert Pod not in read.objects


def test_every_truncation_is_refused() -> None:
    for length in range(len(FILE)):
        assert cause_of(FILE[:length]) in {Cause.TORN, Cause.DAMAGED}


def test_a_truncation_is_known_for_what_it_is() -> None:
    assert {cause_of(FILE[:length]) for length in range(len(FILE) - 40)} == {Cause.TORN}


def test_every_bit_flip_is_refused() -> None:
    for position in range(len(FILE)):
        for bit in range(8):
            octets = bytearray(FILE)
            octets[position] ^= 1 << bit

            assert isinstance(cause_of(bytes(octets)), Cause)


def test_octets_behind_the_end_are_refused() -> None:
    assert cause_of(FILE + b"\n") in {Cause.TORN, Cause.DAMAGED}
    assert cause_of(FILE + FILE) is Cause.DAMAGED


@pytest.mark.parametrize(
    ("octets", "cause", "problem"),
    [
        pytest.param(b"", Cause.TORN, "is empty", id="empty"),
        pytest.param(b"svcdns-sna", Cause.TORN, "is cut off", id="half a name"),
        pytest.param(b"{}", Cause.FOREIGN, "is no snapshot of svcdns", id="JSON"),
        pytest.param(bytes(1000), Cause.FOREIGN, "is no snapshot of svcdns", id="zeros"),
        pytest.param(
            FILE.replace(FORMAT.encode(), b"2.7", 1),
            Cause.FORMAT,
            f"is in format '2.7', and this svcdns reads '{FORMAT}'",
            id="another format",
        ),
        pytest.param(
            NAME + b"\x1b\xff" * 50,
            Cause.FORMAT,
            f"is in format '{ENDLESS}', and this svcdns reads '{FORMAT}'",
            id="an endless format",
        ),
        pytest.param(
            FILE[:-40] + b"\xff" + FILE[-39:],
            Cause.DAMAGED,
            "does not hold the octets that were written",
            id="another octet",
        ),
    ],
)
def test_what_is_wrong_is_said(octets: bytes, cause: Cause, problem: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse(octets)

    assert (caught.value.cause, str(caught.value)) == (cause, problem)


def block(number: int, octets: bytes) -> bytes:
    return bytes([number]) + len(octets).to_bytes(4) + octets


HEAD = {"saved_at": 1, **IDENTITY._asdict(), "objects": {"Namespace": 1}}
NAMESPACE = zlib.compress(b"\x91\x91\xa4shop")


def test_a_file_of_another_program_that_is_right_is_read() -> None:
    read = parse(written(HEAD, block(1, NAMESPACE)))

    assert read.objects == {Namespace: (Namespace("shop"),)}


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(written(HEAD), id="fewer objects than it says"),
        pytest.param(written(HEAD, block(1, NAMESPACE), block(1, NAMESPACE)), id="more"),
        pytest.param(written(HEAD, block(2, NAMESPACE)), id="a kind it does not name"),
        pytest.param(written(HEAD, block(9, NAMESPACE)), id="an unknown kind"),
        pytest.param(written(HEAD, block(1, b"shop")), id="not compressed"),
        pytest.param(written(HEAD, block(1, zlib.compress(b"\x91\x07"))), id="no objects in it"),
        pytest.param(written(HEAD, block(1, NAMESPACE[:-1])), id="compression cut off"),
        pytest.param(written(HEAD, block(1, NAMESPACE)[:-1]), id="a block cut off"),
        pytest.param(written(HEAD, b"\x01"), id="the head of a block cut off"),
        pytest.param(written([]), id="a head that is no object"),
        pytest.param(written({}), id="a head without fields"),
        pytest.param(written({**HEAD, "objects": {"Sprocket": 1}}), id="an unknown kind in it"),
        pytest.param(written({**HEAD, "objects": 7}), id="no counts"),
        pytest.param(written({**HEAD, "saved_at": "now"}, block(1, NAMESPACE)), id="no time"),
        pytest.param(
            written({**HEAD, "saved_at": float("inf")}, block(1, NAMESPACE)), id="no finite time"
        ),
        pytest.param(closed(NAME + FORMAT.encode() + b"\n\xffend\n"), id="no head"),
        pytest.param(
            closed(NAME + FORMAT.encode() + b"\n" + b"[" * 100_000 + b"\n\xffend\n"),
            id="a head that is nested deeply",
        ),
    ],
)
def test_a_whole_file_that_makes_no_sense_is_refused(octets: bytes) -> None:
    assert cause_of(octets) is Cause.DAMAGED


@given(st.binary(), st.booleans())
def test_any_octets_with_a_good_digest_are_refused_too(octets: bytes, has_head: bool) -> None:  # noqa: FBT001
    head = json.dumps(HEAD).encode() + b"\n" if has_head else b""

    assert cause_of(closed(NAME + FORMAT.encode() + b"\n" + head + octets + b"\xffend\n"))


def test_a_part_is_never_large() -> None:
    many = {EndpointSlice: [], Pod: [Pod("shop", f"web-{n}") for n in range(10_000)]}

    assert max(map(len, parts(many, 1, IDENTITY))) < 1 << 15
