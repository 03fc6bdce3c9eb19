"""Certificates that several files here use."""

import pytest

from tests.support.authority import Authority, Pair


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """One that nobody changes."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def pair(authority: Authority) -> Pair:
    """Of a server on the loopback."""
    return authority.issue("IP:127.0.0.1", "DNS:kubernetes.default.svc")


@pytest.fixture(scope="session")
def ours(authority: Authority) -> Pair:
    """Of a client."""
    return authority.issue(subject="/CN=svcdns")
