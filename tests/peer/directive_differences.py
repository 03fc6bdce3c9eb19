"""Where other directives than `kubernetes` may answer otherwise: a predicate for each row.

The rows are those of docs/compatibility.md, as with `tests.peer.differences`. Some are about
EDNS alone; those are looked at apart.
"""

from collections.abc import Iterable
from dataclasses import replace

import dns.rdatatype

from tests.peer.case import Case, Difference, is_missing, is_nodata
from tests.peer.comparing import Explanations, cut_rows
from tests.peer.replies import SECTIONS, UNREADABLE, Edns, Reply, differs, without_ttl
from tests.peer.servers import ADDRESS
from tests.peer.wire_differences import SERVER_SIZE, explain_edns

_A, _AAAA, _DS, _HINFO, _NS, _PTR, _SOA = (
    int(dns.rdatatype.from_text(name)) for name in ("A", "AAAA", "DS", "HINFO", "NS", "PTR", "SOA")
)
_LABELS_OF_IPV6 = 34
_TRANSFERS = (int(dns.rdatatype.AXFR), int(dns.rdatatype.IXFR))
_RD, _CD, _DO = 0x0100, 0x0010, 0x8000
_EXTENDED_ERROR = 15


def spelling_of_the_question(case: Case) -> bool:
    """Only ours spells the names of its answer as the question does."""
    theirs, ours = case.theirs, case.ours
    if theirs is None or ours is None or theirs.spelling or not ours.spelling:
        return False
    return not differs(replace(theirs, spelling=True), ours, case.stanza.slack)


def flags_of_the_query(case: Case) -> bool:
    """Only RD and CD differ, and ours are those of the query."""
    asked = {name for name, bit in (("RD", _RD), ("CD", _CD)) if case.asked.flags & bit}
    unlike = _unlike_flags(case) if case.stanza.has("forward") else set()
    ours = set(case.ours.flags.split()) if case.ours is not None else set()
    return bool(unlike) and unlike <= {"RD", "CD"} and unlike & ours == unlike & asked


def recursion_of_an_address_that_was_made(case: Case) -> bool:
    is_made = case.stanza.has("dns64") and case.asked.rrtype == _AAAA
    return is_made and _unlike_flags(case) == {"RA"}


def _unlike_flags(case: Case) -> set[str]:
    """Return the bits that differ if nothing else does."""
    theirs, ours = case.theirs, case.ours
    if theirs is None or ours is None:
        return set()
    if differs(replace(theirs, spelling=True), replace(ours, flags=theirs.flags), _slack(case)):
        return set()
    return set(theirs.flags.split()) ^ set(ours.flags.split())


def _slack(case: Case) -> int:
    return case.stanza.slack


def labels_before_an_address(case: Case) -> bool:
    is_below = case.name[-2:] == ("ip6", "arpa") and len(case.name) > _LABELS_OF_IPV6
    if not is_below or case.asked.rrtype != _PTR or not case.stanza.has("hosts"):
        return False
    above = case.they_say(_PTR, case.name[-_LABELS_OF_IPV6:])
    return above is not None and case.theirs is not None and above.says == case.theirs.says


def ds_in_the_block_above(case: Case) -> bool:
    """DS of a zone that has a block of its own, beside that of the root."""
    keys = [line.split(":")[0] for line in case.stanza.corefile(0).splitlines() if ":0" in line]
    zone = ".".join(case.name)
    return case.asked.rrtype == _DS and zone in keys and "." in keys


def header_of_a_failure(case: Case) -> bool:
    is_failure = case.ours is not None and case.ours.rcode in ("REFUSED", "SERVFAIL")
    return is_failure and case.stanza.has("header") and bool(_unlike_flags(case))


def transfer_through_a_forwarder(case: Case) -> bool:
    is_refused = case.ours is not None and case.ours.rcode == "REFUSED"
    return is_refused and case.asked.rrtype in _TRANSFERS and case.stanza.has("forward")


def soa_of_a_missing_name_by_another(case: Case) -> bool:
    """The row of `kubernetes`, for a name that a rule has made."""
    is_soa = case.asked.rrtype == _SOA and case.stanza.has("rewrite")
    if not is_soa or not is_nodata(case.theirs) or not is_missing(case.ours):
        return False
    return is_missing(case.they_say(_HINFO))


def name_server_when_bound(case: Case) -> bool:
    """Ours has the address that is bound, theirs none."""
    theirs, ours = case.theirs, case.ours
    if theirs is None or ours is None or not _is_bound_address(ours):
        return False
    if case.asked.rrtype == _NS:
        return not differs(theirs, replace(ours, additional=()))
    return is_nodata(theirs)


def _is_bound_address(reply: Reply) -> bool:
    lines = reply.additional or reply.answer
    return len(lines) == 1 and lines[0].startswith("ns") and lines[0].endswith(f" A {ADDRESS}")


def ttl_of_k8s_external(case: Case) -> bool:
    theirs, ours = case.theirs, case.ours
    if theirs is None or ours is None or not case.stanza.has("k8s_external"):
        return False
    ttls = {_ttl(line) for line in (*ours.answer, *ours.additional)}
    return len(ttls) == 1 and not differs(_without_ttls(theirs), _without_ttls(ours))


def alias_for_each_port(case: Case) -> bool:
    """Only theirs has a CNAME, and what is behind it, several times."""
    theirs, ours = case.theirs, case.ours
    if theirs is None or ours is None or not case.stanza.has("k8s_external"):
        return False
    is_said_again = len(set(theirs.answer)) < len(theirs.answer)
    once = replace(theirs, answer=tuple(sorted(set(theirs.answer))))
    return is_said_again and not differs(once, replace(ours, answer=tuple(sorted(ours.answer))))


def names_beside_addresses(case: Case) -> bool:
    """Theirs has CNAMEs beside addresses or beside one another, ours what one name may have."""
    if case.theirs is None or case.ours is None or not case.stanza.has("k8s_external"):
        return False
    theirs, ours = _at_the_name(case, case.theirs), _at_the_name(case, case.ours)
    names = {line for line in theirs if line.split()[3] == "CNAME"}
    if not names:
        return False
    addresses = [_at_the_name(case, reply) for reply in map(case.they_say, (_A, _AAAA)) if reply]
    if any(lines - names for lines in addresses):
        return ours == theirs - names
    return len(names) > 1 and len(ours) == 1 and ours < names


def _at_the_name(case: Case, reply: Reply) -> set[str]:
    """Return the answer's records at the name that was asked for."""
    asked = ".".join((*case.name, ""))
    return {line for line in reply.answer if line.split()[0].lower() == asked}


def alias_of_autopath(case: Case) -> bool:
    """Theirs has the CNAME of an ExternalName twice, with two TTLs."""
    theirs, ours = case.theirs, case.ours
    if theirs is None or ours is None or not case.stanza.has("autopath"):
        return False
    texts = sorted(set(_texts(theirs.answer)))
    return len(texts) < len(theirs.answer) and texts == sorted(_texts(ours.answer))


def minimum_of_a_denial(case: Case) -> bool:
    """A denial whose SOA says less in its MINIMUM than in its TTL."""
    theirs, ours = case.theirs, case.ours
    if theirs is None or ours is None or not any(" SOA " in one for one in ours.authority):
        return False
    if differs(replace(_without_ttls(theirs), spelling=True), _without_ttls(ours)):
        return False
    minimum = next(int(one.split()[-1]) for one in ours.authority if " SOA " in one)
    return max(map(_ttl, ours.authority)) <= minimum < max(map(_ttl, theirs.authority))


def minimum_in_a_cache(case: Case) -> bool:
    return case.stanza.has("cache") and minimum_of_a_denial(case)


def own_answer_passes_a_cache(case: Case) -> bool:
    """Only TTLs differ: theirs are those of a cache, ours as the cluster has them."""
    theirs, ours = case.theirs, case.ours
    if theirs is None or ours is None or not case.stanza.has("cache"):
        return False
    if "AA" not in ours.flags.split() or not (ours.answer or ours.authority):
        return False
    return not differs(replace(_without_ttls(theirs), spelling=True), _without_ttls(ours))


def minimum_in_a_file(case: Case) -> bool:
    return case.stanza.has("file") and minimum_of_a_denial(case)


def _ttl(line: str) -> int:
    return without_ttl(line)[1]


def _without_ttls(reply: Reply) -> Reply:
    bare = {part: _texts(getattr(reply, part)) for part in SECTIONS}
    return replace(
        reply,
        answer=bare["answer"],
        authority=bare["authority"],
        additional=bare["additional"],
    )


def _texts(lines: Iterable[str]) -> tuple[str, ...]:
    return tuple(" 0 ".join(without_ttl(line)[0].split(" ", 1)) for line in lines)


def alias_without_such_records(case: Case) -> bool:
    theirs, ours = case.theirs, case.ours
    if theirs is None or ours is None or not case.stanza.has("file"):
        return False
    same = replace(ours, authority=theirs.authority)
    are_links = bool(ours.answer) and all(" CNAME " in line for line in ours.answer)
    if not are_links or differs(replace(theirs, spelling=True), same):
        return False
    kinds = [{line.split()[3] for line in one.authority} for one in (theirs, ours)]
    return kinds == [{"NS"}, {"SOA"}] and ours.rcode == "NOERROR"


def aliases_in_a_circle(case: Case) -> bool:
    theirs, ours = case.theirs, case.ours
    if theirs is None or ours is None or not case.stanza.has("file"):
        return False
    once = replace(theirs, answer=tuple(sorted(set(theirs.answer))), spelling=True)
    if theirs.rcode == "SERVFAIL":  # so it is for some types, with one alias less
        once = replace(once, rcode=ours.rcode)
    return len(theirs.answer) in (9, 10) and not differs(once, ours)


def type_of_the_question(case: Case) -> bool:
    """Their question has the type that a rule has made of it."""
    theirs, ours = case.theirs, case.ours
    if theirs is None or ours is None or not case.stanza.has("rewrite continue type"):
        return False
    is_theirs_alone = theirs.question != case.asked.question == ours.question
    own = replace(theirs, question=ours.question, spelling=True)
    return is_theirs_alone and not differs(own, ours)


def letters_of_a_cname(case: Case) -> bool:
    """A rule about CNAMEs that is meant for the name in small letters only."""
    theirs, ours = case.theirs, case.ours
    spelled = b".".join(case.asked.labels)
    if theirs is None or ours is None or spelled == spelled.lower():
        return False
    if not case.stanza.has("rewrite cname") or ours.question != case.asked.question:
        return False
    return theirs.flags == ours.flags and theirs.answer[:1] != ours.answer[:1]


def several_cnames(case: Case) -> bool:
    theirs, ours = case.theirs, case.ours
    if theirs is None or ours is None or not case.stanza.has("rewrite cname"):
        return False
    is_alike = (theirs.flags, theirs.rcode) == (ours.flags, ours.rcode)
    return is_alike and b"chain" in case.asked.name.lower() and bool(ours.answer)


def whoami_of_another_class(case: Case) -> bool:
    is_theirs = case.theirs is not None and case.theirs.rcode == UNREADABLE
    return is_theirs and case.asked.rrclass != 1 and case.stanza.has("whoami")


DIFFERENCES = (
    Difference("names in an answer that are the question's", spelling_of_the_question),
    Difference("`forward`: RD and CD of a reply", flags_of_the_query),
    Difference("`cache`: how long a denial is kept", minimum_in_a_cache),
    Difference("`cache`: answers of our own zones", own_answer_passes_a_cache),
    Difference("`dns64`: RA of an answer that was made", recursion_of_an_address_that_was_made),
    Difference("`file`: TTL of the SOA of a denial", minimum_in_a_file),
    Difference("`file`: an alias to a name without such records", alias_without_such_records),
    Difference("`file`: aliases in a circle", aliases_in_a_circle),
    Difference("`rewrite continue type`", type_of_the_question),
    Difference("`rewrite cname`: letter case", letters_of_a_cname),
    Difference("`rewrite cname`: several CNAMEs match", several_cnames),
    Difference("`hosts`: labels before a whole IPv6 address", labels_before_an_address),
    Difference("DS of a zone, with the block `.` beside its own", ds_in_the_block_above),
    Difference("`header`: REFUSED and SERVFAIL", header_of_a_failure),
    Difference("`forward`: AXFR and IXFR", transfer_through_a_forwarder),
    Difference("`autopath`: a Service of type ExternalName", alias_of_autopath),
    Difference("`k8s_external`: its name server", name_server_when_bound),
    Difference("`k8s_external`: a CNAME that is said for each port", alias_for_each_port),
    Difference("`k8s_external { headless }`: endpoints", names_beside_addresses),
    Difference("`k8s_external`: TTL of CNAME and SRV", ttl_of_k8s_external),
    Difference("SOA of a name that does not exist", soa_of_a_missing_name_by_another),
    Difference("`whoami` in another class", whoami_of_another_class),
)


def explain_content(case: Case) -> list[str] | None:
    """Return the row that explains what is said; None if none does."""
    return next(([one.row] for one in DIFFERENCES if one.explains(case)), None)


def _brings_an_error(case: Case) -> bool:
    """Whether theirs has an OPT with a reason and DO, where ours is as the query was."""
    theirs = case.theirs.edns if case.theirs is not None else None
    if theirs is None or [code for code, _ in theirs.options] != [_EXTENDED_ERROR]:
        return False
    ours = _own(case)
    if ours is None:
        return not case.asked.opt
    code = theirs.options[0][1][:2]
    return bool(theirs.flags & _DO) and [
        (option, content[:2]) for option, content in ours.options
    ] == [(_EXTENDED_ERROR, code)]


def _own(case: Case) -> Edns | None:
    """Return our OPT if it is in order."""
    ours = case.ours.edns if case.ours is not None else None
    return ours if ours is not None and ours.flags == case.asked.dnssec_ok * _DO else None


def reason_of_acl(case: Case) -> bool:
    return case.stanza.has("acl") and _brings_an_error(case)


def error_of_a_template(case: Case) -> bool:
    return case.stanza.has("ederror") and _brings_an_error(case)


def opt_of_a_rule(case: Case) -> bool:
    is_theirs_alone = case.ours is not None and case.ours.edns is None and not case.asked.opt
    return is_theirs_alone and case.stanza.has("rewrite edns0")


def flag_of_nsid(case: Case) -> bool:
    theirs = case.theirs.edns if case.theirs is not None else None
    ours = _own(case)
    if theirs is None or ours is None or not case.stanza.has("nsid"):
        return False
    return theirs.options == ours.options and bool(theirs.flags & _DO)


def flags_as_a_ttl(case: Case) -> bool:
    """A rule about TTLs has changed the flags in their OPT."""
    theirs = case.theirs.edns if case.theirs is not None else None
    ours = _own(case)
    if theirs is None or ours is None or not case.stanza.has("rewrite ttl"):
        return False
    return theirs.options == ours.options and theirs.flags != ours.flags


CUT_BY_UPSTREAM = "`forward`: a truncated answer, without `prefer_udp`"
OPT_DIFFERENCES = (
    Difference("`acl`: the reason of REFUSED", reason_of_acl),
    Difference("`template { ederror", error_of_a_template),
    Difference("`rewrite`: a query without EDNS, and an `edns0` rule", opt_of_a_rule),
    Difference("`nsid`: the flag DO", flag_of_nsid),
    Difference("`rewrite ttl`, and the OPT of an upstream", flags_as_a_ttl),
)


def explain_opt(case: Case) -> list[str] | None:
    """Return the rows that explain how the OPT records differ; None if they do not suffice."""
    own = next(([one.row] for one in OPT_DIFFERENCES if one.explains(case)), None)
    if own is not None or case.theirs is None or case.ours is None:
        return own
    theirs, ours = case.theirs.edns, case.ours.edns
    if theirs is not None and ours is not None:  # what both have says nothing about a reason
        both = {*theirs.options} & {*ours.options}
        theirs, ours = (
            edns._replace(options=tuple(one for one in edns.options if one not in both))
            for edns in (theirs, ours)
        )
    return explain_edns(theirs, ours)


def explain_cut(case: Case) -> list[str] | None:
    """Return the rows that explain how responses are cut; None if they do not suffice."""
    theirs, ours = case.theirs, case.ours
    size = min(case.asked.udp_size, case.stanza.udp_limit, SERVER_SIZE)
    if theirs is None or ours is None or ours.is_truncated or not case.stanza.has("forward"):
        return cut_rows(case)
    is_whole = theirs.is_truncated and not theirs.answer and ours.size <= size
    return [CUT_BY_UPSTREAM] if is_whole else None


FORWARDED = Explanations(explain_content, explain_opt, explain_cut)
