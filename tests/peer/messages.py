"""Odd messages: every opcode, header bit, count and EDNS form, and octets that are no query.

The corpus of tests/fuzz is among them. What CoreDNS does with each was looked up in no document:
it is asked.
"""

import re
from collections.abc import Iterator
from random import Random

from tests.peer.questions import Ask, Labels, opt
from tests.support.tree import ROOT

WEB: Labels = (b"step-0", b"shop", b"svc", b"cluster", b"local")
"""A name of every cluster."""
_APEX = WEB[3:]
_RECORD = b"\xc0\x0c\0\1\0\1\0\0\0\5\0\4\1\2\3\4"
_BITS = {"AA": 0x0400, "TC": 0x0200, "RD": 0x0100, "RA": 0x80, "Z": 0x40, "AD": 0x20, "CD": 0x10}
_ALL_BITS = 0x07FF
_SOA = b"\xc0\x0c\0\6\0\1\0\0\0\5\0\x16\0\0" + bytes(20)
_TSIG = b"\x08hmac-md5\x07sig-alg\x03reg\x03int\0" + bytes(6) + b"\x01\x2c" + bytes(8)


def _head(flags: int = 0x0100, *counts: int) -> bytes:
    padded = (*counts, *(1, 0, 0, 0)[len(counts) :])
    return bytes(2) + flags.to_bytes(2) + b"".join(count.to_bytes(2) for count in padded)


def option(code: int, content: bytes = b"") -> bytes:
    """Return one EDNS option."""
    return code.to_bytes(2) + len(content).to_bytes(2) + content


def odd_messages() -> dict[str, bytes]:
    """Return messages by what is odd about them."""
    found = dict(_headers())
    found |= _bodies()
    found |= _edns()
    for file in sorted((ROOT / "tests/fuzz/packets").glob("*.hex")):
        found[file.stem] = bytes.fromhex(re.sub(r"#.*", "", file.read_text(encoding="ascii")))
    return found


def _headers() -> Iterator[tuple[str, bytes]]:
    question = Ask(WEB, 1).question
    for opcode in range(16):
        yield f"opcode {opcode}", _head(opcode << 11 | 0x0100) + question
        for bit, value in {**_BITS, "all bits": _ALL_BITS}.items():
            yield f"opcode {opcode}, {bit}", _head(opcode << 11 | value) + question
    for counts in ((0,), (2,), (1, 1), (1, 2), (1, 0, 1), (1, 0, 2), (1, 0, 0, 2), (1, 0, 0, 3)):
        present = question * counts[0] + _RECORD * sum(counts[1:])
        for flags in (0x0100, _ALL_BITS):
            yield f"counts {counts} {flags:x}", _head(flags, *counts) + present
            yield f"counts {counts} {flags:x}, absent", _head(flags, *counts) + question
            yield f"counts {counts} {flags:x}, cut", _head(flags, *counts) + present[:-9]
    yield "a response", _head(0x8100) + question


def _bodies() -> dict[str, bytes]:
    query = Ask(WEB, 1).wire(0)
    question = b"\0\1\0\1"
    longest = (b"\x3f" + b"a" * 63) * 3
    found = {f"{size} octets": query[:size] for size in (2, 5, 11, 12, 20, 40, len(query) - 1)}
    found |= {
        "octets behind": query + b"abc",
        "a cut question, all bits": _head(_ALL_BITS) + query[12:-3],
        "a label of 64": _head() + b"\x40" + b"a" * 64 + b"\0" + question,
        "label type 10": _head() + b"\x80a\0" + question,
        "a name of 256": _head() + longest + b"\x3e" + b"a" * 62 + b"\0" + question,
        "a name of 255": _head() + longest + b"\x3d" + b"a" * 61 + b"\0" + question,
        "a pointer to itself": _head() + b"\xc0\x0c" + question,
        "a pointer forwards": _head() + b"\xc0\x20" + question,
        "a pointer into the header": _head() + b"\3web\xc0\x04" + question,
        "a pointer to its own name": _head() + b"\3web\xc0\x0c" + question,
        "the root": Ask((), 2).wire(0),
        "NOTIFY with SOA": _head(0x2400, 1, 1) + Ask(_APEX, 6).question + _SOA,
        "IXFR": _head(0x0100, 1, 0, 1) + Ask(_APEX, 251).question + _SOA,
    }
    for rrclass in (0, 2, 3, 4, 254, 255):
        found[f"class {rrclass}"] = Ask(WEB, 1, rrclass=rrclass).wire(0)
    for rrtype in (0, 41, 249, 250, 251, 252, 253, 254, 255, 65535):
        found[f"type {rrtype}"] = Ask(WEB, rrtype).wire(0)
        found[f"type {rrtype} of the zone"] = Ask(_APEX, rrtype).wire(0)
    return found


def _edns() -> dict[str, bytes]:
    def with_opt(octets: bytes, labels: Labels = WEB, rrclass: int = 1) -> bytes:
        return Ask(labels, 1, opt=octets, rrclass=rrclass).wire(0)

    question = Ask(WEB, 1).question
    signed = b"\3key\0\0\xfa\0\xff" + bytes(4) + len(_TSIG).to_bytes(2) + _TSIG
    half = b"\0\0\x29\x04\xd0\0\0\0\0"
    found = {f"UDP size {size}": with_opt(opt(size)) for size in (0, 1, 511, 512, 1233, 65535)}
    options = {
        "NSID": option(3),
        "ECS": option(8, bytes.fromhex("000118000a0000")),
        "malformed ECS": option(8, b"\0"),
        "EXPIRE": option(9),
        "COOKIE": option(10, b"12345678"),
        "long COOKIE": option(10, b"12345678" * 3),
        "short COOKIE": option(10, b"123"),
        "KEEPALIVE": option(11),
        "malformed KEEPALIVE": option(11, b"\0"),
        "PADDING": option(12, bytes(20)),
        "an error": option(15, b"\0\0x"),
        "ZONEVERSION": option(19),
        "an unknown option": option(65001, b"xyz"),
        "several options": option(3) + option(10, b"12345678") + option(65001),
        "much PADDING": option(12, bytes(500)),
    }
    found |= {name: with_opt(opt(options=octets)) for name, octets in options.items()}
    for do in (False, True):
        found |= {
            f"version 1, DO {do}": with_opt(opt(version=1, do=do)),
            f"version 255, DO {do}": with_opt(opt(version=255, do=do)),
            f"version 1 elsewhere, DO {do}": with_opt(opt(version=1, do=do), (b"com",)),
            f"version 1 in CH, DO {do}": with_opt(opt(version=1, do=do), rrclass=3),
            f"CH, DO {do}": with_opt(opt(do=do), rrclass=3),
            f"refused, DO {do}": with_opt(opt(do=do), (b"com",)),
            f"OPT in the answer section, DO {do}": _head(0x100, 1, 1) + question + opt(do=do),
        }
    return found | {
        "every flag": with_opt(b"\0\0\x29\x04\xd0\0\0\x7f\xff\0\0"),
        "an extended rcode": with_opt(b"\0\0\x29\x04\xd0\xff\0\0\0\0\0"),
        "two OPT": _head(0x100, 1, 0, 0, 2) + question + opt() + opt(512, do=True),
        "half an option": with_opt(half + b"\0\3\0\x0a\0"),
        "an option that is too long": with_opt(half + b"\0\4\0\x0a\0\x08"),
        "RDLENGTH that is too long": with_opt(half + b"\0\4"),
        "an OPT with a name": with_opt(b"\1a" + opt()),
        "an OPT with a pointer": with_opt(b"\xc0\x0c" + opt()[1:]),
        "TSIG": _head(0x100, 1, 0, 0, 2) + question + opt() + signed,
        "TSIG that is malformed": _head(0x100, 1, 0, 0, 1) + question + signed[:20],
    }


def garbage(seed: int, count: int) -> list[bytes]:
    """Return messages with some octets changed, always the same for one seed."""
    chance = Random(f"garbage {seed}")  # noqa: S311  reproducible, not secret
    sources = list(odd_messages().values())
    found = []
    for _ in range(count):
        octets = bytearray(chance.choice(sources))
        for _ in range(chance.choice((1, 1, 2, 8))):
            at = chance.randrange(2, len(octets)) if len(octets) > 2 else 0
            octets[at] = chance.choice((0, 1, 0xC0, 0x3F, 0xFF, chance.randrange(256)))
        cut = chance.choice((0, 0, 0, chance.randrange(len(octets))))
        tail = chance.randbytes(chance.choice((0, 0, 0, 1, 40)))
        found.append(bytes(octets[: len(octets) - cut]) + tail)
    return found
