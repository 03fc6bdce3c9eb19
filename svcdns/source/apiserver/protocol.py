"""What a reflector needs of an API server, as two small protocols and three errors.

`client` fulfils them over HTTP, tests with a fake in memory; the reflector knows neither.

Source: Kubernetes API concepts, https://kubernetes.io/docs/reference/using-api/api-concepts/
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from svcdns.cluster.change import WatchEvent
from svcdns.cluster.model import Object

Query = tuple[tuple[str, str], ...]
"""Parameters of a request, unquoted."""


class LostError(Exception):
    """The API server could not be reached or stopped in the middle; `str` says why.

    `refused`: nothing listens there, so nothing was lost.
    """

    def __init__(self, why: str, *, refused: bool = False) -> None:
        super().__init__(why)
        self.refused = refused


class WatchExpiredError(Exception):
    """The API server no longer has the history from our resource version on: list again."""


class Reply(Protocol):
    """One HTTP response, its body still coming."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""

    async def read(self) -> bytes:
        """Return the next octets of the body, `b""` at its end.

        Raises:
            LostError: it broke off, or nothing came for the time of silence that is allowed.
        """
        ...

    def close(self) -> None:
        """Close the connection, whatever is still to come; a second time is no mistake."""
        ...


class Connection(Protocol):
    """The way to one cluster: addresses, credentials, TLS."""

    @property
    def server(self) -> str:
        """The address in use, for people: `https://10.0.0.1:443`."""
        ...

    async def get(self, path: str, query: Query = (), *, silence_seconds: float) -> Reply:
        """Return the response to GET as soon as its head is there; any status is a response.

        Args:
            path: `/api/v1/services`.
            query: parameters.
            silence_seconds: how long the server may say nothing, head or body.

        Raises:
            LostError: no response.
        """
        ...

    async def renew_credentials(self) -> None:
        """Read token and certificates again, after the server did not accept them."""
        ...

    def next_server(self) -> None:
        """Use another address of the cluster from now on, if there is one."""
        ...


class Resource(NamedTuple):
    """One collection of objects, and which of them."""

    kind: type
    """Class in `cluster.model`."""
    api_kind: str
    """`EndpointSlice`."""
    path: str
    """`/apis/discovery.k8s.io/v1/endpointslices`."""
    name: str
    """For people and RBAC: `endpointslices`."""
    group: str = ""
    """API group, empty for core: `discovery.k8s.io`."""
    label_selector: str = ""
    field_selector: str = ""


class Sink(Protocol):
    """Where objects go; both are plain calls that return when all has been taken in."""

    def replace(self, resource: Resource, objects: Sequence[Object]) -> None:
        """Take these as all objects of the resource."""
        ...

    def apply(self, resource: Resource, events: Sequence[WatchEvent]) -> None:
        """Take these changes, in their order."""
        ...
