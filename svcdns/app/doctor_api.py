"""Is the API server there, is what proves it still good, and what does it let us do.

One connection asks everything at the same time. Without an answer to the first question nothing
is said about permissions: nobody knows.
"""

import asyncio
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from svcdns.app.doctor_finding import PATIENCE_SECONDS, Finding, fail, ok, warn
from svcdns.app.doctor_machine import skew
from svcdns.source.apiserver.access import Access
from svcdns.source.apiserver.certificates import expiry
from svcdns.source.apiserver.connection import ApiServer
from svcdns.source.apiserver.destination import Destination, read_destination
from svcdns.source.apiserver.failure import RefusedError, UnreadableError
from svcdns.source.apiserver.peer_certificate import peer_certificate
from svcdns.source.apiserver.protocol import LostError, Resource, WatchExpiredError
from svcdns.source.apiserver.reviews import Permission, ServiceAccount, is_allowed, who_we_are
from svcdns.source.apiserver.single import document_of

OLDEST_MINOR = 21
"""EndpointSlices of discovery.k8s.io/v1 came with Kubernetes 1.21."""
_SOON_DAYS = 14
_SHARE = 0.75
"""Of the time for a check, which one answer may take."""
_FAILURES = (LostError, RefusedError, UnreadableError, WatchExpiredError)
_VERBS = ("list", "watch")


class Wanted(NamedTuple):
    """What is to be allowed, and to whom."""

    permissions: tuple[Permission, ...]
    account: ServiceAccount | None = None
    """None: to whoever asks."""
    seconds: float = PATIENCE_SECONDS
    """For all of it."""

    @property
    def silence_seconds(self) -> float:
        """How long to wait for one answer."""
        return self.seconds * _SHARE


def permissions_for(resources: Iterable[Resource]) -> tuple[Permission, ...]:
    """Return what following these resources needs, each once."""
    return tuple(
        dict.fromkeys(Permission(verb, one.name, one.group) for one in resources for verb in _VERBS)
    )


def look(access: Access, wanted: Wanted) -> Iterator[Finding]:
    """Yield whether the API server answers, and what it allows."""
    yield from asyncio.run(_looked(access, wanted))


def look_at_certificates(
    access: Access, now: datetime | None = None, seconds: float = PATIENCE_SECONDS
) -> Iterator[Finding]:
    """Yield when the certificates of both sides expire.

    Args:
        access: the way there.
        now: None: the time it is.
        seconds: for all of it.
    """
    here = now or datetime.now(UTC)
    try:
        destination = read_destination(access)
    except LostError:
        return  # said by `look`
    if destination.certificate is not None:
        ours = expiry(destination.certificate.certificate)
        remedy = "kubeadm certs renew admin.conf, or get a new kubeconfig"
        yield _valid("client certificate", ours, here, remedy)
    if destination.proxy:
        return
    try:
        shown = peer_certificate(destination.servers[0], destination.tls_name, seconds * _SHARE)
    except OSError:
        return  # as above
    if shown:
        yield _valid("API certificate", expiry(shown), here, "kubeadm certs renew apiserver")


async def _looked(access: Access, wanted: Wanted) -> list[Finding]:
    from svcdns.source.apiserver.client import connect  # noqa: PLC0415  half a second

    try:
        destination = read_destination(access)
        server = connect(access)
    except LostError as error:
        return [fail("API server", str(error), "kubectl cluster-info, with the same kubeconfig")]
    try:
        return await _asked(server, destination, wanted)
    finally:
        await server.close()


async def _asked(server: ApiServer, destination: Destination, wanted: Wanted) -> list[Finding]:
    started = time.perf_counter()
    try:
        reply = await server.get("/version", silence_seconds=wanted.silence_seconds)
        seconds = time.perf_counter() - started
        date = reply.headers.get("date", "")
        version = await document_of(reply)
    except _FAILURES as error:
        remedy = f"kubectl cluster-info; asked with {destination.who}"
        return [fail("API server", f"{server.server}  {error}", remedy)]
    text = str(version.get("gitVersion", "an unknown version")).removeprefix("v")
    findings = [_of_version(f"{server.server}  {text}, {seconds * 1000:.0f} ms", version)]
    if server.remark:
        findings.append(warn("API server", server.remark))
    if date and (found := skew(date, time.time())):
        findings.append(found)
    return [*findings, *await _permissions(server, wanted)]


def _of_version(text: str, version: dict[str, object]) -> Finding:
    major, minor = (str(version.get(part, "")).rstrip("+") for part in ("major", "minor"))
    if major == "1" and minor.isdecimal() and int(minor) < OLDEST_MINOR:
        why = f"{text}: EndpointSlices need Kubernetes 1.{OLDEST_MINOR}"
        return fail("API server", why, "update the cluster")
    return ok("API server", text)


async def _permissions(server: ApiServer, wanted: Wanted) -> list[Finding]:
    account, silence_seconds = wanted.account, wanted.silence_seconds
    reviews = (
        is_allowed(server, one, account, silence_seconds=silence_seconds)
        for one in wanted.permissions
    )
    try:
        allowed = await asyncio.gather(*reviews)
        who = account.user if account else await who_we_are(server, silence_seconds=silence_seconds)
    except _FAILURES as error:
        return [fail("permissions", f"cannot be asked for: {error}", "kubectl auth can-i --list")]
    missing = [one for one, is_so in zip(wanted.permissions, allowed, strict=True) if not is_so]
    if not missing:
        names = dict.fromkeys(one.qualified_resource for one in wanted.permissions)
        text = f"{who or 'we'} may {' and '.join(_VERBS)} {', '.join(names)}"
        return [ok("permissions", text)] if names else []
    return [_refused(resource, missing, who, account) for resource in _resources(missing)]


def _resources(missing: Sequence[Permission]) -> list[str]:
    return list(dict.fromkeys(one.qualified_resource for one in missing))


def _refused(
    resource: str, missing: Sequence[Permission], who: str, account: ServiceAccount | None
) -> Finding:
    verbs = [one.verb for one in missing if one.qualified_resource == resource]
    name = f"svcdns-{resource.partition('.')[0]}"
    subject = f"--user={who or 'USER'}"
    found = account or _account_of(who)
    if found:
        subject = f"--serviceaccount={found.namespace}:{found.name}"
    return fail(
        "permission",
        f"{who or 'we'} cannot {' or '.join(verbs)} {resource}",
        f"kubectl create clusterrole {name} --verb={','.join(_VERBS)} --resource={resource}",
        f"kubectl create clusterrolebinding {name} --clusterrole={name} {subject}",
    )


def _account_of(user: str) -> ServiceAccount | None:
    match user.split(":"):
        case ["system", "serviceaccount", namespace, name]:
            return ServiceAccount(namespace, name)
    return None


def _valid(name: str, end: datetime | None, now: datetime, remedy: str) -> Finding:
    if end is None:
        return warn(name, "cannot be read", "openssl x509 -noout -enddate")
    days = (end - now).days
    when = f"{end:%Y-%m-%d}"
    if end <= now:
        return fail(name, f"expired on {when}", remedy)
    if days < _SOON_DAYS:
        return warn(name, f"expires on {when}, in {days} days", remedy)
    return ok(name, f"good until {when}")
