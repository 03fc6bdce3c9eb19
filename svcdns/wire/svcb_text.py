"""The parameters of SVCB and HTTPS records from their text: `alpn=h2,h3 port=8443`.

Source: RFC 9460 sections 2.1, 7, 8 and appendix A; RFC 9461 (dohpath); RFC 9540 (ohttp).
"""

import re
from base64 import b64decode
from collections.abc import Callable, Mapping

from svcdns.wire.name import pack_address
from svcdns.wire.zone_lexer import Word, unescaped

_MANDATORY = 0
_KEYS = {
    "mandatory": _MANDATORY,
    "alpn": 1,
    "no-default-alpn": 2,
    "port": 3,
    "ipv4hint": 4,
    "ech": 5,
    "ipv6hint": 6,
    "dohpath": 7,
    "ohttp": 8,
}
_UNNAMED_KEY = re.compile(r"key(0|[1-9][0-9]{0,4})", re.ASCII)
_RESERVED_KEY = 65_535
_ITEM = re.compile(rb"((?:[^,\\]|\\.)*)(,|\Z)", re.DOTALL)
_MAX_ITEM = 255


def parameters(words: tuple[Word, ...]) -> bytes:
    """Return the parameters in wire form, which is in the order of their keys.

    Raises:
        ValueError: a key or a value that is none, or a key twice; the sentence names it.
    """
    found: dict[int, bytes] = {}
    for text, value in _pairs(words):
        key = _key(text)
        if key in found:
            raise ValueError(f"'{text}' is given twice")
        try:
            found[key] = _value(key, value)
        except ValueError as error:
            raise ValueError(f"{text}: {error}") from None
    demanded = found.get(_MANDATORY, b"")
    for start in range(0, len(demanded), 2):
        if int.from_bytes(demanded[start : start + 2]) not in found:
            raise ValueError("mandatory: it names a key that is not given")
    return b"".join(
        key.to_bytes(2) + len(value).to_bytes(2) + value for key, value in sorted(found.items())
    )


def _pairs(words: tuple[Word, ...]) -> list[tuple[str, str | None]]:
    """Return keys and values; a quoted value is a word of its own, glued to its key."""
    pairs: list[tuple[str, str | None]] = []
    for word in words:
        if word.quoted and word.glued and pairs and pairs[-1][1] == "":
            pairs[-1] = (pairs[-1][0], word.text)
            continue
        key, equals, value = word.text.partition("=")
        pairs.append((key, value if equals else None))
    return pairs


def _key(text: str) -> int:
    if text in _KEYS:
        return _KEYS[text]
    unnamed = _UNNAMED_KEY.fullmatch(text)
    if unnamed is None or int(unnamed[1]) >= _RESERVED_KEY:
        raise ValueError(f"'{text}' is not a key: write one such as alpn, port or key65000")
    return int(unnamed[1])


def _value(key: int, text: str | None) -> bytes:
    if key in _READERS and text is None:
        raise ValueError("it needs a value")
    if key in _WITHOUT_VALUE:
        if text is not None:
            raise ValueError("it takes no value")
        return b""
    value = _READERS.get(key, unescaped)(text or "")
    if len(value) > 0xFFFF:
        raise ValueError("its value is too long")
    return value


def _keys(text: str) -> bytes:
    keys = [_key(item) for item in text.split(",")]
    if len(set(keys)) != len(keys) or _MANDATORY in keys:
        raise ValueError(f"'{text}' names a key twice, or itself")
    return b"".join(key.to_bytes(2) for key in sorted(keys))


def _alpn(text: str) -> bytes:
    """Return the list; in it a backslash escapes a comma, after those of the word are gone."""
    octets, found, start = unescaped(text), bytearray(), 0
    while True:
        item = _ITEM.match(octets, start)
        if item is None:
            raise ValueError(f"'{text}' ends in a backslash that escapes nothing")
        name = re.sub(rb"\\(.)", rb"\1", item[1], flags=re.DOTALL)
        if not 1 <= len(name) <= _MAX_ITEM:
            raise ValueError(f"'{text}' has a protocol of {len(name)} octets, allowed are 1 to 255")
        found += bytes([len(name)]) + name
        if not item[2]:
            return bytes(found)
        start = item.end()


def _port(text: str) -> bytes:
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= 0xFFFF):
        raise ValueError(f"'{text}' is not a whole number from 0 to 65535")
    return int(text).to_bytes(2)


def _hints(width: int) -> Callable[[str], bytes]:
    def read(text: str) -> bytes:
        packed = [pack_address(item) for item in text.split(",")]
        if any(len(one) != width for one in packed):
            raise ValueError(f"'{text}' has an address of the other family")
        return b"".join(packed)

    return read


def _base64(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        raise ValueError(f"'{text[:20]}' is not base64") from None


_WITHOUT_VALUE = frozenset((_KEYS["no-default-alpn"], _KEYS["ohttp"]))
_READERS: Mapping[int, Callable[[str], bytes]] = {
    _MANDATORY: _keys,
    _KEYS["alpn"]: _alpn,
    _KEYS["port"]: _port,
    _KEYS["ipv4hint"]: _hints(4),
    _KEYS["ech"]: _base64,
    _KEYS["ipv6hint"]: _hints(16),
    _KEYS["dohpath"]: unescaped,
}
