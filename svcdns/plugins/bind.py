"""bind - listen on these addresses, or on those of these interfaces, instead of on all.

What the names of interfaces stand for is looked up when the sockets are opened: `Bind.addresses`
is told then what this machine has.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from svcdns.corefile.arguments import Arguments, Words
from svcdns.corefile.lexer import Token
from svcdns.route.directive import Directive, Scope
from svcdns.route.stages import Steps
from svcdns.wire.name import pack_address

_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104  as people write it


class Bind(NamedTuple):
    """Where a server block listens."""

    wanted: tuple[Token, ...]
    """Addresses and names of interfaces, in the order of the Corefile."""
    unwanted: tuple[Token, ...] = ()

    def addresses(self, interfaces: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
        """Return the addresses to listen on, each once; `""` is every address.

        Args:
            interfaces: the addresses of this machine's interfaces, by name.

        Raises:
            ValueError: a name is no interface of this machine, or nothing is left; the message
                says where.
        """
        left_out = {one for word in self.unwanted for one in _expand(word, interfaces)}
        found = dict.fromkeys(
            one for word in self.wanted for one in _expand(word, interfaces) if one not in left_out
        )
        if not found:
            where = self.wanted[0].location
            raise ValueError(
                f"{where.file}:{where.line}:{where.column}: bind: no address is left to listen on"
            )
        return tuple("" if one in _EVERYWHERE else one for one in found)


def _expand(word: Token, interfaces: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    if word.text in interfaces:
        return tuple(interfaces[word.text])
    if _is_address(word.text):
        return (word.text,)
    where = word.location
    known = ", ".join(interfaces) or "none"
    raise ValueError(
        f"{where.file}:{where.line}:{where.column}: bind: '{word.text}' is not a valid IP address "
        f"or interface name; interfaces with an address here: {known}"
    )


def _is_address(text: str) -> bool:
    try:
        pack_address(text.partition("%")[0])
    except ValueError:
        return False
    return True


def parse(arguments: Arguments) -> Bind:
    """Read `bind ADDRESS|INTERFACE... { except ADDRESS|INTERFACE... }`; several add up."""
    wanted: list[Token] = []
    unwanted: list[Token] = []
    for stanza in arguments:
        wanted += _bare(stanza)
        for option in stanza.options("except"):
            unwanted += _bare(option)
    return Bind(tuple(wanted), tuple(unwanted))


def _bare(words: Words) -> tuple[Token, ...]:
    """Return the words that are left; an address in another form than its own is a mistake."""
    found = words.at_least(1, "ADDRESS")
    for word in found:
        inside, is_closed, _ = word.text.removeprefix("[").partition("]")
        host = inside if is_closed else word.text.partition(":")[0]
        if host != word.text and _is_address(host):
            words.mistake(
                f"'{word.text}' is more than an address",
                f"write: bind {host}; the port is that of the server block",
                at=word,
            )
    return found


def build(_settings: Bind, _scope: Scope) -> Steps:
    """Return no step: whoever opens the sockets reads the settings."""
    return Steps()


DIRECTIVE = Directive("bind", parse, build)
