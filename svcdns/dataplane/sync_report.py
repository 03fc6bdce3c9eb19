"""What the service proxy tells: each trouble once in the log, everything in numbers.

Source: kube-proxy's metrics; which there are stands in `telemetry.proxy_metrics`.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import islice

from svcdns.dataplane.backend import DataplaneError, Failure
from svcdns.dataplane.retries import News, Subject, subject, subject_text
from svcdns.proxy.model import Desired, Skipped
from svcdns.proxy.operations import Operation
from svcdns.telemetry import proxy_metrics as names
from svcdns.telemetry.log import get_log
from svcdns.telemetry.metrics import Metrics

_log = get_log("dataplane")


class SyncReport:
    """Told by one `Reconciler`."""

    def __init__(self, metrics: Metrics, clock: Callable[[], float] = time.time) -> None:
        """Begin with nothing told.

        Args:
            metrics: gets the numbers.
            clock: Unix seconds.
        """
        self._metrics = metrics
        self._clock = clock
        self._is_synced = False
        self._skipped: tuple[Skipped, ...] = ()
        self._trouble = ""

    def queued(self) -> None:
        """Note that there is something to do."""
        self._metrics.set(names.LAST_QUEUED, self._clock())

    def planned(self, desired: Desired) -> None:
        """Name what is new among the things that cannot be balanced."""
        if desired.skipped is not self._skipped:
            for one in sorted(set(desired.skipped).difference(self._skipped)):
                _log.finding("proxy.skipped", object=one.object, reason=one.reason)
            self._skipped = desired.skipped
        self._metrics.set(names.SKIPPED, len(self._skipped))
        self._metrics.set(names.VIRTUAL_SERVERS, len(desired.virtual_servers))
        for policy, count in desired.without_local.items():
            self._metrics.set(names.WITHOUT_LOCAL, count, policy)

    def applied(
        self, worked: Sequence[Operation], failures: Sequence[Failure], news: Sequence[News]
    ) -> None:
        """Count operations by how they ended, and name what was refused and is not known yet."""
        for kind, count in Counter(map(type, worked)).items():
            self._metrics.add(names.OPERATIONS, kind.__name__, by=count)
        for kind, count in Counter(type(one.operation) for one in failures).items():
            self._metrics.add(names.FAILURES, kind.__name__, by=count)
        for failure, retry_seconds in news:
            _log.warning(
                "proxy.failed",
                object=subject_text(subject(failure.operation)),
                error=failure.cause,
                retry_seconds=round(retry_seconds, 1),
            )

    def synced(self, desired: Desired, draining: int, seconds: float) -> None:
        """Note that the node has what it should have; the first time say so."""
        self._metrics.set(names.LAST_SYNC, self._clock())
        self._metrics.set(names.DRAINING, draining)
        self._metrics.observe(names.SYNC_DURATION, seconds)
        tell = _log.debug if self._is_synced else _log.info
        self._is_synced = True
        tell(
            "proxy.synced",
            virtual_servers=len(desired.virtual_servers),
            addresses=len(desired.addresses),
            skipped=len(desired.skipped),
            seconds=round(seconds, 3),
        )

    def audited(self, drift: Counter[Subject]) -> None:
        """Count how a comparison ended, and say what somebody else had changed.

        Args:
            drift: operations by what they are about.
        """
        self._metrics.add(names.AUDITS, "repaired" if drift else "agreed")
        if drift:
            _log.warning(
                "proxy.repaired",
                operations=drift.total(),
                objects=", ".join(map(subject_text, islice(drift, 5))),
            )

    def broken(self, error: DataplaneError, retry_seconds: float) -> None:
        """Say once what does not work at all."""
        self._metrics.add(names.AUDITS, "failed")
        if str(error) != self._trouble:
            self._trouble = str(error)
            _log.error("proxy.broken", error=error, retry_seconds=round(retry_seconds, 1))

    def mended(self) -> None:
        """Say that it works again."""
        self._trouble = ""
        _log.info("proxy.mended")
