"""Label selectors: which objects a stanza's `labels` or `namespace_labels` leaves to see.

`app=web, tier in (front, back), !legacy`: requirements joined by commas, all of which have to
hold. The API server does this itself for a watch; here it is done for manifests.

Source: Kubernetes, "Labels and selectors"; grammar of `labels.Parse` in apimachinery.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

_TOKEN = re.compile(r"\s*(==|!=|[=!<>(),]|[^\s=!<>(),]+)")
_NAME = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)", re.ASCII)
_PREFIX = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?", re.ASCII)
_SYMBOLS = frozenset(("==", "!=", *"=!<>(),"))


class Requirement(NamedTuple):
    """One condition on one label."""

    key: str
    operator: str
    """`in`, `notin`, `exists`, `!`, `>` or `<`; `=` and `!=` are `in` and `notin` one value."""
    values: frozenset[str] = frozenset()

    def holds(self, labels: Mapping[str, str | None]) -> bool:
        """Return whether an object with these labels meets it; a null value is empty text."""
        present = self.key in labels
        value = labels.get(self.key) or ""
        match self.operator:
            case "in":
                return present and value in self.values
            case "notin":
                return not present or value not in self.values
            case "exists":
                return present
            case "!":
                return not present
            case _:
                return present and self._compares(value)

    def _compares(self, value: str) -> bool:
        if not re.fullmatch(r"[-+]?[0-9]{1,18}", value, re.ASCII):
            return False
        (bound,) = self.values
        return int(value) > int(bound) if self.operator == ">" else int(value) < int(bound)


class Selector(NamedTuple):
    """Requirements that have to hold together; without any, everything matches."""

    requirements: tuple[Requirement, ...] = ()

    def matches(self, labels: Mapping[str, str | None]) -> bool:
        """Return whether an object with these labels is selected."""
        return all(requirement.holds(labels) for requirement in self.requirements)


def parse_selector(text: str) -> Selector:
    """Return the selector that `text` spells; empty text selects everything.

    Raises:
        ValueError: not a selector; the message is a sentence.
    """
    tokens = _Tokens(text)
    if tokens.next == "":
        return Selector()
    requirements = [_requirement(tokens)]
    while tokens.next == ",":
        tokens.take()
        requirements.append(_requirement(tokens))
    if tokens.next:
        raise ValueError(f"expected ',' or the end before {tokens.next!r}")
    return Selector(tuple(requirements))


class _Tokens:
    """The words and symbols of a selector, one ahead."""

    def __init__(self, text: str) -> None:
        self._tokens = _TOKEN.findall(text.rstrip())
        self._at = 0

    @property
    def next(self) -> str:
        """The token that `take` would return; empty at the end."""
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def take(self) -> str:
        token = self.next
        self._at += 1
        return token

    def word(self, what: str) -> str:
        if self.next in _SYMBOLS or not self.next:
            found = repr(self.next) if self.next else "the end"
            raise ValueError(f"expected {what}, found {found}")
        return self.take()


def _requirement(tokens: _Tokens) -> Requirement:
    if tokens.next == "!":
        tokens.take()
        return Requirement(_key(tokens), "!")
    key = _key(tokens)
    operator = tokens.next
    if operator in {"", ","}:
        return Requirement(key, "exists")
    tokens.take()
    match operator:
        case "=" | "==" | "!=":
            value = "" if tokens.next in {"", ","} else tokens.word("a value")
            return Requirement(
                key, "notin" if operator == "!=" else "in", frozenset((_value(value),))
            )
        case "in" | "notin":
            return Requirement(key, operator, _values(tokens))
        case ">" | "<":
            value = tokens.word("a whole number")
            if not re.fullmatch(r"[-+]?[0-9]{1,18}", value, re.ASCII):
                raise ValueError(f"expected a whole number after {operator!r}, found {value!r}")
            return Requirement(key, operator, frozenset((value,)))
        case _:
            raise ValueError(
                f"expected one of = == != in notin > < after {key!r}, found {operator!r}"
            )


def _values(tokens: _Tokens) -> frozenset[str]:
    if tokens.take() != "(":
        raise ValueError("expected '(' after 'in' or 'notin'")
    values = [_list_value(tokens)]
    while tokens.next == ",":
        tokens.take()
        values.append(_list_value(tokens))
    if tokens.take() != ")":
        raise ValueError("expected ',' or ')' in the list of values")
    return frozenset(values)


def _list_value(tokens: _Tokens) -> str:
    """Return one value of a list; between two commas it is empty text."""
    return "" if tokens.next in {",", ")"} else _value(tokens.word("a value"))


def _key(tokens: _Tokens) -> str:
    key = tokens.word("a label")
    prefix, slash, name = key.rpartition("/")
    if _NAME.fullmatch(name) and (not slash or _PREFIX.fullmatch(prefix)):
        return key
    raise ValueError(f"{key!r} cannot be the name of a label")


def _value(value: str) -> str:
    if not value or _NAME.fullmatch(value):
        return value
    raise ValueError(f"{value!r} cannot be the value of a label")
