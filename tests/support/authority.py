"""Certificates for tests, made by openssl as an operator would make them."""

import subprocess
import textwrap
from pathlib import Path
from typing import NamedTuple

from tests.support.tools import require

CA_AS_PYTHON_3_13_WANTS = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign"
CA_OF_OLD = "basicConstraints=CA:TRUE"
"""Python 3.13 finds this too little; clusters that were set up years ago have such."""


class Pair(NamedTuple):
    """Paths of a certificate and its key."""

    certificate: Path
    key: Path


class Authority:
    """A certificate authority in a folder, its own or one under another."""

    def __init__(
        self,
        folder: Path,
        extensions: str = CA_AS_PYTHON_3_13_WANTS,
        *,
        under: "Authority | None" = None,
    ) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.certificate = folder / "ca.crt"
        self._key = folder / "ca.key"
        self._count = 0
        signed = under.signs() if under else ()
        extensions += "\nsubjectKeyIdentifier=hash"
        if under:
            extensions += "\nauthorityKeyIdentifier=keyid"
        subject = f"/CN=authority {folder.name}"
        self._make(self._key, self.certificate, subject, extensions, *signed)

    def signs(self) -> tuple[str, ...]:
        """Return what makes openssl sign with this authority."""
        return ("-CA", str(self.certificate), "-CAkey", str(self._key))

    def issue(self, *names: str, days: int = 2, subject: str = "/CN=kube-apiserver") -> Pair:
        """Return a new pair; `names` are `IP:127.0.0.1` and `DNS:example`."""
        self._count += 1
        stem = self.folder / f"issued-{self._count}"
        pair = Pair(stem.with_suffix(".crt"), stem.with_suffix(".key"))
        extensions = "authorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\n"
        if names:
            extensions += f"subjectAltName={','.join(names)}"
        self._make(pair.key, pair.certificate, subject, extensions, *self.signs(), days=days)
        return pair

    def _make(
        self,
        key: Path,
        certificate: Path,
        subject: str,
        extensions: str,
        *signed: str,
        days: int = 2,
    ) -> None:
        request = key.with_suffix(".csr")
        settings = key.with_suffix(".ext")
        settings.write_text(textwrap.dedent(extensions))
        new = [
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-keyout",
            str(key),
        ]
        _openssl("req", "-new", *new, "-subj", subject, "-out", str(request))
        _openssl(
            *("x509", "-req", "-in", str(request), "-out", str(certificate)),
            *("-days", str(days), "-set_serial", str(1000 + self._count)),
            *("-extfile", str(settings)),
            *(signed or ("-signkey", str(key))),
        )


def _openssl(*arguments: str) -> None:
    command = [require("openssl", package="openssl"), *arguments]
    subprocess.run(command, check=True, capture_output=True, text=True)
