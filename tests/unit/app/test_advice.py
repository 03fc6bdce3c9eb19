import pytest

from svcdns.app.advice import USUAL_CLUSTER_DNS, advise
from svcdns.app.build import plans_of
from svcdns.app.files import examine_text
from svcdns.wire.name import pack_address

KUBERNETES = "kubernetes cluster.local in-addr.arpa ip6.arpa"
GOOD = f". {{\n {KUBERNETES}\n ready\n forward . 192.0.2.1\n loop\n}}\n"
ELSEWHERE = GOOD.replace(" ready\n", " ready\n bind 127.0.0.1\n")


def warnings(text: str) -> list[str]:
    return [str(one) for one in advise(plans_of(examine_text(text, "Corefile", {})))]


def test_a_good_corefile_has_no_warning() -> None:
    assert warnings(GOOD) == []


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        pytest.param(
            GOOD.replace("192.0.2.1", "10.96.0.10"),
            "Corefile:4:2",
            "10.96.0.10 is where kubeadm, kind and minikube have the cluster's own DNS",
            id="a circle through the cluster's own Service",
        ),
        pytest.param(
            GOOD + "corp.example {\n forward . 10.43.0.10\n loop\n}\n",
            "Corefile:8:2",
            "10.43.0.10 is where k3s and RKE2 have the cluster's own DNS",
            id="a circle through the cluster's own Service, from another block",
        ),
        pytest.param(
            GOOD.replace(" loop\n", ""),
            "Corefile:4:2",
            "nothing here notices an upstream that forwards back",
            id="forward without loop",
        ),
        pytest.param(
            GOOD + "cluster.local {\n whoami\n}\n",
            "Corefile:2:2",
            "names of cluster.local. never come here: the server block 'cluster.local' at "
            "Corefile:7 takes them",
            id="another block takes the zone",
        ),
        pytest.param(
            GOOD + "svc.cluster.local {\n whoami\n}\n",
            "Corefile:7:1",
            "names below svc.cluster.local. never come to the 'kubernetes' at Corefile:2",
            id="another block takes all Services",
        ),
        pytest.param(
            GOOD + "Shop.svc.Cluster.local:53 {\n whoami\n}\n",
            "Corefile:7:1",
            "names below shop.svc.cluster.local. never come to the 'kubernetes' at Corefile:2",
            id="another block takes a namespace",
        ),
        pytest.param(
            GOOD.replace(" ready\n", ""), "Corefile:2:2", "add a line: ready", id="without ready"
        ),
        pytest.param(
            GOOD.replace(KUBERNETES, f"{KUBERNETES} {{\n  pods verified\n }}"),
            "Corefile:2:2",
            "'pods verified' watches every Pod",
            id="pods verified for nothing",
        ),
        pytest.param(
            GOOD.replace(" loop\n", " loop\n rewrite name a b\n acl {\n  block net *\n }\n"),
            "Corefile:7:2",
            "'rewrite' acts first",
            id="acl after rewrite",
        ),
        pytest.param(
            GOOD.replace(f" {KUBERNETES}\n", " k8s_external example.org\n"),
            "Corefile:2:2",
            "there is no 'kubernetes' in this server block",
            id="k8s_external without kubernetes",
        ),
        pytest.param(
            GOOD.replace(" in-addr.arpa ip6.arpa", ""),
            "Corefile:2:2",
            "PTR questions are forwarded",
            id="no reverse zones",
        ),
    ],
)
def test_what_does_harm_is_named_with_its_place(text: str, place: str, said: str) -> None:
    (warning,) = warnings(text)

    assert warning.startswith(f"{place}: ")
    assert said in warning


@pytest.mark.parametrize(
    "text",
    [
        GOOD + "example.org {\n whoami\n}\n",
        GOOD + "cluster.local:5353 {\n whoami\n}\n",
        "local {\n whoami\n}\n" + GOOD.replace(". {", "cluster.local {", 1),
        GOOD + "svc.cluster.local:5353 {\n whoami\n}\n",
        GOOD + "svc.cluster.local {\n kubernetes\n}\n",
        ELSEWHERE + "svc.cluster.local {\n bind 127.0.0.2\n whoami\n}\n",
        ELSEWHERE + "cluster.local {\n bind 127.0.0.2\n whoami\n}\n",
        GOOD + "stub.cluster.local {\n whoami\n}\n",
        ". {\n forward . 10.96.0.10\n loop\n}\n",
        GOOD.replace(KUBERNETES, f"{KUBERNETES} {{\n  pods verified\n }}\n autopath @kubernetes"),
    ],
    ids=[
        "a block beside it",
        "a block at another port",
        "a shorter zone",
        "a block for Services at another port",
        "a block for Services that has them",
        "a block for Services at another address",
        "a block for the zone at another address",
        "a block below the zone where no Service is",
        "a node's cache forwards to the cluster",
        "autopath needs to know Pods",
    ],
)
def test_what_is_fine_is_not_warned_of(text: str) -> None:
    assert warnings(text) == []


def test_usual_addresses_are_addresses() -> None:
    assert all(len(pack_address(address)) == 4 for address in USUAL_CLUSTER_DNS)
