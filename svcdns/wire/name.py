"""Owner names in wire form: from and to text, labels, ancestors, reverse names of addresses.

A name is compared, cut and looked up as octets; text exists only where a person reads or
writes it. A label may hold any octet, so joined text is never a key: the one label `a.b` and
the two labels `a`, `b` are different names.

Source: RFC 1035 sections 2.3.4, 3.1, 3.5 and 5.1; RFC 2181 section 11 (any octet); RFC 3596
section 2.5 (ip6.arpa); RFC 4343 (ASCII letter case only).
"""

import re
from collections.abc import Iterable, Iterator
from ipaddress import IPv6Address
from typing import NewType

OwnerName = NewType("OwnerName", bytes)
"""An uncompressed name: length octet and label, label after label, closed by the root's 0."""

ROOT = OwnerName(b"\0")
MAX_NAME = 255
MAX_LABEL = 63

# RFC 1035 section 5.1 gives these a meaning in a master file.
_SPECIAL = frozenset(b'"$().;@\\')
_OCTET_TEXT = tuple(
    f"\\{chr(octet)}"
    if octet in _SPECIAL
    else chr(octet)
    if 0x21 <= octet <= 0x7E
    else f"\\{octet:03}"
    for octet in range(256)
)
_TEXT_UNIT = re.compile(
    r"(?P<plain>[^.\\]+)|(?P<dot>\.)|\\(?P<octet>[0-9]{3})|\\(?P<escaped>[^0-9])",
    re.ASCII | re.DOTALL,
)

_IN_ADDR = b"\x07in-addr\x04arpa\x00"
_IP6 = b"\x03ip6\x04arpa\x00"
_MAPPED = bytes(10) + b"\xff\xff"
_DECIMAL = tuple(str(n) for n in range(256))
_OCTET_BY_DECIMAL = {text: n for n, text in enumerate(_DECIMAL)}
_OCTET_LABEL = tuple(bytes([len(text)]) + text.encode() for text in _DECIMAL)
_OCTET_BY_LABEL = {label: n for n, label in enumerate(_OCTET_LABEL)}
_NIBBLE_LABELS = tuple(f"\x01{n & 15:x}\x01{n >> 4:x}".encode() for n in range(256))
_OCTET_BY_NIBBLES = {labels: n for n, labels in enumerate(_NIBBLE_LABELS)}


def from_text(text: str) -> OwnerName:
    r"""Return the name that `text` spells; the trailing dot may be missing.

    `\DDD` is the octet with that decimal number, `\X` the character X without its meaning.
    Letter case is kept.

    Raises:
        ValueError: empty, an empty label, a label over 63 or a name over 255 octets, an
            escape that is not one, or a character outside ASCII; the message is a sentence.

    Source: RFC 1035 section 5.1.
    """
    if text == ".":
        return ROOT
    found = _unescaped(text) if "\\" in text else _ascii(text, text).split(b".")
    if not found[-1]:
        found.pop()
    if not all(found) or not found:
        raise ValueError(f"{text!r} has an empty label" if text else "a name cannot be empty")
    return from_labels(found)


def _unescaped(text: str) -> list[bytes]:
    found = [b""]
    end = 0
    for unit in _TEXT_UNIT.finditer(text):
        if unit.start() != end:
            break
        end = unit.end()
        if unit["dot"]:
            found.append(b"")
        elif unit["octet"]:
            found[-1] += _octet(unit["octet"], text)
        else:
            found[-1] += _ascii(unit["plain"] or unit["escaped"], text)
    if end != len(text):
        raise ValueError(
            f"{text!r} has a backslash that neither three digits nor a character follow"
        )
    return found


def _octet(digits: str, text: str) -> bytes:
    if int(digits) > 0xFF:
        raise ValueError(f"{text!r} escapes \\{digits}, but an octet is at most \\255")
    return bytes([int(digits)])


def _ascii(characters: str, text: str) -> bytes:
    if not characters.isascii():
        raise ValueError(f"{text!r} is not ASCII: write such a label in its xn-- form")
    return characters.encode("ascii")


def to_text(name: OwnerName) -> str:
    r"""Return the text of `name`, with the trailing dot.

    Octets with a meaning in master files become `\X`, those outside 0x21-0x7E `\DDD`, so the
    text is printable ASCII whatever the labels hold.
    """
    return "".join(f"{label_text(label)}." for label in labels(name)) or "."


def label_text(label: bytes) -> str:
    """Return the text of one label, escaped as in `to_text`."""
    return "".join([_OCTET_TEXT[octet] for octet in label])


def labels(name: OwnerName) -> tuple[bytes, ...]:
    """Return the labels, leftmost first, without the root."""
    found: list[bytes] = []
    start = 1
    while length := name[start - 1]:
        found.append(name[start : start + length])
        start += length + 1
    return tuple(found)


def from_labels(labels: Iterable[bytes]) -> OwnerName:
    """Return the name of these labels, leftmost first, without the root.

    Raises:
        ValueError: an empty label, a label over 63 octets or a name over 255.
    """
    name = bytearray()
    for label in labels:
        if not 1 <= len(label) <= MAX_LABEL:
            raise ValueError(
                f"the label '{label_text(label)}' has {len(label)} octets, allowed are 1 to 63"
            )
        name.append(len(label))
        name += label
    name.append(0)
    if len(name) > MAX_NAME:
        raise ValueError(f"the name has {len(name)} octets in wire form, allowed are 255")
    return OwnerName(bytes(name))


def lower(name: OwnerName) -> OwnerName:
    """Return `name` with A to Z folded; length octets are below the letters and stay."""
    return OwnerName(name.lower())


def is_within(name: OwnerName, zone: OwnerName) -> bool:
    """Return whether `name` is `zone` or below it; both must be in lower case.

    The match begins at a label: a label that merely ends in the octets of the zone's name is
    not within the zone.
    """
    if not name.endswith(zone):
        return False
    below = len(name) - len(zone)
    start = 0
    while start < below:
        start += name[start] + 1
    return start == below


def parents(name: OwnerName) -> Iterator[OwnerName]:
    """Yield `name`, then each of its ancestors, last the root."""
    start = 0
    while name[start]:
        yield OwnerName(name[start:])
        start += name[start] + 1
    yield ROOT


def unmapped(packed: bytes) -> bytes:
    """Return the IPv4 address that an IPv4-mapped IPv6 address stands for, else the address.

    Source: RFC 4291 section 2.5.5.2.
    """
    return packed[12:] if packed.startswith(_MAPPED) else packed


def reverse_name(packed: bytes) -> OwnerName:
    """Return the name below in-addr.arpa or ip6.arpa that stands for an address.

    Args:
        packed: 4 or 16 octets, see `pack_address`.

    Raises:
        ValueError: another number of octets.

    Source: RFC 1035 section 3.5; RFC 3596 section 2.5.
    """
    if len(packed) == 4:
        return OwnerName(b"".join([_OCTET_LABEL[n] for n in reversed(packed)]) + _IN_ADDR)
    if len(packed) == 16:
        return OwnerName(b"".join([_NIBBLE_LABELS[n] for n in reversed(packed)]) + _IP6)
    raise ValueError(f"a packed address has 4 or 16 octets, not {len(packed)}")


def reverse_address(name: OwnerName) -> bytes | None:
    """Return the packed address that a complete reverse name stands for, else None.

    A label of an IPv4 name must be the number as a person writes it: `01` or `256` names no
    address, so that every address has exactly one name. Letter case does not matter.
    """
    name = lower(name)
    if name.endswith(_IN_ADDR):
        octets = _octets_of(name)
        width = 4
    elif name.endswith(_IP6) and len(name) == 64 + len(_IP6):
        octets = [_OCTET_BY_NIBBLES.get(name[start : start + 4]) for start in range(60, -1, -4)]
        width = 16
    else:
        return None
    packed = bytes([n for n in octets if n is not None])
    return packed if len(packed) == width == len(octets) else None


def _octets_of(name: OwnerName) -> list[int | None]:
    octets: list[int | None] = []
    start, end = 0, len(name) - len(_IN_ADDR)
    while start < end:
        after = start + name[start] + 1
        octets.append(_OCTET_BY_LABEL.get(name[start:after]))
        start = after
    return octets[::-1]


def address_text(packed: bytes) -> str:
    """Return the text of a packed address, IPv6 as RFC 5952 wants it (`::ffff:10.0.0.1` too).

    Raises:
        ValueError: not 4 or 16 octets.
    """
    if len(packed) == 4:
        return ".".join([_DECIMAL[n] for n in packed])
    if packed.startswith(_MAPPED):  # not all Python versions write the last four in decimal
        return f"::ffff:{address_text(packed[-4:])}"
    return str(IPv6Address(packed))


def pack_address(text: str) -> bytes:
    """Return the 4 or 16 octets of an address.

    Raises:
        ValueError: not the text of an address; an IPv4 number with a leading zero and an
            IPv6 address with a scope are none. The message is a sentence.
    """
    parts = text.split(".")
    if len(parts) == 4 and ":" not in text:
        # Ten thousands of these are read at start: a table lookup is four times as fast.
        octets = [_OCTET_BY_DECIMAL.get(part) for part in parts]
        packed = bytes([n for n in octets if n is not None])
        if len(packed) == 4:
            return packed
    elif ":" in text and "%" not in text:
        try:
            return IPv6Address(text).packed
        except ValueError:
            pass
    raise ValueError(f"{text!r} is not an IP address")
