"""What holds for every test: where SVCDNS_REQUIRE is set none skips, and none is timed.

Tests marked `built` need what `make coredns apiserver kustomize rootfs` builds. Without it they
skip; `.ci/run` leaves them out of its first run (`-m "not built"`), builds, and then runs
them alone, where they may not skip either. Those marked `kernel` are a run of their own as well:
they start User Mode Linux and take minutes. Those marked `kind` make clusters with a container
engine, and run only where `-m` asks for them, as `make e2e` does.
"""

import os
from collections.abc import Generator

import pytest
from hypothesis import settings

REQUIRED = bool(os.environ.get("SVCDNS_REQUIRE"))

# A property may not fail because the machine is busy.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


_BUILT = {
    "plane",  # tests/apiserver, tests/workloads
    "program",  # tests/peer
    "stages",  # tests/image
    "kustomize",  # tests/deploy
}
"""Fixtures that start what was built."""


def pytest_configure(config: pytest.Config) -> None:
    """Make the markers known."""
    config.addinivalue_line("markers", "built: needs what make coredns, apiserver … build")
    config.addinivalue_line("markers", "kernel: starts a kernel of its own, takes minutes")
    config.addinivalue_line("markers", "kind: makes clusters with kind, make e2e")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what needs programs that are built, and leave out what makes clusters."""
    if "kind" not in config.option.markexpr:
        left_out = [item for item in items if item.get_closest_marker("kind")]
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)
    for item in items:
        if _BUILT.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.built)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,  # noqa: ARG001 - the hook's signature
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn the skip of one test into its failure; an expected failure stays one."""
    report = yield
    if REQUIRED and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"SVCDNS_REQUIRE is set, so this may not skip: {_reason(report)}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn the skip of a whole file into a failure."""
    report = yield
    if REQUIRED and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"SVCDNS_REQUIRE is set, so this may not skip: {_reason(report)}"
    return report


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    return report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
