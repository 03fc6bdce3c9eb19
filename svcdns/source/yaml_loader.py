"""YAML octets -> plain values, the way Kubernetes means them. The only door to PyYAML.

Values are built straight from the parser's events: three times as fast as PyYAML's own loaders
and without the traps of YAML 1.1, where `yes` is true, `1:30` is 90, `017` is 15 and a day is a
date. Plain text here is null, a boolean or a decimal number only when it is spelled like one in
YAML 1.2; everything else stays the text that was written, and a field that wants something else
says so. Keys are always text.

Source: YAML 1.2.2 section 10.3.2 (core schema); YAML 1.1 merge keys, which kubectl reads too.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import yaml

# libyaml is ten times as fast; a build of PyYAML without it reads the same.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MAX_DEPTH = 100
_STARTS = (yaml.MappingStartEvent, yaml.SequenceStartEvent)
_ENDS = (yaml.MappingEndEvent, yaml.SequenceEndEvent)

_Take = Callable[[], Any]

_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})", re.ASCII)
_TAG = "tag:yaml.org,2002:"
_TEXT_TAGS = frozenset(_TAG + name for name in ("str", "float", "timestamp", "binary")) | {"!"}
_VALUE_TAGS = frozenset(_TAG + name for name in ("int", "bool", "null"))
_COLLECTION_TAGS = frozenset((None, "!", _TAG + "map", _TAG + "seq"))
_PATH_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]")


class YamlError(ValueError):
    """These octets are not YAML; what stands behind the fault cannot be read either.

    Whoever reads files keeps what this one said before, and names `line`.
    """

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(problem)
        self.line = line
        """The first is 1; 0 when it is not known."""
        self.problem = problem


class Remark(NamedTuple):
    """Something about one place in a document."""

    line: int
    problem: str


class YamlDocument(NamedTuple):
    """One document of a stream."""

    line: int
    """Where its content begins; the first line is 1."""
    content: object
    """None, text, bool, int, or lists and dicts of these; None also when it is broken."""
    broken: Remark | None = None
    """Why this document has no content although the stream goes on."""
    remarks: tuple[Remark, ...] = ()


def documents(octets: bytes) -> Iterator[YamlDocument]:
    """Yield the documents, empty ones too.

    Raises:
        YamlError: not YAML. Documents before the fault may have been yielded.
    """
    with _events(octets) as take:
        while (event := take()).__class__ is not yaml.StreamEndEvent:
            if event.__class__ is yaml.DocumentStartEvent:
                yield _document(take)


def line_of(octets: bytes, document: int, path: str) -> int:
    """Return the line of the deepest part of `path` that a document has.

    The file is parsed once more for it: only for messages.

    Args:
        octets: as for `documents`.
        document: the first is 1.
        path: as in `spec.ports[2].port`.

    Raises:
        YamlError: not YAML.
    """
    with _events(octets) as take:
        while document:
            document -= take().__class__ is yaml.DocumentStartEvent
        node = take()
        line: int = node.start_mark.line + 1
        for key, index in _PATH_STEP.findall(path):
            if node.__class__ is yaml.MappingStartEvent and key:
                found = _value_of(take, key)
            elif node.__class__ is yaml.SequenceStartEvent and index:
                found = _item_of(take, int(index))
            else:
                break
            if found is None:
                break
            line, node = found
        return line


@contextmanager
def _events(octets: bytes) -> Iterator[_Take]:
    """Give the function that takes the next event, and turn the parser's errors into ours."""
    try:
        loader = _LOADER(octets)
        try:
            yield loader.get_event
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlError(mark.line + 1 if mark else 0, error.problem or str(error)) from None
    except yaml.YAMLError as error:
        raise YamlError(0, " ".join(str(error).split())) from None


def _document(take: _Take) -> YamlDocument:
    first = take()
    line = first.start_mark.line + 1
    builder = _Builder(take)
    try:
        content = builder.node(first, 0)
    except _DocumentError as error:
        while take().__class__ is not yaml.DocumentEndEvent:
            pass
        return YamlDocument(line, None, Remark(error.line, str(error)))
    return YamlDocument(line, content, None, tuple(builder.remarks))


class _DocumentError(Exception):
    """This document has no value here; those behind it may."""

    def __init__(self, event: Any, problem: str) -> None:
        super().__init__(problem)
        self.line: int = event.start_mark.line + 1


class _Builder:
    """Makes the value of one document."""

    def __init__(self, take: _Take) -> None:
        self.remarks: list[Remark] = []
        self._take = take
        self._anchors: dict[str, object] = {}

    def node(self, event: Any, depth: int) -> object:
        """Return the value that begins with `event`."""
        kind = event.__class__
        value: object
        if kind is yaml.ScalarEvent:
            value = _scalar(event)
        elif kind is yaml.AliasEvent:
            if event.anchor not in self._anchors:
                raise _DocumentError(event, f"nothing above is called &{event.anchor}")
            return self._anchors[event.anchor]
        elif event.tag not in _COLLECTION_TAGS:
            raise _DocumentError(event, f"the tag {event.tag} is not understood")
        elif depth == _MAX_DEPTH:
            raise _DocumentError(event, f"is nested more than {_MAX_DEPTH} deep")
        elif kind is yaml.MappingStartEvent:
            value = self._mapping(depth + 1)
        else:
            value = self._sequence(depth + 1)
        if event.anchor:
            self._anchors[event.anchor] = value
        return value

    def _sequence(self, depth: int) -> list[object]:
        take, values = self._take, list[object]()
        while (event := take()).__class__ is not yaml.SequenceEndEvent:
            values.append(self.node(event, depth))
        return values

    def _mapping(self, depth: int) -> dict[str, object]:
        take = self._take
        values: dict[str, object] = {}
        merged: dict[str, object] = {}
        while (event := take()).__class__ is not yaml.MappingEndEvent:
            key = self._key(event, depth)
            value = self.node(take(), depth)
            if key == "<<" and event.implicit[0]:
                _merge(merged, value, event)
            elif key in values:
                values[key] = value
                problem = f"{key!r} is written twice; the last one is used"
                self.remarks.append(Remark(event.start_mark.line + 1, problem))
            else:
                values[key] = value
        return {**merged, **values} if merged else values

    def _key(self, event: Any, depth: int) -> str:
        if event.__class__ is yaml.ScalarEvent:
            if event.anchor:
                self._anchors[event.anchor] = event.value
            return str(event.value)
        key = self.node(event, depth)
        if isinstance(key, str):
            return key
        raise _DocumentError(event, "the key of a mapping has to be text")


def _scalar(event: Any) -> object:
    value, tag = event.value, event.tag
    if tag is None:
        return _plain(value) if event.implicit[0] else value
    if tag in _TEXT_TAGS:
        return value
    if tag in _VALUE_TAGS:
        return _plain(value)
    raise _DocumentError(event, f"the tag {tag} is not understood")


def _plain(text: str) -> object:
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if text[0] in "+-0123456789" and _NUMBER.fullmatch(text) else text


def _merge(merged: dict[str, object], value: object, event: Any) -> None:
    for source in value if isinstance(value, list) else [value]:
        if not isinstance(source, dict):
            raise _DocumentError(event, "'<<' has to be a mapping, or a list of them")
        for key, part in source.items():
            merged.setdefault(key, part)


def _value_of(take: _Take, key: str) -> tuple[int, Any] | None:
    """Return the line of a key of the mapping that has just begun, and its value's event."""
    while (event := take()).__class__ is not yaml.MappingEndEvent:
        line: int = event.start_mark.line + 1
        if event.__class__ is yaml.ScalarEvent and event.value == key:
            return line, take()
        _skip(take, event)
        _skip(take, take())
    return None


def _item_of(take: _Take, index: int) -> tuple[int, Any] | None:
    while (event := take()).__class__ is not yaml.SequenceEndEvent:
        if index == 0:
            return event.start_mark.line + 1, event
        _skip(take, event)
        index -= 1
    return None


def _skip(take: _Take, event: Any) -> None:
    depth = 0
    while True:
        if event.__class__ in _STARTS:
            depth += 1
        elif event.__class__ in _ENDS:
            depth -= 1
        if not depth:
            return
        event = take()
