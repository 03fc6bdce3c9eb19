"""What the `parse` of a directive gets: its stanzas, to be read word by word.

    stanza = arguments.once()
    zones = stanza.zones()
    for option in stanza.options("ttl", "pods", "noendpoints"):
        match option.name:
            case "ttl":
                ttl = option.integer(0, 3600)
            case "pods":
                pods = option.choice("disabled", "verified", "insecure")
            case "noendpoints":
                noendpoints = True

Nothing of that raises: see `corefile.words` for how mistakes are recorded.
"""

from collections.abc import Iterator

from svcdns.corefile.errors import Mistake
from svcdns.corefile.lexer import Token
from svcdns.corefile.tree import Stanza
from svcdns.corefile.words import Context, Words

__all__ = ["Arguments", "Words"]


class Arguments:
    """All stanzas of one directive in one server block."""

    def __init__(
        self, directive: str, stanzas: tuple[Stanza, ...], zones: tuple[str, ...], root: str = ""
    ) -> None:
        self.directive = directive
        self.zones = zones
        """The keys of the server block: lower case, with the final dot."""
        self._context = Context(directive, zones, root)
        self._stanzas = tuple(self._context.words(stanza, stanza.options) for stanza in stanzas)

    def __iter__(self) -> Iterator[Words]:
        """Yield the stanzas in the order of the Corefile."""
        return iter(self._stanzas)

    def once(self) -> Words:
        """Return the only stanza; each further one is a mistake."""
        first, *others = self._stanzas
        for stanza in others:
            stanza.mistake(
                "this plugin can only be used once per Server Block",
                f"the first one is at {first.token.location}: make one of them",
            )
            stanza.skip()
        return first

    def mistake(self, where: Token, problem: str, hint: str = "") -> None:
        """Record a mistake; the name of the directive is put in front of `problem`."""
        self._context.mistake(where, problem, hint)

    def warning(self, where: Token, problem: str, hint: str = "") -> None:
        """Record something that works but is hardly meant."""
        self._context.warning(where, problem, hint)

    @property
    def mistakes(self) -> tuple[Mistake, ...]:
        """Every mistake, words that nobody took among them: to be read when parse is done."""
        for words in self._context.lines:
            words.settle()
        return self._context.findings.mistakes

    @property
    def warnings(self) -> tuple[Mistake, ...]:
        """Every warning."""
        return self._context.findings.warnings
