"""Where svcdns may answer other than CoreDNS: a predicate for each row of docs/compatibility.md.

A predicate looks at one question, at both responses, and if need be asks CoreDNS further
questions; it is true only if the difference is exactly the one that its row describes. What no
predicate explains is a fault, of svcdns or of the document.
"""

import ipaddress
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

import dns.rdatatype

from tests.peer.case import Case, Difference, address_of, first_fqdn, is_missing, is_nodata
from tests.peer.clusters import Cluster, Document, is_ready, service_of
from tests.peer.questions import dashed
from tests.peer.replies import UNREADABLE, Reply
from tests.peer.servers import ADDRESS
from tests.peer.stanzas import Stanza

_A, _AAAA, _CNAME, _HINFO, _NS, _PTR, _SOA, _TXT = (
    int(dns.rdatatype.from_text(name))
    for name in ("A", "AAAA", "CNAME", "HINFO", "NS", "PTR", "SOA", "TXT")
)
_ADDRESSES = (_A, _AAAA, _CNAME)
_MOST_BEFORE_UDP = 250
_WEIGHT = re.compile(r" SRV 0 \d+")


def _is_denied_and_exists(case: Case) -> bool:
    """Whether CoreDNS says that the name is missing, and svcdns that it is not."""
    return is_missing(case.theirs) and is_nodata(case.ours)


def txt_of_a_node(case: Case) -> bool:
    if not _is_denied_and_exists(case) or not is_nodata(case.they_say(_HINFO)):
        return False
    is_pointer = case.asked.rrtype == _PTR and case.below == ("ns", "dns")
    return case.asked.rrtype == _TXT or is_pointer


def soa_of_a_missing_name(case: Case) -> bool:
    missing = is_missing(case.ours) and is_missing(case.they_say(_HINFO))
    return case.asked.rrtype == _SOA and is_nodata(case.theirs) and missing


def node_with_names_below(case: Case) -> bool:
    if not _is_denied_and_exists(case):
        return False
    if case.below == ("dns",):
        return True
    if len(case.below) not in (4, 5) or case.below[-1] != "svc":
        return False
    marks = case.below.index("_zone") if "_zone" in case.below[:-3] else -1
    if len(case.below) == 4:
        is_zonal = marks == 0 and case.has_for_them("x", "pin")
        return is_zonal or case.has_for_them("_")
    return marks == 1 and case.below[0] in ("pin", "prefer") and case.has_for_them("x")


def beginning_of_an_address(case: Case) -> bool:
    if case.name[-2:] not in (("in-addr", "arpa"), ("ip6", "arpa")):
        return False
    if not _is_denied_and_exists(case) or case.address:
        return False
    return any(
        _has_pointer(case, address)
        for address in case.cluster.addresses
        if f".{_reverse(address)}".endswith(f".{'.'.join(case.name)}")
    )


def _reverse(address: str) -> str:
    return ipaddress.ip_address(address).reverse_pointer


def _has_pointer(case: Case, address: str) -> bool:
    """Whether an address has a name, as far as CoreDNS responds at all."""
    if case.zone == () or _is_without_service(case.cluster, address):
        return True
    if address in {canonical for _, canonical in _by_hand(case.cluster)}:
        return True
    name = tuple(_reverse(address).split("."))
    return not is_missing(case.they_say(_PTR, name))


def other_type_of_the_version(case: Case) -> bool:
    is_other = case.below == ("dns-version",) and case.asked.rrtype != _TXT
    return is_other and _is_denied_and_exists(case)


def name_server_in_capitals(case: Case) -> bool:
    spelled = tuple(label.decode("latin-1") for label in case.asked.labels)
    if spelled == case.name or case.below not in ((), ("ns", "dns")):
        return False
    if case.theirs is None or case.ours is None or case.theirs.answer:
        return False
    if case.below and not is_missing(case.theirs):
        return False
    return is_nodata(case.ours) if not _is_about_servers(case) else _names_bound_address(case)


def name_server_when_bound(case: Case) -> bool:
    return is_nodata(case.theirs) and _is_about_servers(case) and _names_bound_address(case)


def _is_about_servers(case: Case) -> bool:
    is_server = case.below == ("ns", "dns") and case.asked.rrtype == _A
    return is_server or (case.below == () and case.asked.rrtype == _NS)


def _names_bound_address(case: Case) -> bool:
    if case.ours is None or case.zone is None:
        return False
    zone = "".join(f"{label}." for label in case.zone)
    ttl = 5 if case.stanza.ttl is None else case.stanza.ttl
    address = f"ns.dns.{zone} {ttl} IN A {ADDRESS}"
    if case.asked.rrtype == _NS:
        servers = (f"{zone or '.'} {ttl} IN NS ns.dns.{zone}",)
        return case.ours.answer == servers and case.ours.additional == (address,)
    return case.ours.answer == (address,)


def external_name_of_the_name_server(case: Case) -> bool:
    """The row of NS, seen through an ExternalName: CoreDNS has no address for `ns.dns`."""
    if case.theirs is None or case.ours is None or case.asked.rrtype != _A:
        return False
    links = {record for record in case.ours.answer if " CNAME " in record}
    rest = [record for record in case.ours.answer if record not in links]
    is_ours = len(rest) == 1 and rest[0].startswith("ns.dns.") and rest[0].endswith(ADDRESS)
    return is_ours and bool(links) and set(case.theirs.answer) <= links


def other_type_of_an_address(case: Case) -> bool:
    if not case.address or case.asked.rrtype == _PTR or not _is_denied_and_exists(case):
        return False
    return _has_pointer(case, case.address)


def below_a_pod(case: Case) -> bool:
    below = case.below
    if len(below) not in (4, 5) or below[-1] != "pod" or not is_missing(case.ours):
        return False
    pod = case.they_say(case.asked.rrtype, case.name[len(below) - 3 :])
    return pod is not None and case.theirs is not None and pod.says == case.theirs.says


def address_in_a_slice_without_service(case: Case) -> bool:
    silent = case.theirs is None and case.asked.rrtype == _PTR
    return silent and _is_without_service(case.cluster, case.address)


def _is_without_service(cluster: Cluster, address: str) -> bool:
    return any(
        address in endpoint["addresses"]
        for one in cluster.of("EndpointSlice")
        if not service_of(one)
        for endpoint in one["endpoints"] or ()
        if is_ready(endpoint)
    )


def pointer_below_the_root(case: Case) -> bool:
    silent = case.theirs is None and case.stanza.zones == (".",) and case.asked.rrtype == _PTR
    return silent and case.ours is not None and case.ours.says == "answer"


def eleven_names_in_a_row(case: Case) -> bool:
    if case.theirs is None or case.ours is None:
        return False
    links = {record for record in case.theirs.answer if " CNAME " in record}
    # Zone by zone: what leads to another zone stays, whatever becomes of it there.
    return len(links) > 10 and set(case.ours.answer) <= links


def endpoint_that_is_a_name(case: Case) -> bool:
    if case.asked.rrtype not in _ADDRESSES or case.theirs is None or case.ours is None:
        return False
    if not any(first_fqdn(case.cluster, key) for key in case.services):
        return False
    if case.asked.rrtype == _CNAME:  # CoreDNS answers with whatever it finds first
        return {case.theirs.says, case.ours.says} <= {"answer", "NODATA"}
    ours = set(case.ours.answer)
    if not ours <= set(case.theirs.answer):
        return False
    links = [record.split()[0] for record in case.ours.answer if " CNAME " in record]
    alone = len(links) == len(set(links))
    others = {record.split()[0] for record in ours if " CNAME " not in record}
    return alone and not others & set(links)


def pod_name_with_a_dot(case: Case) -> bool:
    if "endpoint_pod_names" not in case.stanza.flags:
        return False
    theirs, ours = case.theirs, case.ours
    if theirs is None or ours is None:
        return False
    theirs = _in_the_forward_zone(case.stanza, theirs)
    dotted = {
        f"{dashed(_canonical(ip))}.": one["targetRef"]["name"]
        for one in _endpoints(case.cluster)
        if "." in one.get("targetRef", {}).get("name", "") and "hostname" not in one
        for ip in one["addresses"]
    }
    for section in ("answer", "additional"):
        # Two endpoints that share an address share the label now, and with it the weight.
        listed = {_WEIGHT.sub(" SRV 0 -", one) for one in getattr(theirs, section)}
        known = {one for one in listed if not _mentions(one, dotted.values())}
        if is_missing(theirs):
            known = set()  # what is there comes from the next directive
        said = {_WEIGHT.sub(" SRV 0 -", one) for one in getattr(ours, section)}
        if not known <= said or not all(_mentions(one, dotted) for one in said - known):
            return False
    if ours.authority:  # a node above names that exist for us alone
        return is_missing(theirs) and case.below[-1:] == ("svc",)
    return bool(ours.answer)


def _endpoints(cluster: Cluster) -> Iterator[Document]:
    for one in cluster.of("EndpointSlice"):
        yield from one["endpoints"] or ()


def _mentions(record: str, words: Iterable[str]) -> bool:
    return any(word in record for word in words)


def pointer_into_the_reverse_zone(case: Case) -> bool:
    theirs, ours = case.theirs, case.ours
    if theirs is None or ours is None or case.asked.rrtype != _PTR:
        return False
    return bool(ours.answer) and _in_the_forward_zone(case.stanza, theirs).answer == ours.answer


def _in_the_forward_zone(stanza: Stanza, theirs: Reply) -> Reply:
    """Return a reply with targets in the first forward zone, not in the reverse zone before it."""
    if stanza.zones[0] != "in-addr.arpa":
        return theirs
    moved = (one.replace(".svc.in-addr.arpa.", ".svc.cluster.local.") for one in theirs.answer)
    return replace(theirs, answer=tuple(sorted(moved)))


def service_without_address(case: Case) -> bool:
    if case.theirs is None or not is_nodata(case.ours) or case.asked.rrtype not in _ADDRESSES:
        return False
    waiting = any(
        one["spec"]["type"] != "ExternalName" and not one["spec"].get("clusterIPs")
        for key in case.services
        for one in case.named(key)
    )
    return waiting and any(one.endswith(" CNAME .") for one in case.theirs.answer)


def address_by_hand(case: Case) -> bool:
    theirs, ours = case.theirs, case.ours
    if theirs is None or ours is None:
        return False
    spelled = _by_hand(case.cluster)
    if not spelled:
        return False
    if case.address in {canonical for _, canonical in spelled}:
        return is_missing(theirs) or set(theirs.answer) <= set(ours.answer)
    labels = {f"{dashed(spelling).lower()}." for both in spelled for spelling in both}
    if f"{case.below[0] if case.below else ''}." in labels:
        return is_missing(theirs) or is_missing(ours)
    return theirs.rcode == ours.rcode and all(
        {one for one in getattr(theirs, section) if not _mentions(one, labels)}
        == {one for one in getattr(ours, section) if not _mentions(one, labels)}
        for section in ("answer", "additional")
    )


def _by_hand(cluster: Cluster) -> set[tuple[str, str]]:
    """Return the addresses of endpoints that are not as RFC 5952 spells them, and how it does."""
    found = {ip for one in _endpoints(cluster) for ip in one["addresses"]}
    return {(ip, _canonical(ip)) for ip in found if ip != _canonical(ip)}


def _canonical(address: str) -> str:
    """Return an address as RFC 5952 spells it; an IPv4 address and a name stay."""
    return str(ipaddress.ip_address(address)) if ":" in address else address


def tree_of_a_reverse_zone(case: Case) -> bool:
    is_tree = case.below in (("svc",), ("pod",)) and not case.is_in_forward_zone
    theirs = is_nodata(case.theirs) or (case.asked.rrtype == _TXT and is_missing(case.theirs))
    return is_tree and theirs and is_missing(case.ours)


def any_port_of_an_external_name(case: Case) -> bool:
    if not is_missing(case.ours) or case.theirs is None or len(case.below) != 5:
        return False
    ports = {label.removeprefix("_") for label in case.below[:2]}
    names = [one for key in case.services[:1] for one in case.named(key)]
    return ports == {""} and any(one["spec"]["type"] == "ExternalName" for one in names)


def label_before_an_ipv6_address(case: Case) -> bool:
    if case.asked.rrtype != _PTR or not is_missing(case.ours):
        return False
    # CoreDNS parts the text of the name, at a dot within a label too.
    parts = [part for label in case.name for part in label.replace(".", "\\.").split(".")]
    if parts[-2:] != ["ip6", "arpa"]:
        return False
    if len(case.name) != len(parts) or ":" in "".join(parts):
        return case.theirs is None or case.theirs.says == "answer"
    if not 34 < len(parts) < 38:
        return False
    whole = case.name[-34:]
    if case.theirs is None:
        return case.zone == () or _is_without_service(case.cluster, address_of(whole))
    pointer = case.they_say(_PTR, whole)
    return pointer is not None and pointer.says == case.theirs.says


def name_server_of_the_root(case: Case) -> bool:
    is_server = case.stanza.zones == (".",) and case.below == ("ns", "dns")
    if not is_server or not is_missing(case.theirs):
        return False
    return _names_bound_address(case) if case.asked.rrtype == _A else is_nodata(case.ours)


def name_server_with_more_behind_it(case: Case) -> bool:
    zone = case.zone or ()
    doubled = case.below[: len(zone) + 2] == ("ns", "dns", *zone) and zone != ()
    theirs = is_nodata(case.theirs) or (case.asked.rrtype == _TXT and is_missing(case.theirs))
    return doubled and theirs and is_missing(case.ours)


def whoami_without_room(case: Case) -> bool:
    if case.theirs is None or case.ours is None or case.theirs.rcode != UNREADABLE:
        return False
    is_whoami = len(case.ours.additional) == 1 and case.ours.additional[0].endswith(ADDRESS)
    return len(case.asked.name) > _MOST_BEFORE_UDP and is_whoami


def pod_that_was_ending(case: Case) -> bool:
    if case.below[-1:] != ("pod",) or len(case.below) != 3 or case.stanza.pods != "verified":
        return False
    label, namespace, _ = case.below
    return not is_missing(case.ours) and any(
        dashed_pod(ip["ip"]) == label
        for one in case.cluster.of("Pod")
        if one["metadata"]["namespace"] == namespace and "deletionTimestamp" in one["metadata"]
        for ip in one["status"].get("podIPs", ())
    )


def dashed_pod(address: str) -> str:
    """Return the label of a Pod's name."""
    return address.replace(".", "-").replace(":", "-")


DIFFERENCES = (
    Difference("TXT of the zone, `svc`, `pod`", txt_of_a_node),
    Difference("SOA of a name that does not exist", soa_of_a_missing_name),
    Difference("a node with names below it", node_with_names_below),
    Difference("the beginning of an address", beginning_of_an_address),
    Difference("types other than TXT of `dns-version`", other_type_of_the_version),
    Difference("NS of the zone and `ns.dns`, in capital letters", name_server_in_capitals),
    Difference("types other than PTR of an address that is known", other_type_of_an_address),
    Difference("`LABEL.ADDRESS.NAMESPACE.pod`", below_a_pod),
    Difference(
        "PTR of an address that is also in an EndpointSlice without a Service",
        address_in_a_slice_without_service,
    ),
    Difference("PTR with the zone `.`", pointer_below_the_root),
    Difference("more than ten ExternalNames in a row", eleven_names_in_a_row),
    Difference("NS of the zone and `ns.dns`, started with a bind address", name_server_when_bound),
    Difference(
        "NS of the zone and `ns.dns`, started with a bind address",
        external_name_of_the_name_server,
    ),
    Difference("several endpoints of one Service in slices of type FQDN", endpoint_that_is_a_name),
    Difference("an endpoint whose Pod has a dot in its name", pod_name_with_a_dot),
    Difference("PTR with the zones `in-addr.arpa cluster.local`", pointer_into_the_reverse_zone),
    Difference("a ClusterIP Service that has no address yet", service_without_address),
    Difference("an endpoint whose IPv6 address is not spelled", address_by_hand),
    Difference("`svc` and `pod` below a reverse zone", tree_of_a_reverse_zone),
    Difference("`_._.SERVICE…` of an ExternalName", any_port_of_an_external_name),
    Difference("labels before a whole IPv6 address", label_before_an_ipv6_address),
    Difference("`ns.dns` with the zone `.`", name_server_of_the_root),
    Difference("`ns.dns.cluster.local` below the zone", name_server_with_more_behind_it),
    Difference("a Pod that was terminating already", pod_that_was_ending),
    Difference("`whoami` for a name that leaves no room", whoami_without_room),
)


def explain(case: Case) -> list[str] | None:
    """Return the row that explains what is said; None if none does."""
    if not _is_sound(case):
        return None
    return next(([one.row] for one in DIFFERENCES if one.explains(case)), None)


def _is_sound(case: Case) -> bool:
    """Whether all is in order but for what the responses say about the name."""
    theirs, ours = case.theirs, case.ours
    if ours is None or not ours.spelling or ours.question != case.asked.question:
        return False
    if theirs is None or theirs.rcode == UNREADABLE:
        return True
    if theirs.authority and ours.authority and theirs.authority != ours.authority:
        return False
    if is_missing(ours):
        return _is_missing_rightly(case, ours)
    return theirs.flags == ours.flags or is_missing(theirs)


def _is_missing_rightly(case: Case, ours: Reply) -> bool:
    """Whether ours is missing in CoreDNS's way: NXDOMAIN, or passed on as `fallthrough` says."""
    if len(case.asked.name) > _MOST_BEFORE_UDP - 5:
        return True  # there is no room for a name below it
    certainly = case.they_say(_HINFO, ("x",) * 5 + case.name)
    return certainly is None or not certainly.is_readable or certainly.says == ours.says
