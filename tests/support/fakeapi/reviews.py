"""Reviews of permissions, and what may be read at paths outside the collections.

Source: Kubernetes API, authorization.k8s.io/v1 and authentication.k8s.io/v1.
"""

import json
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Any

from tests.support.fakeapi.requests import Request

_ACCESS = "/apis/authorization.k8s.io/v1"
_OURSELVES = f"{_ACCESS}/selfsubjectaccessreviews"
_SOMEBODY = f"{_ACCESS}/subjectaccessreviews"
_WHO = "/apis/authentication.k8s.io/v1/selfsubjectreviews"


def reviewed(
    request: Request, name: str, may: Callable[[str, str, str], bool]
) -> dict[str, Any] | None:
    """Return the answer to a review; None: it is none.

    Args:
        request: a POST.
        name: of who asks.
        may: says whether a user may do something: name, verb, resource.
    """
    if request.path == _WHO:
        return {"kind": "SelfSubjectReview", "status": {"userInfo": {"username": name}}}
    if request.path not in (_OURSELVES, _SOMEBODY):
        return None
    spec = json.loads(request.content)["spec"]
    wanted = spec["resourceAttributes"]
    allowed = may(spec.get("user", name), wanted["verb"], wanted["resource"])
    return {"kind": "SubjectAccessReview", "spec": spec, "status": {"allowed": allowed}}


def may_read(path: str, grants: AbstractSet[tuple[str, str]] | None) -> bool:
    """Return whether somebody may get the object, or list the objects, at a path."""
    if grants is None:
        return True
    parts = path.split("/")
    is_list = len(parts) % 2 == 0 if path.startswith("/api/") else len(parts) % 2 == 1
    return ("list", parts[-1]) in grants if is_list else ("get", parts[-2]) in grants
