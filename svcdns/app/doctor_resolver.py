"""What is wrong with a resolv.conf that a server forwards to: stubs, circles, search lists.

Source: resolv.conf(5); Kubernetes, limits of dnsConfig; systemd-resolved(8).
"""

from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

from svcdns.app.advice import USUAL_CLUSTER_DNS
from svcdns.app.doctor_finding import Finding, fail, ok, warn
from svcdns.upstream.resolv_conf import ResolvConf, parse

REAL_FILE = "/run/systemd/resolve/resolv.conf"
"""Where systemd-resolved names the resolvers behind its stub."""
_MOST_SERVERS = 3
_MOST_DOMAINS, _MOST_OCTETS = 32, 2048


def look(path: str, real_file: str = REAL_FILE) -> Iterator[Finding]:
    """Yield what there is to say about one file; `ok` if there is nothing.

    Args:
        path: of the file.
        real_file: what to use instead of one that names a stub, if it is there.
    """
    try:
        text = Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        yield fail(
            path, f"cannot be read: {error.strerror}", "name another file, or addresses, in forward"
        )
        return
    found = parse(text)
    complaints = [*_servers(path, found, real_file), *_search(path, found)]
    if not complaints:
        addresses = ", ".join(one.address for one in found.name_servers)
        search = f", search {len(found.search)} domains" if found.search else ""
        yield ok(path, f"nameserver {addresses}{search}, ndots {found.ndots}")
    yield from complaints


def _servers(path: str, found: ResolvConf, real_file: str) -> Iterator[Finding]:
    for problem in found.problems:
        yield warn(path, f"line {problem.line}: {problem.text}", "mend that line")
    if not found.name_servers:
        yield fail(path, "names no nameserver: nothing outside the cluster resolves")
    for one in found.name_servers:
        address = one.address.partition("%")[0]
        if ip_address(address).is_loopback:
            instead = (
                f"use {real_file}: kubelet --resolv-conf={real_file}, or forward . {real_file}"
                if Path(real_file).exists()
                else "name the resolvers behind it: forward . ADDRESS"
            )
            yield warn(
                path,
                f"nameserver {one.address} is this machine's own stub: in a Pod nobody is there, "
                "on the host forwarding may go in a circle",
                instead,
            )
        elif where := USUAL_CLUSTER_DNS.get(address):
            yield fail(
                path,
                f"nameserver {address} is where {where} have the cluster's own DNS: forwarding "
                "there goes in a circle",
                "give the server's Pod dnsPolicy: Default, so that it gets the node's resolv.conf",
            )
    if len(found.name_servers) > _MOST_SERVERS:
        yield warn(
            path,
            f"{len(found.name_servers)} name servers: the C library of a Pod asks the first "
            f"{_MOST_SERVERS} only",
            f"keep {_MOST_SERVERS}",
        )


def _search(path: str, found: ResolvConf) -> Iterator[Finding]:
    octets = sum(map(len, found.search)) + len(found.search)
    if len(found.search) > _MOST_DOMAINS or octets > _MOST_OCTETS:
        yield warn(
            path,
            f"search has {len(found.search)} domains, {octets:,} octets: Pods get at most "
            f"{_MOST_DOMAINS} and {_MOST_OCTETS:,}",
            "take out those that nobody uses",
        )
    if any(".svc." in f".{domain}" for domain in found.search):
        yield warn(
            path,
            f"search names a cluster's domains with ndots {found.ndots}: this is the resolv.conf "
            "of a Pod that uses the cluster's DNS",
            "a DNS server's own Pod needs dnsPolicy: Default",
        )
