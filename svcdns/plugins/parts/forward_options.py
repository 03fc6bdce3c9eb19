"""The options in the block of a `forward` stanza, read one by one.

Each reader takes the words of one option and returns the stanza with it. The texts of mistakes
are CoreDNS's.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

from svcdns.corefile.addresses import expand_zone
from svcdns.corefile.arguments import Words
from svcdns.corefile.directives import suggest
from svcdns.corefile.errors import WordError
from svcdns.corefile.quantities import parse_duration
from svcdns.telemetry.duration import duration_text
from svcdns.upstream.asked import Asked
from svcdns.upstream.endpoint import Transport, read_endpoint
from svcdns.upstream.forwarding import Forwarding
from svcdns.upstream.policy import Policy
from svcdns.upstream.tls import TlsError, TlsFiles, context_of
from svcdns.wire.codes import RD, RCode, RRType
from svcdns.wire.name import from_text, lower
from svcdns.wire.question import Question

Reader = Callable[[Words, Forwarding], Forwarding]

_RCODES = {rcode.name: int(rcode) for rcode in RCode}


def _except(option: Words, stanza: Forwarding) -> Forwarding:
    names = list(stanza.excepted)
    for word in option.at_least(1, "example.org"):
        if not word.text:
            continue
        try:
            names += [lower(from_text(zone)) for zone in expand_zone(word.text)]
        except WordError as error:
            option.mistake(error.problem, error.hint, at=word)
    return replace(stanza, excepted=tuple(names))


def _max_fails(option: Words, stanza: Forwarding) -> Forwarding:
    return replace(stanza, checks=replace(stanza.checks, most_fails=_count(option)))


def _max_connect_attempts(option: Words, stanza: Forwarding) -> Forwarding:
    return replace(stanza, most_tries=_count(option))


def _health_check(option: Words, stanza: Forwarding) -> Forwarding:
    interval = _duration(option)
    flags, domain = RD, "."
    while word := option.peek():
        option.take()
        if word.text == "no_rec":
            flags = 0
        elif word.text == "domain":
            where = option.peek()
            domain = option.text(example="example.org") or "."
            try:
                from_text(domain)
            except ValueError as error:
                option.mistake(f"health_check: invalid domain name {domain}", f"{error}", at=where)
                domain = "."
        else:
            option.mistake(
                f"health_check: unknown option {word.text}",
                "known are: no_rec, domain NAME",
                at=word,
            )
    question = Question.of(lower(from_text(domain)), RRType.NS)
    check = Asked.of(question, recursion_desired=bool(flags))
    return replace(stanza, checks=replace(stanza.checks, interval=interval), check=check)


def _force_tcp(_: Words, stanza: Forwarding) -> Forwarding:
    return replace(stanza, habits=replace(stanza.habits, force_tcp=True))


def _prefer_udp(_: Words, stanza: Forwarding) -> Forwarding:
    return replace(stanza, habits=replace(stanza.habits, prefer_udp=True))


def _expire(option: Words, stanza: Forwarding) -> Forwarding:
    return replace(stanza, keeping=replace(stanza.keeping, expire=_duration(option)))


def _max_age(option: Words, stanza: Forwarding) -> Forwarding:
    word = option.peek()
    max_age = _duration(option)
    if word is not None and 0 < max_age < stanza.keeping.expire:
        expire = duration_text(stanza.keeping.expire)
        option.mistake(
            f"max_age ({duration_text(max_age)}) must not be less than expire ({expire})",
            "a connection would be closed before it may be idle that long: lower expire",
            at=word,
        )
    return replace(stanza, keeping=replace(stanza.keeping, max_age=max_age))


def _max_idle_conns(option: Words, stanza: Forwarding) -> Forwarding:
    return replace(stanza, keeping=replace(stanza.keeping, max_idle=_not_negative(option)))


def _read_timeout(option: Words, stanza: Forwarding) -> Forwarding:
    word = option.peek()
    timeout = option.duration()
    if word is not None and timeout <= 0 and _is_duration(word.text):
        option.mistake(
            f"read_timeout must be positive: {duration_text(timeout)}", "write: 2s", at=word
        )
    return replace(stanza, habits=replace(stanza.habits, read_timeout=timeout))


def _policy(option: Words, stanza: Forwarding) -> Forwarding:
    word = option.take("sequential")
    if word.text in set(Policy):
        return replace(stanza, policy=Policy(word.text))
    if word.text:
        known = ", ".join(Policy)
        near = suggest(word.text, tuple(Policy))
        option.mistake(
            f"unknown policy '{word.text}'",
            f"write: policy {near}" if near else f"known are: {known}",
            at=word,
        )
    return stanza


def _max_concurrent(option: Words, stanza: Forwarding) -> Forwarding:
    return replace(stanza, most_concurrent=_not_negative(option))


def _next(option: Words, stanza: Forwarding) -> Forwarding:
    return replace(stanza, next_rcodes=stanza.next_rcodes | _rcodes(option))


def _next_on_nodata(_: Words, stanza: Forwarding) -> Forwarding:
    return replace(stanza, next_on_nodata=True)


def _failover(option: Words, stanza: Forwarding) -> Forwarding:
    words = [word for word in (option.peek(),) if word]
    rcodes = _rcodes(option)
    if RCode.NOERROR in rcodes:
        option.mistake(
            "NoError cannot be used in failover",
            "an answer without an error is what is wanted: take it out",
            at=words[0] if words else None,
        )
    return replace(stanza, failover=stanza.failover | rcodes)


def _failfast(_: Words, stanza: Forwarding) -> Forwarding:
    return replace(stanza, failfast=True)


def _tls(option: Words, stanza: Forwarding) -> Forwarding:
    first = option.peek()
    words = option.at_most(3)
    match [word.text for word in words]:
        case []:
            files = TlsFiles()
        case [authority]:
            files = TlsFiles(authority=authority)
        case texts:
            files = TlsFiles(*texts)
    there = TlsFiles(*(name and str(Path(option.root, name)) for name in files))
    try:
        context_of(there)
    except TlsError as error:
        # No mistake: the files are another matter than the Corefile, and may come yet.
        named = (word for word in words if str(Path(option.root, word.text)) == error.file)
        option.warning(
            f"{error}: upstreams with TLS cannot be asked",
            "put a good file there, readable for the user of the server; written is: "
            "tls [CERTIFICATE KEY] [AUTHORITIES]",
            at=next(named, first),
        )
    return replace(stanza, tls=files, tls_at=(first or option.token).place)


def _tls_servername(option: Words, stanza: Forwarding) -> Forwarding:
    name = option.text(example="dns.example.org")
    return replace(stanza, tls_server_name=name)


def _source_address(option: Words, stanza: Forwarding) -> Forwarding:
    word = option.take("10.0.0.1")
    try:
        address = str(ip_address(word.text))
    except ValueError:
        if word.text:
            option.mistake(
                f"invalid IP address: {word.text}", "write an address of this machine", at=word
            )
        return stanza
    return replace(stanza, habits=replace(stanza.habits, source=address))


def _resolver(option: Words, stanza: Forwarding) -> Forwarding:
    resolvers = list(stanza.resolvers)
    for word in option.at_least(1, "10.0.0.2"):
        endpoint = read_endpoint(word.text)
        if endpoint is not None:
            resolvers.append(endpoint)
        elif word.text:
            option.mistake(
                f'resolver must be an IP address or IP:port: "{word.text}"',
                "it looks up the host names that follow the zone, so it cannot be one",
                at=word,
            )
    return replace(stanza, resolvers=tuple(resolvers))


def _doh_method(option: Words, stanza: Forwarding) -> Forwarding:
    word = option.take("POST")
    if word.text and word.text not in ("GET", "POST"):
        option.mistake("doh_method must be either POST or GET", at=word)
        return stanza
    if word.text and not any(target.transport is Transport.HTTPS for target in stanza.targets):
        option.warning("doh_method has no effect: no upstream is https://", at=word)
    return replace(stanza, doh_method=word.text or stanza.doh_method)


READERS: Mapping[str, Reader] = {
    "except": _except,
    "max_fails": _max_fails,
    "max_connect_attempts": _max_connect_attempts,
    "health_check": _health_check,
    "force_tcp": _force_tcp,
    "prefer_udp": _prefer_udp,
    "tls": _tls,
    "tls_servername": _tls_servername,
    "expire": _expire,
    "max_age": _max_age,
    "max_idle_conns": _max_idle_conns,
    "read_timeout": _read_timeout,
    "doh_method": _doh_method,
    "policy": _policy,
    "max_concurrent": _max_concurrent,
    "next": _next,
    "next_on_nodata": _next_on_nodata,
    "failfast_all_unhealthy_upstreams": _failfast,
    "failover": _failover,
    "resolver": _resolver,
    "source_address": _source_address,
}
"""By the word an option begins with."""


def _duration(option: Words) -> float:
    """Return the next word as a duration that is not negative."""
    word = option.peek()
    seconds = option.duration()
    if word is not None and seconds < 0:
        option.mistake(
            f"{option.name} can't be negative: {duration_text(seconds)}", "write: 10s", at=word
        )
        return 0.0
    return seconds


def _is_duration(text: str) -> bool:
    try:
        parse_duration(text)
    except WordError:
        return False
    return True


def _count(option: Words) -> int:
    """Return the next word as a number of 32 bits without a sign."""
    return option.integer(0, 0xFFFF_FFFF, signed=False)


def _not_negative(option: Words) -> int:
    """Return the next word as a whole number that is not negative."""
    word = option.peek()
    number = option.integer()
    if word is not None and number < 0:
        option.mistake(f"{option.name} can't be negative: {number}", "0 is any number", at=word)
        return 0
    return number


def _rcodes(option: Words) -> frozenset[int]:
    rcodes: set[int] = set()
    for word in option.at_least(1, "SERVFAIL"):
        rcode = _RCODES.get(word.text.upper())
        if rcode is not None:
            rcodes.add(rcode)
        elif word.text:
            near = suggest(word.text.upper(), tuple(_RCODES))
            option.mistake(
                f"{word.text} is not a valid rcode", f"write: {near}" if near else "", at=word
            )
    return frozenset(rcodes)
