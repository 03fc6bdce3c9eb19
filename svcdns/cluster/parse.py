"""JSON or plain values of one API object -> struct or model value. The only door to msgspec.

A watch line and an item of a list arrive as octets, a YAML document as builtins; both decode
into the same structs (`structs`) and become values in `compact`. Which kinds exist for svcdns
is said here and nowhere else. What is around an object on its way from the API server, the line
or the page, is decoded here too; `envelope` says what it means.

Errors of msgspec end here: they come out as ObjectError, with the field in the API's spelling.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple, TypeVar

import msgspec

from svcdns.cluster import envelope_structs, structs
from svcdns.cluster.compact import Parsed, compact
from svcdns.cluster.object_error import MalformedError, ObjectError

Document = bytes | Mapping[str, object]
"""One API object: its JSON, or the builtins that a YAML or JSON reader made of it."""

_STRUCTS: dict[str, type[structs.ApiObject]] = {
    "Service": structs.Service,
    "EndpointSlice": structs.EndpointSlice,
    "Endpoints": structs.Endpoints,
    "Pod": structs.Pod,
    "Namespace": structs.Namespace,
    "Node": structs.Node,
}
VERSIONS: Mapping[str, str] = {
    kind: "discovery.k8s.io/v1" if kind == "EndpointSlice" else "v1" for kind in _STRUCTS
}
"""The kinds that are read, and the one version of each."""

_DECODERS: dict[type, msgspec.json.Decoder[structs.ApiObject]] = {
    struct: msgspec.json.Decoder(struct) for struct in _STRUCTS.values()
}
_HEAD = msgspec.json.Decoder(envelope_structs.Head)
_ODD = msgspec.json.Decoder(envelope_structs.Odd)
_PAGE = msgspec.json.Decoder(envelope_structs.Page)
_STATUS = msgspec.json.Decoder(envelope_structs.Status)
_WORDS = {
    "array": "a list",
    "bool": "true or false",
    "dict": "a mapping",
    "float": "a fraction",
    "int": "a number",
    "list": "a list",
    "null": "nothing",
    "object": "a mapping",
    "str": "text",
}
_MISTYPED = re.compile(r"Expected `(?P<wanted>[^`]+)`, got `(?P<found>[^`]+)`")
_OCTET = re.compile(r"\(byte (?P<octet>[0-9]+)\)")
_PATH = re.compile(r" - at `\$\.?(?P<path>[^`]*)`")


Line = (
    envelope_structs.Added[structs.ApiObject]
    | envelope_structs.Modified[structs.ApiObject]
    | envelope_structs.Deleted[structs.ApiObject]
    | envelope_structs.Bookmark
    | envelope_structs.Error
    | envelope_structs.Odd
)
"""One line of a watch."""

T = TypeVar("T")


class Skipped(NamedTuple):
    """An object of a kind that DNS does not need."""

    api_version: str
    kind: str
    namespace: str
    """Empty also when the object says none."""
    name: str


def parse(document: Document, kind: str = "") -> Parsed | Skipped:
    """Return the value of one object, or that its kind is not needed.

    Args:
        document: the object.
        kind: what it is, when the document need not say it: items of a list and the objects
            of a watch on one resource. A version is not looked at then.

    Raises:
        ObjectError: not an object, or one that cannot be used; see `compact`.
    """
    decoded = decode(document, kind)
    return decoded if isinstance(decoded, Skipped) else compact(decoded)


def decode(document: Document, kind: str = "") -> structs.ApiObject | Skipped:
    """Return the struct of one object, or that its kind is not needed.

    Args:
        document: the object.
        kind: as for `parse`.

    Raises:
        ObjectError: malformed, no kind or version, or a field of another type than the API's.
    """
    try:
        head = envelope_structs.Head(kind=kind) if kind else read_head(document)
    except MalformedError as error:
        raise ObjectError("", "", "", "", str(error)) from None
    kind = head.kind or ""
    struct = _STRUCTS.get(kind)
    if struct is None or (head.api_version and head.api_version != VERSIONS[kind]):
        identity = head.metadata or envelope_structs.Identity()
        version = head.api_version or ""
        return Skipped(version, kind, identity.namespace or "", identity.name or "")
    try:
        if isinstance(document, bytes):
            return _DECODERS[struct].decode(document)
        return msgspec.convert(document, struct)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise _object_error(head, document, error) from None


def read_head(document: Document) -> envelope_structs.Head:
    """Return kind, version and identity of one object or list.

    The items of a list are there only when the document is octets.

    Raises:
        MalformedError: octets that are not JSON.
        ObjectError: no mapping, or it does not say kind and version.
    """
    head = _head(document)
    identity = head.metadata or envelope_structs.Identity()
    where = (head.kind or "", identity.namespace or "", identity.name or "")
    if not head.kind:
        raise ObjectError(*where, "kind", "is missing: this is no Kubernetes object")
    if not head.api_version:
        version = VERSIONS.get(head.kind)
        hint = f": a {head.kind} has {version!r}" if version else ""
        raise ObjectError(*where, "apiVersion", f"is missing{hint}")
    return head


def decode_line(line: bytes, kind: str) -> Line:
    """Return one line of a watch on objects of `kind`.

    The type is looked at before the object is: a Status is never taken for a Service in which
    every field is missing.

    Raises:
        MalformedError: no JSON, or no line of a watch.
    """
    try:
        return _line_decoder(kind).decode(line)
    except msgspec.ValidationError:
        return _decode(_ODD, line)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise _malformed(error) from None


def decode_page(body: bytes) -> envelope_structs.Page:
    """Return one page of a list.

    Raises:
        MalformedError: no JSON, or no list.
    """
    return _decode(_PAGE, body)


def decode_status(body: bytes) -> envelope_structs.Status:
    """Return a Status.

    Raises:
        MalformedError: no JSON, or no Status.
    """
    return _decode(_STATUS, body)


def identity_of(document: Document) -> envelope_structs.Identity:
    """Return whose object this is when something in it is wrong: as far as it can be read."""
    try:
        if isinstance(document, bytes):
            return _HEAD.decode(document).metadata or envelope_structs.Identity()
        return msgspec.convert(document.get("metadata") or {}, envelope_structs.Identity)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return envelope_structs.Identity()


@cache
def _line_decoder(kind: str) -> msgspec.json.Decoder[Line]:
    """Return the decoder for one kind; making one takes longer than a server without can wait."""
    item: Any = _STRUCTS[kind]
    lines = (
        envelope_structs.Added[item]
        | envelope_structs.Modified[item]
        | envelope_structs.Deleted[item]
    )
    return msgspec.json.Decoder(lines | envelope_structs.Bookmark | envelope_structs.Error)


def _decode(decoder: msgspec.json.Decoder[T], octets: bytes) -> T:
    try:
        return decoder.decode(octets)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise _malformed(error) from None


def _malformed(error: Exception) -> MalformedError:
    octet = _OCTET.search(str(error))
    return MalformedError(_sentence(error), int(octet["octet"]) if octet else None)


def _head(document: Document) -> envelope_structs.Head:
    try:
        if isinstance(document, bytes):
            return _HEAD.decode(document)
        plain = {key: document.get(key) for key in ("apiVersion", "kind", "metadata")}
        return msgspec.convert(plain, envelope_structs.Head)
    except msgspec.ValidationError as error:
        raise _object_error(envelope_structs.Head(), document, error) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise _malformed(error) from None


def _object_error(head: envelope_structs.Head, document: Document, error: Exception) -> ObjectError:
    owner = head.metadata or identity_of(document)
    found = _PATH.search(str(error))
    field = found["path"] if found else ""
    where = (head.kind or "", owner.namespace or "", owner.name or "")
    return ObjectError(*where, field, _sentence(error))


def _sentence(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "is nested too deeply"
    if isinstance(error, UnicodeError):
        return "is not UTF-8"
    text = _PATH.sub("", str(error))
    if mistyped := _MISTYPED.match(text):
        wanted, found = mistyped["wanted"], mistyped["found"]
        is_text = wanted.replace("null", "").strip(" |") == "str"
        hint = "; put it in quotes" if is_text and found in {"int", "bool", "float"} else ""
        return f"expected {_words(wanted)}, found {_words(found)}{hint}"
    return "JSON is cut off" if "truncated" in text else text


def _words(types: str) -> str:
    wanted = [_WORDS.get(word.strip(), word.strip()) for word in types.split("|")]
    return " or ".join(word for word in wanted if word != "nothing" or len(wanted) == 1)
