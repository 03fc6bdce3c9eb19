"""What each distribution's Corefile promises: where it serves, and the names it adds.

The Corefiles lie in tests/corefiles, a folder for each: what its ConfigMaps put into
/etc/coredns, and below `elsewhere` what lies elsewhere on the machine. Their contents are
facts about those distributions; addresses and forwarded zones are ours.
"""

from typing import NamedTuple

RESOLV_CONF = "search shop.svc.cluster.local svc.cluster.local cluster.local\nnameserver {}\n"
RESOLVER = "198.51.100.53"
"""What /etc/resolv.conf names."""
SECOND = "198.51.100.54"
CLUSTER_DNS = "10.96.0.11"
"""CoreDNS itself, as NodeLocal DNSCache sees it."""

PLACES = ((RESOLVER, 53), (SECOND, 53), (SECOND, 5353), (CLUSTER_DNS, 53))

OUTSIDE = "www.outside.test."
RECORDS = {
    (OUTSIDE, "A"): ("203.0.113.80",),
    ("www.stub.test.", "A"): ("203.0.113.81",),
    ("www.foo.test.", "A"): ("203.0.113.82",),
    ("mirror.gcr.io.", "A"): ("203.0.113.83",),
    ("web.shop.svc.cluster.local.", "A"): ("10.96.4.7",),
    ("7.4.96.10.in-addr.arpa.", "PTR"): ("web.shop.svc.cluster.local.",),
}


class Example(NamedTuple):
    """A question that is answered in a way of the distribution's own."""

    name: str
    rrtype: str
    rcode: str = "NOERROR"
    answer: tuple[str, ...] = ()
    """Records in presentation format, owner and RDATA."""
    is_forwarded: bool = False
    """The resolver was asked about that very name."""
    rrclass: str = "IN"
    asked_at: str = ""
    """Instead of the distribution's address."""


class Distribution(NamedTuple):
    """One Corefile."""

    name: str
    port: int = 53
    address: str = "127.0.0.1"
    probes: str = "127.0.0.1"
    """Where /health is, at port 8080."""
    is_ready_served: bool = True
    metrics: int = 9153
    has_cluster: bool = True
    """It answers names of the cluster itself."""
    own_addresses: tuple[str, ...] = ()
    """What the machine has on loopback."""
    examples: tuple[Example, ...] = ()


DISTRIBUTIONS = (
    # The longest lameduck time first: they all end together.
    Distribution(
        "openshift",
        port=5353,
        examples=(
            Example(
                "www.foo.test.", "A", answer=("www.foo.test. 203.0.113.82",), is_forwarded=True
            ),
            Example("hostname.bind.", "TXT", answer=('hostname.bind. "{host}"',), rrclass="CH"),
        ),
    ),
    Distribution(
        "gardener",
        port=8053,
        examples=(
            Example(
                "web.shop.svc.cluster.local.svc.cluster.local.",
                "A",
                answer=("web.shop.svc.cluster.local.svc.cluster.local. 10.96.4.7",),
            ),
            Example(
                "mirror.gcr.io.svc.cluster.local.",
                "A",
                answer=("mirror.gcr.io.svc.cluster.local. 203.0.113.83",),
            ),
        ),
    ),
    Distribution("helm"),
    Distribution("kubeadm"),
    Distribution("kind"),
    Distribution(
        "minikube",
        examples=(
            Example(
                "host.minikube.internal.",
                "A",
                answer=("host.minikube.internal. 192.168.49.1",),
            ),
        ),
    ),
    Distribution("eks"),
    Distribution(
        "aks",
        examples=(
            Example("a.b.c.d.internal.cloudapp.net.", "A", "NXDOMAIN"),
            Example("a.internal.cloudapp.net.", "A", "NXDOMAIN", is_forwarded=True),
            Example("web.reddog.microsoft.com.", "AAAA", "NXDOMAIN"),
            Example(
                "www.stub.test.", "A", answer=("www.stub.test. 203.0.113.81",), is_forwarded=True
            ),
        ),
    ),
    Distribution("rke2"),
    Distribution("talos"),
    Distribution("kops"),
    Distribution(
        "kops-gossip",
        examples=(
            Example(
                "api.internal.minimal.k8s.local.",
                "A",
                answer=("api.internal.minimal.k8s.local. 10.20.0.11",),
            ),
        ),
    ),
    Distribution(
        "kubespray",
        examples=(
            Example(
                "registry.kubespray.test.",
                "A",
                answer=("registry.kubespray.test. 192.0.2.20",),
            ),
            Example("old.stub.test.", "A", answer=("old.stub.test. 203.0.113.81",)),
            Example("gateway.shop.external.test.", "A", answer=("{gateway}",)),
        ),
    ),
    Distribution("microk8s"),
    Distribution("ovhcloud"),
    Distribution(
        "kops-ipv6",
        examples=(
            Example(
                OUTSIDE,
                "AAAA",
                answer=(f"{OUTSIDE} 64:ff9b::cb00:7150",),
                is_forwarded=True,
                asked_at="::1",
            ),
        ),
    ),
    Distribution(
        "k3s",
        examples=(
            Example("k3d-demo-server-0.", "A", answer=("k3d-demo-server-0. 172.18.0.3",)),
            Example(
                "3.0.18.172.in-addr.arpa.",
                "PTR",
                answer=("3.0.18.172.in-addr.arpa. k3d-demo-server-0.",),
            ),
        ),
    ),
    Distribution("digitalocean"),
    Distribution("scaleway"),
    Distribution(
        "nodelocaldns",
        address="169.254.20.10",
        probes="169.254.20.10",
        is_ready_served=False,
        metrics=9253,
        has_cluster=False,
        own_addresses=("169.254.20.10", "10.96.0.10"),
        examples=(
            Example(
                "7.4.96.10.in-addr.arpa.",
                "PTR",
                answer=("7.4.96.10.in-addr.arpa. web.shop.svc.cluster.local.",),
                is_forwarded=True,
            ),
        ),
    ),
)
