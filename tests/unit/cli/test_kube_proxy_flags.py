"""A DaemonSet of kube-proxy keeps its args."""

import pytest

from svcdns.cli.kube_proxy_flags import translate


@pytest.mark.parametrize(
    ("typed", "ours"),
    [
        pytest.param("--proxy-mode=ipvs --node a", "--proxy-mode=ipvs --node a", id="known"),
        pytest.param("--masquerade-all=true", "--masquerade-all", id="a switch with a value"),
        pytest.param("--masquerade-all=False", "--no-masquerade-all", id="a switch turned off"),
        pytest.param("--masquerade-all", "--masquerade-all", id="a switch alone"),
        pytest.param("--masquerade-all=maybe", "--masquerade-all=maybe", id="no such value"),
        pytest.param("--v=2 --node a", "--ignored v --node a", id="ignored with its value"),
        pytest.param("--oom-score-adj -999 list", "--ignored oom-score-adj list", id="apart"),
        pytest.param("-v=4", "--ignored v", id="one dash"),
        pytest.param("--profiling --node a", "--ignored profiling --node a", id="ignored switch"),
        pytest.param("--node a --cleanup", "cleanup --kube-proxy --node a", id="cleanup"),
        pytest.param("--cleanup=false", "--cleanup=false", id="no cleanup"),
        pytest.param("--nosuch=1 -o json", "--nosuch=1 -o json", id="unknown"),
        pytest.param("-- --v=2", "-- --v=2", id="after the end of options"),
        pytest.param("list -o wide", "list -o wide", id="a command"),
    ],
)
def test_flags_are_said_in_our_spelling(typed: str, ours: str) -> None:
    assert translate(typed.split()) == ours.split()
