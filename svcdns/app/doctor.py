"""A check-up of everything a server or a proxy needs, as a list of checks.

What each looks at is in the modules `doctor_*`, how they are run in `doctor_finding`.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from svcdns.answers.settings import KubernetesSettings
from svcdns.app import (
    doctor_api,
    doctor_conntrack,
    doctor_kernel,
    doctor_machine,
    doctor_ports,
    doctor_resolver,
    doctor_upstreams,
)
from svcdns.app.build import plans_of
from svcdns.app.doctor_finding import PATIENCE_SECONDS, Check, Finding, Level, fail, ok
from svcdns.app.files import examine_corefile, examine_text
from svcdns.app.options import DEFAULT_COREFILE
from svcdns.app.proxy_settings import ProxySettings
from svcdns.app.start_error import StartError
from svcdns.corefile.errors import CorefileError
from svcdns.route.compile import Plan
from svcdns.source.apiserver.access import Access
from svcdns.source.apiserver.resources import NODES, SERVICES, SLICES, resources_for
from svcdns.source.apiserver.reviews import ServiceAccount
from svcdns.upstream.forwarding import Forwarding
from svcdns.upstream.resolv_conf import FILE
from svcdns.upstream.targets import File
from svcdns.wire.name import from_text

_Kind = TypeVar("_Kind")

SECTIONS = ("dns", "proxy", "api")


@dataclass(frozen=True, slots=True)
class Request:
    """What to look at."""

    sections: tuple[str, ...] = ()
    """Of `SECTIONS`; empty: all, and what only a proxy needs is no failure."""
    corefile: str | None = None
    """Path; None: what `svcdns serve` without one serves."""
    port: int = 53
    bind: str = ""
    mode: str = "ipvs"
    kubeconfig: str = ""
    """Path; empty: as for `svcdns serve`."""
    context: str = ""
    servers: tuple[str, ...] = ()
    account: ServiceAccount | None = None
    """Whose permissions are looked at; None: those of whoever asks."""
    seconds: float = PATIENCE_SECONDS
    """For each check."""


def checks(request: Request) -> list[Check]:
    """Return all checks of a request; the Corefile is read here, nothing else."""
    sections = request.sections or SECTIONS
    first, plans = _plans(request)
    found: list[Check] = []
    if "api" in sections:
        found += _of_api(request, plans, with_proxy="proxy" in request.sections)
    if "dns" in sections:
        found.append(Check("dns", "Corefile", lambda: [first]))
        found += _of_dns(request, plans)
    if "proxy" in sections:
        found += _of_proxy(request)
    return found


def weighed(findings: Iterable[Finding], request: Request) -> list[Finding]:
    """Return findings as bad as they are for this request.

    Who asks for everything may well want no proxy: what only it needs is a warning then.
    """
    if "proxy" in request.sections:
        return list(findings)
    return [
        one._replace(level=Level.WARN, text=f"{one.text} (only svcdns proxy needs it)")
        if (one.section, one.level) == ("proxy", Level.FAIL)
        else one
        for one in findings
    ]


def _plans(request: Request) -> tuple[Finding, tuple[Plan, ...]]:
    """Return what there is to say about the Corefile, and its server blocks if it is good."""
    name = request.corefile
    try:
        if name is None:
            reading = examine_text(DEFAULT_COREFILE, "default", os.environ, request.port)
        else:
            reading = examine_corefile(name, os.environ, request.port)
        plans = plans_of(reading)
    except OSError as error:
        why = f"cannot be read: {error.strerror}"
        return fail("Corefile", f"{name} {why}", "name it with --corefile FILE"), ()
    except CorefileError as error:
        count = len(error.mistakes)
        why = f"{name}: {count} mistake{'s' * (count != 1)}: {error.mistakes[0].problem}"
        return fail("Corefile", why, f"svcdns check {name}"), ()
    except StartError as error:
        return fail("Corefile", str(error).splitlines()[0], f"svcdns check {name}"), ()
    blocks = f"{len(plans)} server block{'s' * (len(plans) != 1)}, no mistakes"
    return ok("Corefile", f"{name or 'none, so what kubeadm writes'}: {blocks}"), plans


def _of_api(request: Request, plans: tuple[Plan, ...], *, with_proxy: bool) -> Iterator[Check]:
    stanzas = list(_settings(plans, KubernetesSettings))
    if request.corefile is not None and plans and not (stanzas or with_proxy):
        return  # nothing of it needs an API server
    stanzas = stanzas or [KubernetesSettings((from_text("cluster.local"),))]
    resources = [one for stanza in stanzas for one in resources_for(stanza)]
    if with_proxy:
        resources += (SERVICES, SLICES, NODES)
    access = Access.of(
        stanzas[0],
        os.environ,
        kubeconfig=request.kubeconfig,
        context=request.context,
        servers=request.servers,
    )
    permissions = doctor_api.permissions_for(resources)
    wanted = doctor_api.Wanted(permissions, request.account, request.seconds)
    yield Check("api", "API server", partial(doctor_api.look, access, wanted))
    certificates = partial(doctor_api.look_at_certificates, access, seconds=request.seconds)
    yield Check("api", "certificates", certificates)
    yield Check("api", "clock", doctor_machine.look_at_clock)


def _of_dns(request: Request, plans: tuple[Plan, ...]) -> Iterator[Check]:
    ports = partial(doctor_ports.look_at_wanted, plans, request.port, request.bind)
    yield Check("dns", "ports", ports)
    forwards = list(_settings(plans, Forwarding))
    files = [one.path for forward in forwards for one in forward.targets if isinstance(one, File)]
    for path in dict.fromkeys(files) or (FILE,):
        yield Check("dns", path, partial(doctor_resolver.look, path))
    for forward in forwards:
        asked = partial(doctor_upstreams.look, forward, seconds=request.seconds)
        yield Check("dns", "upstreams", asked)
    yield Check("dns", "files", doctor_machine.look_at_files)


def _of_proxy(request: Request) -> Iterator[Check]:
    pages = ProxySettings()
    for port in doctor_ports.of_proxy((pages.metrics, pages.healthz)):
        yield Check("proxy", port.name, partial(doctor_ports.look, port))
    yield Check("proxy", "kernel", partial(doctor_kernel.look_at_modules, request.mode))
    yield Check("proxy", "rights", partial(doctor_kernel.look_at_rights, request.mode))
    if request.mode == "nftables":
        yield Check("proxy", "nftables", doctor_kernel.look_at_nftables)
    if request.mode == "iptables":
        yield Check("proxy", "iptables", doctor_kernel.look_at_iptables)
    yield Check("proxy", "conntrack", doctor_conntrack.look)


def _settings(plans: Iterable[Plan], kind: type[_Kind]) -> Iterator[_Kind]:
    """Yield all settings of one kind."""
    for plan in plans:
        for _, settings in plan.settings:
            for one in settings if isinstance(settings, tuple) else (settings,):
                if isinstance(one, kind):
                    yield one
