"""The octets of one file -> the entries that a cluster is put together from.

One object that cannot be used is named and left out, the others of the file stay. Octets that
are neither YAML nor JSON are another matter: then nothing of the file can be trusted, and who
asked keeps what the file said before.

JSON never becomes plain values: each object goes from its octets into its struct, which makes
`kubectl get -o json` the form for large dumps.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from svcdns.cluster import parse, structs
from svcdns.cluster.compact import DEFAULT_NAMESPACE, compact
from svcdns.cluster.model import Object
from svcdns.cluster.object_error import Flaw, MalformedError, ObjectError, subject
from svcdns.corefile.directives import suggest
from svcdns.source import yaml_loader
from svcdns.source.derive import mirrored
from svcdns.source.problem import Problem

_BOM = b"\xef\xbb\xbf"
_CLUSTER_SCOPED = frozenset(("Namespace", "Node"))
# Each line is found by parsing the file once more.
_MAX_LINES_FOUND = 20


class BrokenFileError(Exception):
    """The file is neither YAML nor JSON: keep what it said before, tell the problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class Entry(NamedTuple):
    """One object of one file."""

    kind: str
    namespace: str
    """Empty for Namespaces and Nodes."""
    name: str
    labels: Mapping[str, str | None]
    values: tuple[Object, ...]
    """What it comes to: one value, none (a Pod without an address), several for Endpoints."""
    struct: structs.Service | structs.Pod | None
    """Kept where endpoints or addresses may have to be derived."""
    document: int
    line: int

    @property
    def key(self) -> tuple[str, str, str]:
        """Kind, namespace and name."""
        return (self.kind, self.namespace, self.name)

    @property
    def subject(self) -> str:
        """How messages call it."""
        return subject(self.kind, self.namespace, self.name)


@dataclass(slots=True)
class Contents:
    """What one file says."""

    entries: list[Entry] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    """Objects of kinds that DNS does not need, by kind."""
    namespaces: set[str] = field(default_factory=set)
    """Namespaces that those objects name."""


class _Place(NamedTuple):
    """Where an object stands."""

    document: int = 1
    line: int = 0
    path: str = ""
    """`items[3]` inside a list, else empty."""


def read_contents(file: str, octets: bytes) -> Contents:
    """Return what a file says.

    Args:
        file: how messages call it; the name's end decides how JSON that is none is read.
        octets: decompressed.

    Raises:
        BrokenFileError: neither YAML nor JSON.
    """
    octets = octets.removeprefix(_BOM)
    reader = _Reader(file, octets)
    if octets.lstrip()[:1] in {b"{", b"["} or file.removesuffix(".gz").endswith(".json"):
        try:
            reader.read_json()
        except MalformedError as error:
            if file.removesuffix(".gz").endswith(".json"):
                raise BrokenFileError(_malformed(file, octets, error)) from None
        else:
            return reader.contents
        # A YAML file may begin with a brace too.
        reader = _Reader(file, octets)
    try:
        reader.read_yaml()
    except yaml_loader.YamlError as error:
        raise BrokenFileError(Problem(file, error.problem, line=error.line)) from None
    return reader.contents


def _malformed(file: str, octets: bytes, error: MalformedError) -> Problem:
    line = 0 if error.octet is None else octets.count(b"\n", 0, error.octet) + 1
    return Problem(file, str(error), line=line)


class _Reader:
    """Fills the contents of one file."""

    def __init__(self, file: str, octets: bytes) -> None:
        self.contents = Contents()
        self._file = file
        self._octets = octets
        self._is_yaml = False
        self._lines_found = 0

    def read_json(self) -> None:
        try:
            head = parse.read_head(self._octets)
        except ObjectError as error:
            self._report(_Place(), error)
            return
        kind = head.kind or ""
        if not _is_list(kind, head.items):
            self._object(self._octets, _Place())
            return
        # One at a time: all octets of a large dump need not be there twice.
        items = (bytes(item) for item in head.items or ())
        self._list(kind, head.api_version or "", items, _Place())

    def read_yaml(self) -> None:
        self._is_yaml = True
        for number, document in enumerate(yaml_loader.documents(self._octets), start=1):
            place = _Place(number, document.line)
            for remark in document.remarks:
                self._remark(place, remark, is_warning=True)
            if document.broken:
                self._remark(place, document.broken)
            elif isinstance(document.content, dict):
                self._document(document.content, place)
            elif document.content is not None:
                self._report(place, ObjectError("", "", "", "", "is no Kubernetes object"))

    def _document(self, content: dict[str, object], place: _Place) -> None:
        kind, items = content.get("kind"), content.get("items")
        version = content.get("apiVersion")
        if not (isinstance(kind, str) and isinstance(version, str) and _is_list(kind, items)):
            self._object(content, place)
        elif items is None or isinstance(items, list):
            self._list(kind, version, iter(items or ()), place)
        else:
            self._report(place, ObjectError(kind, "", "", "items", "is no list"))

    def _list(self, kind: str, version: str, items: Iterator[object], place: _Place) -> None:
        # Items of a typed list need not say what they are; those of a `List` have to.
        item_kind = kind.removesuffix("List")
        if item_kind and version != parse.VERSIONS.get(item_kind):
            self.contents.skipped[_kind_text(item_kind, version)] += sum(1 for _ in items)
            return
        for index, item in enumerate(items):
            inside = place._replace(path=f"items[{index}]")
            if isinstance(item, bytes | dict):
                self._object(item, inside, item_kind)
            else:
                self._report(inside, ObjectError(item_kind, "", "", "", "is no mapping"))

    def _object(self, document: parse.Document, place: _Place, kind: str = "") -> None:
        try:
            decoded = parse.decode(document, kind)
            if isinstance(decoded, parse.Skipped):
                self._skip(decoded, place)
            else:
                self._add(decoded, place)
        except ObjectError as error:
            self._report(place, error)

    def _skip(self, skipped: parse.Skipped, place: _Place) -> None:
        if slip := _slip(skipped.kind, skipped.api_version):
            self._flaw(place, subject(skipped.kind, skipped.namespace, skipped.name), slip)
        self.contents.skipped[_kind_text(skipped.kind, skipped.api_version)] += 1
        if skipped.namespace:
            self.contents.namespaces.add(skipped.namespace)

    def _add(self, decoded: structs.ApiObject, place: _Place) -> None:
        kind, metadata = type(decoded).__name__, decoded.metadata
        values: tuple[Object, ...]
        if isinstance(decoded, structs.Endpoints):
            values, flaws = mirrored(decoded)
        else:
            value, flaws = compact(decoded)
            values = () if value is None else (value,)
        entry = Entry(
            kind,
            "" if kind in _CLUSTER_SCOPED else metadata.namespace or DEFAULT_NAMESPACE,
            metadata.name or "",
            metadata.labels or {},
            values,
            decoded if isinstance(decoded, structs.Service | structs.Pod) else None,
            place.document,
            place.line,
        )
        self.contents.entries.append(entry)
        for flaw in flaws:
            self._flaw(place, entry.subject, flaw)

    def _remark(
        self, place: _Place, remark: yaml_loader.Remark, *, is_warning: bool = False
    ) -> None:
        self.contents.problems.append(
            Problem(
                self._file,
                remark.problem,
                document=place.document,
                line=remark.line,
                is_warning=is_warning,
            )
        )

    def _report(self, place: _Place, error: ObjectError) -> None:
        flaw = Flaw(error.field, error.problem)
        if not error.name and place.path:  # nothing else says which one it is
            flaw = Flaw(f"{place.path}.{error.field}".rstrip("."), error.problem)
            place = place._replace(path="")
        whose = subject(error.kind, error.namespace, error.name)
        self._flaw(place, whose, flaw)

    def _flaw(self, place: _Place, whose: str, flaw: Flaw) -> None:
        line = place.line
        if self._is_yaml and self._lines_found < _MAX_LINES_FOUND:
            self._lines_found += 1
            path = f"{place.path}.{flaw.field}".strip(".")
            line = yaml_loader.line_of(self._octets, place.document, path)
        self.contents.problems.append(
            Problem(self._file, flaw.problem, whose, flaw.field, place.document, line)
        )


def _is_list(kind: str, items: object) -> bool:
    """Return whether a kind is that of a list; the items of an empty one may be null."""
    item_kind = kind.removesuffix("List")
    known = not item_kind or item_kind in parse.VERSIONS
    return item_kind != kind and (known or isinstance(items, list))


def _slip(kind: str, version: str) -> Flaw | None:
    """Return what was mistyped about a kind that is not read; None if it is one of its own."""
    near = suggest(kind, parse.VERSIONS)
    if near is None:
        return None
    right = parse.VERSIONS[near]
    if near != kind:
        # In another API a kind may well be called nearly like one of ours, as a Role is.
        problem = f"there is no such kind in {right}; did you mean {near!r}?"
        return Flaw("kind", problem) if version == right else None
    problem = f"{version!r} has no {kind}; write {right!r}"
    return None if "/" in version else Flaw("apiVersion", problem)


def _kind_text(kind: str, version: str) -> str:
    """Return how a summary calls a kind: with its group where the kind alone would mislead."""
    return f"{kind} ({version})" if kind in parse.VERSIONS else kind
