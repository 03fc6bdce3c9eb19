"""Whatever form a file has, it says the same; what is wrong in it is named, the rest stays."""

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from svcdns.cluster.model import EndpointSlice, Object, Pod, Service
from svcdns.source.documents import BrokenFileError, Contents, read_contents
from svcdns.source.problem import Problem
from tests.support.cluster_objects import objects
from tests.support.manifests import manifest

WEB: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web", "namespace": "shop", "labels": {"app": "web"}},
    "spec": {"clusterIP": "10.96.4.7", "selector": {"app": "web"}},
}
DB: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "db"},
    "spec": {"clusterIP": "None"},
}
SHOP: dict[str, Any] = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}


def dumped(*documents: object) -> bytes:
    return yaml.safe_dump_all(documents, explicit_start=True).encode()


def read_yaml(text: str) -> Contents:
    return read_contents("a.yaml", text.encode())


def keys(contents: Contents) -> list[tuple[str, str, str]]:
    return [entry.key for entry in contents.entries]


def listed(kind: str = "List", version: str = "v1", *items: object) -> dict[str, object]:
    return {"apiVersion": version, "kind": kind, "metadata": {}, "items": [*items]}


def bare(document: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key not in {"kind", "apiVersion"}}


@pytest.mark.parametrize(
    ("file", "octets"),
    [
        pytest.param("a.yaml", dumped(SHOP, WEB, DB), id="documents"),
        pytest.param("a.yaml", dumped(None, SHOP, WEB, None, DB, None), id="empty documents"),
        pytest.param("a.yaml", dumped(listed("List", "v1", SHOP, WEB, DB)), id="List"),
        pytest.param(
            "a.yaml",
            dumped(SHOP, listed("ServiceList", "v1", bare(WEB), bare(DB))),
            id="list of Services",
        ),
        pytest.param("a.json", json.dumps(listed("List", "v1", SHOP, WEB, DB)).encode(), id="JSON"),
        pytest.param(
            "a.yaml", json.dumps(listed("List", "v1", SHOP, WEB, DB), indent=4).encode(), id="both"
        ),
        pytest.param(
            "a.yaml",
            b"---\n".join(json.dumps(d).encode() + b"\n" for d in (SHOP, WEB, DB)),
            id="several in JSON",
        ),
        pytest.param("-", b"\xef\xbb\xbf\n" + dumped(SHOP, WEB, DB), id="byte order mark"),
        pytest.param("a.yaml", b"# comment\r\n" + dumped(SHOP, WEB, DB), id="comment"),
    ],
)
def test_every_form_says_the_same(file: str, octets: bytes) -> None:
    contents = read_contents(file, octets)

    assert contents.problems == []
    assert keys(contents) == [
        ("Namespace", "", "shop"),
        ("Service", "shop", "web"),
        ("Service", "default", "db"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("# comment\n---\n---\n", id="empty documents"),
        pytest.param(json.dumps(listed()), id="empty List"),
        pytest.param('{"apiVersion": "v1", "kind": "List", "items": null}', id="null items"),
        pytest.param("apiVersion: v1\nkind: ServiceList\nitems:\n", id="null items in YAML"),
        pytest.param("apiVersion: v1\nkind: PodList\n", id="no items"),
    ],
)
def test_a_file_may_be_empty(text: str) -> None:
    assert read_yaml(text) == Contents()


def can_be_written(value: Object) -> bool:
    return not (isinstance(value, Service) and value.type == "ExternalName") or bool(
        value.external_name
    )


@given(st.lists(objects.filter(can_be_written), max_size=4))
def test_any_object_survives_yaml_and_json(values: list[Object]) -> None:
    documents = [manifest(value) for value in values]

    in_yaml = read_contents("a.yaml", dumped(*documents))
    in_json = read_contents("a.json", json.dumps(listed("List", "v1", *documents)).encode())

    assert in_yaml.entries == [
        entry._replace(document=number, line=there.line)
        for number, (entry, there) in enumerate(
            zip(in_json.entries, in_yaml.entries, strict=True), start=1
        )
    ]
    for value, entry in zip(values, in_yaml.entries, strict=True):
        assert entry.key == (type(value).__name__, *value.key)
        assert [survives(one) for one in entry.values] == survived(value)


def survived(value: Object) -> list[object]:
    """Return what should be read again: what nobody can write down is not."""
    if isinstance(value, Pod) and not value.addresses:
        return []
    return [survives(value)]


def survives(value: Object) -> object:
    match value:
        case Service():
            if value.type == "ExternalName":
                return (value.key, value.external_name)
            return (value.key, value.type, () if value.headless else value.addresses, value.ports)
        case EndpointSlice():
            rows = [one._replace(conditions=one.conditions & ~8) for one in value.endpoints()]
            return (value.key, value.service, value.ports, rows)
        case _:
            return value


def test_kinds_that_dns_does_not_need_are_counted_with_their_namespaces() -> None:
    contents = read_contents(
        "a.yaml",
        dumped(
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"namespace": "shop"}},
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}},
            {"apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": None},
            listed("ConfigMapList", "v1", {}, {}),
            listed("EndpointSliceList", "discovery.k8s.io/v1beta1", {}),
            {"apiVersion": "example.com/v1", "kind": "AllowList", "spec": {}},
        ),
    )

    assert contents.problems == []
    assert contents.skipped == {
        "Deployment": 1,
        "ConfigMap": 3,
        "Service (serving.knative.dev/v1)": 1,
        "EndpointSlice (discovery.k8s.io/v1beta1)": 1,
        "AllowList": 1,
    }
    assert contents.namespaces == {"shop"}


@pytest.mark.parametrize(
    ("version", "kind", "line", "problem"),
    [
        ("v1", "Servce", 3, "kind: there is no such kind in v1; did you mean 'Service'?"),
        ("v1", "service", 3, "kind: there is no such kind in v1; did you mean 'Service'?"),
        ("v1", "Endpoint", 3, "kind: there is no such kind in v1; did you mean 'Endpoints'?"),
        (
            *("v1", "EndpointSlice", 2),
            "apiVersion: 'v1' has no EndpointSlice; write 'discovery.k8s.io/v1'",
        ),
        ("v2", "Service", 2, "apiVersion: 'v2' has no Service; write 'v1'"),
    ],
)
def test_a_kind_or_version_that_was_mistyped_is_named(
    version: str, kind: str, line: int, problem: str
) -> None:
    item = {"apiVersion": version, "kind": kind, "metadata": {"name": "a", "namespace": "shop"}}

    contents = read_contents("a.yaml", dumped(item))

    assert list(map(str, contents.problems)) == [f"a.yaml:{line}: {kind} shop/a: {problem}"]
    assert contents.entries == []


@pytest.mark.parametrize(
    ("version", "kind"),
    [
        ("rbac.authorization.k8s.io/v1", "Role"),
        ("serving.knative.dev/v1", "Service"),
        ("discovery.k8s.io/v1beta1", "EndpointSlice"),
        *(
            ("v1", kind)
            for kind in (
                *("Binding", "ComponentStatus", "ConfigMap", "Event", "LimitRange", "Secret"),
                *("PersistentVolume", "PersistentVolumeClaim", "PodTemplate", "ResourceQuota"),
                *("ReplicationController", "ServiceAccount"),
            )
        ),
    ],
)
def test_what_is_a_kind_of_its_own_is_no_mistake(version: str, kind: str) -> None:
    contents = read_contents("a.yaml", dumped({"apiVersion": version, "kind": kind}))

    assert contents.problems == []
    assert sum(contents.skipped.values()) == 1


MISTAKES = """\
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: shop
spec:
  clusterIP: 10.96.4.300
  ports:
    - port: 80
    - port: 70000
---
apiVersion: v1
kind: Service
metadata:
  name: Db
---
kind: Service
metadata:
  name: old
---
just text
---
apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: Service
    metadata:
      name: yes
      labels:
        version: 1
  - apiVersion: v1
    kind: Pod
    metadata: {}
  - 7
---
a: !secret x
---
apiVersion: v1
kind: Service
metadata:
  name: good
metadata:
  name: better
"""


def test_each_mistake_is_named_at_its_place_and_the_others_stay() -> None:
    contents = read_yaml(MISTAKES)

    assert keys(contents) == [("Service", "shop", "web"), ("Service", "default", "better")]
    assert list(map(str, contents.problems)) == [
        "a.yaml:7: Service shop/web: spec.clusterIP: '10.96.4.300' is not an IP address",
        "a.yaml:10: Service shop/web: spec.ports[1].port: 70000 is not a port number (1 to 65535)",
        (
            "a.yaml:15: Service Db: metadata.name: 'Db' cannot be a DNS label: "
            "at most 63 of a-z, 0-9 and, inside, '-' (document 2)"
        ),
        "a.yaml:17: Service old: apiVersion: is missing: a Service has 'v1' (document 3)",
        "a.yaml:21: is no Kubernetes object (document 4)",
        (
            "a.yaml:30: Service yes: metadata.labels[...]: expected text, found a number; "
            "put it in quotes (document 5)"
        ),
        "a.yaml:34: Pod: items[1].metadata.name: is missing (document 5)",
        "a.yaml:35: items[2]: is no mapping (document 5)",
        "a.yaml:37: the tag !secret is not understood (document 6)",
        "a.yaml:43: 'metadata' is written twice; the last one is used (document 7)",
    ]
    assert [problem.is_warning for problem in contents.problems] == [False] * 9 + [True]


def test_mistakes_in_json_are_named_without_a_line() -> None:
    wrong = {**WEB, "spec": {"ports": 80}}
    octets = json.dumps(listed("List", "v1", wrong, DB, {"metadata": {"name": "x"}})).encode()

    contents = read_contents("a.json", octets)

    assert keys(contents) == [("Service", "default", "db")]
    assert list(map(str, contents.problems)) == [
        "a.json: Service shop/web: spec.ports: expected a list, found a number",
        "a.json: x: kind: is missing: this is no Kubernetes object",
    ]


@pytest.mark.parametrize(
    ("file", "octets", "problem"),
    [
        pytest.param("a.yaml", b"a: 1\nb: [\n", Problem("a.yaml", "", line=3), id="YAML"),
        pytest.param(
            "a.json",
            b'{"kind":\n "List",\n "items": [}\n',
            Problem("a.json", "", line=3),
            id="JSON",
        ),
        pytest.param("a.json", b"kind: Service", Problem("a.json", "", line=1), id="YAML in JSON"),
        pytest.param("a.json.gz", b"{", Problem("a.json.gz", ""), id="JSON cut off"),
        pytest.param("a.yaml", b'{"kind": "List", "it', Problem("a.yaml", "", line=1), id="both"),
    ],
)
def test_a_file_that_is_neither_is_broken_as_a_whole(
    file: str, octets: bytes, problem: Problem
) -> None:
    with pytest.raises(BrokenFileError) as caught:
        read_contents(file, octets)

    assert caught.value.problem._replace(problem="") == problem
    assert caught.value.problem.problem


def test_a_json_file_that_is_no_object_is_one_problem() -> None:
    contents = read_contents("a.json", b"[1, 2]")

    assert [str(problem) for problem in contents.problems] == [
        "a.json: expected a mapping, found a list"
    ]


def test_of_very_many_mistakes_the_first_have_their_own_line() -> None:
    text = "---\n".join(
        f"apiVersion: v1\nkind: Service\nmetadata:\n  name: BAD{n}\n" for n in range(30)
    )

    lines = [problem.line for problem in read_yaml(text).problems]

    assert lines[:20] == [4 + 5 * n for n in range(20)]
    assert lines[20:] == [1 + 5 * n for n in range(20, 30)]


def test_endpoints_become_slices() -> None:
    contents = read_contents(
        "a.yaml",
        dumped(
            {
                "apiVersion": "v1",
                "kind": "Endpoints",
                "metadata": {"name": "web", "namespace": "shop"},
                "subsets": [{"addresses": [{"ip": "10.1.0.3"}, {"ip": "x"}]}],
            }
        ),
    )

    (entry,) = contents.entries
    assert [type(value).__name__ for value in entry.values] == ["EndpointSlice"]
    assert [problem.field for problem in contents.problems] == ["subsets[0].addresses[1].ip"]


@given(st.sampled_from(("a.yaml", "a.json", "-")), st.binary(max_size=60))
def test_any_octets_are_contents_or_a_broken_file(file: str, octets: bytes) -> None:
    for start in (b"", b"{", b"apiVersion: v1\nkind: Service\nmetadata:\n  name: a\nspec:\n  "):
        try:
            contents = read_contents(file, start + octets)
        except BrokenFileError as error:
            said = str(error)
        else:
            said = repr(contents)

        assert said


FIELDS = st.sampled_from(
    ("metadata", "name", "spec", "kind", "subsets", "addresses", "ip", "ports")
)
PARTS = st.recursive(
    st.none() | st.integers() | st.text(max_size=5) | st.sampled_from(("10.0.0.1", "IPv4")),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(FIELDS, inner, max_size=3),
    max_leaves=8,
)
KINDS = st.sampled_from(("Service", "Endpoints", "Pod", "List", "ServiceList"))


@given(KINDS, st.dictionaries(FIELDS, PARTS, max_size=3), st.lists(PARTS, max_size=2))
def test_any_shape_of_an_object_is_an_entry_or_a_problem(
    kind: str, metadata: dict[str, object], parts: list[object]
) -> None:
    document = {
        "apiVersion": "v1",
        "kind": kind,
        "metadata": {**metadata, "name": "a"},
        "spec": parts[0] if parts else None,
        "subsets": parts,
        "items": parts,
    }

    in_yaml = read_contents("a.yaml", dumped(document))
    in_json = read_contents("a.json", json.dumps(document).encode())

    assert [entry.key for entry in in_yaml.entries] == [entry.key for entry in in_json.entries]
    assert len(in_yaml.problems) == len(in_json.problems)
