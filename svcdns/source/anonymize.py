"""Objects of a cluster -> the same objects with other names and addresses, for bug reports.

What an answer depends on stays: which objects belong together, ports and their names, counts,
conditions, address families, the order of names and addresses. What tells whose cluster it is
goes: names of Namespaces, Services, Pods, hosts, Nodes, zones and slices, names outside the
cluster, addresses, labels. What every cluster has stays.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeVar

from svcdns.cluster.compact import SERVICE_NAME, ZONE
from svcdns.cluster.traffic import HEADLESS, PROXY_NAME
from svcdns.source.assembly import NAMESPACE_NAME, Labelled
from svcdns.source.pseudonyms import Pseudonyms, Readdressing
from svcdns.source.renaming import HOSTNAME, OLD_ZONE, POD_NAME, Names, Renaming
from svcdns.wire.name import address_text

KEPT = frozenset(
    (
        *("default", "kube-system", "kube-public", "kube-node-lease", "kubernetes", "kube-dns"),
        # Words of the name grammar: a Namespace called like one may be what a report is about.
        *("svc", "pod", "dns", "ns"),
    )
)
"""Names of Namespaces, Services and hosts that stay."""
KEPT_DOMAIN = "cluster.local"

T = TypeVar("T")

_RECOMMENDED = ("name", "instance", "version", "component", "part-of", "managed-by")
_KEPT_LABELS = frozenset(
    (
        *("app", "k8s-app", *(f"app.kubernetes.io/{name}" for name in _RECOMMENDED)),
        *(SERVICE_NAME, ZONE, OLD_ZONE, HOSTNAME, POD_NAME, NAMESPACE_NAME),
        *("endpointslice.kubernetes.io/managed-by", HEADLESS, PROXY_NAME),
    )
)
# Nobody's, by RFC 2606 section 2.
_NOWHERE = "example"


class Renamed(NamedTuple):
    """What became of one name or address."""

    kind: str
    """`namespace`, `service`, `host`, …, `address`."""
    before: str
    after: str


class Anonymized(NamedTuple):
    """The objects, and the way back from them, which is for their owner alone."""

    objects: tuple[Labelled, ...]
    renamed: tuple[Renamed, ...]


def anonymize(objects: Sequence[Labelled]) -> Anonymized:
    """Return the objects under other names, in their order.

    The same objects always get the same names; one object more may change them all.
    """
    # Walked twice: all names have to be known before the first one is given a number.
    texts = [_Noted[str]() for _ in Names._fields[:-2]]
    noted = Names._make([*texts, _Noted[bytes](), _Noted[bytes]()])
    note = Renaming(noted).renamed
    for one in objects:
        note(one)
    names = _new_names(noted)
    return Anonymized(tuple(map(Renaming(names).renamed, objects)), tuple(_table(names)))


class _Noted(dict[T, T]):
    """Remembers what it was asked for."""

    def __missing__(self, name: T) -> T:
        return self.setdefault(name, name)


def _new_names(noted: Names) -> Names:
    addresses = Readdressing(noted.service_address, noted.address)
    return Names(
        namespace=Pseudonyms("namespace", noted.namespace, KEPT),
        service=Pseudonyms("service", noted.service, KEPT),
        host=Pseudonyms("host", noted.host, KEPT, shaped=True),
        node=Pseudonyms("node", noted.node),
        zone=Pseudonyms("zone", noted.zone, shaped=True),
        slice=Pseudonyms("slice", noted.slice),
        outside=Pseudonyms("outside", noted.outside, domain=_NOWHERE),
        domain=Pseudonyms("cluster", noted.domain, (KEPT_DOMAIN,), domain=_NOWHERE),
        label=Pseudonyms("label", noted.label, _KEPT_LABELS),
        label_value=Pseudonyms("value", noted.label_value, KEPT),
        service_address=addresses,
        address=addresses,
    )


def _table(names: Names) -> Iterator[Renamed]:
    for kind in Names._fields[:-2]:
        for before, after in getattr(names, kind).items():
            yield Renamed(kind.replace("_", " "), before, after)
    for address, new in sorted(names.address.items(), key=lambda pair: (len(pair[0]), pair[0])):
        yield Renamed("address", address_text(address), address_text(new))
