import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.corefile.directives import ORDER
from svcdns.corefile.errors import CorefileError
from svcdns.corefile.parser import MAX_NESTING, Line, ServerBlock, examine, parse
from tests.support.corefiles import (
    access,
    good,
    line_text,
    outline,
    problems,
    read_text,
    said,
    warnings,
)

KUBEADM = """\
.:53 {
    errors
    health {
       lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf {
       max_concurrent 1000
    }
    cache 30 {
       disable success cluster.local
       disable denial cluster.local
    }
    loop
    reload
    loadbalance
}
"""


REVERSE = "in-addr.arpa ip6.arpa"
K8S_ZONES = f"cluster.local {REVERSE}"


def test_kubeadms_corefile_is_read() -> None:
    corefile = good(KUBEADM)

    assert outline(corefile) == [
        (
            [".:53"],
            [
                "errors",
                "health { lameduck 5s; }",
                "ready",
                f"kubernetes {K8S_ZONES} {{ pods insecure; fallthrough {REVERSE}; ttl 30; }}",
                "prometheus :9153",
                "forward . /etc/resolv.conf { max_concurrent 1000; }",
                "cache 30 { disable success cluster.local; disable denial cluster.local; }",
                "loop",
                "reload",
                "loadbalance",
            ],
        )
    ]
    assert corefile.warnings == ()
    assert corefile.files == ("Corefile",)


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        pytest.param("", [], id="empty"),
        pytest.param("# nothing\n\n", [], id="only comments"),
        pytest.param("a {\n}\n", [(["a."], [])], id="no directives"),
        pytest.param("a", [(["a."], [])], id="only an address"),
        pytest.param("a\nlog\nerrors x\n", [(["a."], ["log", "errors x"])], id="no braces"),
        pytest.param(
            "a {\nlog\n}\nb\nlog {\nx\n}\n",
            [(["a."], ["log"]), (["b."], ["log { x; }"])],
            id="last",
        ),
        pytest.param("a b:1 {\nlog\n}\n", [(["a.", "b.:1"], ["log"])], id="two addresses"),
        pytest.param("a, b {\nlog\n}\n", [(["a.", "b."], ["log"])], id="comma"),
        pytest.param("a,\nb,\n\nc {\nlog\n}\n", [(["a.", "b.", "c."], ["log"])], id="comma, line"),
        pytest.param("a , b {\nlog\n}\n", [(["a.", "b."], ["log"])], id="comma on its own"),
        pytest.param("tls://a {\nlog\n}\n", [(["tls://a."], ["log"])], id="scheme"),
        pytest.param(
            "10.0.0.0/15 {\nlog\n}\n",
            [(["0.10.in-addr.arpa.", "1.10.in-addr.arpa."], ["log"])],
            id="network",
        ),
        pytest.param(
            "a {\nlog\n} b {\nlog\n}\n", [(["a."], ["log"]), (["b."], ["log"])], id="} b {"
        ),
        pytest.param("a { log }\n", [(["a."], ["log"])], id="block on one line"),
        pytest.param("a { log x { y } }\n", [(["a."], ["log x { y; }"])], id="blocks on one line"),
        pytest.param("a\n{\nlog\n}\n", [(["a."], ["log"])], id="brace on the next line"),
        pytest.param("a {\nlog { }\n}\n", [(["a."], ["log { }"])], id="empty block"),
        pytest.param("a {\nlog {\n}\n}\n", [(["a."], ["log { }"])], id="empty block, two lines"),
        pytest.param(
            "a {\nlog {\nx {\ny z {\n}\n}\n}\n}\n",
            [(["a."], ["log { x { y z { }; }; }"])],
            id="nested",
        ),
        pytest.param('a {\nlog "{" "}"\n}\n', [(["a."], ["log { }"])], id="quoted braces are text"),
        pytest.param(
            'a {\nlog "x\ny" z\nerrors\n}\n', [(["a."], ["log x\ny z", "errors"])], id="lines"
        ),
        pytest.param('"a" {\n"log" x\n}\n', [(["a."], ["log x"])], id="quoted names"),
        pytest.param("a {\nlog\nlog\n}\n", [(["a."], ["log", "log"])], id="a directive twice"),
        pytest.param('"" a {\nlog\n}\n', [(["a."], ["log"])], id="empty address"),
        pytest.param(
            '"" {\nlog\n}\nb {\nlog\n}\n', [(["b."], ["log"])], id="only an empty address"
        ),
    ],
)
def test_text_becomes_blocks(text: str, blocks: list[tuple[list[str], list[str]]]) -> None:
    assert outline(good(text)) == blocks


def test_the_last_line_need_not_end() -> None:
    assert outline(good("a {\nlog\n}")) == outline(good("a {\r\nlog\r\n}\r\n"))


def test_every_directive_of_coredns_is_known() -> None:
    assert [
        line for _, lines in outline(good("a {\n" + "\n".join(ORDER) + "\n}")) for line in lines
    ] == [*ORDER]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param(
            "a {\nforwrad . x\n}\n",
            ["2 <forwrad> 'forwrad' is not a directive; did you mean 'forward'?"],
            id="misspelled",
        ),
        pytest.param(
            "a {\nproxy . x\n}\n", ["2 <proxy> 'proxy' is not a directive any more"], id="removed"
        ),
        pytest.param(
            "a {\nlgo\nerrors {\nx\n}\nerrros {\ny\n}\n}\nb:x {\n}\n",
            [
                "2 <lgo> 'lgo' is not a directive; did you mean 'log'?",
                "6 <errros> 'errros' is not a directive; did you mean 'errors'?",
                "10 <b:x> the port 'x' is not a number",
            ],
            id="several",
        ),
        pytest.param(
            "a {\nlog\n{\nclass error\n}\n}\n",
            ["3 <{> '{' must be on the line of 'log'"],
            id="brace below its directive",
        ),
        pytest.param(
            "a {\nlog {\n}\n{\nx\n}\n}\n",
            ["4 <{> '{' stands at the beginning of a line"],
            id="brace without a directive",
        ),
        pytest.param("{\nlog\n}\n", ["1 <{> this '{' has no address before it"], id="no address"),
        pytest.param(
            "a {\nlog\n}\n}\n",
            ["4 <}> Unexpected '}' because no matching opening brace"],
            id="one too many",
        ),
        pytest.param(
            "a {\nlog {\n}\n}\nerrors\n}\n",
            ["5 <errors> this line stands outside of any server block"],
            id="closed too early",
        ),
        pytest.param(
            "a {\nlog {\nx\n} errors\n}\n", ["4 <errors> there is text behind the '}'"], id="} text"
        ),
        pytest.param("a {\nlog\n", ["1 <{> the block opened here is never closed"], id="open end"),
        pytest.param(
            "a {\nlog {\nx",
            [
                "1 <{> the block opened here is never closed",
                "2 <{> the block opened here is never closed",
            ],
            id="two open ends",
        ),
        pytest.param(
            "a {\n  kubernetes {\n    ttl 5\n\n  log\n}\nb.org {\n  log\n}\n",
            ["2 <{> the block opened here is never closed"],
            id="a plugin's block is not closed: the indent tells",
        ),
        pytest.param(
            "a {\n  kubernetes {\n    ttl 5\n  log\n}\n",
            ["2 <{> the block opened here is never closed"],
            id="the same at the end of the file",
        ),
        pytest.param(
            "a.org {\n  log\nb.org {\n  lgo\n}\n",
            [
                "1 <{> the block opened here is never closed",
                "4 <lgo> 'lgo' is not a directive; did you mean 'log'?",
            ],
            id="a server block is not closed before the next one",
        ),
        pytest.param(
            "(s) {\n  log\na.org {\n  import s\n}\n",
            [
                "1 <{> the block opened here is never closed",
            ],
            id="a snippet is not closed before the next block",
        ),
        pytest.param(
            "a.org\nlog\nb.org {\nlog\n}\n",
            ["3 <b.org> 'b.org' is not a directive"],
            id="only the last block goes without braces",
        ),
        pytest.param(
            "a, {\nlog\n}\n",
            ["1 <a,> Expected another address but had '{' - check for extra comma"],
            id="comma and {",
        ),
        pytest.param(
            "a {\nlog\n} {\nlog\n}\n",
            ["3 <{> this '{' has no address before it"],
            id="no second address",
        ),
        pytest.param(
            "a,\n", ["1 <a,> Expected another address behind the comma"], id="comma and end"
        ),
        pytest.param(
            "a {\nlog x {\n" + "y {\n" * MAX_NESTING + "}\n" * MAX_NESTING + "}\n}\n",
            [f"{MAX_NESTING + 2} <{{> blocks are nested more than {MAX_NESTING} deep"],
            id="nested too deep",
        ),
        pytest.param(
            'a {\nlog "x\n}\n', ['2 <"> the quote opened here is never closed'], id="open quote"
        ),
        pytest.param(
            "0.0.0.0/1 " * 1000 + "{\nlog\n}\n",
            ["1 <0.0.0.0/1> there are more than 100,000 zones to serve"],
            id="too many zones",
        ),
    ],
)
def test_mistakes_are_found_at_their_place(text: str, found: list[str]) -> None:
    assert problems(text) == found


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("a {\nproxy . 10.0.0.1 10.0.0.2\n}\n", "write: forward . 10.0.0.1 10.0.0.2"),
        ("a {\nttl 30\n}\n", "it belongs into the block of one: kubernetes {"),
        ("a {\nb.org x\n}\n", "is a '}' missing above?"),
        (
            "a\nb.org {\n}\n",
            "only a file of one block goes without braces: put '{' behind its address",
        ),
        ("a.org {\nlog\nb.org {\n}\n", "put a '}' above line 3"),
        ("a {\n k {\n x\n}\n", "the '}' in line 4 is indented like that of a block further out"),
        ("a {\nlog", "put a '}' where it ends"),
        ("(s)", "write: (s) {"),
        ("a,\n", "take the comma out: a"),
    ],
)
def test_hints_say_what_would_be_right(text: str, hint: str) -> None:
    assert hint in [mistake.hint for mistake in read_text(text).mistakes]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param(
            "a\n{\nlog\n}\n",
            ["2 <{> '{' stands apart from its address"],
            id="brace on the next line",
        ),
        pytest.param(
            "a {\nlog }\n", ["2 <}> CoreDNS wants this '}' on a line of its own"], id="one line"
        ),
        pytest.param(
            "a {\nlog {\nx\n} }\n", ["4 <}> CoreDNS wants this '}' on a line of its own"], id="} }"
        ),
        pytest.param("a {\nlog { }\n}\n", [], id="an empty block may stand on one line"),
        pytest.param(
            "a.org\nlog\n}\nb {\nlog\n}\n", ["1 <a.org> '{' is missing"], id="opening brace missing"
        ),
        pytest.param(
            "forward . 8.8.8.8\nlog\n",
            [
                "1 <forward> 'forward' is read as a zone, not as the directive",
                "1 <8.8.8.8> '8.8.8.8' is served as a name, it is not an address to listen on",
            ],
            id="address missing",
        ),
        pytest.param(
            "log\nerrors\n",
            ["1 <log> 'log' is read as a zone, not as the directive"],
            id="address missing, no arguments",
        ),
        pytest.param("local {\nlog\n}\n", [], id="a zone may be called like a directive"),
        pytest.param(
            "a {\n}\n",
            ["1 <a> this server block has no directive: its queries are refused"],
            id="no directive",
        ),
        pytest.param(
            '"" a {\nlog\n}\n', ['1 <""> this address is empty and is passed over'], id="no address"
        ),
    ],
)
def test_what_is_hardly_meant_is_warned_of(text: str, found: list[str]) -> None:
    assert sorted(warnings(text)) == sorted(found)


def test_parse_raises_all_mistakes_and_keeps_the_warnings() -> None:
    outside = access()

    with pytest.raises(CorefileError) as caught:
        parse(
            "a {\nlgo\n}\nb\n{\nerrosr\n}\nc {\nimport *.x\n}\n",
            "Corefile",
            read=outside.read,
            glob=outside.glob,
            env={},
        )

    assert [said(mistake) for mistake in caught.value.mistakes] == [
        "2 <lgo> 'lgo' is not a directive; did you mean 'log'?",
        "6 <errosr> 'errosr' is not a directive; did you mean 'errors'?",
    ]
    assert len(caught.value.warnings) == 3


def test_what_could_be_read_is_there_beside_the_mistakes() -> None:
    reading = read_text("a {\nlgo\nerrors\n}\nb..c d {\nlog\n}\n")

    assert outline(reading.corefile) == [(["a."], ["errors"]), (["d."], ["log"])]
    assert len(reading.mistakes) == 2


def test_mistakes_of_an_import_come_after_those_of_the_corefile() -> None:
    found = problems("import x\na {\nlgo\n}\n", {"x": "b {\nerrosr\n}\n"})

    assert [line.partition("'")[2] for line in found] == [
        "lgo' is not a directive; did you mean 'log'?",
        "errosr' is not a directive; did you mean 'errors'?",
    ]


def test_collisions_depend_on_the_port_of_keys_that_name_none() -> None:
    text = "a {\nlog\n}\na:1053 {\nlog\n}\n"

    assert not examine(text, "Corefile", access()).mistakes
    assert examine(text, "Corefile", access(), 1053).mistakes


# A Corefile printed and read again is the same.

WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\\"), max_size=12).filter(
    lambda word: "{$" not in word and "{%" not in word
)
NAMES = WORDS.filter(lambda word: word != "import")
LABELS = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_", min_size=1, max_size=10)
ZONES = st.lists(LABELS, max_size=4).map(lambda labels: ".".join(labels) + ".")
Tree = tuple[str, tuple[str, ...], "tuple[Tree, ...] | None"]


def trees(names: st.SearchStrategy[str], depth: int) -> st.SearchStrategy[Tree]:
    block = (
        st.none() | st.lists(trees(NAMES, depth - 1), max_size=3).map(tuple) if depth else st.none()
    )
    return st.tuples(names, st.lists(WORDS, max_size=3).map(tuple), block)


BLOCKS = st.lists(
    st.tuples(
        st.lists(ZONES, min_size=1, max_size=2, unique=True),
        st.lists(trees(st.sampled_from(ORDER), 3), max_size=4),
    ),
    max_size=3,
)


def quoted(word: str) -> str:
    return '"' + word.replace('"', '\\"') + '"'


def printed(tree: Tree, indent: str, draw: st.DataObject) -> list[str]:
    name, arguments, block = tree
    words = [quoted(word) for word in (name, *arguments)]
    line = indent + draw.draw(st.sampled_from([" ", "\t ", "  "])).join(words)
    if block is None:
        return [line]
    inner = [text for option in block for text in printed(option, indent + "  ", draw)]
    return [f"{line} {{", *inner, f"{indent}}}"]


def as_tree(line: Line) -> Tree:
    block = tuple(as_tree(option) for option in line.block) if line.has_block else None
    return (line.name.text, tuple(token.text for token in line.arguments), block)


def as_trees(block: ServerBlock) -> list[Tree]:
    return [as_tree(Line(s.name, s.arguments, s.options, s.has_block)) for s in block.stanzas]


@given(BLOCKS, st.data())
def test_a_printed_corefile_is_read_as_what_was_printed(
    blocks: list[tuple[list[str], list[Tree]]], data: st.DataObject
) -> None:
    lines = []
    for number, (zones, stanzas) in enumerate(blocks):
        lines.append(" ".join(f"{zone}:{number + 1}" for zone in zones) + " {")
        for stanza in stanzas:
            lines += data.draw(st.sampled_from([[], [""], ["  # comment"]]))
            lines += printed(stanza, "  ", data)
        lines.append("}")

    corefile = good("\n".join(lines))

    assert [
        ([key.zone for key in block.keys], as_trees(block)) for block in corefile.blocks
    ] == blocks


PIECES = st.sampled_from(
    [
        *(
            "{",
            "}",
            "\n",
            " ",
            "\t",
            '"',
            "#",
            ",",
            "\\",
            "{$A}",
            "{%B%}",
            "import",
            "(s)",
            "s",
            "*",
        ),
        *(
            "log",
            "errors",
            "view",
            "bind",
            ".",
            ".:53",
            "a.org",
            "10.0.0.0/9",
            "tls://x",
            "f",
            "lgo",
        ),
    ]
)
FILES = {"f": "log\nimport s\n", "s": "(s) {\nerrors\n}\n", "lgo": "import lgo"}


@given(st.lists(PIECES, max_size=60).map("".join) | st.text(max_size=100))
def test_any_text_is_read_and_every_mark_lies_in_its_line(text: str) -> None:
    reading = read_text(text, FILES, {"A": "}", "B": "import s"})

    texts = {"Corefile": text, **FILES}
    for mistake in (*reading.mistakes, *reading.corefile.warnings):
        where = mistake.where
        lines = texts[where.file].removeprefix("\ufeff").split("\n")
        assert where.text == lines[where.line - 1].rstrip("\r")
        assert where.column >= 1
        assert 1 <= mistake.width <= len(where.text) - where.column + 1
        assert mistake.problem.isprintable()
        assert mistake.hint.isprintable()
    for block in reading.corefile.blocks:
        assert block.keys
        assert all(line_text(stanza) for stanza in block.stanzas)
