"""A Corefile as values: blocks, keys, stanzas, option lines. Made by `corefile.parser`."""

from typing import NamedTuple

from svcdns.corefile.errors import Mistake
from svcdns.corefile.lexer import Token


class Line(NamedTuple):
    """One line inside a directive's block."""

    name: Token
    arguments: tuple[Token, ...]
    block: tuple["Line", ...] = ()
    has_block: bool = False
    """There are braces, though nothing may be between them."""


class Stanza(NamedTuple):
    """One directive of a server block, with its arguments and its own block."""

    name: Token
    arguments: tuple[Token, ...]
    options: tuple[Line, ...]
    has_block: bool
    """There are braces, though nothing may be between them."""


class Key(NamedTuple):
    """One zone a server block serves; CIDR notation becomes as many keys as reverse zones."""

    zone: str
    """Lower case, with the final dot."""
    scheme: str
    """`dns` when none is written."""
    port: int | None
    """None: the scheme's own, or what the command line says; 0: the system chooses."""
    token: Token


class ServerBlock(NamedTuple):
    """Keys, and the directives that serve them; what runs first is not decided by their order."""

    keys: tuple[Key, ...]
    stanzas: tuple[Stanza, ...]


class Corefile(NamedTuple):
    """A whole configuration, imports unfolded and variables replaced."""

    blocks: tuple[ServerBlock, ...]
    """Empty for an empty file: what is served then is the caller's decision."""
    warnings: tuple[Mistake, ...]
    files: tuple[str, ...]
    """Every file that was read, the Corefile itself first."""
