"""Server blocks that are written out, and questions about the names that they treat."""

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

import dns.rdatatype

from tests.peer.questions import Ask, opt
from tests.peer.stanzas import Stanza

TYPES = ("A", "A", "A", "AAAA", "TXT", "MX", "SRV", "NS", "SOA", "CNAME", "PTR", "HTTPS", "HINFO")
_RD, _CD, _AD = 0x0100, 0x0010, 0x0020
FLAGS = (_RD,) * 12 + (0, _RD | _CD, _RD | _AD, _CD | _AD)
OPTS = (
    *(b"",) * 6,
    opt(),
    opt(),
    opt(do=True),
    opt(4096),
    opt(4096, do=True),
    opt(512),
    opt(options=b"\0\3\0\0"),
)
_CHAOS = 3


@dataclass(frozen=True)
class Written(Stanza):
    """One server block without `kubernetes`, and others at the same port."""

    keys: tuple[str, ...] = (".",)
    lines: str = ""
    """What stands in the block."""
    names: tuple[str, ...] = ()
    """What is asked for, among them names with nothing special about them."""
    types: tuple[str, ...] = TYPES
    rrclass: int = 1
    """CH as well as IN if it is not 1."""
    others: tuple[tuple[str, str], ...] = ()
    """Keys without ports, and lines, of further blocks."""

    def corefile(self, port: int, *own: str, endpoint: str = "") -> str:
        """Return the server blocks; `endpoint` is of no use here."""
        del endpoint
        blocks = ((" ".join(self.keys), self.lines), *self.others)
        return "".join(_block(keys, port, own, lines) for keys, lines in blocks)

    @property
    def title(self) -> str:
        """The directives, as a name for a test."""
        return " / ".join(filter(None, map(str.strip, self.lines.splitlines())))


def _block(keys: str, port: int, own: Iterable[str], lines: str) -> str:
    inside = "".join(f"    {line.strip()}\n" for line in (*own, *lines.splitlines()))
    return " ".join(f"{key}:{port}" for key in keys.split()) + " {\n" + inside + "}\n"


def make_asks(seed: int, written: Written, count: int) -> list[Ask]:
    """Return questions of that seed about the names of a block."""
    rng = Random(f"asks {seed} {written.title}")  # noqa: S311  reproducible, not secret
    return [_ask(rng, written) for _ in range(count)]


def _ask(rng: Random, written: Written) -> Ask:
    labels = [label.encode() for label in rng.choice(written.names).split(".") if label]
    chance = rng.random()
    if chance < 0.08:
        labels.insert(0, rng.choice((b"x", b"*", b"www", b"_", b"q" * 63)))
    elif chance < 0.13:
        del labels[:1]
    if rng.random() < 0.15:
        labels = [rng.choice((label.upper(), label.title())) for label in labels]
    rrtype = int(dns.rdatatype.from_text(rng.choice(written.types)))
    stream = rng.random() < 0.08
    rrclass = _CHAOS if written.rrclass != 1 and rng.random() < 0.7 else 1
    return Ask(tuple(labels), rrtype, rng.choice(FLAGS), rng.choice(OPTS), stream, rrclass)
