"""How commands are found in a document, and how what they print is compared."""

from pathlib import Path

import pytest

from tests.support.shown import Command, commands_of, differences

PAGE = """\
Some `svcdns version` in a sentence.

```sh
one    # a remark
two --with \\
  more
cat >file <<EOF
$ not a command
EOF
for x in 1 2; do
  echo "$x"
done
```

```console
$ three | four
a line
...
$ five '#' six
```

```text
$ seven
not compared
```

```yaml
$ no: command
```
"""


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Command]:
    """What is found in the page above."""
    monkeypatch.setattr("tests.support.tree.ROOT", tmp_path)
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    return commands_of(page)


def test_commands_are_found_with_their_further_lines(commands: list[Command]) -> None:
    assert [one.text for one in commands] == [
        "one",
        "two --with more",
        "cat >file <<EOF\n$ not a command\nEOF",
        'for x in 1 2; do\n  echo "$x"\ndone',
        "three | four",
        "five '#' six",
        "seven",
    ]
    assert [one.number for one in commands] == [1, 2, 3, 4, 5, 6, 7]


def test_output_is_what_stands_below_in_a_console(commands: list[Command]) -> None:
    assert [one.output for one in commands if one.output] == [("a line", "...")]


@pytest.mark.parametrize(
    ("shown", "printed", "is_same"),
    [
        pytest.param(["a", "b"], "a\nb\n", True, id="equal"),
        pytest.param(["b", "a"], "a\nb\n", True, id="another order"),
        pytest.param(["a"], "a\nb\n", False, id="more was printed"),
        pytest.param(["a", "..."], "a\nb\n", True, id="dots stand for more"),
        pytest.param(["a", "a", "…"], "a\nb\n", False, id="a line twice"),
        pytest.param(["c"], "a\n", False, id="another line"),
        pytest.param(["took 0.4 ms  x"], "took 12 ms    x\n", True, id="times and columns"),
        pytest.param(["took 4 m"], "took 5 m\n", False, id="other figures count"),
        pytest.param(["a"], "warning: no node\na\n", True, id="warnings"),
        pytest.param([], "whatever\n", True, id="nothing is shown"),
    ],
)
def test_what_is_printed_is_compared_with_what_is_shown(
    shown: list[str], printed: str, *, is_same: bool
) -> None:
    command = Command(Path("page.md"), 1, "command", tuple(shown))

    assert (not differences(command, printed)) == is_same
