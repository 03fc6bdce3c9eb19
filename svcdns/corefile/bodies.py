"""Bodies: the tokens of a file or a snippet, which an import puts in its own place.

A body is read from the front by `corefile.imports`; what is looked up in it is found once and
kept, so that a thousand imports of one file do not search it a thousand times.
"""

from functools import cached_property
from typing import NamedTuple

from svcdns.corefile.lexer import Token


class Snippet(NamedTuple):
    """A block of tokens with a name."""

    name: Token
    """`(name)`."""
    body: tuple[Token, ...]


class Body:
    """The tokens of a file or of a snippet, and how far they have been read."""

    def __init__(self, tokens: tuple[Token, ...], chain: tuple[str, ...]) -> None:
        self.tokens = tokens
        self.index = 0
        self.chain = chain
        """What led here: paths, and snippets as `(name)`."""

    @cached_property
    def closing(self) -> dict[int, int]:
        """Index of an opening brace -> index of the one that closes it."""
        pairs: dict[int, int] = {}
        opened: list[int] = []
        for index, token in enumerate(self.tokens):
            if token.opens:
                opened.append(index)
            elif token.closes and opened:
                pairs[opened.pop()] = index
        return pairs

    @cached_property
    def named(self) -> dict[str, Token]:
        """`(name)` -> where a snippet of that name begins."""
        return {token.text: token for token in self.tokens if token.first and token.text[:1] == "("}


def import_of(word: str, body: tuple[Token, ...]) -> Token | None:
    """Return the import in `body` that names the snippet `word`."""
    for position, token in enumerate(body[:-1]):
        if token.text == "import" and (token.first or not position):
            pattern = body[position + 1]
            if pattern.text == word and not pattern.first:
                return token
    return None
