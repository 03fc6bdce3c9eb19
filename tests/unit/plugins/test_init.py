"""The list of directives: complete, in order, and with a word for each that is missing."""

import subprocess
import sys

import pytest

from svcdns.corefile.directives import ORDER
from svcdns.corefile.errors import CorefileError
from svcdns.corefile.parser import parse
from svcdns.plugins import DIRECTIVES, SUPPORTED, UNSUPPORTED
from svcdns.route.compile import read


def test_the_order_is_coredns() -> None:
    assert list(SUPPORTED) == [name for name in ORDER if name in SUPPORTED]
    assert [directive.name for directive in DIRECTIVES] == list(SUPPORTED)


def test_every_directive_of_coredns_is_either_there_or_spoken_of() -> None:
    assert set(SUPPORTED) | set(UNSUPPORTED) == set(ORDER)
    assert not set(SUPPORTED) & set(UNSUPPORTED)


@pytest.mark.parametrize("name", sorted(UNSUPPORTED))
def test_what_is_missing_is_told_in_one_sentence(name: str) -> None:
    sentence = UNSUPPORTED[name]

    assert sentence.startswith("it ")
    assert not sentence.endswith(".")
    assert len(sentence) <= 100


def test_a_directive_that_is_missing_is_a_mistake_with_its_place() -> None:
    corefile = parse(
        ".:53 {\n    errors\n    etcd . 10.0.0.2\n}\n",
        "Corefile",
        read=lambda path: path,
        glob=lambda pattern: [pattern],
        env={},
    )

    with pytest.raises(CorefileError) as caught:
        read(corefile, DIRECTIVES, UNSUPPORTED)

    first, *_, hint = str(caught.value).splitlines()
    assert first == "Corefile:3:5: 'etcd' is not supported yet"
    assert hint == f"  hint: {UNSUPPORTED['etcd']}"


def test_checking_a_corefile_loads_no_heavy_package() -> None:
    code = (
        "import sys, svcdns.plugins; "
        "print([n for n in ('re2', 'prometheus_client', 'kubernetes', 'dnslib', 'aiohttp')"
        " if n in sys.modules])"
    )

    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert run.stdout == "[]\n"
