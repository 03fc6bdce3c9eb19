"""Which API servers a cluster has, the one in use, and the next when that one fails.

Source: https://kubernetes.io/docs/setup/best-practices/certificates/ (which names an API server's
certificate has).
"""

from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from svcdns.cluster.model import Condition, EndpointSlice
from svcdns.source.apiserver.protocol import LostError
from svcdns.wire.name import address_text


class Servers:
    """The API servers of one cluster; one of them is in use."""

    def __init__(self, urls: Sequence[str], tls_name: str = "") -> None:
        """Take the servers that the operator named.

        Args:
            urls: at least one, as `url_of` returns them.
            tls_name: the only name their certificates may have; empty: that of the URL, or
                that of the first URL.
        """
        self._given = tuple(urls)
        self._tls_name = tls_name
        self._learnt: tuple[str, ...] = ()
        self._proven: dict[str, str] = {}
        self._url = self._given[0]

    @property
    def current(self) -> str:
        """The URL of the one to use now."""
        return self._url

    @property
    def urls(self) -> tuple[str, ...]:
        """All of them, in the order they are tried."""
        return self._given + self._learnt

    def learn(self, addresses: Iterable[str]) -> None:
        """Take `HOST:PORT` of each API server as the cluster itself names them.

        They come after those the operator named, and replace what was learnt before. Nothing is
        learnt where the first URL has a path: what stands there is not the API server itself.
        """
        first = urlsplit(self._given[0])
        if first.path:
            return
        learnt = dict.fromkeys(f"{first.scheme}://{address}" for address in addresses)
        self._learnt = tuple(url for url in learnt if url not in self._given)
        if self._url not in self.urls:
            self._url = self._given[0]

    def next(self) -> None:
        """Use the one that comes after the one in use, after the last the first."""
        urls = self.urls
        self._url = urls[(urls.index(self._url) + 1) % len(urls)]

    def proven(self, url: str, tls_name: str) -> None:
        """Remember under which name a server's certificate was good, to try it first."""
        self._proven[url] = tls_name

    def tls_names(self, url: str) -> tuple[str, ...]:
        """Return the names of which a server's certificate must have one, in the order to try.

        It is good for itself or for the cluster. With kubeadm each server's certificate has its
        own address and those of all in front, and no other server's; in a cloud the address
        that the cluster names may be in no certificate at all.
        """
        if not url.startswith("https:"):
            return ("",)
        if self._tls_name:
            return (self._tls_name,)
        own, first = _host(url), _host(self._given[0])
        names = (own, first) if url in self._given else (first, own)
        proven = (self._proven[url],) if url in self._proven else ()
        return tuple(dict.fromkeys(proven + names))


def addresses_of(slices: Iterable[EndpointSlice]) -> tuple[str, ...]:
    """Return `HOST:PORT` of every ready endpoint of the Service `default/kubernetes`."""
    return tuple(
        f"[{host}]:{port.port}" if ":" in host else f"{host}:{port.port}"
        for piece in slices
        if piece.width
        for endpoint in piece.endpoints()
        if endpoint.conditions & Condition.READY
        for host in (address_text(endpoint.address),)
        for port in piece.ports
        if port.port and port.name in {"https", ""}
    )


def url_of(text: str, scheme: str = "https") -> str:
    """Return the URL of an API server in the form that is used here, with a scheme.

    Raises:
        LostError: it is none.
    """
    try:
        parts = urlsplit(text if "://" in text else f"{scheme}://{text}")
        parts.port  # noqa: B018 - reading it is what checks it
    except ValueError:
        parts = urlsplit("")
    is_plain = not (parts.query or parts.fragment or parts.username or parts.password)
    if parts.scheme not in {"http", "https"} or not parts.hostname or not is_plain:
        raise LostError(f"'{text}' is no URL of an API server: write https://HOST:PORT")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""
