r"""RDATA from its text in a master file, type by type: `10 mail` of an MX record.

A type is the list of its fields in their order. One that is not listed here is written as
`\# LENGTH HEX` (RFC 3597 section 5), which every type may be.

Source: RFC 1035 section 3.3 and, beside each type, where its text is described.
"""

import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import NamedTuple

from svcdns.wire.body import rrsets_of
from svcdns.wire.codes import RRClass, RRType, type_text
from svcdns.wire.name import OwnerName, from_labels, from_text, labels, pack_address
from svcdns.wire.response import Body
from svcdns.wire.rrset import RRset
from svcdns.wire.svcb_text import parameters
from svcdns.wire.zone_lexer import Word, unescaped

MAX_TTL = 0x7FFFFFFF
"""RFC 2181 section 8."""
_MAX_STRING = 255
_MAX_RDATA = 0xFFFF
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"[0-9]+|(?:[0-9]+[smhdw])+", re.ASCII | re.IGNORECASE)
_DURATION_PART = re.compile(r"([0-9]+)([smhdw]?)", re.ASCII | re.IGNORECASE)
_WIDTHS = {RRType.A: 4, RRType.AAAA: 16}


class Fields:
    """The words of one record behind its type, taken from left to right."""

    def __init__(self, words: tuple[Word, ...], origin: OwnerName) -> None:
        self.origin = origin
        self._words = words
        self._next = 0

    @property
    def left(self) -> int:
        """How many words were not taken yet."""
        return len(self._words) - self._next

    def take(self) -> Word:
        """Return the next word.

        Raises:
            ValueError: there is none.
        """
        if not self.left:
            raise ValueError("it is missing")
        self._next += 1
        return self._words[self._next - 1]

    def rest(self) -> tuple[Word, ...]:
        """Return all words that are left, at least one.

        Raises:
            ValueError: there are none.
        """
        first = self.take()
        others = self._words[self._next :]
        self._next = len(self._words)
        return (first, *others)


Reader = Callable[[Fields], bytes]


class Field(NamedTuple):
    """One field of a type: what it is called and how it is read."""

    name: str
    read: Reader


def name_of(word: Word, origin: OwnerName) -> OwnerName:
    """Return the name that a word spells; what does not end in a dot is below `origin`.

    Raises:
        ValueError: it is not a name, or too long with the origin.
    """
    text = word.text
    if text == "@" and not word.quoted:
        return origin
    found = from_text(text)
    before_dot = text[:-1]
    is_absolute = text.endswith(".") and not (len(before_dot) - len(before_dot.rstrip("\\"))) % 2
    return found if is_absolute else from_labels((*labels(found), *labels(origin)))


def duration_of(text: str) -> int:
    """Return seconds: a number, or numbers with the units s, m, h, d and w as in `1h30m`.

    Raises:
        ValueError: neither of both, or over 2,147,483,647 seconds.
    """
    if not _DURATION.fullmatch(text):
        raise ValueError(f"'{text}' is not a time: write seconds, or units as in 1h30m")
    parts = _DURATION_PART.findall(text[:40])
    seconds = sum(int(number) * _SECONDS[unit.lower() or "s"] for number, unit in parts)
    if seconds > MAX_TTL or len(text) > 40:
        raise ValueError(f"'{text}' is over {MAX_TTL} seconds")
    return seconds


def is_duration(text: str) -> bool:
    """Return whether `text` can only be a TTL: no type and no class looks like one."""
    return _DURATION.fullmatch(text) is not None


def rdata_of(rrtype: int, words: tuple[Word, ...], origin: OwnerName) -> bytes:
    """Return the RDATA that the words behind a type spell.

    Raises:
        ValueError: a field is missing, wrong or too many; the sentence names it.
    """
    kind = type_text(rrtype)
    if words and words[0].text == "\\#" and not words[0].quoted:
        return _named(kind, "RDATA", lambda: _generic(rrtype, words[1:]))
    if rrtype not in _TYPES:
        raise ValueError(
            f"{kind}: its text is not known here, write the RDATA as \\# LENGTH HEX (RFC 3597)"
        )
    fields = Fields(words, origin)
    parts = [_named(kind, name, lambda: read(fields)) for name, read in _TYPES[rrtype]]  # noqa: B023  called at once
    if fields.left:
        raise ValueError(f"{kind}: nothing reads '{fields.take().text}' behind the last field")
    rdata = b"".join(parts)
    if len(rdata) > _MAX_RDATA:
        raise ValueError(f"{kind}: {len(rdata)} octets of RDATA, allowed are {_MAX_RDATA}")
    return rdata


def _named(kind: str, name: str, read: Callable[[], bytes]) -> bytes:
    try:
        return read()
    except ValueError as error:
        raise ValueError(f"{kind} {name}: {error}") from None


def _number(width: int) -> Reader:
    most = (1 << 8 * width) - 1

    def read(fields: Fields) -> bytes:
        text = fields.take().text
        if not (text.isascii() and text.isdigit() and len(text) <= 10 and int(text) <= most):
            raise ValueError(f"'{text}' is not a whole number from 0 to {most}")
        return int(text).to_bytes(width)

    return read


def _time(fields: Fields) -> bytes:
    return duration_of(fields.take().text).to_bytes(4)


def _name(fields: Fields) -> bytes:
    return name_of(fields.take(), fields.origin)


def _address(rrtype: RRType) -> Reader:
    family = "IPv4" if rrtype == RRType.A else "IPv6"

    def read(fields: Fields) -> bytes:
        text = fields.take().text
        packed = pack_address(text)
        if len(packed) != _WIDTHS[rrtype]:
            raise ValueError(f"'{text}' is not an {family} address")
        return packed

    return read


def _string(fields: Fields) -> bytes:
    octets = unescaped(fields.take().text)
    if len(octets) > _MAX_STRING:
        raise ValueError(f"it has {len(octets)} octets, allowed are {_MAX_STRING}")
    return bytes([len(octets)]) + octets


def _strings(fields: Fields) -> bytes:
    """Return character strings, long ones cut: whoever reads them puts them together again."""
    found = bytearray()
    for word in fields.rest():
        octets = unescaped(word.text)
        for start in range(0, len(octets) or 1, _MAX_STRING):
            piece = octets[start : start + _MAX_STRING]
            found += bytes([len(piece)]) + piece
    return bytes(found)


def _remainder(fields: Fields) -> bytes:
    return unescaped(fields.take().text)


def _tag(fields: Fields) -> bytes:
    text = fields.take().text
    if not (text.isascii() and text.isalnum()):
        raise ValueError(f"'{text}' may have letters and digits only")
    if len(text) > _MAX_STRING:
        raise ValueError(f"it has {len(text)} octets, allowed are {_MAX_STRING}")
    return bytes([len(text)]) + text.encode()


def _hex(fields: Fields) -> bytes:
    return _from_hex("".join(word.text for word in fields.rest()))


def _base64(fields: Fields) -> bytes:
    text = "".join(word.text for word in fields.rest())
    try:
        return b64decode(text, validate=True)
    except ValueError:
        raise ValueError(f"'{text[:20]}' is not base64") from None


def _from_hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise ValueError(f"'{text[:20]}' is not an even number of hexadecimal digits") from None


def _generic(rrtype: int, words: tuple[Word, ...]) -> bytes:
    length, *digits = [word.text for word in words] or [""]
    octets = _from_hex("".join(digits))
    if length != str(len(octets)) or len(octets) > _MAX_RDATA:
        raise ValueError(f"the length '{length}' is not that of the {len(octets)} octets behind it")
    # Octets that claim to hold names are walked through each time they are sent.
    record = RRset(OwnerName(b"\0"), rrtype, 0, (octets,))
    head = b"\0" + rrtype.to_bytes(2) + RRClass.IN.to_bytes(2) + bytes(4) + len(octets).to_bytes(2)
    read = rrsets_of(record.owner, Body((1, 0, 0), head + octets))[0]
    if read != (record,) or len(octets) != _WIDTHS.get(rrtype, len(octets)):  # type: ignore[call-overload]
        raise ValueError(f"these octets are not the RDATA of type {type_text(rrtype)}")
    return octets


def _svcb(fields: Fields) -> bytes:
    return parameters(fields.rest()) if fields.left else b""


_Layout = tuple[Field, ...]
_U8, _U16, _U32 = map(_number, (1, 2, 4))
_ONE_NAME: _Layout = (Field("target", _name),)
_TEXT: _Layout = (Field("text", _strings),)
_CERTIFICATE: _Layout = (
    Field("usage", _U8),
    Field("selector", _U8),
    Field("matching type", _U8),
    Field("certificate", _hex),
)
_DIGEST: _Layout = (
    Field("key tag", _U16),
    Field("algorithm", _U8),
    Field("digest type", _U8),
    Field("digest", _hex),
)
_PUBLIC_KEY: _Layout = (
    Field("flags", _U16),
    Field("protocol", _U8),
    Field("algorithm", _U8),
    Field("public key", _base64),
)
_SERVICE: _Layout = (
    Field("priority", _U16),
    Field("target", _name),
    Field("parameters", _svcb),
)

_TYPES: Mapping[int, _Layout] = {
    RRType.A: (Field("address", _address(RRType.A)),),
    RRType.AAAA: (Field("address", _address(RRType.AAAA)),),  # RFC 3596 section 2.4
    RRType.NS: _ONE_NAME,
    RRType.CNAME: _ONE_NAME,
    RRType.PTR: _ONE_NAME,
    RRType.DNAME: _ONE_NAME,  # RFC 6672 section 2.1
    RRType.MX: (Field("preference", _U16), Field("exchange", _name)),
    RRType.AFSDB: (Field("subtype", _U16), Field("hostname", _name)),  # RFC 1183
    RRType.KX: (Field("preference", _U16), Field("exchanger", _name)),  # RFC 2230
    RRType.RP: (Field("mailbox", _name), Field("text name", _name)),  # RFC 1183
    RRType.TXT: _TEXT,
    RRType.SPF: _TEXT,
    RRType.HINFO: (Field("CPU", _string), Field("OS", _string)),
    RRType.SOA: (
        Field("mname", _name),
        Field("rname", _name),
        Field("serial", _U32),
        Field("refresh", _time),
        Field("retry", _time),
        Field("expire", _time),
        Field("minimum", _time),
    ),
    RRType.SRV: (  # RFC 2782
        Field("priority", _U16),
        Field("weight", _U16),
        Field("port", _U16),
        Field("target", _name),
    ),
    RRType.NAPTR: (  # RFC 3403 section 4.1
        Field("order", _U16),
        Field("preference", _U16),
        Field("flags", _string),
        Field("services", _string),
        Field("regexp", _string),
        Field("replacement", _name),
    ),
    RRType.CAA: (Field("flags", _U8), Field("tag", _tag), Field("value", _remainder)),  # RFC 8659
    RRType.URI: (  # RFC 7553
        Field("priority", _U16),
        Field("weight", _U16),
        Field("target", _remainder),
    ),
    RRType.DS: _DIGEST,  # RFC 4034 section 5.3
    RRType.CDS: _DIGEST,
    RRType.DNSKEY: _PUBLIC_KEY,  # RFC 4034 section 2.2
    RRType.CDNSKEY: _PUBLIC_KEY,
    RRType.SSHFP: (  # RFC 4255
        Field("algorithm", _U8),
        Field("fingerprint type", _U8),
        Field("fingerprint", _hex),
    ),
    RRType.TLSA: _CERTIFICATE,  # RFC 6698 section 2.2
    RRType.SMIMEA: _CERTIFICATE,
    RRType.OPENPGPKEY: (Field("key", _base64),),  # RFC 7929
    RRType.SVCB: _SERVICE,  # RFC 9460 section 2.1
    RRType.HTTPS: _SERVICE,
}
