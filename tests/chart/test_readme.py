"""The chart's README.md agrees with its values.yaml, and how it is written from there."""

import pytest
import yaml

from tests.support.chart_readme import BEGIN, CHART, END, Row, rows, table, undocumented, written

README = (CHART / "README.md").read_text(encoding="utf-8")
VALUES = (CHART / "values.yaml").read_text(encoding="utf-8")

TEXT = """
# == Size

# -- How many. Goes
# on here.
# A second sentence | of it.
count: 3
pods:
  # -- Their labels.
  labels: {}
  # -- Long.
  # @default -- short
  probe:
    port: 8080
  name: a
"""


def test_the_readme_is_what_make_chart_readme_writes() -> None:
    assert written(README, VALUES) == README


def test_every_value_is_described() -> None:
    assert undocumented(VALUES) == []


def test_values_are_read_with_their_comments_and_defaults() -> None:
    assert [*rows(TEXT)] == [
        Row("Size", "count", "`3`", "How many. Goes on here. A second sentence | of it."),
        Row("Size", "pods.labels", "`{}`", "Their labels."),
        Row("Size", "pods.probe", "short", "Long."),
    ]


def test_a_value_without_a_comment_is_found() -> None:
    assert undocumented(TEXT) == ["pods.name"]


def test_a_part_is_a_heading_and_a_bar_does_not_end_a_cell() -> None:
    lines = table(TEXT).splitlines()

    assert lines[1] == "### Size"
    assert lines[5] == "| `count` | `3` | How many. Goes on here. A second sentence \\| of it. |"


def test_what_stands_around_the_values_stays() -> None:
    text = written(f"# Head\n{BEGIN}\nold\n{END}\nfoot\n", TEXT)

    assert text.startswith(f"# Head\n{BEGIN}\n\n### Size\n")
    assert text.endswith(f"\n{END}\nfoot\n")
    assert "old" not in text


def test_a_readme_without_a_place_for_the_values_is_refused() -> None:
    with pytest.raises(ValueError, match="no place for the values"):
        written("# Head\n", TEXT)


def test_a_comment_above_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match=r"values.yaml:2: no key below"):
        [*rows("# -- About nothing.\n- 1\n")]


def test_the_schema_knows_the_values_there_are() -> None:
    schema = yaml.safe_load((CHART / "values.schema.json").read_text())

    missing = {*yaml.safe_load(VALUES)} ^ {*schema["properties"]}

    assert missing == {"global", "autoscaler"}  # Helm's own, and one that is refused in words
