import pytest

from svcdns.app.defaults import DEFAULTS, unwritten_arguments, unwritten_options
from svcdns.corefile.tree import Stanza
from svcdns.plugins import DIRECTIVES
from tests.support.directives import settings_of, stanza_of

NEEDED = {"file": "/zone", "forward": ". 192.0.2.1", "template": "IN A"}
"""Arguments that a stanza cannot do without."""
ALONE = [f"{name} {NEEDED.get(name, '')}".strip() for name in DEFAULTS]
MORE = [
    *("reload 10s", "reload 1m 2s", "health :9090", "hosts /h example.org", "cache 30"),
    *("cache example.org", "cache 60 example.org", "log example.org", "chaos v1"),
    "cache {\nsuccess 5000\n}",
    "cache 100 {\nsuccess 5000\ndenial 1000 20\n}",
    *("cache {\nprefetch 5\n}", "cache {\nserve_stale\n}", "cache {\nserve_stale 2h verify\n}"),
    "forward . 192.0.2.1 {\npolicy sequential\nhealth_check 1s no_rec\n}",
    *("forward . https://192.0.2.1", "forward . https://192.0.2.1 {\ndoh_method GET\n}"),
    "kubernetes {\npods verified\n}",
    "hosts {\n192.0.2.1 a.example\nfallthrough\n}",
]


def spelled_out(stanza: Stanza) -> str:
    """Return the stanza with every default written."""
    written = [word.text for word in (stanza.name, *stanza.arguments)]
    options = [*unwritten_options(stanza)]
    said = {line[0] for line in options}
    kept = [
        (line.name.text, *(word.text for word in line.arguments))
        for line in stanza.options
        if line.name.text not in said
    ]
    inside = "".join(f"{' '.join(line)}\n" for line in (*options, *kept))
    head = " ".join(f'"{word}"' for word in (*written[1:], *unwritten_arguments(stanza)))
    return f"{written[0]} {head}" + (f" {{\n{inside}}}" if inside else "")


@pytest.mark.parametrize("text", [*ALONE, *MORE])
def test_written_out_the_defaults_change_nothing(text: str) -> None:
    name = text.split(maxsplit=1)[0]
    directive = next(one for one in DIRECTIVES if one.name == name)

    assert settings_of(directive, spelled_out(stanza_of(name, text))) == settings_of(
        directive, text
    )


def test_what_is_written_is_no_default() -> None:
    stanza = stanza_of("kubernetes", "kubernetes {\nttl 5\n}")

    assert [*unwritten_options(stanza)] == [("pods", "disabled"), ("startup_timeout", "5s")]


def test_what_is_half_written_is_completed() -> None:
    stanza = stanza_of("cache", "cache 30 {\nsuccess 5000\nprefetch 3\n}")

    assert [*unwritten_options(stanza)] == [
        ("success", "5000", "30", "5"),
        ("denial", "9984", "30", "5"),
        ("servfail", "5s"),
        ("prefetch", "3", "1m", "10%"),
    ]
    assert unwritten_arguments(stanza_of("reload", "reload 10s")) == ("15s",)


def test_how_https_is_spoken_is_said_where_it_is() -> None:
    def named(text: str) -> list[tuple[str, ...]]:
        options = unwritten_options(stanza_of("forward", text))
        return [option for option in options if option[0] == "doh_method"]

    assert named("forward . 192.0.2.1 https://192.0.2.2") == [("doh_method", "POST")]
    assert named("forward . https://192.0.2.2 {\ndoh_method GET\n}") == []
    assert named("forward . 192.0.2.1 tls://192.0.2.2") == []


def test_what_is_unknown_here_has_no_defaults() -> None:
    stanza = stanza_of("whoami", "whoami")

    assert unwritten_arguments(stanza) == ()
    assert [*unwritten_options(stanza)] == []
