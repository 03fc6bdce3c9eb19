"""Kubeconfig files: what one context says about its cluster and its user.

Several files are merged as kubectl merges them: of two entries with one name the first counts,
and the first that names a current context decides it. Paths are relative to the file they stand
in. What the entries mean is `destination`'s business.

Source: https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from svcdns.source.apiserver.protocol import LostError
from svcdns.source.yaml_loader import YamlError, documents

_LISTED = 10


class Entry:
    """A cluster or a user: fields by name, with messages that say where they stand."""

    def __init__(self, name: str, fields: dict[str, object], folder: Path) -> None:
        self.name = name
        """For a person: `user 'admin' in ~/.kube/config`."""
        self.fields = fields
        self._folder = folder

    def text(self, field: str) -> str:
        """Return a field that is a piece of text, empty when it is not there.

        Raises:
            LostError: it is something else.
        """
        value = self.fields.get(field)
        if isinstance(value, dict | list):
            raise LostError(f"{self.name}: {field} is no text")
        return "" if value is None else str(value)

    def path(self, field: str) -> str:
        """Return a field that is a path, complete; empty when it is not there."""
        text = self.text(field)
        return str(self._folder / Path(text).expanduser()) if text else ""

    def command(self) -> str:
        """Return the field `command`: a path if it has a slash, else a name to look for."""
        text = self.text("command")
        return str(self._folder / text) if "/" in text else text

    def items(self, field: str) -> list[object]:
        """Return a field that is a list, empty when it is not there."""
        value = self.fields.get(field) or []
        if not isinstance(value, list):
            raise LostError(f"{self.name}: {field} is no list")
        return value

    def entry(self, field: str) -> "Entry | None":
        """Return a field that has fields itself."""
        value = self.fields.get(field)
        if value is None:
            return None
        name = f"{field} of {self.name}"
        return Entry(name, mapping(value, name), self._folder)


class Kubeconfig(NamedTuple):
    """What one context says."""

    context: str
    cluster: Entry
    user: Entry
    """Without a field when the context names none."""
    files: tuple[str, ...]
    """All that were read."""
    namespace: str = ""
    """The one that is meant where none is named; empty: the context does not say."""


class _Merged:
    """Entries by kind and name, and which file each is from."""

    def __init__(self) -> None:
        self.entries: dict[str, dict[str, tuple[dict[str, object], str]]] = {}
        self.current = ""
        self.files: list[str] = []

    def add(self, file: str, document: object) -> None:
        """Add what is new in one file."""
        fields = mapping(document, file)
        self.files.append(file)
        self.current = self.current or str(fields.get("current-context") or "")
        for kind, part in (("contexts", "context"), ("clusters", "cluster"), ("users", "user")):
            known = self.entries.setdefault(kind, {})
            listed = fields.get(kind) or []
            if not isinstance(listed, list):
                raise LostError(f"{file}: {kind} is no list: this is no kubeconfig")
            for item in listed:
                entry = mapping(item, f"{file}: one of {kind}")
                name = str(entry.get("name") or "")
                value = mapping(entry.get(part) or {}, f"{file}: {part} '{name}'")
                known.setdefault(name, (value, file))

    def entry(self, kind: str, name: str, context: str) -> Entry:
        """Return one entry that a context names.

        Raises:
            LostError: there is none of that name.
        """
        known = self.entries.get(f"{kind}s", {})
        if name not in known:
            where = " and ".join(self.files)
            raise LostError(
                f"context '{context}' names the {kind} '{name}', which is not in {where}:"
                f" it has {listed(known)}"
            )
        fields, file = known[name]
        return Entry(f"{kind} '{name}' in {file}", fields, Path(file).parent)


def read_kubeconfig(paths: Sequence[str], context: str = "") -> Kubeconfig:
    """Return what a context says; the current one when none is named.

    Of several files some may be missing, as in $KUBECONFIG; not all of them.

    Raises:
        LostError: a file cannot be read or is no kubeconfig, or the context is in none.
    """
    merged = _Merged()
    for path in paths:
        file = str(Path(path).expanduser())
        try:
            octets = Path(file).read_bytes()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise LostError(f"the kubeconfig {file} cannot be read: {error.strerror}") from None
        try:
            content = next((document.content for document in documents(octets)), None)
        except YamlError as error:
            raise LostError(f"{file}:{error.line}: no YAML: {error.problem}") from None
        merged.add(file, content or {})
    if not merged.files:
        raise LostError(
            f"there is no kubeconfig at {' or '.join(paths)}: name one with --kubeconfig FILE"
        )
    return _chosen(merged, context)


def _chosen(merged: _Merged, named: str) -> Kubeconfig:
    contexts = merged.entries["contexts"]
    where = " and ".join(merged.files)
    name = named or merged.current
    if not name:
        raise LostError(
            f"{where} names no current context: choose one with --context,"
            f" it has {listed(contexts)}"
        )
    if name not in contexts:
        raise LostError(f"there is no context '{name}' in {where}: it has {listed(contexts)}")
    fields, file = contexts[name]
    folder = Path(file).parent
    context = Entry(f"context '{name}' in {file}", fields, folder)
    user = context.text("user")
    return Kubeconfig(
        name,
        merged.entry("cluster", context.text("cluster"), name),
        merged.entry("user", user, name) if user else Entry("nobody", {}, folder),
        tuple(merged.files),
        context.text("namespace"),
    )


def mapping(value: object, name: str) -> dict[str, object]:
    """Return `value` if it has fields.

    Raises:
        LostError: it has none; `name` says whose value it is.
    """
    if not isinstance(value, dict):
        raise LostError(f"{name} is no mapping: this is no kubeconfig")
    return value


def listed(names: Iterable[str]) -> str:
    """Return some names for a person, not too many."""
    found = [f"'{name}'" for name in names]
    more = f" and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
    return ", ".join(found[:_LISTED]) + more or "none"
