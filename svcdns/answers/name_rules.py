r"""One name in place of another: how directives that rename find names and make new ones.

Names are lower-case text here, with the final dot, as operators write them and as regular
expressions see them. Octets with a meaning are escaped as in `wire.name.to_text`.

Source: the directive `rewrite` of CoreDNS, as observed.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from svcdns.wire.name import OwnerName, from_text

NewName = Callable[[str], str | None]
"""The name that stands for another one; None: that one is not meant."""
Groups = Callable[[str], Sequence[str] | None]
"""What the groups of a regular expression hold, the whole match first; None: no match."""

_NOTHING: Mapping[str, str] = MappingProxyType({})
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_LABEL = re.compile(r"[^/{}]+/[^{}]+")
_NUMBER = re.compile(r"[0-9]{1,4}")


class InvalidNameError(ValueError):
    """A rule made something that is no name."""


def name_of(text: str) -> OwnerName:
    """Return the name that a rule made.

    Raises:
        InvalidNameError: an empty or too long label, or a name that is too long.
    """
    try:
        return from_text(text)
    except ValueError:
        raise InvalidNameError(f"invalid name after rewrite: {text}") from None


def absolute(text: str) -> str:
    r"""Return `text` with the final dot; one behind a backslash is part of the last label."""
    backslashes = len(text[:-1]) - len(text[:-1].rstrip("\\"))
    return text if text.endswith(".") and not backslashes % 2 else f"{text}."


@dataclass(frozen=True, slots=True)
class Exact:
    """One name."""

    wanted: str
    instead: str = ""

    def __call__(self, name: str) -> str | None:
        """Return what stands for `name`."""
        return self.instead if name == self.wanted else None


@dataclass(frozen=True, slots=True)
class Prefix:
    """Names that begin so."""

    wanted: str
    instead: str = ""

    def __call__(self, name: str) -> str | None:
        """Return what stands for `name`."""
        if name.startswith(self.wanted):
            return self.instead + name[len(self.wanted) :]
        return None


@dataclass(frozen=True, slots=True)
class Suffix:
    """Names that end so, wherever their labels begin."""

    wanted: str
    instead: str = ""

    def __call__(self, name: str) -> str | None:
        """Return what stands for `name`."""
        if name.endswith(self.wanted):
            return name[: len(name) - len(self.wanted)] + self.instead
        return None


@dataclass(frozen=True, slots=True)
class Substring:
    """Names that have this anywhere; all of it is replaced."""

    wanted: str
    instead: str = ""

    def __call__(self, name: str) -> str | None:
        """Return what stands for `name`."""
        return name.replace(self.wanted, self.instead) if self.wanted in name else None


class Group(NamedTuple):
    """Stands for what one group of a regular expression holds; 0 is the whole match."""

    number: int


class Label(NamedTuple):
    """Stands for one value of the metadata."""

    name: str


@dataclass(frozen=True, slots=True)
class Template:
    """Text with placeholders."""

    pieces: tuple[str | Group | Label, ...]

    def filled(self, groups: Sequence[str], metadata: Mapping[str, str] = _NOTHING) -> str | None:
        """Return the text with its placeholders filled; None where a label has no value."""
        texts: list[str] = []
        for piece in self.pieces:
            if isinstance(piece, str):
                texts.append(piece)
            elif isinstance(piece, Group):
                texts.append(groups[piece.number])
            elif value := metadata.get(piece.name):
                texts.append(value.lower())
            else:
                return None
        return "".join(texts)


def read_template(text: str, groups: int, *, labelled: bool = False) -> Template:
    """Return the template that `text` describes.

    Args:
        text: `{1}` stands for the first group, `{0}` for the whole match.
        groups: how many the expression has.
        labelled: `{PLUGIN/LABEL}` stands for metadata, and no brace for itself.

    Raises:
        ValueError: a group that the expression does not have, or braces that stand for nothing
            although `labelled`; the message is a sentence.
    """
    pieces: list[str | Group | Label] = []
    end = 0
    for match in _PLACEHOLDER.finditer(text):
        pieces.append(text[end : match.start()])
        end = match.end()
        if _NUMBER.fullmatch(match[1]):
            pieces.append(Group(int(match[1])))
            if int(match[1]) > groups:
                raise ValueError(f"there is no group {match[0]}: the expression has {groups}")
        elif not labelled:
            pieces.append(match[0])
        elif _LABEL.fullmatch(match[1]):
            pieces.append(Label(match[1]))
        else:
            raise ValueError(f"'{match[0]}' is neither a group nor a label of metadata")
    pieces.append(text[end:])
    between = "" if not labelled else "".join(piece for piece in pieces if isinstance(piece, str))
    if "{" in between or "}" in between:
        raise ValueError("a brace stands alone")
    return Template(
        tuple(piece.lower() if isinstance(piece, str) else piece for piece in pieces if piece)
    )


@dataclass(frozen=True, slots=True)
class Regex:
    """Names in which a regular expression matches; the whole name is replaced."""

    groups: Groups
    template: Template

    def __call__(self, name: str, metadata: Mapping[str, str] = _NOTHING) -> str | None:
        """Return what stands for `name`; None also where the metadata have a gap."""
        found = self.groups(name)
        return None if found is None else self.template.filled(found, metadata)


@dataclass(frozen=True, slots=True)
class Remapped:
    """One name and all below it; letter case does not matter."""

    wanted: str
    """Lower case."""
    instead: str

    def __call__(self, name: str) -> str | None:
        """Return what stands for `name`."""
        below = len(name) - len(self.wanted)
        if below < 0 or name[below:].lower() != self.wanted:
            return None
        if below and name[below - 1] != ".":
            return None
        return name[:below] + self.instead


@dataclass(frozen=True, slots=True)
class Resuffixed:
    """Names that end so, wherever their labels begin; letter case does not matter."""

    wanted: str
    """Lower case."""
    instead: str

    def __call__(self, name: str) -> str | None:
        """Return what stands for `name`."""
        below = len(name) - len(self.wanted)
        if below < 0 or name[below:].lower() != self.wanted:
            return None
        return name[:below] + self.instead
