"""The cluster of the golden tests: one object of each kind that CoreDNS's own tests use."""

from typing import Any

from svcdns.answers.chase import Ask
from svcdns.answers.lookup import Stanza
from svcdns.answers.settings import KubernetesSettings
from svcdns.cluster.state import State
from svcdns.wire.name import from_text, pack_address
from tests.support.cluster_text import state_of

SERIAL = 1_499_347_823

CLUSTER = """
Namespace testns
Namespace empty
Service kube-system/kube-dns 10.0.0.10 port dns/UDP 53 port dns-tcp/TCP 53
EndpointSlice kube-system/kube-dns-1 of kube-dns port dns/UDP 8053: 172.0.0.100 pod=coredns-1

Service testns/svc1 10.0.0.1 port http/TCP 80
EndpointSlice testns/svc1-1 of svc1 port http/TCP 8080: 172.0.0.1 hostname=ep1a, 172.0.0.6
Service testns/svc6 1234:abcd::1 port http/TCP 80
EndpointSlice testns/svc6-1 of svc6 port http/TCP 80: 1234:abcd::77
Service testns/svcempty 10.0.0.11 port http/TCP 80
EndpointSlice testns/svcempty-1 of svcempty port http/TCP 80: 172.0.0.8 not-ready pod=empty-0
Service testns/svc-dual-stack 10.0.0.3 10::3 port http/TCP 80
Service testns/svcprtls 10.0.0.4
Service testns/two-ports 10.0.0.5 port http/TCP 80 port dns/UDP 53 port /TCP 9
Service testns/hdls1 headless port http/TCP 80
EndpointSlice testns/hdls1-1 of hdls1 port http/TCP 80: 172.0.0.2, 172.0.0.3, \
172.0.0.4 hostname=dup-name, 172.0.0.5 hostname=dup-name
EndpointSlice testns/hdls1-2 of hdls1 port http/TCP 80: 5678:abcd::1, 5678:abcd::2
Service testns/hdlsprtls headless
EndpointSlice testns/hdlsprtls-1 of hdlsprtls: 172.0.0.20
Service testns/hdls-unready headless port http/TCP 80
EndpointSlice testns/hdls-unready-1 of hdls-unready port http/TCP 80: \
172.0.0.30 not-ready hostname=cart-0, 172.0.0.31 terminating hostname=cart-1
Service testns/hdls-none headless port http/TCP 80
Service testns/hdls-fqdn headless port http/TCP 80
EndpointSlice testns/hdls-fqdn-1 of hdls-fqdn port http/TCP 80: a.interwebs.test
Service testns/hdls-zones headless port http/TCP 80
EndpointSlice testns/hdls-zones-1 of hdls-zones port http/TCP 80: \
172.0.0.41 zone=Us-East.1a, 172.0.0.42 zone=us-west
Service testns/external ExternalName ext.interwebs.test
Service testns/external-to-service ExternalName svc1.testns.svc.cluster.local.
Service testns/external-to-external ExternalName external-to-service.testns.svc.cluster.local
Service testns/external-dangling ExternalName svc0.testns.svc.cluster.local
Service testns/external-loop ExternalName external-pool.testns.svc.cluster.local
Service testns/external-pool ExternalName external-loop.testns.svc.cluster.local
Service testns/external-self ExternalName external-self.testns.svc.cluster.local
Service testns/external-address ExternalName 192.0.2.7

EndpointSlice testns/orphan: 172.0.0.50
EndpointSlice testns/three-1 of svc1 port http/TCP 8080: 172.0.0.20
Pod testns/pod1 172.0.0.20 5678:abcd::20
Pod other/pod2 172.0.0.21
"""

ZONES = ("cluster.local", "in-addr.arpa", "ip6.arpa")


def golden_state() -> State:
    return state_of(CLUSTER, now=SERIAL)


def stanza_of(
    state: State,
    *,
    zones: tuple[str, ...] = ZONES,
    local: tuple[str, ...] = (),
    ask: Ask | None = None,
    **options: Any,
) -> Stanza:
    """Return a stanza over `state`; options are fields of its settings."""
    settings = KubernetesSettings(zones=tuple(map(from_text, zones)), **options)
    addresses = tuple(map(pack_address, local))
    return Stanza(settings, state, local_addresses=addresses, ask=ask)
