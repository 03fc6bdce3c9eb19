"""A problem is one line that leads to the place to mend."""

import pytest

from svcdns.source.problem import Problem


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        pytest.param(Problem("a.yaml", "does not exist"), "a.yaml: does not exist", id="file"),
        pytest.param(Problem("a.yaml", "is cut off", line=7), "a.yaml:7: is cut off", id="line"),
        pytest.param(Problem("-", "is cut off", line=7), "stdin:7: is cut off", id="no file"),
        pytest.param(
            Problem(
                "a.yaml", "70000 is not a port", "Service shop/web", "spec.ports[0].port", 3, 40
            ),
            "a.yaml:40: Service shop/web: spec.ports[0].port: 70000 is not a port (document 3)",
            id="everything",
        ),
        pytest.param(
            Problem("a.json", "is missing", "Service shop/", "metadata.name", 1),
            "a.json: Service shop/: metadata.name: is missing",
            id="the only document needs no number",
        ),
    ],
)
def test_a_problem_says_place_object_field_and_what_is_wrong(problem: Problem, text: str) -> None:
    assert str(problem) == text
