"""What a client of a Service sees, mode by mode: one table for all modes of the proxy.

A question is answered by the names of the pods that answer, or by how it fails. What a mode
does otherwise than the others is in the row, and has its reason in docs/compatibility.md.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from svcdns.cluster.model import EndpointPort, Object
from svcdns.wire.name import pack_address
from tests.support.ipvs_world import CLIENTS, flow, is_silent, reached
from tests.support.proxied import DNS, READY, endpoints, service

VIP, VIP6, EXTERNAL, BALANCER = "10.96.0.1", "fd00:96::1", "198.51.100.7", "203.0.113.9"
NODE, NODE6, NODE_PORT = "192.0.2.1", "2001:db8::1", 30080
B1, B2, B3 = ((f"10.1.{n}.2", READY, node) for n, node in enumerate(("here", "here", "there"), 1))
SIX = tuple((f"fd00:1:{n}::2", READY, "here") for n in (1, 2))
ON_UDP = (EndpointPort("dns", "UDP", 8080),)
SILENCE, REFUSAL, RESET = "silence", "refused", "reset"
_FAILURES = {"ConnectionRefusedError": REFUSAL, "ConnectionResetError": RESET}


class Question(NamedTuple):
    """One client asks so often."""

    place: str
    """Namespace of the client; empty: the node itself."""
    address: str
    port: int = 80
    times: int = 40
    """Enough that chance leaves no pod out: one of three is missed once in ten million times."""
    udp: bool = False
    sources: tuple[str, ...] = ("",)


class Case(NamedTuple):
    """Objects, a question, and what everybody is answered."""

    title: str
    objects: tuple[Object, ...]
    question: Question
    answer: str
    otherwise: Mapping[str, str] = MappingProxyType({})
    """By mode, where it is not `answer`."""
    seen: str = ""
    """Which address the pod sees; empty: it is not asked."""
    seen_otherwise: Mapping[str, str] = MappingProxyType({})

    def expected(self, mode: str) -> tuple[str, str]:
        """Return pods, and the address they see."""
        return self.otherwise.get(mode, self.answer), self.seen_otherwise.get(mode, self.seen)


def asked(question: Question, *, patient: bool = True) -> str:
    """Return who answers, as `b1 b2`, or `refused`, `reset` or `silence`.

    Args:
        question: who asks, and whom.
        patient: no silence is expected, so an answer may take its time.
    """
    place, address, port, times, udp, sources = question
    if not patient and is_silent(place, address, port):
        return SILENCE
    found = reached(address, port, place=place, count=times, udp=udp, sources=sources)
    return " ".join(sorted(_FAILURES.get(one, one) for one in found))


def seen(question: Question) -> str:
    """Return which address the pod sees."""
    one = flow(question.place, question.address, question.port, udp=question.udp)
    one.close()
    return one.seen


def _packed(*addresses: str) -> tuple[bytes, ...]:
    return tuple(map(pack_address, addresses))


_WEB = (service("web", VIP), endpoints("web", B1, B2, B3))
_NODE_PORT: dict[str, Any] = {"kind": "NodePort", "node_ports": (NODE_PORT,)}
_BALANCED: dict[str, Any] = {"kind": "LoadBalancer", "balancers": _packed(BALANCER)}
_LOCAL_PORT = service("web", VIP, external_local=True, **_NODE_PORT)
_LOCAL_BALANCER = service("web", VIP, external_local=True, **_BALANCED)
_RANGED = service("web", VIP, source_ranges=("192.0.2.0/24", "10.3.0.0/30"), **_BALANCED)
_DUAL = (
    service("web", VIP, VIP6, **_NODE_PORT),
    endpoints("web", B1, B2),
    endpoints("web", *SIX, name="six"),
)
_HELD = (service("web", VIP, affinity_seconds=30), endpoints("web", B1, B2, B3))

CASES = (
    Case(
        "a pod keeps its address on the way to a cluster address",
        (service("web", VIP), endpoints("web", B2)),
        Question("b1", VIP, times=2),
        "b2",
        seen="10.1.1.2",
        seen_otherwise={"userspace": "10.1.2.1"},
    ),
    Case(
        "a client outside is masqueraded on the way to a cluster address",
        (service("web", VIP), endpoints("web", B2)),
        Question("c1", VIP, times=2),
        "b2",
        seen="10.1.2.1",
    ),
    Case("a client outside reaches every pod", _WEB, Question("c1", VIP), "b1 b2 b3"),
    Case("the node itself reaches every pod", _WEB, Question("", VIP), "b1 b2 b3"),
    Case(
        "a pod reaches itself through its Service",
        (service("web", VIP), endpoints("web", B1)),
        Question("b1", VIP, times=2),
        "b1",
        seen="10.1.1.1",
    ),
    Case(
        "UDP is served",
        (service("dns", VIP, ports=(DNS,)), endpoints("dns", B1, B2, B3, ports=ON_UDP)),
        Question("c1", VIP, 53, udp=True),
        "b1 b2 b3",
    ),
    Case("the other family is served", _DUAL, Question("c1", VIP6), "b1 b2"),
    Case(
        "a node port is masqueraded",
        (service("web", VIP, **_NODE_PORT), endpoints("web", B2)),
        Question("c1", NODE, NODE_PORT, times=2),
        "b2",
        seen="10.1.2.1",
    ),
    Case("a node port is served in both", _DUAL, Question("c1", NODE6, NODE_PORT), "b1 b2"),
    Case("a pod uses a node port", _DUAL, Question("b1", NODE, NODE_PORT), "b1 b2"),
    Case(
        "external policy Local stays on the node and keeps the client's address",
        (_LOCAL_PORT, endpoints("web", B1, B3)),
        Question("c1", NODE, NODE_PORT, times=8),
        "b1",
        seen="192.0.2.2",
        seen_otherwise={"userspace": "10.1.1.1"},
    ),
    Case(
        "external policy Local is silent without a pod here",
        (_LOCAL_PORT, endpoints("web", B3)),
        Question("c1", NODE, NODE_PORT, times=1),
        SILENCE,
        {"userspace": REFUSAL},
    ),
    Case(
        "external policy Local leaves the cluster address alone",
        (_LOCAL_PORT, endpoints("web", B1, B3)),
        Question("c1", VIP),
        "b1 b3",
    ),
    Case(
        "a pod uses a load balancer's address of policy Local without a pod here",
        (_LOCAL_BALANCER, endpoints("web", B3)),
        Question("b1", BALANCER, times=2),
        "b3",
        {"ipvs": SILENCE, "userspace": REFUSAL},
    ),
    Case(
        "the node uses a load balancer's address of policy Local without a pod here",
        (_LOCAL_BALANCER, endpoints("web", B3)),
        Question("", BALANCER, times=2),
        "b3",
        {"ipvs": SILENCE, "userspace": REFUSAL},
    ),
    Case(
        "internal policy Local stays on the node",
        (service("web", VIP, internal_local=True), endpoints("web", B1, B3)),
        Question("b2", VIP, times=8),
        "b1",
    ),
    Case(
        "internal policy Local is silent without a pod here",
        (service("web", VIP, internal_local=True), endpoints("web", B3)),
        Question("b2", VIP, times=1),
        SILENCE,
        {"userspace": REFUSAL},
    ),
    Case(
        "an external address is served",
        (service("web", VIP, external=_packed(EXTERNAL)), endpoints("web", B1, B2)),
        Question("c1", EXTERNAL),
        "b1 b2",
    ),
    Case(
        "a load balancer serves a source range",
        (_RANGED, endpoints("web", B1, B2)),
        Question("c1", BALANCER, sources=CLIENTS[:3]),
        "b1 b2",
    ),
    Case(
        "a load balancer is silent outside its source ranges",
        (_RANGED, endpoints("web", B1, B2)),
        Question("b1", BALANCER, times=1),
        SILENCE,
        {"userspace": RESET},
    ),
    Case(
        "source ranges are not for the cluster address",
        (_RANGED, endpoints("web", B1, B2)),
        Question("b1", VIP),
        "b1 b2",
    ),
    Case(
        "many clients with affinity are shared out",
        _HELD,
        Question("c1", VIP, sources=CLIENTS, times=16),
        "b1 b2 b3",
    ),
    Case("nobody serving is a refusal", _WEB[:1], Question("c1", VIP, times=20), REFUSAL),
    Case("nobody serving refuses a pod", _WEB[:1], Question("b1", VIP, times=20), REFUSAL),
    Case("nobody serving refuses the node", _WEB[:1], Question("", VIP, times=2), REFUSAL),
    Case(
        "nobody serving a node port is a refusal",
        (service("web", VIP, **_NODE_PORT),),
        Question("c1", NODE, NODE_PORT, times=20),
        REFUSAL,
    ),
    Case(
        "nobody serving UDP is a refusal",
        (service("dns", VIP, ports=(DNS,)),),
        Question("c1", VIP, 53, times=1, udp=True),
        REFUSAL,
    ),
    Case("a port nobody has is refused", _WEB, Question("c1", VIP, 9999, times=2), REFUSAL),
    Case("a port nobody has refuses the node", _WEB, Question("", VIP, 9999, times=1), REFUSAL),
)
