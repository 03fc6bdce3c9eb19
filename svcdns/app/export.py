"""The objects of a cluster at one moment, written down as manifests.

Where the objects come from is decided in `objects_of`; what is done with them is the same for
every source. How they are written is `source.manifest_writer`'s business, how they are renamed
`source.anonymize`'s.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from svcdns.app.following import read_some
from svcdns.app.listing import Done, listed, silent
from svcdns.app.start_error import StartError
from svcdns.cluster.model import Namespace, Node, Object
from svcdns.source.anonymize import Renamed, anonymize
from svcdns.source.assembly import Labelled
from svcdns.source.manifest_writer import Form, ManifestFile, files, text
from svcdns.source.replacing import replacing


@dataclass(frozen=True, slots=True)
class Request:
    """What to write, and where."""

    manifests: str | None = None
    """Folder or file of Kubernetes objects, `-` for standard input; None: an API server."""
    folder: str | None = None
    """Where to write; None: only into the outcome."""
    form: Form = "yaml"
    anonymize: bool = False
    names: str | None = None
    """Where to write what was renamed to what; None: nowhere."""
    kubeconfig: str = ""
    """Path; empty: the Pod we run in, else where kubectl looks."""
    context: str = ""
    """Of the kubeconfig; empty: its current one."""
    servers: tuple[str, ...] = ()
    """URLs of API servers; empty: the one that the kubeconfig names."""
    namespace: str = ""
    """The only one whose objects are written, beside the Nodes; empty: every one."""


class Found(NamedTuple):
    """What a source had."""

    objects: tuple[Labelled, ...]
    missing: tuple[str, ...] = ()
    """What it could not give, a sentence each."""


class Outcome(NamedTuple):
    """What was written."""

    objects: tuple[Labelled, ...]
    missing: tuple[str, ...]
    """What could not be read, a sentence each."""
    text: str = ""
    """Everything, when there is no folder."""
    files: int = 0


def export(request: Request, done: Done = silent) -> Outcome:
    """Write what `request` asks for.

    Args:
        request: what, and where.
        done: told how far reading is.

    Raises:
        StartError: nothing could be read, or not everything be written.
    """
    if request.folder is not None:
        _refuse_filled(request.folder)
    objects, missing = objects_of(request, done)
    if request.anonymize:
        objects, renamed = anonymize(objects)
        if request.names is not None:
            _write_names(request.names, renamed)
    if request.folder is None:
        return Outcome(objects, missing, text(objects, request.form))
    count = _write_folder(request.folder, files(objects, request.form))
    return Outcome(objects, missing, files=count)


def objects_of(request: Request, done: Done = silent) -> Found:
    """Return every object of the cluster, or Namespace, that `request` names.

    Raises:
        StartError: nothing can be read.
    """
    found = _all_of(request, done)
    if not request.namespace:
        return found
    kept = [one for one in found.objects if _namespace_of(one.value) in ("", request.namespace)]
    if all(isinstance(one.value, Node) for one in kept):
        raise StartError(
            f"there is nothing in the Namespace '{request.namespace}'\n"
            "  next  kubectl get namespaces lists those that there are"
        )
    return found._replace(objects=tuple(kept))


def _namespace_of(value: Object) -> str:
    """Return where an object belongs; empty: everywhere."""
    if isinstance(value, Node):
        return ""
    return value.name if isinstance(value, Namespace) else value.namespace


def _all_of(request: Request, done: Done) -> Found:
    if request.manifests is None:
        return Found(
            *listed(
                os.environ,
                kubeconfig=request.kubeconfig,
                context=request.context,
                servers=request.servers,
                done=done,
            )
        )
    snapshot = read_some(request.manifests)
    objects = [one for of_kind in snapshot.cluster.objects.values() for one in of_kind]
    missing = [str(problem) for problem in snapshot.problems if not problem.is_warning]
    return Found(tuple(objects), tuple(missing))


def _refuse_filled(folder: str) -> None:
    """Make sure that nothing but the export will be read from a folder."""
    try:
        is_filled = any(Path(folder).iterdir())
    except FileNotFoundError:
        return
    except OSError as error:
        raise _unwritable(folder, error) from None
    if is_filled:
        raise StartError(
            f"'{folder}' is not empty: what is in it would be read as part of the export\n"
            "  next  name a new folder"
        )


def _write_folder(folder: str, written: Iterable[ManifestFile]) -> int:
    """Write files into a folder, which is made if need be; return how many."""
    place = Path(folder)
    count = 0
    try:
        place.mkdir(parents=True, exist_ok=True)
        for name, content in written:
            (place / name).write_text(content, encoding="utf-8")
            count += 1
    except OSError as error:
        raise _unwritable(error.filename or folder, error) from None
    return count


def _write_names(path: str, renamed: Sequence[Renamed]) -> None:
    """Write a line for each name: what it is of, the old one, the new one, between them tabs."""
    lines = ["\t".join(one) for one in [Renamed("kind", "before", "after"), *renamed]]
    try:
        with replacing(path) as file:  # readable by its owner alone
            file.write("".join([f"{line}\n" for line in lines]).encode())
    except OSError as error:
        raise _unwritable(path, error) from None


def _unwritable(path: str, error: OSError) -> StartError:
    return StartError(
        f"cannot write to '{path}': {error.strerror or error}\n"
        "  next  name a place that can be written to"
    )
