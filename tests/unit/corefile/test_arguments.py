from svcdns.corefile.arguments import Arguments
from tests.support.corefiles import good, marked, said


def arguments_of(text: str) -> Arguments:
    (block,) = good(f"a {{\n{text}\n}}\n").blocks
    return Arguments("log", block.stanzas, ("a.",))


def test_all_stanzas_are_read_in_the_order_of_the_corefile() -> None:
    arguments = arguments_of("log x\nlog y")

    assert [stanza.text() for stanza in arguments] == ["x", "y"]
    assert arguments.mistakes == ()
    assert (arguments.directive, arguments.zones) == ("log", ("a.",))


def test_what_is_allowed_once_may_not_be_there_twice() -> None:
    arguments = arguments_of("log x\nlog y {\nz\n}\nlog")

    assert arguments.once().text() == "x"

    assert [said(mistake) for mistake in arguments.mistakes] == [
        "3 <log> log: this plugin can only be used once per Server Block",
        "6 <log> log: this plugin can only be used once per Server Block",
    ]
    assert arguments.mistakes[0].hint == "the first one is at Corefile:2: make one of them"


def test_words_that_parse_never_looked_at_are_mistakes() -> None:
    arguments = arguments_of("log x\nlog")

    assert [marked(mistake) for mistake in arguments.mistakes] == ["x"]


def test_mistakes_can_be_asked_for_again() -> None:
    arguments = arguments_of("log x")

    assert arguments.mistakes == arguments.mistakes


def test_a_plugin_complains_about_any_word() -> None:
    arguments = arguments_of("log x y")
    first, second = arguments.once().exactly(2)

    arguments.mistake(first, "cannot be", "try another")
    arguments.warning(second, "is odd")

    assert [(said(m), m.hint) for m in arguments.mistakes] == [
        ("2 <x> log: cannot be", "try another")
    ]
    assert [said(warning) for warning in arguments.warnings] == ["2 <y> log: is odd"]
