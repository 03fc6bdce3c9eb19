import pytest

from svcdns.app.build import plans_of
from svcdns.app.effective import rows
from svcdns.app.files import examine_text

TEXT = """\
(shared) {
    errors
}
.:53 example.org:53 {
    loadbalance
    import shared
    kubernetes {$ZONE} {
        pods insecure
    }
    template IN A {
        answer "{{ .Name }} 60 IN A 192.0.2.1"
    }
}
"""


def effective(text: str = TEXT) -> list[tuple[str, str]]:
    reading = examine_text(text, "Corefile", {"ZONE": "cluster.local"})
    return [(row.text, row.origin) for row in rows(plans_of(reading))]


def test_directives_stand_in_the_order_in_which_they_act_with_their_places() -> None:
    written = [(text.strip(), origin) for text, origin in effective() if origin != "default"]

    assert written == [
        (".:53 example.org:53 {", "Corefile:4"),
        ("errors", "Corefile:2"),
        ("loadbalance", "Corefile:5"),
        ("template IN A {", "Corefile:10"),
        ('answer "{{ .Name }} 60 IN A 192.0.2.1"', "Corefile:11"),
        ("}", ""),
        ("kubernetes cluster.local {", "Corefile:7"),
        ("pods insecure", "Corefile:8"),
        ("}", ""),
        ("}", ""),
    ]


def test_what_nobody_wrote_is_there_as_a_comment() -> None:
    defaults = [text for text, origin in effective() if origin == "default"]

    assert "        # ttl 5" in defaults
    assert not any("# pods" in line for line in defaults)


def test_what_stands_in_for_arguments_follows_their_line() -> None:
    lines = effective(". {\n health {\n  lameduck 5s\n }\n reload 10s\n}\n")

    assert lines[1:] == [
        ("    reload 10s", "Corefile:5"),
        ("    # reload 10s 15s", "default"),
        ("    health {", "Corefile:2"),
        ("    # health :8080", "default"),
        ("        lameduck 5s", "Corefile:3"),
        ("    }", ""),
        ("}", ""),
    ]


def test_what_is_printed_is_a_corefile_that_comes_to_the_same() -> None:
    printed = "\n".join(text for text, _ in effective())

    again = effective(printed)

    assert [text for text, _ in again] == printed.split("\n")


@pytest.mark.parametrize("word", ['"a b"', '"a\\"b"', '""', "a"])
def test_words_are_quoted_where_they_have_to_be(word: str) -> None:
    text = f". {{\n whoami\n root {word}\n}}\n"

    assert f"    root {word}" in [line for line, _ in effective(text)]
