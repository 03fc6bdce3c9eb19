"""Options of EDNS that rules set in a query for whoever is asked next.

The options a client sent are for this server and stay here; those that a rule names go on, be
they the client's or the rule's.

Source: the directive `rewrite` of CoreDNS, as observed; RFC 6891 section 6.1.2; RFC 7871
section 6 (client subnet).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from svcdns.corefile.arguments import Words
from svcdns.corefile.directives import suggest
from svcdns.corefile.errors import WordError
from svcdns.corefile.quantities import parse_prefixed
from svcdns.route.query_rules import Passage
from svcdns.wire.edns import SERVER_SIZE, Edns, OptionCode, read_options, with_option
from svcdns.wire.name import pack_address, to_text, unmapped

Content = Callable[[Passage], bytes | None]
"""What an option shall hold; None: there is nothing to put into it."""

KINDS = ("local", "nsid", "subnet")
OF_QUESTION = ("qname", "qtype")
OF_CLIENT = ("client_ip", "client_port", "protocol", "server_ip", "server_port")

_VARIABLE = re.compile(r"\{(.*)\}", re.DOTALL)
_LABEL = re.compile(r"[^/{}]+/[^{}]+")
_HEX = re.compile(r"0x(?:[0-9A-Fa-f]{2})*")
_NO_EDNS = Edns(SERVER_SIZE, 0, dnssec_ok=False)


class Action(StrEnum):
    """What a rule does with an option."""

    SET = "set"
    APPEND = "append"
    """Unless it is there."""
    REPLACE = "replace"
    """If it is there."""
    UNSET = "unset"


@dataclass(frozen=True, slots=True)
class OptionRule:
    """Change one option."""

    goes_on: bool
    action: Action
    code: int
    content: Content

    @property
    def per_client(self) -> bool:
        """What it does depends on more than the question."""
        if self.action is Action.UNSET:
            return False
        return self.action is not Action.SET or not isinstance(self.content, Fixed | OfQuestion)

    def act(self, passage: Passage) -> bool:
        """Change the query; return whether this rule was meant for it."""
        edns = passage.query.edns or _NO_EDNS
        if self.action is Action.UNSET:
            self._put(passage, edns, None)
            return True
        content = self.content(passage)
        held = _held(edns, self.code)
        if content is None or (self.action is Action.REPLACE and held is None):
            return False
        if self.action is Action.APPEND and held is not None:
            self._put(passage, edns, held)
            return False
        self._put(passage, edns, content)
        return True

    def _put(self, passage: Passage, edns: Edns, content: bytes | None) -> None:
        options = with_option(edns.options, self.code, content)
        if options != edns.options:
            passage.query = passage.query._replace(edns=edns._replace(options=options))


def _held(edns: Edns, code: int) -> bytes | None:
    """Return the content of an option that is there."""
    for options in (edns.options, edns.received):
        for held, content in read_options(options):
            if held == code:
                return content
    return None


@dataclass(frozen=True, slots=True)
class Fixed:
    """Always the same octets."""

    octets: bytes

    def __call__(self, passage: Passage) -> bytes:  # noqa: ARG002  a Content
        """Return them."""
        return self.octets


@dataclass(frozen=True, slots=True)
class OfQuestion:
    """A part of the question."""

    variable: str

    def __call__(self, passage: Passage) -> bytes:
        """Return it: the name as text, the TYPE in two octets."""
        question = passage.query.question
        if self.variable == "qname":
            return to_text(question.owner).encode()
        return question.rrtype.to_bytes(2)


@dataclass(frozen=True, slots=True)
class OfClient:
    """Who asks, and where."""

    variable: str

    def __call__(self, passage: Passage) -> bytes | None:
        """Return it: addresses and ports packed."""
        client = passage.client
        match self.variable:
            case "client_ip":
                return _packed(client.address)
            case "server_ip":
                return _packed(client.local_address)
            case "client_port":
                return client.port.to_bytes(2)
            case "server_port":
                return client.local_port.to_bytes(2)
            case _:
                return b"tcp" if client.stream else b"udp"


@dataclass(frozen=True, slots=True)
class OfMetadata:
    """The value of a label."""

    label: str

    def __call__(self, passage: Passage) -> bytes | None:
        """Return it; None where there is none."""
        return passage.metadata.get(self.label, "").encode() or None


@dataclass(frozen=True, slots=True)
class Subnet:
    """The network the client is in."""

    bits_of_ipv4: int
    bits_of_ipv6: int

    def __call__(self, passage: Passage) -> bytes | None:
        """Return family, length of the prefix, scope 0 and as many octets as the prefix needs."""
        address = _packed(passage.client.address)
        if address is None:
            return None
        family, bits = (1, self.bits_of_ipv4) if len(address) == 4 else (2, self.bits_of_ipv6)
        width = 8 * len(address)
        network = int.from_bytes(address) >> (width - bits) << (width - bits)
        octets = network.to_bytes(len(address))[: (bits + 7) // 8]
        return family.to_bytes(2) + bytes((bits, 0)) + octets


def _packed(address: str) -> bytes | None:
    try:
        return unmapped(pack_address(address.partition("%")[0]))
    except ValueError:
        return None  # a socket that is no IP socket


def read_option_rule(line: Words, goes_on: bool) -> OptionRule:  # noqa: FBT001  as rules are read
    """Read `local|nsid|subnet ACTION [ARGUMENTS] [revert]`; mistakes are recorded.

    `revert` takes the option out of the response, where no response here has it.
    """
    kind = _choice(line, KINDS)
    action = Action(_choice(line, tuple(Action)))
    code, content = _option(line, kind, action)
    word = line.peek()
    if action is not Action.UNSET and word is not None and word.text == "revert":
        line.take()
    return OptionRule(goes_on, action, code, content)


def _option(line: Words, kind: str, action: Action) -> tuple[int, Content]:
    """Read the rest of a rule: which option, and what it holds."""
    if kind == "nsid":
        return OptionCode.NSID, Fixed(b"")
    if kind == "local":
        code = _number(line, 0xFFFF, "0xffee")
        return code, Fixed(b"") if action is Action.UNSET else _content(line)
    if action is Action.UNSET:
        return OptionCode.CLIENT_SUBNET, Fixed(b"")
    return OptionCode.CLIENT_SUBNET, Subnet(_number(line, 32, "24"), _number(line, 128, "56"))


def _choice(line: Words, choices: tuple[str, ...]) -> str:
    """Return the next word, in any letter case one of `choices`."""
    word = line.take(choices[0])
    if word.text.lower() in choices:
        return word.text.lower()
    if word.text:
        near = suggest(word.text.lower(), choices) or choices[0]
        line.mistake(f"'{word.text}' is none of: {', '.join(choices)}", f"write: {near}", at=word)
        line.skip()
    return choices[0]


def _number(line: Words, most: int, example: str) -> int:
    """Return the next word as a number, written in Go's manner: 0x is hexadecimal, 0 octal."""
    word = line.take(example)
    try:
        return parse_prefixed(word.text, most)
    except WordError as error:
        if word.text:
            line.mistake(error.problem, f"write: {example}", at=word)
        return 0


def _content(line: Words) -> Content:
    """Return what an option holds: a variable in braces, octets behind 0x, else the text."""
    word = line.take("TEXT")
    text = word.text
    if (match := _VARIABLE.fullmatch(text)) is not None:
        if match[1] in OF_QUESTION:
            return OfQuestion(match[1])
        if match[1] in OF_CLIENT:
            return OfClient(match[1])
        if _LABEL.fullmatch(match[1]):
            return OfMetadata(match[1])
        known = ", ".join(f"{{{name}}}" for name in (*OF_QUESTION, *OF_CLIENT))
        line.mistake(f"unsupported variable name '{text}'", f"known are: {known}", at=word)
    elif text.startswith("0x"):
        if _HEX.fullmatch(text):
            return Fixed(bytes.fromhex(text[2:]))
        line.mistake(
            f"'{text}' is not octets: two hexadecimal digits make one", "write: 0xabcd", at=word
        )
    return Fixed(text.encode(errors="replace"))
