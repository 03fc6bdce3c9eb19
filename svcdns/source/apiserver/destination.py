"""What an `Access` means once its files have been read: where to go, as whom, trusting whom.

They are read again when one of them changed. Who connects there is `client`'s business; the token
file is not read here but by `credentials`, for every request.

Source: client-go, clientcmd (fields of a kubeconfig and which of them win) and rest (Pod).
"""

import base64
import binascii
import json
from typing import NamedTuple

from svcdns.source.apiserver.access import Access
from svcdns.source.apiserver.certificates import (
    ClientCertificate,
    authorities,
    client_certificate,
    read,
)
from svcdns.source.apiserver.credentials import (
    CredentialSettings,
    FixedCredential,
    Plugin,
    TokenPath,
    check,
)
from svcdns.source.apiserver.kubeconfig import Entry, Kubeconfig, mapping, read_kubeconfig
from svcdns.source.apiserver.protocol import LostError
from svcdns.source.apiserver.servers import url_of

NO_CREDENTIALS = "no credentials"
_SYSTEM = "an authority that this system trusts"
_EXEC_EXTENSION = "client.authentication.k8s.io/exec"


class Destination(NamedTuple):
    """One cluster; two of them are equal if nothing of what was read has changed."""

    servers: tuple[str, ...]
    """URLs; at least one."""
    credential: CredentialSettings = FixedCredential()
    certificate: ClientCertificate | None = None
    who: str = NO_CREDENTIALS
    """What says who we are, for a person."""
    authority: bytes = b""
    """Certificates of the authorities to trust, in PEM; empty: those the system trusts."""
    trust: str = _SYSTEM
    """Where they are from, for a person."""
    verify: bool = True
    """Whether the server has to prove who it is."""
    tls_name: str = ""
    """The only name its certificate may have; empty: that of its URL."""
    proxy: str = ""
    """URL of a proxy on the way."""
    headers: tuple[tuple[str, str], ...] = ()
    """Sent with every request."""
    files: tuple[str, ...] = ()
    """What to read again when it changes."""


def read_destination(access: Access) -> Destination:
    """Return what `access` means now.

    Raises:
        LostError: a file is missing or does not hold what it should.
    """
    if access.kubeconfig:
        found = _of_kubeconfig(access, read_kubeconfig(access.kubeconfig, access.context))
    elif access.service_account:
        found = _of_service_account(access)
    else:
        found = _of_endpoint(access)
    # As client-go has it: a server without a scheme speaks TLS if anything says so.
    is_secure = found.authority or found.certificate or not found.verify
    scheme = "https" if is_secure else "http"
    return found._replace(servers=tuple(url_of(text, scheme) for text in found.servers))


def _of_service_account(access: Access) -> Destination:
    authority = f"{access.service_account}/ca.crt"
    token = f"{access.service_account}/token"
    return Destination(
        access.servers,
        TokenPath(token),
        who=f"the service account token in {token}",
        authority=authorities(read(authority, "the certificate authority"), authority),
        trust=authority,
        files=(authority,),
    )


def _of_endpoint(access: Access) -> Destination:
    if not access.servers:
        raise LostError(
            "nothing says where the API server is: name a kubeconfig with --kubeconfig FILE"
        )
    if access.tls is None:
        return Destination(access.servers)
    certificate, key, authority = access.tls
    return Destination(
        access.servers,
        certificate=client_certificate(
            read(certificate, "the client certificate"),
            read(key, "the key of the client certificate"),
            certificate,
        ),
        who=f"the client certificate {certificate}",
        authority=authorities(read(authority, "the certificate authority"), authority),
        trust=authority,
        files=access.tls,
    )


def _of_kubeconfig(access: Access, config: Kubeconfig) -> Destination:
    cluster, user = config.cluster, config.user
    server = cluster.text("server")
    if not server and not access.servers:
        raise LostError(f"{cluster.name} has no server")
    authority, authority_file = _pem(cluster, "certificate-authority")
    certificate, certificate_file = _pem(user, "client-certificate")
    key, key_file = _pem(user, "client-key")
    if bool(certificate) != bool(key):
        raise LostError(f"{user.name} has only one of client-certificate and client-key")
    trust = authority_file or f"certificate-authority-data of {cluster.name}"
    ours = certificate_file or f"client-certificate-data of {user.name}"
    credential = _credential(user, cluster, authority, is_anonymous=not certificate)
    return Destination(
        access.servers or (server,),
        credential,
        client_certificate(certificate, key, ours) if certificate else None,
        who=_who(credential, user, ours if certificate else ""),
        authority=authorities(authority, trust) if authority else b"",
        trust=trust if authority else _SYSTEM,
        verify=cluster.text("insecure-skip-tls-verify").lower() != "true",
        tls_name=cluster.text("tls-server-name"),
        proxy=cluster.text("proxy-url"),
        headers=_impersonation(user),
        files=(*config.files, *filter(None, (authority_file, certificate_file, key_file))),
    )


def _credential(
    user: Entry, cluster: Entry, authority: bytes, *, is_anonymous: bool
) -> CredentialSettings:
    """Return the user's credential; of several the first counts, as in client-go."""
    token, path = user.text("token").strip(), user.path("tokenFile")
    if path:
        return TokenPath(path, token)
    if token:
        return FixedCredential(f"Bearer {token}")
    if plugin := user.entry("exec"):
        return _plugin(plugin, cluster, authority)
    if name := user.text("username"):
        pair = f"{name}:{user.text('password')}"
        return FixedCredential(f"Basic {base64.b64encode(pair.encode()).decode()}")
    if is_anonymous and (provider := user.entry("auth-provider")):
        raise LostError(
            f"{provider.name} is '{provider.text('name')}', which svcdns does not have: use a"
            " credential plugin (exec), a token or a client certificate"
        )
    return FixedCredential()


def _who(credential: CredentialSettings, user: Entry, certificate: str) -> str:
    if isinstance(credential, TokenPath):
        return f"the token in {credential.path}"
    if isinstance(credential, Plugin):
        return f"what the credential plugin '{credential.command}' gave"
    if credential.header:
        return f"the token or password of {user.name}"
    return f"the client certificate {certificate}" if certificate else NO_CREDENTIALS


def _plugin(entry: Entry, cluster: Entry, authority: bytes) -> Plugin:
    command = entry.command()
    if not command:
        raise LostError(f"{entry.name} has no command")
    if entry.text("interactiveMode") == "Always":
        raise LostError(
            f"the credential plugin '{command}' wants to ask a person (interactiveMode Always),"
            " and nobody is there: use a token or a client certificate"
        )
    variables = [mapping(item, f"{entry.name}: one of env") for item in entry.items("env")]
    plugin = Plugin(
        command,
        tuple(str(argument) for argument in entry.items("args")),
        tuple((str(item.get("name")), str(item.get("value") or "")) for item in variables),
        entry.text("apiVersion"),
        entry.text("installHint"),
        _told(cluster, authority) if entry.text("provideClusterInfo").lower() == "true" else "",
    )
    check(plugin)
    return plugin


def _told(cluster: Entry, authority: bytes) -> str:
    """Return what a plugin is told about the cluster, as JSON.

    Source: ExecCredential, spec.cluster.
    """
    copied = ("server", "tls-server-name", "proxy-url")
    told: dict[str, object] = {field: cluster.text(field) for field in copied}
    told["insecure-skip-tls-verify"] = (
        cluster.text("insecure-skip-tls-verify").lower() == "true" or None
    )
    told["certificate-authority-data"] = base64.b64encode(authority).decode()
    for item in cluster.items("extensions"):
        extension = mapping(item, f"{cluster.name}: one of extensions")
        if extension.get("name") == _EXEC_EXTENSION:
            told["config"] = extension.get("extension")
    return json.dumps({field: value for field, value in told.items() if value})


def _impersonation(user: Entry) -> tuple[tuple[str, str], ...]:
    """Return the headers for somebody else whose rights we are to have."""
    headers = [("Impersonate-User", user.text("as")), ("Impersonate-Uid", user.text("as-uid"))]
    headers += [("Impersonate-Group", str(group)) for group in user.items("as-groups")]
    if extra := user.entry("as-user-extra"):
        headers += [
            (f"Impersonate-Extra-{name}", str(value))
            for name in extra.fields
            for value in extra.items(name)
        ]
    return tuple(header for header in headers if header[1])


def _pem(entry: Entry, field: str) -> tuple[bytes, str]:
    """Return what is in the entry itself or in a file it names, and that file."""
    if text := entry.text(f"{field}-data"):
        try:
            return base64.b64decode("".join(text.split()), validate=True), ""
        except binascii.Error:
            raise LostError(f"{entry.name}: {field}-data is no Base64") from None
    path = entry.path(field)
    return (read(path, f"{field} of {entry.name}"), path) if path else (b"", "")
