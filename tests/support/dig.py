"""dig and kdig, asking a server that a test has started."""

import subprocess

from tests.support.tools import require


def dig(port: int, *words: str, server: str = "127.0.0.1") -> str:
    """Return what dig prints; fail if it got no response."""
    program = require("dig", package="bind9-dnsutils")
    return _run(program, f"@{server}", "-p", str(port), "+tries=1", "+time=5", *words)


def kdig(port: int, *words: str, server: str = "127.0.0.1") -> str:
    """Return what kdig prints; fail if it got no response."""
    program = require("kdig", package="knot-dnsutils")
    return _run(program, f"@{server}", "-p", str(port), "+retry=0", "+timeout=5", *words)


def short(port: int, *words: str, server: str = "127.0.0.1") -> list[str]:
    """Return the RDATA that dig gets, sorted."""
    return sorted(dig(port, "+short", *words, server=server).splitlines())


def _run(*line: str) -> str:
    done = subprocess.run(line, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
