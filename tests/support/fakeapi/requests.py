"""One request to the API server, its parameters read and checked as kube-apiserver 1.37 does it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from svcdns.cluster.selector import Selector, parse_selector
from tests.support.fakeapi import refusals
from tests.support.fakeapi.collections import Collection


class Request(NamedTuple):
    """What came in."""

    path: str
    options: Mapping[str, str]
    method: str = "GET"
    token: str = ""
    """Bearer token; empty: none."""
    certificate: str = ""
    """Name in the client's certificate; empty: none."""
    accepts_gzip: bool = False
    content: bytes = b""
    """Of a POST."""

    @property
    def is_watch(self) -> bool:
        """Whether it asks for events."""
        return _flag(self.options.get("watch", "false"))

    @property
    def verb(self) -> str:
        """What RBAC calls it."""
        return "watch" if self.is_watch else "list"


class Selection(NamedTuple):
    """Which objects of a collection are meant."""

    collection: Collection
    namespace: str = ""
    labels: Selector = Selector()
    fields: tuple[tuple[str, bool, str], ...] = ()
    """Field, whether it has to be equal, value."""

    @property
    def has_selectors(self) -> bool:
        """Whether there is a label or field selector, which makes a list's count unknown."""
        return bool(self.labels.requirements or self.fields)

    def takes(self, document: Mapping[str, Any]) -> bool:
        """Return whether an object is meant."""
        metadata = document["metadata"]
        labels = metadata.get("labels")
        return (
            self.namespace in {"", metadata.get("namespace")}
            and self.labels.matches(labels if isinstance(labels, dict) else {})
            and all(
                (_field(document, path) == value) == equal for path, equal, value in self.fields
            )
        )


class Options(NamedTuple):
    """The parameters, checked."""

    selection: Selection
    version: str
    """`resourceVersion`: empty, `0` or a number."""
    match: str
    limit: int
    rest: str
    """`continue`."""
    initial_events: bool | None
    bookmarks: bool
    timeout_seconds: float | None

    @property
    def number(self) -> int:
        """The resourceVersion as a number; 0 when there is none."""
        return int(self.version or "0")


def read_options(
    request: Request, collection: Collection, namespace: str, *, watch_list: bool
) -> Options:
    """Return the parameters of a request.

    Args:
        request: the request.
        collection: it is for.
        namespace: it is narrowed to; empty: none.
        watch_list: whether the feature gate WatchList is on.

    Raises:
        Refused: 400 or 422.
    """
    given = request.options
    initial = given.get("sendInitialEvents")
    options = Options(
        selection_of(
            collection, namespace, given.get("labelSelector", ""), given.get("fieldSelector", "")
        ),
        given.get("resourceVersion", ""),
        given.get("resourceVersionMatch", ""),
        _number(given.get("limit", "0")),
        given.get("continue", ""),
        None if initial is None else _flag(initial),
        _flag(given.get("allowWatchBookmarks", "false")),
        float(_number(given["timeoutSeconds"])) if "timeoutSeconds" in given else None,
    )
    causes = _watch_causes(options, watch_list) if request.is_watch else _list_causes(options)
    if causes:
        raise refusals.invalid(causes)
    if options.version and not (options.version.isascii() and options.version.isdecimal()):
        words = refusals.unreadable_version(options.version)
        if request.is_watch:
            raise refusals.Refused(refusals.status(500, "", words))
        raise refusals.bad_request(f"invalid resource version: {words}")
    return options


def selection_of(
    collection: Collection, namespace: str, label_selector: str, field_selector: str
) -> Selection:
    """Return the selection that selectors spell.

    Raises:
        Refused: 400.
    """
    try:
        labels = parse_selector(label_selector)
    except ValueError as error:
        raise refusals.bad_request(f"unable to parse requirement: {error}") from None
    terms = [term for term in field_selector.split(",") if term]
    return Selection(
        collection, namespace, labels, tuple(_term(term, collection) for term in terms)
    )


def _term(term: str, collection: Collection) -> tuple[str, bool, str]:
    for operator in ("!=", "==", "="):
        path, found, value = term.partition(operator)
        if not found:
            continue
        if path not in collection.fields:
            raise refusals.bad_request(f"field label not supported: {path}")
        return path, operator != "!=", value
    raise refusals.bad_request(f"invalid selector: '{term}'; can't understand '{term}'")


def _field(document: Mapping[str, Any], path: str) -> str:
    part: Any = document
    for name in ("metadata.name" if path == "name" else path).split("."):
        part = part.get(name) if isinstance(part, dict) else None
    return "" if part is None else str(part)


def _flag(text: str) -> bool:
    return text.lower() not in {"false", "0"}


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        words = f'strconv.ParseInt: parsing "{text}": invalid syntax'
        raise refusals.bad_request(words) from None


_Causes = list[tuple[str, str, str]]


def _list_causes(options: Options) -> _Causes:
    causes: _Causes = []
    match = options.match
    if match:
        if not options.version:
            causes.append(_forbidden("resourceVersionMatch", "unless resourceVersion is provided"))
        if options.rest:
            causes.append(_forbidden("resourceVersionMatch", "when continue is provided"))
        if match not in {"Exact", "NotOlderThan"}:
            causes.append(_unsupported(match, '"Exact", "NotOlderThan", ""'))
        if match == "Exact" and options.version == "0":
            words = 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'
            causes.append(("resourceVersionMatch", "FieldValueForbidden", f"Forbidden: {words}"))
    if options.initial_events is not None:
        causes.append(_forbidden("sendInitialEvents", "for list"))
    return causes


def _watch_causes(options: Options, watch_list: bool) -> _Causes:  # noqa: FBT001
    causes: _Causes = []
    match = options.match
    if options.initial_events is not None:
        if match != "NotOlderThan":
            words = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
            causes.append(("resourceVersionMatch", "FieldValueForbidden", f"Forbidden: {words}"))
        if not watch_list:
            why = "for watch unless the WatchList feature gate is enabled"
            causes.append(_forbidden("sendInitialEvents", why))
    if match:
        if options.initial_events is None:
            why = "for watch unless sendInitialEvents is provided"
            causes.append(_forbidden("resourceVersionMatch", why))
        if match != "NotOlderThan":
            causes.append(_unsupported(match, '"NotOlderThan"'))
        if options.rest:
            causes.append(_forbidden("resourceVersionMatch", "when continue is provided"))
    return causes


def _forbidden(field: str, why: str) -> tuple[str, str, str]:
    return field, "FieldValueForbidden", f"Forbidden: {field} is forbidden {why}"


def _unsupported(match: str, supported: str) -> tuple[str, str, str]:
    message = f'Unsupported value: "{match}": supported values: {supported}'
    return "resourceVersionMatch", "FieldValueNotSupported", message
