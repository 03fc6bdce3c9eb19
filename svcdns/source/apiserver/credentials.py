"""Who we say we are: a token, a file that holds one, or a program that makes one.

A credential that is due is renewed before it is sent, one that the server refused when
`renew` is called. What fails raises and is never replaced by an anonymous request.

Source: https://kubernetes.io/docs/reference/access-authn-authz/authentication/ ,
client-go credential plugins; rules P6 and R27 of client-go: the token file is read again.
"""

import asyncio
import json
import os
import re
import shutil
import signal
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from svcdns.source.apiserver.certificates import ClientCertificate, client_certificate
from svcdns.source.apiserver.protocol import LostError

PLUGIN_SECONDS = 60.0
"""How long a credential plugin may take; some ask a service far away."""
LEEWAY_SECONDS = 30.0
"""How long before its end a credential counts as expired."""

_TOKEN = re.compile(r"[!-~]+")
_API_GROUP = "client.authentication.k8s.io"


class Credential(Protocol):
    """What makes a request ours."""

    @property
    def certificate(self) -> ClientCertificate | None:
        """The client certificate it brought, known after `authorization`."""
        ...

    async def authorization(self) -> str:
        """Return the value of the header Authorization, empty for none; renew what is due.

        Raises:
            LostError: there is none to be had.
        """
        ...

    async def renew(self) -> None:
        """Get another one: the server did not accept this one.

        Raises:
            LostError: there is none to be had.
        """
        ...


class FixedCredential(NamedTuple):
    """A header that never changes, or none: then a client certificate may say who we are."""

    header: str = ""

    @property
    def certificate(self) -> None:
        """None: it is a header."""
        return

    async def authorization(self) -> str:
        """Return the header."""
        return self.header

    async def renew(self) -> None:
        """Do nothing: there is no other."""


class TokenPath(NamedTuple):
    """Where a token is, and the one to use until it is there."""

    path: str
    token: str = ""


class TokenFile:
    """A file that somebody, in a Pod the kubelet, writes anew before the token expires.

    It is read for every request: requests are rare, the file is small, and in a Pod it lies in
    memory. A file that is gone, empty or half written leaves the token as it was.
    """

    certificate = None

    def __init__(self, place: TokenPath) -> None:
        self._path = place.path
        self._token = place.token

    async def authorization(self) -> str:
        """Return the token that is in the file now."""
        token, problem = self._read()
        if not problem:
            self._token = token
        elif not self._token:
            raise LostError(
                f"the token file {self._path} {problem}; "
                "in a Pod automountServiceAccountToken brings it"
            )
        return f"Bearer {self._token}"

    async def renew(self) -> None:
        """Do nothing: the file is read again anyway."""

    def _read(self) -> tuple[str, str]:
        """Return the token in the file, and what is wrong with it."""
        try:
            token = Path(self._path).read_text(encoding="ascii").strip()
        except OSError as error:
            return "", f"cannot be read: {error.strerror}"
        except ValueError:
            return "", "holds no token"
        return token, "" if _TOKEN.fullmatch(token) else "holds no token"


class Plugin(NamedTuple):
    """A credential plugin as a kubeconfig describes it."""

    command: str
    arguments: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    """Variables beside our own."""
    api_version: str = f"{_API_GROUP}/v1"
    install_hint: str = ""
    cluster: str = ""
    """What it is told about the cluster, as JSON; empty: nothing."""


class _Given(NamedTuple):
    """What a plugin gave."""

    header: str
    certificate: ClientCertificate | None
    until: float
    """Time of the loop at which it has to be renewed."""


class PluginCredential:
    """A program that is run for a token or a client certificate, and again before they expire."""

    def __init__(self, plugin: Plugin) -> None:
        self._plugin = plugin
        self._given: _Given | None = None

    @property
    def certificate(self) -> ClientCertificate | None:
        """The client certificate of the last run."""
        return self._given.certificate if self._given else None

    async def authorization(self) -> str:
        """Return the token; run the plugin if there is none or it is about to expire."""
        now = asyncio.get_running_loop().time()
        if self._given is None or now >= self._given.until:
            try:
                self._given = await _run(self._plugin)
            except LostError:
                if self._given is None or now >= self._given.until + LEEWAY_SECONDS:
                    raise  # without the leeway the old one would be as good
        return self._given.header

    async def renew(self) -> None:
        """Run the plugin."""
        self._given = await _run(self._plugin)


def check(plugin: Plugin) -> None:
    """Find the program without running it.

    Raises:
        LostError: it is not installed.
    """
    path = dict(plugin.environment).get("PATH")
    if shutil.which(plugin.command, path=path) is None:
        raise _not_installed(plugin)


def _not_installed(plugin: Plugin) -> LostError:
    hint = plugin.install_hint or "install it, or name its path in the kubeconfig"
    return LostError(
        f"the credential plugin '{plugin.command}' is not installed: {' '.join(hint.split())}"
    )


CredentialSettings = FixedCredential | TokenPath | Plugin
"""What is written down about a credential; equal as long as nobody writes something else."""


def credential_of(settings: CredentialSettings) -> Credential:
    """Return the credential; nothing is read or run before it is asked for."""
    if isinstance(settings, FixedCredential):
        return settings
    if isinstance(settings, TokenPath):
        return TokenFile(settings)
    return PluginCredential(settings)


async def _run(plugin: Plugin) -> _Given:
    asked: dict[str, Any] = {"interactive": False}
    if plugin.cluster:
        asked["cluster"] = json.loads(plugin.cluster)
    credential = {"apiVersion": plugin.api_version, "kind": "ExecCredential", "spec": asked}
    name = f"the credential plugin '{plugin.command}'"
    environment = {**os.environ, **dict(plugin.environment)}
    environment["KUBERNETES_EXEC_INFO"] = json.dumps(credential)
    try:
        process = await asyncio.create_subprocess_exec(
            plugin.command,
            *plugin.arguments,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,  # so that what it starts can be ended with it
        )
    except FileNotFoundError:
        raise _not_installed(plugin) from None
    except OSError as error:
        raise LostError(f"{name} cannot be started: {error.strerror}") from None
    try:
        async with asyncio.timeout(PLUGIN_SECONDS):
            output, complaint = await process.communicate()
    except TimeoutError:
        raise LostError(f"{name} gave no answer within {PLUGIN_SECONDS:.0f} s") from None
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    if process.returncode:
        raise LostError(f"{name} failed with code {process.returncode}: {_last_line(complaint)}")
    try:
        return _given(json.loads(output), plugin.api_version)
    except LostError as error:
        raise LostError(f"{name} gave nothing to use: {error}") from None
    except (ValueError, TypeError, AttributeError) as error:
        raise LostError(f"{name} gave no ExecCredential: {error}") from None


def _given(document: Mapping[str, Any], api_version: str) -> _Given:
    """Read an ExecCredential.

    Raises:
        ValueError, TypeError, AttributeError: it is none.
    """
    if document.get("apiVersion") != api_version:
        raise ValueError(f"apiVersion is {document.get('apiVersion')!r}, not {api_version!r}")
    status = document.get("status") or {}
    token = str(status.get("token") or "").strip()
    pem = tuple(
        str(status.get(field) or "").encode()
        for field in ("clientCertificateData", "clientKeyData")
    )
    if token and not _TOKEN.fullmatch(token):
        raise ValueError("status.token holds blanks or control characters")
    if any(pem) and not all(pem):
        raise ValueError("it has only one of status.clientCertificateData and status.clientKeyData")
    if not token and not any(pem):
        raise ValueError("it has neither status.token nor status.clientCertificateData")
    return _Given(
        f"Bearer {token}" if token else "",
        client_certificate(pem[0], pem[1], "the certificate") if any(pem) else None,
        _until(status.get("expirationTimestamp")),
    )


def _until(expiry: str | None) -> float:
    """Return the loop's time at which a credential is due that expires at this time of day."""
    if not expiry:
        return float("inf")
    moment = datetime.fromisoformat(expiry)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    left = (moment - datetime.now(UTC)).total_seconds()
    return asyncio.get_running_loop().time() + left - LEEWAY_SECONDS


def _last_line(octets: bytes) -> str:
    lines = octets.decode(errors="replace").strip().splitlines()
    return lines[-1].strip()[:300] if lines else "it said nothing"
