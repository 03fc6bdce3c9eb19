"""After a change the very next answer is right, and nothing else has been forgotten."""

from collections.abc import Iterable, Sequence

import dns.message
from hypothesis import given, settings
from hypothesis import strategies as st

from svcdns.answers.lookup import Stanza
from svcdns.answers.settings import KubernetesSettings
from svcdns.app.feed import Feed, View
from svcdns.cluster.change import WatchEvent
from svcdns.cluster.model import (
    EndpointPort,
    EndpointSlice,
    Namespace,
    Object,
    Pod,
    Service,
    ServicePort,
)
from svcdns.route.exchange import Exchange
from svcdns.route.route import Route
from svcdns.route.router import Router
from svcdns.wire.codes import RRType
from svcdns.wire.edns import BARE_OPT
from svcdns.wire.name import from_text, pack_address
from tests.support.stubs import FixedClient, packet, question, steps_of

ZONES = ("cluster.local.", "in-addr.arpa.", "ip6.arpa.")
CLIENT = FixedClient()
HTTP = (ServicePort("http", "TCP", 80),)


class Objects:
    """A source that has these objects, whatever the selectors."""

    def __init__(self, objects: Iterable[Object]) -> None:
        self._objects = tuple(objects)

    def objects(self, labels: str, namespace_labels: str) -> tuple[Object, ...]:
        assert not labels + namespace_labels
        return self._objects


class Server:
    """One kubernetes stanza behind one exchange, fed by hand."""

    def __init__(self) -> None:
        self.feed = Feed()
        zones = tuple(from_text(zone) for zone in ZONES)
        self.stanza = Stanza(KubernetesSettings(zones=zones, pods="verified"), self.feed.state())
        routes = [
            Route(
                zone, from_text(zone), steps_of(lambda query, _: self.stanza.find(query.question))
            )
            for zone in ZONES
        ]
        self.exchange = Exchange("dns://:53", Router(routes), clock=lambda: 0.0, on_bug=_raise)
        self.feed.serve({View(): [self.stanza.settings]}, [self.exchange])

    def octets(self, name: str, rrtype: int) -> bytes:
        response = self.exchange.respond(packet(question(name, rrtype), opt=BARE_OPT), CLIENT)
        assert isinstance(response, bytes)
        return response

    def ask(self, name: str, rrtype: int) -> tuple[object, ...]:
        """All that a response says, but for the serial and the order of records."""
        response = self.octets(name, rrtype)
        message = dns.message.from_wire(response)
        return (
            message.rcode(),
            _records(message.answer),
            _records(message.additional),
            [rrset.name.to_text() for rrset in message.authority],
            [option.to_text() for option in message.options],
        )


def _raise(error: Exception, _: object) -> None:
    raise error


def _records(section: Sequence[dns.rrset.RRset]) -> list[str]:
    return sorted(line for rrset in section for line in rrset.to_text().splitlines())


def service(namespace: str, name: str, *addresses: str, **fields: object) -> Service:
    packed = tuple(map(pack_address, addresses))
    return Service(namespace, name, addresses=packed, ports=HTTP, **fields)  # type: ignore[arg-type]


def endpoints(namespace: str, name: str, *addresses: str, **columns: object) -> EndpointSlice:
    packed = b"".join(map(pack_address, addresses))
    fields = {"conditions": b"\x03" * len(addresses)} | columns
    ports = (EndpointPort("http", "TCP", 8080),)
    return EndpointSlice(namespace, f"{name}-x", name, 4, packed, ports=ports, **fields)  # type: ignore[arg-type]


def test_before_the_first_batch_missing_names_fail_and_afterwards_they_do_not_exist() -> None:
    server = Server()
    name = "web.shop.svc.cluster.local."
    before = server.ask(name, RRType.A)

    server.feed.apply(Objects([Namespace("shop")]), now=1)

    assert before[0] == 2
    assert server.ask(name, RRType.A)[0] == 3


def test_a_new_endpoint_is_in_the_next_answer() -> None:
    server = Server()
    headless = service("shop", "db", headless=True)
    first: list[Object] = [Namespace("shop"), headless, endpoints("shop", "db", "10.1.0.1")]
    server.feed.apply(Objects(first), now=1)
    server.ask("db.shop.svc.cluster.local.", RRType.A)

    changes = server.feed.apply(
        Objects([*first[:2], endpoints("shop", "db", "10.1.0.1", "10.1.0.2")]), now=2
    )

    assert changes == 1
    assert server.ask("db.shop.svc.cluster.local.", RRType.A)[1] == [
        "db.shop.svc.cluster.local. 5 IN A 10.1.0.1",
        "db.shop.svc.cluster.local. 5 IN A 10.1.0.2",
    ]


def test_a_change_forgets_only_what_depends_on_it() -> None:
    server = Server()
    web, db = service("shop", "web", "10.96.0.1"), service("shop", "db", "10.96.0.2")
    server.feed.apply(Objects([Namespace("shop"), web, db]), now=1)
    server.ask("web.shop.svc.cluster.local.", RRType.A)
    server.ask("db.shop.svc.cluster.local.", RRType.A)
    assert len(server.exchange) == 2

    server.feed.apply(Objects([Namespace("shop"), web, service("shop", "db", "10.96.0.3")]), now=2)

    assert len(server.exchange) == 1


def test_a_batch_that_changes_nothing_forgets_nothing() -> None:
    server = Server()
    objects = Objects([Namespace("shop"), service("shop", "web", "10.96.0.1")])
    server.feed.apply(objects, now=1)
    server.ask("web.shop.svc.cluster.local.", RRType.A)

    assert server.feed.apply(objects, now=2) == 0

    assert len(server.exchange) == 1
    assert server.feed.last_change == 1


WEB = "web.shop.svc.cluster.local."


def test_a_list_of_one_kind_replaces_that_kind_alone() -> None:
    server = Server()
    server.feed.replace(View(), Namespace, [Namespace("shop")], now=1)
    server.feed.replace(View(), Service, [service("shop", "web", "10.96.0.1")], now=2)

    changes = server.feed.replace(View(), Service, [service("shop", "db", "10.96.0.2")], now=3)

    state = server.feed.state()
    assert changes == 2
    assert (state.count(Namespace), state.count(Service)) == (1, 1)
    assert server.feed.last_change == 3


def test_a_list_that_says_what_is_known_changes_nothing() -> None:
    server = Server()
    objects = [service("shop", "web", "10.96.0.1")]
    server.feed.replace(View(), Service, objects, now=1)

    assert server.feed.replace(View(), Service, list(objects), now=2) == 0
    assert server.feed.last_change == 1


def test_a_first_list_of_a_kind_is_in_the_next_answer() -> None:
    server = Server()
    server.feed.replace(View(), Namespace, [Namespace("shop")], now=1)
    server.feed.complete(View())
    before = server.ask(WEB, RRType.A)[0]

    server.feed.replace(View(), Service, [service("shop", "web", "10.96.0.1")], now=2)

    assert before == 3
    assert server.ask(WEB, RRType.A)[1] == [f"{WEB} 5 IN A 10.96.0.1"]


def test_a_change_of_one_object_is_in_the_next_answer() -> None:
    server = Server()
    first: list[Object] = [Namespace("shop"), service("shop", "web", "10.96.0.1")]
    server.feed.apply(Objects(first), now=1)
    server.ask(WEB, RRType.A)
    moved = service("shop", "web", "10.96.0.9")

    assert server.feed.change(View(), [WatchEvent(Service, moved.key, moved)], now=2) == 1
    moved_answer = server.ask(WEB, RRType.A)
    server.feed.change(View(), [WatchEvent(Service, moved.key, None)], now=3)

    assert moved_answer[1] == [f"{WEB} 5 IN A 10.96.0.9"]
    assert server.ask(WEB, RRType.A)[0] == 3


def test_what_is_missing_exists_not_only_once_everything_is_known() -> None:
    server = Server()
    server.feed.replace(View(), Namespace, [Namespace("shop")], now=1)
    before = server.ask(WEB, RRType.A)[0]

    server.feed.complete(View())
    server.feed.complete(View())

    assert (before, server.ask(WEB, RRType.A)[0]) == (2, 3)


def test_whoever_goes_through_the_states_is_not_disturbed_by_a_new_one() -> None:
    server = Server()
    seen = iter(server.feed.states())
    first = next(seen)

    new = server.feed.state(View("app=web"))

    assert list(seen) == []
    assert list(server.feed.states()) == [first, new]


def test_what_stanzas_see_decides_whether_they_share_a_state() -> None:
    zones = (from_text("cluster.local"),)
    one, ttl = KubernetesSettings(zones=zones), KubernetesSettings(zones=zones, ttl=30)
    labelled = KubernetesSettings(zones=zones, labels="app=web")
    elsewhere = KubernetesSettings(zones=zones, endpoint=("https://192.0.2.1",))

    assert View.of(one) == View.of(ttl)
    assert len({View.of(one), View.of(labelled), View.of(elsewhere)}) == 3


def test_a_state_that_nobody_sees_any_more_is_forgotten() -> None:
    server = Server()
    other = View("app=web")
    server.feed.replace(other, Service, [service("shop", "web", "10.96.0.1")], now=1)

    server.feed.serve({View(): [server.stanza.settings]}, [server.exchange])

    assert list(server.feed.states()) == [server.feed.state()]


def test_a_change_of_one_view_leaves_the_others() -> None:
    server = Server()
    other = View("app=web")
    server.feed.replace(other, Service, [service("shop", "web", "10.96.0.1")], now=1)

    assert server.feed.state().count(Service) == 0
    assert server.feed.state(other).count(Service) == 1


def test_a_remark_is_in_reasons_that_were_kept_already_and_leaves_them_again() -> None:
    server = Server()
    server.feed.apply(Objects([Namespace("shop")]), now=1)
    plain = [server.ask(WEB, RRType.A)[4] for _ in range(3)]

    server.feed.remark("this is old")
    marked = [server.ask(WEB, RRType.A)[4] for _ in range(3)]
    server.feed.remark("")

    assert all("; this is old" in str(reason) for reason in marked)
    assert [server.ask(WEB, RRType.A)[4] for _ in range(3)] == plain


def test_followers_are_called_after_changes_and_only_then() -> None:
    server = Server()
    called: list[int] = []
    server.feed.follow(lambda: called.append(server.feed.state().count(Namespace)))

    server.feed.replace(View(), Namespace, [Namespace("shop")], now=1)
    server.feed.replace(View(), Namespace, [Namespace("shop")], now=2)
    server.feed.complete(View())

    assert called == [1, 1]


NAMESPACES = st.sampled_from(["shop", "default"])
NAMES = st.sampled_from(["web", "db"])
CLUSTER_ADDRESSES = st.sampled_from(["10.96.0.1", "10.96.0.2", "fd00::1"])
POD_ADDRESSES = st.lists(st.sampled_from(["10.1.0.1", "10.1.0.2", "10.1.1.1"]), max_size=3)


@st.composite
def some_service(draw: st.DrawFn) -> Service:
    namespace, name = draw(NAMESPACES), draw(NAMES)
    match draw(st.sampled_from(["cluster", "headless", "external"])):
        case "headless":
            return service(namespace, name, headless=True)
        case "external":
            target = draw(
                st.sampled_from(
                    ["web.shop.svc.cluster.local", "db.default.svc.cluster.local", "example.org"]
                )
            )
            return Service(namespace, name, "ExternalName", external_name=target)
        case _:
            return service(namespace, name, *draw(st.sets(CLUSTER_ADDRESSES, min_size=1)))


@st.composite
def some_slice(draw: st.DrawFn) -> EndpointSlice:
    addresses = draw(POD_ADDRESSES)
    count = len(addresses)
    conditions = draw(st.lists(st.sampled_from([2, 3]), min_size=count, max_size=count))
    hostnames = draw(st.lists(st.sampled_from(["", "db-0"]), min_size=count, max_size=count))
    return endpoints(
        draw(NAMESPACES),
        draw(NAMES),
        *addresses,
        conditions=bytes(conditions),
        hostnames=tuple(hostnames) if any(hostnames) else (),
    )


OBJECTS = st.lists(
    st.one_of(
        NAMESPACES.map(Namespace),
        some_service(),
        some_slice(),
        st.builds(
            lambda namespace, address: Pod(namespace, f"pod-{address}", (pack_address(address),)),
            NAMESPACES,
            st.sampled_from(["10.1.0.1", "10.1.0.2"]),
        ),
    ),
    max_size=8,
    unique_by=lambda value: (type(value), value.key),
)
QUESTIONS = [
    (name, rrtype)
    for name in (
        *(
            f"{left}{name}.{namespace}.svc.cluster.local."
            for left in ("", "_http._tcp.", "db-0.", "10-1-0-1.")
            for name in ("web", "db")
            for namespace in ("shop", "default")
        ),
        "shop.svc.cluster.local.",
        "10-1-0-1.shop.pod.cluster.local.",
        "1.0.1.10.in-addr.arpa.",
        "1.0.96.10.in-addr.arpa.",
        "0.1.10.in-addr.arpa.",
    )
    for rrtype in (RRType.A, RRType.AAAA, RRType.SRV, RRType.PTR, RRType.TXT)
]


@settings(max_examples=60, deadline=None)
@given(st.lists(OBJECTS, min_size=1, max_size=4))
def test_after_any_changes_answers_equal_those_computed_from_scratch(
    batches: list[list[Object]],
) -> None:
    server = Server()
    for number, batch in enumerate(batches):
        server.feed.apply(Objects(batch), now=number)
        scratch = Server()
        scratch.feed.apply(Objects(batch), now=number)
        for asked in QUESTIONS:
            for _ in ("computed", "kept if it exists", "kept if it is missing", "kept"):
                if server.octets(*asked) != scratch.octets(*asked):
                    assert server.ask(*asked) == scratch.ask(*asked), asked
