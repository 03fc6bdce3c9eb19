"""The words of a Go template, taken one by one, and what they may speak of at each place."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from svcdns.answers.go_error import TemplateSyntaxError
from svcdns.answers.go_tokens import Word, words_of
from svcdns.answers.go_values import Fields, Shape

MAX_DEPTH = 50
"""Of parentheses and blocks, one within the other."""


@dataclass(slots=True)
class Reader:
    """Takes the words of a template one by one, and knows what they may speak of."""

    text: str
    root: Fields
    dot: Shape
    words: list[Word] = field(default_factory=list)
    at: int = 0
    depth: int = 0
    variables: list[tuple[str, int, Shape]] = field(default_factory=list)
    """Name, slot and shape; the last of a name counts."""
    slots: int = 1
    paths: set[tuple[str, ...]] = field(default_factory=set)
    """Fields that are used, from the whole down."""

    def __post_init__(self) -> None:
        self.words = list(words_of(self.text))
        self.variables.append(("$", 0, self.root))

    def peek(self, ahead: int = 0) -> Word:
        """Return the next word, or a later one; behind the last one, an empty text."""
        place = self.at + ahead
        return self.words[place] if place < len(self.words) else Word("text", "", len(self.text))

    def take(self) -> Word:
        """Return the next word and go on."""
        word = self.peek()
        self.at += 1
        return word

    def is_sign(self, text: str, ahead: int = 0) -> bool:
        """Return whether that sign comes next."""
        word = self.peek(ahead)
        return word.kind == "sign" and word.text == text

    def close(self, behind: str) -> None:
        """Take the end of an action."""
        if self.peek().kind != "close":
            raise unexpected(self.peek(), behind)
        self.take()

    @contextmanager
    def deeper(self, word: Word) -> Iterator[None]:
        """Count one more level while inside."""
        if self.depth >= MAX_DEPTH:
            raise TemplateSyntaxError(word.position, f"more than {MAX_DEPTH} levels deep")
        self.depth += 1
        yield
        self.depth -= 1

    def declare(self, name: str, shape: Shape) -> int:
        """Return the slot of a new variable."""
        self.variables.append((name, self.slots, shape))
        self.slots += 1
        return self.slots - 1

    def variable(self, word: Word) -> tuple[int, Shape]:
        """Return slot and shape of a variable."""
        for name, slot, shape in reversed(self.variables):
            if name == word.text:
                return slot, shape
        raise TemplateSyntaxError(
            word.position,
            f"undefined variable '{word.text}'",
            f"declare it in front: {{{{ {word.text} := VALUE }}}}",
            len(word.text),
        )


def unexpected(word: Word, behind: str) -> TemplateSyntaxError:
    """Return the mistake that `word` is where it stands."""
    if word.kind == "text":
        return TemplateSyntaxError(word.position, "an action is not closed", "write }} behind it")
    if word.kind == "close":
        return TemplateSyntaxError(
            word.position, f"missing value for {behind}", "name a value, as in {{ .Name }}", 2
        )
    where = f" behind '{behind}'" if behind else ""
    return TemplateSyntaxError(
        word.position, f"unexpected '{word.text}'{where}", width=len(word.text)
    )
