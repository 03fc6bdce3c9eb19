from collections.abc import Mapping

import pytest

from svcdns.corefile import imports
from tests.support.corefiles import good, outline, problems, read_text, warnings


@pytest.mark.parametrize(
    ("text", "files"),
    [
        pytest.param("(s) {\nlog\nerrors\n}\n. {\nimport s\n}\n", {}, id="snippet in a block"),
        pytest.param("(s) {\nlog\n}\n. {\nimport s\nerrors\n}\n", {}, id="and more behind it"),
        pytest.param("(s) { log\nerrors }\n. { import s }\n", {}, id="braces on the same lines"),
        pytest.param(
            "(s) {\n. {\nlog\nerrors\n}\n}\nimport s\n", {}, id="snippet of a whole block"
        ),
        pytest.param(". {\nimport a\n}\n", {"a": "log\nerrors\n"}, id="file in a block"),
        pytest.param(
            ". {\nimport a\n}\n", {"a": "log\nerrors"}, id="file without a final line end"
        ),
        pytest.param("import a\n", {"a": ". {\nlog\nerrors\n}\n"}, id="file at top level"),
        pytest.param(".\nimport a\n", {"a": "log\nerrors\n"}, id="in a block without braces"),
        pytest.param("import a\nimport b\n", {"a": ". {\nlog\n", "b": "errors\n}\n"}, id="halves"),
        pytest.param(". {\nimport *.x\n}\n", {"b.x": "errors", "a.x": "log"}, id="glob, sorted"),
        pytest.param(". {\nimport ?.x\n}\n", {"a.x": "log\nerrors", "bb.x": "loop"}, id="?"),
        pytest.param(". {\nimport d/*\n}\n", {"d/.a": "log", "d/b": "errors"}, id="dot files too"),
        pytest.param(
            "import s/a\n. {\nimport x\n}\n",
            {"s/a": "(x) {\nimport b\n}\n", "s/b": "log\nerrors\n"},
            id="a path in a snippet begins where the snippet was written",
        ),
        pytest.param(
            "import d/a\n",
            {"d/a": ". {\nimport b\nimport ../c\n}\n", "d/b": "log", "c": "errors"},
            id="paths are relative to the importing file",
        ),
        pytest.param(
            "(log) {\nerrors\n}\n. {\nlog\nimport log\n}\n",
            {"log": "loop"},
            id="snippets come first",
        ),
        pytest.param(
            "(a) {\nlog\n}\n(b) {\nimport a\nerrors\n}\n. {\nimport b\n}\n", {}, id="nested"
        ),
        pytest.param('(s) {\nlog\nerrors\n}\n. {\nimport "s"\n}\n', {}, id="quoted"),
        pytest.param("(e) {\n}\n. {\nlog\nimport e\nerrors\n}\n", {}, id="empty snippet"),
        pytest.param(". {\nlog\nimport e\nerrors\n}\n", {"e": ""}, id="empty file"),
    ],
)
def test_an_import_is_replaced_by_what_it_names(text: str, files: Mapping[str, str]) -> None:
    assert outline(good(text, files)) == [(["."], ["log", "errors"])]


def test_a_plugin_block_may_import_its_options() -> None:
    text = "(s) {\nclass error\n}\n. {\nlog {\nimport s\nimport o\n}\n}\n"

    corefile = good(text, {"o": "class denial {\nx\n}\n"})

    assert outline(corefile) == [(["."], ["log { class error; class denial { x; }; }"])]


def test_addresses_may_be_imported_behind_a_comma() -> None:
    text = "(s) {\nb.org {\nlog\n}\n}\na.org,\nimport s\n"

    assert outline(good(text)) == [(["a.org.", "b.org."], ["log"])]


def test_a_snippet_may_be_imported_again_and_again() -> None:
    text = "(s) {\nlog\n}\na {\nimport s\nimport s\n}\nb {\nimport s\n}\n"

    assert outline(good(text)) == [(["a."], ["log", "log"]), (["b."], ["log"])]


def test_words_keep_the_place_they_were_written_at() -> None:
    corefile = good("(s) {\n log\n}\n. {\nimport s\nimport d/a\n}\n", {"d/a": "\n  errors\n"})

    (block,) = corefile.blocks
    assert [(s.name.file, s.name.line, s.name.column) for s in block.stanzas] == [
        ("Corefile", 2, 2),
        ("d/a", 2, 3),
    ]


def test_every_file_that_was_read_is_listed_once() -> None:
    files = {"a.x": "log", "b.x": "import /c", "/c": "errors"}

    assert good(". {\nimport *.x\nimport a.x\n}\n", files).files == ("Corefile", "a.x", "b.x", "/c")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param(
            ". {\nlog\nimport\n}\n",
            ["3 <import> Wrong argument count or unexpected line ending after 'import'"],
            id="no argument",
        ),
        pytest.param(
            ". {\nlog\nimport a b\n}\n",
            ["3 <b> Import takes only one argument (glob pattern or file)"],
            id="two arguments",
        ),
        pytest.param(
            '. {\nlog\nimport ""\n}\n',
            ['3 <""> Import requires a non-empty filepath'],
            id="empty argument",
        ),
        pytest.param(
            ". {\nlog\nimport a {\nx\n}\nerrors\n}\n",
            ["3 <a> File to import not found: 'a'", "3 <{> import takes no block"],
            id="block",
        ),
        pytest.param(
            ". {\nlog\nimport a*b*\n}\n",
            ["3 <a*b*> Glob pattern may only contain one wildcard (*), but has others: 'a*b*'"],
            id="two wildcards",
        ),
        pytest.param(
            ". {\nlog\nimport [ab]\n}\n",
            ["3 <[ab]> Glob pattern may only contain one wildcard (*), but has others: '[ab]'"],
            id="brackets",
        ),
        pytest.param(
            ". {\nlog\nimport custom\n}\n",
            ["3 <custom> Could not import 'custom': is a directory"],
            id="directory",
        ),
        pytest.param(
            "() {\nlog\n}\n",
            ["1 <()> a snippet needs a name"],
            id="snippet without a name",
        ),
        pytest.param(
            "(s) {\nlog\n}\n(s) {\nerrors\n}\n. {\nimport s\n}\n",
            ["4 <(s)> redeclaration of previously declared snippet 's'"],
            id="snippet defined twice",
        ),
        pytest.param(
            "(s)\nlog\n",
            ["1 <(s)> the snippet '(s)' has no block"],
            id="snippet without a block",
        ),
        pytest.param(
            "(s) {\nlog\nimport s\n}\n",
            ["1 <(s)> the snippet '(s)' imports itself in line 3"],
            id="snippet that imports itself",
        ),
        pytest.param(
            "(a) {\nimport b\n}\n(b) {\nimport a\n}\n. {\nimport a\n}\n",
            ["5 <a> '(a)' imports itself: (a) -> (b) -> (a)"],
            id="circle of snippets",
        ),
        pytest.param(
            ". {\nlog\nimport custom/me\n}\n",
            ["1 <me> 'custom/me' imports itself: custom/me -> custom/me"],
            id="file that imports itself",
        ),
        pytest.param(
            ". {\nlog\nimport custom/up\n}\n",
            ["1 <../Corefile> 'Corefile' imports itself: Corefile -> custom/up -> Corefile"],
            id="circle of files",
        ),
        pytest.param(
            ". {\nlog\nimport nul\n}\n",
            ["3 <nul> File to import not found: 'nul'"],
            id="file that is not there",
        ),
    ],
)
def test_what_cannot_be_imported_is_a_mistake(text: str, found: list[str]) -> None:
    files = {"custom/me": "import me", "custom/up": "import ../Corefile", "Corefile": text}

    assert problems(text, files) == found


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        pytest.param(
            ". {\nlog\nimport s\n}\n(s) {\nlog\n}\n",
            "the snippet (s) is at Corefile:5: move it above this line",
            id="defined too late",
        ),
        pytest.param(
            "(commn) {\nlog\n}\n. {\nimport common\n}\n",
            "there is a snippet (commn); write: import commn",
            id="misspelled",
        ),
        pytest.param("(s) {\nlog\n}\n. {\nimport (s)\n}\n", "write: import s", id="parentheses"),
        pytest.param(". {\nlog\nimport /etc/x\n}\n", "", id="a file"),
    ],
)
def test_the_hint_says_which_snippet_was_meant(text: str, hint: str) -> None:
    (mistake,) = read_text(text).mistakes

    assert mistake.hint == hint


def test_a_glob_that_matches_nothing_is_only_a_warning() -> None:
    text = ". {\nlog\nimport custom/*.override\n}\nimport custom/*.server\n"

    assert warnings(text) == [
        "3 <custom/*.override> No files matching import glob pattern: 'custom/*.override'",
        "5 <custom/*.server> No files matching import glob pattern: 'custom/*.server'",
    ]


def test_a_snippet_that_nothing_imports_is_warned_of() -> None:
    assert warnings("(s) {\nlog\n}\n. {\nlog\n}\n") == [
        "1 <(s)> the snippet '(s)' is never imported"
    ]


def test_siblings_of_a_glob_do_not_make_a_circle() -> None:
    files = {"a.x": "log", "b.x": "import a.x"}

    assert outline(good(". {\nimport *.x\n}\n", files)) == [(["."], ["log", "log"])]


def test_a_mistake_in_a_snippet_is_reported_once() -> None:
    text = "(s) {\nlgo\n}\na {\nimport s\n}\nb {\nimport s\n}\n"

    assert problems(text) == ["2 <lgo> 'lgo' is not a directive; did you mean 'log'?"]


def snippets(count: int, times: int) -> str:
    """Snippets of which each imports the one before it so many times."""
    bodies = ["log\n", *(f"import s{number}\n" * times for number in range(count - 1))]
    text = "".join(f"(s{number}) {{\n{body}}}\n" for number, body in enumerate(bodies))
    return f"{text}. {{\nimport s{count - 1}\n}}\n"


def test_a_bomb_of_snippets_ends_with_one_mistake() -> None:
    assert [line.partition("> ")[2] for line in problems(snippets(12, 10))] == [
        "there are more than 10,000 snippet imports"
    ]


def test_a_bomb_of_files_ends_with_one_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(imports.MAX_IMPORTS, "file", 1000)
    files = {f"f{number}": f"import f{number + 1}\n" * 10 for number in range(20)} | {"f20": ""}

    assert [line.partition("> ")[2] for line in problems("import f0\n", files)] == [
        "there are more than 1,000 file imports"
    ]


def test_a_bomb_of_words_ends_with_one_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "MAX_TOKENS", 1000)
    text = "(s) {\n" + "log\n" * 100 + "}\n. {\n" + "import s\n" * 20 + "}\n"

    assert [line.partition("> ")[2] for line in problems(text)] == [
        "with its imports the Corefile has more than 1,000 words"
    ]


def test_a_chain_of_imports_has_an_end() -> None:
    assert [line.partition("> ")[2] for line in problems(snippets(200, 1))] == [
        "imports are nested more than 100 deep"
    ]
    assert not problems(snippets(100, 1))


def test_a_file_that_makes_up_ever_new_names_has_an_end() -> None:
    class Endless(dict[str, str]):
        def __contains__(self, path: object) -> bool:
            return True

        def __missing__(self, path: str) -> str:
            return f"import x{path}\n"

    assert [line.partition("> ")[2] for line in problems("import x\n", Endless())] == [
        "imports are nested more than 100 deep"
    ]
