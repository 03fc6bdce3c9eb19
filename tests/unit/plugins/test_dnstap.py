import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.plugins.dnstap import DIRECTIVE
from svcdns.route.stages import Steps
from tests.support.directives import FixedScope, problems_of, settings_of, warnings_of

COUNT = "Wrong argument count or unexpected line ending after"
PATH = "/var/run/dnstap.sock"


@pytest.mark.parametrize(
    ("text", "endpoints"),
    [
        (f"dnstap {PATH}", (PATH,)),
        (f"dnstap {PATH} full", (PATH,)),
        (f"dnstap {PATH} full 1 2", (PATH,)),
        (f"dnstap {PATH} full 1024 4096", (PATH,)),
        (f"dnstap {PATH} short", (PATH,)),
        ("dnstap tcp://127.0.0.1:6000 full", ("tcp://127.0.0.1:6000",)),
        (f"dnstap {PATH} {{\n}}", (PATH,)),
        (f"dnstap {PATH} {{\nidentity a\nversion b\nextra c\nskipverify\n}}", (PATH,)),
        ("dnstap /a\ndnstap /b", ("/a", "/b")),
        (f"dnstap listen {PATH}", (f"listen {PATH}",)),
        ("dnstap listen tcp://127.0.0.1:6000 full 1 2", ("listen tcp://127.0.0.1:6000",)),
        ("dnstap listen tls://:6000 full {\ntls a b\n}", ("listen tls://:6000",)),
        ("dnstap listen tls://:6000 {\ntls a b c\nskipverify\n}", ("listen tls://:6000",)),
        ("dnstap /a\ndnstap listen /b full", ("/a", "listen /b")),
    ],
)
def test_accepted(text: str, endpoints: tuple[str, ...]) -> None:
    assert settings_of(DIRECTIVE, text) == endpoints


BUFFER = "MultipleTcpWriteBuf must be between 1 and 1024 (MiB units)"
QUEUE = "MultipleQueue must be between 1 and 4096 (x10k messages)"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("dnstap", f"<dnstap> dnstap: {COUNT} 'dnstap'"),
        ("dnstap /a full 0", f"<0> dnstap: {BUFFER}: 0"),
        ("dnstap /a full 1025", f"<1025> dnstap: {BUFFER}: 1025"),
        ("dnstap /a full x", "<x> dnstap: invalid MultipleTcpWriteBuf: 'x' is not a whole number"),
        ("dnstap /a full 1 0", f"<0> dnstap: {QUEUE}: 0"),
        ("dnstap /a full 1 4097", f"<4097> dnstap: {QUEUE}: 4097"),
        ("dnstap /a full 1 x", "<x> dnstap: invalid MultipleQueue: 'x' is not a whole number"),
        ("dnstap /a {\nidentity\n}", f"<identity> dnstap: {COUNT} 'identity'"),
        ("dnstap /a {\nidentity a b\n}", f"<b> dnstap: {COUNT} 'b'"),
        ("dnstap /a {\nversion\n}", f"<version> dnstap: {COUNT} 'version'"),
        ("dnstap /a {\nextra\n}", f"<extra> dnstap: {COUNT} 'extra'"),
        ("dnstap /a {\nskipverify x\n}", f"<x> dnstap: {COUNT} 'x'"),
        ("dnstap /a {\ncolour x\n}", "<colour> dnstap: unknown property 'colour'"),
        ("dnstap listen", f"<listen> dnstap: {COUNT} 'listen'"),
        (
            "dnstap listen /a full x",
            "<x> dnstap: invalid MultipleTcpWriteBuf: 'x' is not a whole number",
        ),
        ("dnstap listen /a {\ntls a\n}", f"<a> dnstap: {COUNT} 'a'"),
        ("dnstap /a {\ntls a b\n}", "<a> dnstap: tls is for a collector that connects to us"),
    ],
)
def test_mistakes(text: str, problem: str) -> None:
    assert [text for text, _ in problems_of(DIRECTIVE, text)] == [problem]


def test_a_word_that_nothing_reads_is_warned_of() -> None:
    assert warnings_of(DIRECTIVE, "dnstap /a full 1 2 3") == ["dnstap: nothing reads '3' here"]


@given(st.integers(-10, 5000), st.integers(-10, 5000))
def test_sizes_are_accepted_within_their_limits(buffer: int, queue: int) -> None:
    is_within = 1 <= buffer <= 1024 and 1 <= queue <= 4096

    assert bool(problems_of(DIRECTIVE, f"dnstap /a full {buffer} {queue}")) != is_within


def test_it_adds_nothing_and_says_so_once() -> None:
    scope = FixedScope()

    steps = DIRECTIVE.build(("/a", "/b"), scope)

    assert steps == Steps()
    (line,) = scope.lines
    assert line.startswith(
        "[WARNING] plugin/dnstap: has no effect yet: nothing is sent to /a, /b; 'log' "
    )


def test_it_says_where_nobody_listens() -> None:
    scope = FixedScope()

    DIRECTIVE.build(("/a", "listen /b"), scope)

    (line,) = scope.lines
    assert "nothing is sent to /a and nobody listens at /b; 'log'" in line
