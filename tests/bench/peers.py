"""The servers that are compared: where to find each, its configuration, its command line.

Every one gets one worker, one loopback port, no logging of queries and the same records. What
may not be left out is left in: with kubeadm's Corefile, svcdns and CoreDNS keep metrics and probes.
Nothing is asked of another machine: `forward` points at a loopback port, closed unless forwarding
is what is measured, and `loop`, which does nothing after its first seconds, is omitted.
"""

import os
import shutil
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from string import Template

_KUBERNETES = """\
    kubernetes cluster.local in-addr.arpa ip6.arpa {$endpoint
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        ttl 30
    }
"""

BARE = Template(f"""\
. {{
    bind 127.0.0.1
    errors
{_KUBERNETES}}}
""")

KUBEADM = Template(f"""\
. {{
    bind 127.0.0.1
    errors
    health 127.0.0.1:$health
    ready 127.0.0.1:$ready
{_KUBERNETES}\
    prometheus 127.0.0.1:$metrics
    forward . 127.0.0.1:$nowhere {{
        max_concurrent 1000
    }}
    cache 30 {{$uncached
    }}
    reload
    loadbalance
}}
""")

_UNCACHED = """
        disable success cluster.local
        disable denial cluster.local"""
"""What kubeadm's `cache` has in its block today; older ones cached cluster names too."""

_KNOT = Template("""\
server:
  rundir: $folder
  listen: 127.0.0.1@$port
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
  tcp-max-clients: 500
database:
  storage: $folder
template:
  - id: default
    zonefile-load: whole
    zonefile-sync: -1
    journal-content: none
zone:
""")
_KNOT_ZONE = Template("""\
  - domain: $zone
    file: $path
""")

_NSD = Template("""\
server:
  ip-address: 127.0.0.1@$port
  server-count: 1
  username: ""
  database: ""
  xfrdir: $folder
  xfrdfile: $folder/xfrd
  pidfile: $folder/pid
  zonelistfile: $folder/zones
  minimal-responses: yes
  rrl-ratelimit: 0
  rrl-whitelist-ratelimit: 0
  tcp-count: 500
remote-control:
  control-enable: no
""")
_NSD_ZONE = Template("""\
zone:
  name: $zone
  zonefile: $path
""")


@dataclass(frozen=True, slots=True)
class Site:
    """What the servers have to read."""

    dump: Path
    zones: Mapping[str, Path]
    api_port: int | None = None
    """Where the API stub listens, once somebody needs it."""
    upstream: int | None = None
    """Where another DNS server listens, if questions are to be forwarded."""


@dataclass(frozen=True, slots=True)
class Peer:
    """One server to compare."""

    name: str
    remedy: str
    """What brings the program, when it is missing."""
    program: Callable[[], str | None]
    command: Callable[[str, Site, Path, int], list[str]]
    """Program, site, own folder and port -> command line; writes the configuration."""
    version: tuple[str, ...]
    """Arguments with which the program tells its version."""
    reads_api: bool = False
    by_default: bool = True


def free_port() -> int:
    """Return a port of 127.0.0.1 that is free for UDP and TCP at this moment.

    Raises:
        OSError: none was found in many attempts.
    """
    for _ in range(100):
        with socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as datagram:
            stream.bind(("127.0.0.1", 0))
            port: int = stream.getsockname()[1]
            try:
                datagram.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError("no port is free for UDP and TCP")


def _corefile(
    template: Template,
    folder: Path,
    *,
    api_port: int | None,
    upstream: int | None = None,
    cached: bool = False,
) -> Path:
    endpoint = f"\n        endpoint http://127.0.0.1:{api_port}" if api_port else ""
    path = folder / "Corefile"
    ports = {name: free_port() for name in ("health", "ready", "metrics", "nowhere")}
    ports["nowhere"] = upstream or ports["nowhere"]
    path.write_text(
        template.substitute(ports, endpoint=endpoint, uncached="" if cached else _UNCACHED)
    )
    return path


def svcdns_corefile(folder: Path, upstream: int | None = None) -> Path:
    """Write the Corefile that svcdns serves and checks; return its path."""
    return _corefile(KUBEADM, folder, api_port=None, upstream=upstream)


def _svcdns(program: str, site: Site, folder: Path, port: int) -> list[str]:
    corefile = str(svcdns_corefile(folder, site.upstream))
    serve = [program, "-m", "svcdns", "serve", "--corefile", corefile]
    return [*serve, "--manifests", str(site.dump), "--bind", "127.0.0.1", "--port", str(port)]


def _knot(program: str, site: Site, folder: Path, port: int) -> list[str]:
    zones = (_KNOT_ZONE.substitute(zone=zone, path=path) for zone, path in site.zones.items())
    path = folder / "knot.conf"
    path.write_text(_KNOT.substitute(folder=folder, port=port) + "".join(zones))
    return [program, "-c", str(path)]


def _nsd(program: str, site: Site, folder: Path, port: int) -> list[str]:
    zones = (_NSD_ZONE.substitute(zone=zone, path=path) for zone, path in site.zones.items())
    path = folder / "nsd.conf"
    path.write_text(_NSD.substitute(folder=folder, port=port) + "".join(zones))
    return [program, "-d", "-c", str(path)]


def _dnsmasq(program: str, site: Site, folder: Path, port: int) -> list[str]:
    alone = ["--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts"]
    here = ["--listen-address=127.0.0.1", "--bind-interfaces", f"--port={port}"]
    identity = ["--user=", f"--pid-file={folder / 'pid'}"]
    upstream = [f"--server=127.0.0.1#{site.upstream}", "--dns-forward-max=1000"]
    return [program, *alone, *here, *identity, *upstream]


def _coredns(
    template: Template, *, cached: bool = False
) -> Callable[[str, Site, Path, int], list[str]]:
    def command(program: str, site: Site, folder: Path, port: int) -> list[str]:
        corefile = _corefile(
            template, folder, api_port=site.api_port, upstream=site.upstream, cached=cached
        )
        return [program, "-dns.port", str(port), "-conf", str(corefile)]

    return command


def find_python_with_svcdns() -> str | None:
    """Return this Python if it can run svcdns."""
    return sys.executable if find_spec("svcdns.__main__") else None


def find_coredns() -> str | None:
    """Return CoreDNS from PATH or from where `make coredns` puts it."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    built = Path(cache) / "svcdns" / "bin" / "coredns"
    return shutil.which("coredns") or (str(built) if os.access(built, os.X_OK) else None)


def _on_path(name: str) -> Callable[[], str | None]:
    # Debian keeps servers in sbin, which is not on everybody's PATH.
    return lambda: shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")


_COREDNS = ("make coredns", find_coredns)

PEERS = (
    Peer(
        "svcdns",
        "pip install -e .",
        find_python_with_svcdns,
        _svcdns,
        ("-m", "svcdns", "--version"),
    ),
    Peer("nsd", "Debian package nsd", _on_path("nsd"), _nsd, ("-v",)),
    Peer("knot", "Debian package knot", _on_path("knotd"), _knot, ("--version",)),
    Peer("coredns-kubeadm", *_COREDNS, _coredns(KUBEADM), ("-version",), reads_api=True),
    Peer("coredns-bare", *_COREDNS, _coredns(BARE), ("-version",), reads_api=True),
    Peer(
        "coredns-cached",
        *_COREDNS,
        _coredns(KUBEADM, cached=True),
        ("-version",),
        reads_api=True,
        by_default=False,
    ),
)
"""Every server we know, in the order of the tables. The last one caches cluster names as well."""

DNSMASQ = Peer(
    "dnsmasq",
    "Debian package dnsmasq-base",
    _on_path("dnsmasq"),
    _dnsmasq,
    ("--version",),
    by_default=False,
)
"""Knows no cluster; for questions that are forwarded."""
