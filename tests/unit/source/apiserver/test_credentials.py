"""Tokens from files and from programs; the programs are real ones."""

import asyncio
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from svcdns.source.apiserver import credentials
from svcdns.source.apiserver.certificates import ClientCertificate
from svcdns.source.apiserver.credentials import (
    Credential,
    FixedCredential,
    Plugin,
    PluginCredential,
    TokenFile,
    TokenPath,
    check,
    credential_of,
)
from svcdns.source.apiserver.protocol import LostError
from tests.support.authority import Authority

V1 = "client.authentication.k8s.io/v1"


async def header(credential: Credential) -> str:
    return await credential.authorization()


async def refusal(credential: Credential) -> str:
    with pytest.raises(LostError) as caught:
        await credential.authorization()
    return str(caught.value)


@pytest.mark.parametrize("settings", [FixedCredential("Bearer a"), FixedCredential()])
async def test_a_header_that_was_written_down_never_changes(settings: FixedCredential) -> None:
    credential = credential_of(settings)

    await credential.renew()

    assert await header(credential) == settings.header
    assert credential.certificate is None


async def test_a_token_is_read_without_the_newline_an_editor_puts_behind_it(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("abc.def-_~+/=\r\n")

    assert await header(credential_of(TokenPath(str(file)))) == "Bearer abc.def-_~+/="


async def test_a_token_that_was_written_anew_is_sent_with_the_next_request(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("one")
    credential = TokenFile(TokenPath(str(file)))
    await header(credential)

    file.write_text("two\n")

    assert await header(credential) == "Bearer two"


@pytest.mark.parametrize("octets", [None, b"", b"\n", b"half\nwritten", b"\xff\xfe"])
async def test_a_file_without_a_token_leaves_the_old_one(
    tmp_path: Path, octets: bytes | None
) -> None:
    file = tmp_path / "token"
    file.write_text("one")
    credential = TokenFile(TokenPath(str(file)))
    await header(credential)
    file.unlink()
    if octets is not None:
        file.write_bytes(octets)

    await credential.renew()

    assert await header(credential) == "Bearer one"


async def test_until_there_is_a_file_the_token_beside_it_is_used(tmp_path: Path) -> None:
    file = tmp_path / "token"
    credential = TokenFile(TokenPath(str(file), "beside"))

    assert await header(credential) == "Bearer beside"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (None, "cannot be read: No such file or directory"),
        ("", "holds no token"),
        ("one\ntwo", "holds no token"),
        ("tökèn", "holds no token"),
    ],
)
async def test_without_any_token_nothing_is_sent(
    tmp_path: Path, text: str | None, problem: str
) -> None:
    file = tmp_path / "token"
    if text is not None:
        file.write_text(text)

    why = await refusal(TokenFile(TokenPath(str(file))))

    assert why == (
        f"the token file {file} {problem}; in a Pod automountServiceAccountToken brings it"
    )


class Script:
    """A credential plugin that notes each run and prints what it is told to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "plugin"
        self.runs = folder / "runs"
        self.path.write_text(
            f'#!/bin/sh\necho "$KUBERNETES_EXEC_INFO|$*|$EXTRA" >> {self.runs}\n'
            f"cat {folder}/output\nexit $(cat {folder}/code)\n"
        )
        self.path.chmod(0o700)
        self.code(0)

    def code(self, code: int) -> None:
        (self.folder / "code").write_text(str(code))

    def output(self, text: str) -> None:
        (self.folder / "output").write_text(text)

    def gives(self, token: str = "", seconds: float | None = None, **status: str) -> None:
        """Print a credential that expires after some seconds."""
        if token:
            status["token"] = token
        if seconds is not None:
            moment = datetime.now(UTC) + timedelta(seconds=seconds)
            status["expirationTimestamp"] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        document = {"apiVersion": V1, "kind": "ExecCredential", "status": status}
        self.output(json.dumps(document))

    @property
    def count(self) -> int:
        return len(self.runs.read_text().splitlines()) if self.runs.exists() else 0

    @property
    def credential(self) -> PluginCredential:
        return PluginCredential(Plugin(str(self.path)))


@pytest.fixture
def script(tmp_path: Path) -> Script:
    return Script(tmp_path)


async def test_a_plugin_is_run_once_as_long_as_its_token_lasts(script: Script) -> None:
    script.gives("one", 3600)
    credential = script.credential

    assert [await header(credential) for _ in range(3)] == ["Bearer one"] * 3
    assert script.count == 1


async def test_a_token_without_an_end_lasts_until_it_is_refused(script: Script) -> None:
    script.gives("one")
    credential = script.credential
    await header(credential)
    script.gives("two")

    assert await header(credential) == "Bearer one"
    await credential.renew()

    assert await header(credential) == "Bearer two"


async def test_a_plugin_is_run_again_before_its_token_expires(script: Script) -> None:
    script.gives("one", credentials.LEEWAY_SECONDS - 2)
    credential = script.credential
    await header(credential)
    script.gives("two", 3600)

    assert await header(credential) == "Bearer two"


async def test_a_token_is_used_to_its_end_while_the_plugin_fails(script: Script) -> None:
    script.gives("one", credentials.LEEWAY_SECONDS - 2)
    credential = script.credential
    await header(credential)

    script.code(1)

    assert await header(credential) == "Bearer one"


async def test_a_token_is_not_used_beyond_its_end(script: Script) -> None:
    script.gives("one", -1)
    credential = script.credential
    await header(credential)

    script.code(1)

    assert "failed with code 1" in await refusal(credential)


async def test_a_refused_token_is_not_kept_when_the_plugin_fails(script: Script) -> None:
    script.gives("one", 3600)
    credential = script.credential
    await header(credential)
    script.code(3)

    with pytest.raises(LostError, match="failed with code 3"):
        await credential.renew()


async def test_a_plugin_is_told_what_the_kubeconfig_says(script: Script) -> None:
    script.gives("one")
    plugin = Plugin(
        str(script.path),
        ("get-token", "--cluster", "a b"),
        (("EXTRA", "more"),),
        cluster='{"server": "https://10.0.0.1"}',
    )

    await header(PluginCredential(plugin))

    told, arguments, extra = script.runs.read_text().strip().split("|")
    assert json.loads(told) == {
        "apiVersion": V1,
        "kind": "ExecCredential",
        "spec": {"interactive": False, "cluster": {"server": "https://10.0.0.1"}},
    }
    assert (arguments, extra) == ("get-token --cluster a b", "more")


async def test_a_plugin_may_give_a_client_certificate(script: Script, tmp_path: Path) -> None:
    pair = Authority(tmp_path / "ca").issue(subject="/CN=me")
    certificate, key = pair.certificate.read_text(), pair.key.read_text()
    script.gives(clientCertificateData=certificate, clientKeyData=key)
    credential = script.credential
    assert credential.certificate is None

    assert await header(credential) == ""

    assert credential.certificate == ClientCertificate(certificate.encode(), key.encode())


@pytest.mark.parametrize(
    ("output", "problem"),
    [
        pytest.param("", "gave no ExecCredential: Expecting value", id="nothing"),
        pytest.param("token", "gave no ExecCredential", id="no JSON"),
        pytest.param("[]", "gave no ExecCredential", id="a list"),
        pytest.param("{}", f"apiVersion is None, not '{V1}'", id="nothing in it"),
        pytest.param('{"apiVersion": "v2"}', "apiVersion is 'v2'", id="another version"),
        pytest.param(
            f'{{"apiVersion": "{V1}"}}', "it has neither status.token nor", id="no status"
        ),
        pytest.param(
            f'{{"apiVersion": "{V1}", "status": {{"token": "a b"}}}}', "holds blanks", id="blanks"
        ),
        pytest.param(
            f'{{"apiVersion": "{V1}", "status": {{"clientKeyData": "a"}}}}',
            "only one of",
            id="half",
        ),
        pytest.param(
            f'{{"apiVersion": "{V1}", "status": {{"token": "a", "expirationTimestamp": "soon"}}}}',
            "Invalid isoformat string: 'soon'",
            id="no time",
        ),
        pytest.param(
            f'{{"apiVersion": "{V1}", "status":'
            ' {"clientCertificateData": "a", "clientKeyData": "b"}}',
            "the certificate and its key cannot be used",
            id="no PEM",
        ),
    ],
)
async def test_what_is_no_credential_is_an_error_and_never_an_anonymous_request(
    script: Script, output: str, problem: str
) -> None:
    script.output(output)

    why = await refusal(script.credential)

    assert why.startswith(f"the credential plugin '{script.path}' gave")
    assert problem in why


async def test_a_plugin_that_fails_is_quoted() -> None:
    script = "import sys; print('loading'); sys.exit('log in first:\\n\\n  sso login\\n')"

    why = await refusal(PluginCredential(Plugin(sys.executable, ("-c", script))))

    assert why.endswith("failed with code 1: sso login")


async def test_a_plugin_that_is_not_installed_says_how_to_get_it() -> None:
    plugin = Plugin("no-such-plugin", install_hint="  see\n https://example.com/install\n")

    why = await refusal(PluginCredential(plugin))

    assert why == (
        "the credential plugin 'no-such-plugin' is not installed: see https://example.com/install"
    )
    with pytest.raises(LostError, match="'no-such-plugin' is not installed"):
        check(plugin)


def test_a_plugin_that_is_installed_is_found_on_the_path_it_is_given(script: Script) -> None:
    check(Plugin("plugin", environment=(("PATH", str(script.folder)),)))

    with pytest.raises(LostError, match="install it, or name its path in the kubeconfig"):
        check(Plugin("plugin"))


async def test_a_plugin_that_may_not_be_run_says_so(tmp_path: Path) -> None:
    file = tmp_path / "plugin"
    file.write_text("")
    file.chmod(0o600)

    why = await refusal(PluginCredential(Plugin(str(file))))

    assert why == f"the credential plugin '{file}' cannot be started: Permission denied"


async def test_a_plugin_that_hangs_is_ended_with_all_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credentials, "PLUGIN_SECONDS", 0.3)
    script = f"sleep 1000 & echo $! > {tmp_path}/child; wait"

    why = await refusal(PluginCredential(Plugin("/bin/sh", ("-c", script))))

    assert why == "the credential plugin '/bin/sh' gave no answer within 0 s"
    child = int((tmp_path / "child").read_text())
    async with asyncio.timeout(10):
        while is_running(child):  # noqa: ASYNC110  nobody tells when it ends
            await asyncio.sleep(0.01)


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{process}/stat").read_text().split(")")[1][:3]
