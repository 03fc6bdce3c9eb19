"""One question and what came of it, as predicates about differences look at it.

What a predicate needs to know of the cluster it reads from the objects themselves, or asks
CoreDNS: no code of svcdns judges svcdns.
"""

import ipaddress
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import dns.rdatatype

from tests.peer.clusters import Cluster, Document, service_of
from tests.peer.questions import Ask, Labels
from tests.peer.replies import UNREADABLE, Reply
from tests.peer.servers import Pair
from tests.peer.stanzas import Stanza

_HINFO = int(dns.rdatatype.HINFO)
_NODES_ABOVE = 12
"""CNAMEs in a row that are looked through."""

AskThem = Callable[[Labels, int], Reply | None]
"""Ask CoreDNS, with the same stanza, about a name and a type."""


@dataclass(frozen=True)
class Case:
    """One question and what came of it."""

    cluster: Cluster
    pair: Pair
    asked: Ask
    theirs: Reply | None
    ours: Reply | None
    ask_them: AskThem

    @property
    def stanza(self) -> Stanza:
        """Of both servers."""
        return self.pair.stanza

    @cached_property
    def name(self) -> tuple[str, ...]:
        """The labels of the question in lower case."""
        return tuple(label.decode("latin-1").lower() for label in self.asked.labels)

    @cached_property
    def zone(self) -> tuple[str, ...] | None:
        """The zone of the stanza that the name is in."""
        zones = [tuple(filter(None, zone.split("."))) for zone in self.stanza.all_zones]
        within = [zone for zone in zones if self.name[len(self.name) - len(zone) :] == zone]
        return max(within, key=len, default=None)

    @cached_property
    def below(self) -> tuple[str, ...]:
        """The labels of the name left of its zone."""
        return self.name[: len(self.name) - len(self.zone or ())]

    @cached_property
    def address(self) -> str:
        """The address the name is the reverse name of; empty if it is none."""
        return address_of(self.name)

    def they_say(self, rrtype: int, name: tuple[str, ...] | None = None) -> Reply | None:
        """Return what CoreDNS says to another type or name, in lower case."""
        labels = self.name if name is None else name
        return self.ask_them(tuple(label.encode("latin-1") for label in labels), rrtype)

    def has_for_them(self, *left: str) -> bool:
        """Whether CoreDNS knows the name with these labels in front of it."""
        reply = self.they_say(_HINFO, (*left, *self.name))
        return reply is not None and not is_missing(reply)

    @property
    def is_in_forward_zone(self) -> bool:
        """Whether the zone is no reverse zone."""
        return self.zone is not None and self.zone[-1:] != ("arpa",)

    @cached_property
    def services(self) -> list[tuple[str, str]]:
        """The Services the answer is about: that of the name, and those it leads to by CNAMEs."""
        found: list[tuple[str, str]] = []
        name = self.below
        for _ in range(_NODES_ABOVE):
            if name[-1:] != ("svc",) or len(name) < 3:
                break
            key = (name[-2], name[-3])
            found.append(key)
            target = next((one["spec"].get("externalName", "") for one in self.named(key)), "")
            target = target or first_fqdn(self.cluster, key)
            zone = self.zone or ()
            name = tuple(target.rstrip(".").split("."))
            name = name[: len(name) - len(zone)] if name[-len(zone) :] == zone else ()
        return found

    def named(self, key: tuple[str, str]) -> Iterator[Document]:
        """Yield the Service of that key, if there is one."""
        for one in self.cluster.of("Service"):
            if (one["metadata"]["namespace"], one["metadata"]["name"]) == key:
                yield one


def first_fqdn(cluster: Cluster, key: tuple[str, str]) -> str:
    for one in cluster.of("EndpointSlice"):
        if one["addressType"] == "FQDN" and _belongs(one, key):
            for endpoint in one["endpoints"] or ():
                return str(endpoint["addresses"][0])
    return ""


def _belongs(one: Document, key: tuple[str, str]) -> bool:
    return (one["metadata"]["namespace"], service_of(one)) == key


def address_of(name: tuple[str, ...]) -> str:
    """Return the address that a name is the reverse name of; empty if it is none."""
    try:
        if name[-2:] == ("in-addr", "arpa") and len(name) == 6:
            return str(ipaddress.IPv4Address(".".join(name[3::-1])))
        if name[-2:] == ("ip6", "arpa") and len(name) == 34:
            digits = "".join(name[31::-1])
            return str(ipaddress.IPv6Address(bytes.fromhex(digits)))
    except ValueError:
        pass
    return ""


def is_missing(reply: Reply | None) -> bool:
    """Return whether a reply says that a name does not exist, or was passed on as such."""
    if reply is None:
        return False
    # Passed on to nobody, or the lists are not in yet; or passed on to `whoami`, see its row.
    if reply.rcode in ("SERVFAIL", UNREADABLE):
        return True
    seen_by_whoami = reply.says == "empty" and any(" SRV " in one for one in reply.additional)
    return reply.rcode == "NXDOMAIN" or seen_by_whoami


def is_nodata(reply: Reply | None) -> bool:
    """Return whether a reply is NODATA."""
    return reply is not None and reply.is_nodata


class Difference(NamedTuple):
    """One way in which svcdns may differ."""

    row: str
    """The first cell of a row of docs/compatibility.md, or its beginning."""
    explains: Callable[[Case], bool]
