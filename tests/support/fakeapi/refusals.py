"""What the API server says when it does not do what is asked: Status objects and their words.

Codes, reasons and words as kube-apiserver 1.37.2 sends them; recorded.
"""

from collections.abc import Mapping
from typing import Any

from tests.support.fakeapi.collections import Collection, Document

JSON = "application/json"


class Refused(Exception):  # noqa: N818 - not an error of the fake: it is what was wanted
    """The request gets this response instead, or the watch this ERROR event as its last."""

    def __init__(self, document: Document) -> None:
        super().__init__(document["message"])
        self.document = document
        self.code: int = document["code"]

    @property
    def headers(self) -> dict[str, str]:
        """Headers of the response."""
        seconds = self.document.get("details", {}).get("retryAfterSeconds")
        return {"content-type": JSON} | ({"retry-after": str(seconds)} if seconds else {})


def status(code: int, reason: str, message: str, **more: Any) -> Document:
    """Return a Status that says failure."""
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": more.pop("metadata", {}),
        "status": "Failure",
        "message": message,
        **({"reason": reason} if reason else {}),
        **more,
        "code": code,
    }


def bad_request(message: str) -> Refused:
    """Return 400: a parameter that cannot be read."""
    return Refused(status(400, "BadRequest", message))


def unauthorized() -> Refused:
    """Return 401: a token that nobody has."""
    return Refused(status(401, "Unauthorized", "Unauthorized"))


def forbidden(user: str, verb: str, collection: Collection, namespace: str) -> Refused:
    """Return 403: the user may not do that."""
    where = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
    message = (
        f'{collection.qualified_name} is forbidden: User "{user}" cannot {verb} resource'
        f' "{collection.name}" in API group "{collection.group}" {where}'
    )
    group = {"group": collection.group} if collection.group else {}
    return Refused(status(403, "Forbidden", message, details={**group, "kind": collection.name}))


def not_found() -> Refused:
    """Return 404: no such resource in that group."""
    message = "the server could not find the requested resource"
    return Refused(status(404, "NotFound", message, details={}))


def method_not_allowed() -> Refused:
    """Return 405: the fake is read-only; tests write into its store."""
    message = "the server does not allow this method on the requested resource"
    return Refused(status(405, "MethodNotAllowed", message, details={}))


def invalid(causes: list[tuple[str, str, str]]) -> Refused:
    """Return 422: parameters that may not stand together, as (field, reason, what is wrong)."""
    said = [f"{field}: {message}" for field, _, message in causes]
    listed = said[0] if len(said) == 1 else f"[{', '.join(said)}]"
    details = {
        "group": "meta.k8s.io",
        "kind": "ListOptions",
        "causes": [
            {"reason": reason, "message": message, "field": field}
            for field, reason, message in causes
        ],
    }
    message = f'ListOptions.meta.k8s.io "" is invalid: {listed}'
    return Refused(status(422, "Invalid", message, details=details))


def too_large(asked: int, current: int) -> Refused:
    """Return 504: a version from the future, after the server has waited for it."""
    cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
    message = f"Timeout: Too large resource version: {asked}, current: {current}"
    details = {"causes": [cause], "retryAfterSeconds": 1}
    return Refused(status(504, "Timeout", message, details=details))


def expired_watch(asked: int, oldest: int) -> Refused:
    """Return 410 for a watch from a version that is no longer covered."""
    return Refused(status(410, "Expired", f"too old resource version: {asked} ({oldest})"))


def expired_list() -> Refused:
    """Return 410 for a list of exactly one version that is no longer known."""
    message = "The resourceVersion for the provided list is too old."
    return Refused(status(410, "Expired", message))


def expired_page(rest: str) -> Refused:
    """Return 410 for a page of such a list; `rest` continues with what is there now."""
    message = (
        "The provided continue parameter is too old to display a consistent list result. You can"
        " start a new list without the continue parameter, or use the continue token in this"
        " response to retrieve the remainder of the results. Continuing with the provided token"
        " results in an inconsistent list - objects that were created, modified, or deleted"
        " between the time the first chunk was returned and now may show up in the list."
    )
    return Refused(status(410, "Expired", message, metadata={"continue": rest}))


def no_progress_requests() -> Refused:
    """Return 500 for a WatchList when the etcd behind the server is too old for it."""
    message = (
        "a watch stream was requested by the client but the required storage feature"
        " RequestWatchProgress is disabled"
    )
    return Refused(status(500, "InternalError", message))


def unreadable_version(text: str) -> str:
    """Return the words for a resourceVersion that is no number."""
    return (
        f'resourceVersion: Invalid value: "{text}": strconv.ParseUint: parsing "{text}":'
        " invalid syntax"
    )


OVERLOADED: Mapping[int, Document] = {
    429: status(429, "TooManyRequests", "storage is (re)initializing", details={}),
    500: status(500, "InternalError", "etcdserver: request timed out"),
    503: status(503, "ServiceUnavailable", "apiserver is shutting down"),
    504: status(504, "Timeout", "Timeout: request did not complete within the allotted timeout"),
}
"""What a server says that has nothing against the request itself."""
