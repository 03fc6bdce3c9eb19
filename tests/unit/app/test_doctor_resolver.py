"""What a resolv.conf says that does harm to a server which forwards there."""

from pathlib import Path

import pytest

from svcdns.app.doctor_finding import Level
from svcdns.app.doctor_resolver import look


def of(tmp_path: Path, text: str, *, real: bool = False) -> list[tuple[Level, str]]:
    path, other = tmp_path / "resolv.conf", tmp_path / "real.conf"
    path.write_text(text, encoding="ascii")
    if real:
        other.touch()
    return [
        (one.level, f"{one.text} > {' '.join(one.remedy)}") for one in look(str(path), str(other))
    ]


def test_a_plain_file_is_fine(tmp_path: Path) -> None:
    ((level, text),) = of(tmp_path, "nameserver 198.51.100.53\noptions ndots:2\n")

    assert level is Level.OK
    assert text == "nameserver 198.51.100.53, ndots 2 > "


@pytest.mark.parametrize(
    ("text", "level", "said"),
    [
        ("nameserver 127.0.0.53\n", Level.WARN, "this machine's own stub"),
        ("nameserver ::1\n", Level.WARN, "this machine's own stub"),
        (
            "nameserver 10.96.0.10\n",
            Level.FAIL,
            "kubeadm, kind and minikube have the cluster's own",
        ),
        ("options ndots:5\n", Level.FAIL, "names no nameserver"),
        ("nameserver a\nnameserver 198.51.100.53\n", Level.WARN, "line 1: 'a' is not an address"),
        (
            "".join(f"nameserver 198.51.100.{host}\n" for host in range(1, 5)),
            Level.WARN,
            "4 name servers",
        ),
        (
            f"nameserver 198.51.100.53\nsearch {' '.join(f'd{n}.example' for n in range(33))}\n",
            Level.WARN,
            "search has 33 domains",
        ),
        (
            "nameserver 198.51.100.53\nsearch shop.svc.cluster.local svc.cluster.local\n",
            Level.WARN,
            "this is the resolv.conf of a Pod that uses the cluster's DNS",
        ),
    ],
)
def test_what_does_harm_is_said_with_a_remedy(
    tmp_path: Path, text: str, level: Level, said: str
) -> None:
    ((found, words),) = of(tmp_path, text)

    assert found is level
    assert said in words


def test_the_file_behind_the_stub_is_named_if_it_is_there(tmp_path: Path) -> None:
    ((_, without),) = of(tmp_path, "nameserver 127.0.0.53\n")
    ((_, with_it),) = of(tmp_path, "nameserver 127.0.0.53\n", real=True)

    assert "name the resolvers behind it" in without
    assert f"--resolv-conf={tmp_path / 'real.conf'}" in with_it


def test_a_file_that_is_not_there_is_a_failure(tmp_path: Path) -> None:
    (finding,) = look(str(tmp_path / "missing"))

    assert (finding.level, finding.text) == (
        Level.FAIL,
        "cannot be read: No such file or directory",
    )
