"""May somebody do something: asked of the API server, which knows, and changes nothing.

Source: Kubernetes API, authorization.k8s.io/v1 SelfSubjectAccessReview and SubjectAccessReview,
authentication.k8s.io/v1 SelfSubjectReview.
"""

from typing import NamedTuple

from svcdns.source.apiserver.connection import ApiServer
from svcdns.source.apiserver.failure import RefusedError, UnreadableError
from svcdns.source.apiserver.single import send

_ACCESS = "/apis/authorization.k8s.io/v1"
_WHO = "/apis/authentication.k8s.io/v1/selfsubjectreviews"


class Permission(NamedTuple):
    """One thing that one may do."""

    verb: str
    resource: str
    """`endpointslices`."""
    group: str = ""

    @property
    def qualified_resource(self) -> str:
        """As kubectl names it: `endpointslices.discovery.k8s.io`."""
        return f"{self.resource}.{self.group}" if self.group else self.resource

    def __str__(self) -> str:
        return f"{self.verb} {self.qualified_resource}"


class ServiceAccount(NamedTuple):
    """Who a Pod is to an API server."""

    namespace: str
    name: str

    @property
    def user(self) -> str:
        """Its user name."""
        return f"system:serviceaccount:{self.namespace}:{self.name}"

    @property
    def groups(self) -> list[str]:
        """The groups that every account is in."""
        every = "system:serviceaccounts"
        return [every, f"{every}:{self.namespace}", "system:authenticated"]


async def is_allowed(
    server: ApiServer,
    permission: Permission,
    account: ServiceAccount | None = None,
    *,
    silence_seconds: float,
) -> bool:
    """Return whether we, or an account, may do something in every namespace.

    Raises:
        LostError: no response.
        RefusedError: the question itself is not allowed.
        UnreadableError: the response is none of an API server.
    """
    wanted = {"verb": permission.verb, "resource": permission.resource, "group": permission.group}
    spec: dict[str, object] = {"resourceAttributes": wanted}
    kind = "SelfSubjectAccessReview"
    if account is not None:
        kind = "SubjectAccessReview"
        spec |= {"user": account.user, "groups": account.groups}
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec}
    path = f"{_ACCESS}/{kind.lower()}s"
    found = await send(server, path, review, silence_seconds=silence_seconds)
    status = found.get("status")
    if not isinstance(status, dict):
        raise UnreadableError("the review of a permission has no status")
    return bool(status.get("allowed"))


async def who_we_are(server: ApiServer, *, silence_seconds: float) -> str:
    """Return the user name an API server knows us by; empty when it does not say.

    Raises:
        LostError: no response.
        UnreadableError: the response is none of an API server.
    """
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    try:
        found = await send(server, _WHO, review, silence_seconds=silence_seconds)
        return str(found["status"]["userInfo"]["username"])
    except (RefusedError, KeyError, TypeError):  # before Kubernetes 1.28
        return ""
