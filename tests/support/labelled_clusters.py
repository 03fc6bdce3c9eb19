"""Random clusters as a source gives them: read from documents, good and not so good ones.

Objects that were made up freely may be such as no document comes to; these are not.
"""

import json
from typing import Any

from hypothesis import strategies as st

from svcdns.cluster.model import Key, Object
from svcdns.source.assembly import Labelled, assemble
from svcdns.source.documents import read_contents
from svcdns.source.offline_addresses import DEFAULT_RANGES, read_ranges
from tests.support.cluster_objects import objects
from tests.support.manifests import manifest

_LABELS = st.dictionaries(
    st.sampled_from(("app", "team", "acme.example/stage")),
    st.sampled_from(("web", "db", "", "no", None)),
    max_size=2,
)
_EXTERNAL_NAMES = st.sampled_from(
    (
        *("db.acme.example", "DB.Acme.example.", "10.0.0.10", "::ffff:10.0.0.10", "localhost"),
        *("web.shop.svc.cluster.local", "a.web.shop.svc.acme.example.", "web.shop.svc"),
        *("_http._tcp.web.shop.svc.cluster.local", "10-0-0-10.web.shop.svc.cluster.local"),
        *("10-0-0-10.shop.pod.cluster.local", "fd00--.shop.pod.cluster.local", "a.b.pod"),
    )
)
_ENDPOINTS = {
    "subsets": [
        {
            "addresses": [{"ip": "10.0.0.10", "hostname": "a"}, {"ip": "::1"}],
            "notReadyAddresses": [{"ip": "9.9.9.9", "targetRef": {"name": "web"}}],
            "ports": [{"name": "http", "port": 80}],
        }
    ]
}


def read(files: dict[str, str]) -> list[Labelled]:
    """Return the objects of a cluster that files describe."""
    contents = {name: read_contents(name, text.encode()) for name, text in files.items()}
    cluster = assemble(contents, read_ranges(DEFAULT_RANGES), {})
    return [one for of_kind in cluster.objects.values() for one in of_kind]


def by_key(found: list[Labelled]) -> dict[tuple[type, Key], Object]:
    """Return the values of a cluster by what they are."""
    return {(type(one.value), one.value.key): one.value for one in found}


@st.composite
def _documents(draw: st.DrawFn) -> dict[str, Any]:
    document = manifest(draw(objects))
    metadata, spec = document["metadata"], document.get("spec", {})
    metadata["labels"] = {**metadata.get("labels", {}), **draw(_LABELS)}
    for endpoint in document.get("endpoints") or ():
        endpoint["addresses"] = draw(
            st.lists(st.sampled_from((*endpoint["addresses"], "10.0.0.9", "")), max_size=3)
        )
    if spec.get("type") == "ExternalName":
        spec["externalName"] = draw(_EXTERNAL_NAMES)
    elif spec:
        spec["selector"] = draw(_LABELS)
        if draw(st.booleans()):
            del spec["clusterIPs"]
    if document["kind"] == "Pod":
        hostname = draw(st.sampled_from(("a", "b", None)))
        subdomain = draw(st.sampled_from(("web", "db", None)))
        document["spec"] = {"nodeName": "web", "hostname": hostname, "subdomain": subdomain}
        ready = draw(st.sampled_from(("True", "False")))
        document["status"]["conditions"] = [{"type": "Ready", "status": ready}]
    if document["kind"] == "Service" and draw(st.sampled_from((False, False, True))):
        document |= {"kind": "Endpoints", **_ENDPOINTS}
    return document


CLUSTERS: st.SearchStrategy[list[Labelled]] = st.lists(_documents(), max_size=15).map(
    lambda documents: read(
        {"all.json": json.dumps({"apiVersion": "v1", "kind": "List", "items": documents})}
    )
)
"""Objects and their labels."""
