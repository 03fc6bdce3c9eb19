"""Reading and judging a generator's run."""

from collections import Counter

import pytest

from tests.bench.load import LoadError, Outcome, judge, read_dnsperf
from tests.bench.questions import Expected, Query

EXPECTED = Expected(
    [
        Query("A", "web.shop.svc.cluster.local.", "A", "NOERROR"),
        Query("search list", "status.example.net.svc.cluster.local.", "A", "NXDOMAIN"),
    ]
)

STATISTICS = """\
Statistics:

  Queries sent:         130219
  Queries completed:    130210 (99.99%)
  Queries lost:         9 (0.01%)

  Response codes:       NOERROR 117306 (90.09%), NXDOMAIN 12904 (9.91%)
  Average packet size:  request 63, response 95
  Run time (s):         1.004382
"""


def test_dnsperf_statistics_are_read() -> None:
    assert read_dnsperf(STATISTICS) == Outcome(
        130219, 130210, 1.004382, Counter({"NOERROR": 117306, "NXDOMAIN": 12904})
    )


def test_other_output_of_dnsperf_is_an_error() -> None:
    with pytest.raises(LoadError, match="Error: no such file"):
        read_dnsperf("Error: no such file\n")


@pytest.mark.parametrize(
    ("sent", "rcodes", "complaint"),
    [
        pytest.param(100, {"NOERROR": 50, "NXDOMAIN": 50}, "", id="right"),
        pytest.param(101, {"NOERROR": 51, "NXDOMAIN": 50}, "", id="right: an odd number"),
        pytest.param(100, {"NOERROR": 49, "NXDOMAIN": 50}, "", id="right: one was lost"),
        pytest.param(100, {"NOERROR": 51, "NXDOMAIN": 49}, "1 NOERROR too many", id="false NODATA"),
        pytest.param(
            100,
            {"NOERROR": 49, "NXDOMAIN": 50, "SERVFAIL": 1},
            "1 SERVFAIL too many",
            id="a failure",
        ),
        pytest.param(
            100, {"NOERROR": 40, "NXDOMAIN": 50}, "10 of 100 queries lost", id="many were lost"
        ),
    ],
)
def test_rcode_totals_are_judged_to_the_last_query(
    sent: int, rcodes: dict[str, int], complaint: str
) -> None:
    outcome = Outcome(sent, sum(rcodes.values()), 1.0, Counter(rcodes))

    assert judge(outcome, EXPECTED) == complaint
