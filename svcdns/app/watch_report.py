"""What happens on the way to an API server: for people in the log, for machines in numbers.

A failure is told once, then once a minute as long as it lasts, and once when it is over: an API
server that is away for an hour is sixty lines a resource, not thousands. So is a permission that
is missing.
"""

import gc
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime

from svcdns.app.memory import settle
from svcdns.cluster.model import EndpointSlice
from svcdns.cluster.object_error import ObjectError
from svcdns.source.apiserver.connection import Request
from svcdns.source.apiserver.observer import Finding, Reason
from svcdns.source.apiserver.protocol import Resource
from svcdns.source.apiserver.standing import VERBS
from svcdns.telemetry import catalogue as names
from svcdns.telemetry.log import get_log
from svcdns.telemetry.metrics import Metrics

REMIND_SECONDS = 60.0

_log = get_log("source")


class _Loss:
    """One resource without contact."""

    def __init__(self, now: float) -> None:
        self.since = now
        self.told = now


class _Refusal:
    """One resource of which something is forbidden, and nothing came in since."""

    def __init__(self) -> None:
        self.verbs: set[str] = set()
        self.since: float | None = None
        """From when on it could not be read at all; None: the other verb may do."""


class CollectorRest:
    """Keeps the garbage collector out of lists: they make no cycles, only very many objects.

    One for the process, as there is one collector.
    """

    def __init__(self) -> None:
        self._lists = 0

    def begin(self) -> None:
        """Let the collector rest; a list is about to be read."""
        self._lists += 1
        gc.disable()

    def end(self) -> None:
        """Let it work again after the last list, but not on what the lists have brought."""
        self._lists -= 1
        if not self._lists:
            gc.enable()
            settle()


class WatchReport:
    """Told by the reflectors of one watch (`observer.Observer`)."""

    def __init__(
        self,
        metrics: Metrics,
        changed: Callable[[str], None],
        clock: Callable[[], float],
        rest: CollectorRest | None = None,
        triggered: Callable[[Sequence[float]], None] | None = None,
    ) -> None:
        """Begin well.

        Args:
            metrics: gets the numbers.
            changed: is called with what answers should say about their age, empty when it is
                nothing, whenever that changes.
            clock: monotonic seconds.
            rest: the process's own; None: one that nobody shares.
            triggered: is called with the Unix times of changes of endpoints, of each batch.
        """
        self._triggered = triggered
        self._metrics = metrics
        self._changed = changed
        self._clock = clock
        self._rest = rest or CollectorRest()
        self._losses: dict[str, _Loss] = {}
        self._refusals: dict[str, _Refusal] = {}
        self._told: dict[tuple[str, str], float] = {}
        """When it was said last of a resource that a verb is forbidden."""
        self._synced: set[str] = set()
        self._restored_at: int | None = None
        self._restored: set[str] = set()

    def requested(self, request: Request) -> None:
        """Count a request under CoreDNS's names."""
        verb = "WATCH" if request.is_watch else "GET"
        self._metrics.add(names.API_REQUESTS, request.code, "GET", request.host)
        self._metrics.observe(names.API_DURATION, request.seconds, verb, request.host)
        self._metrics.observe(names.API_WAIT, request.waited, verb, request.host)

    def list_begun(self, resource: Resource) -> None:  # noqa: ARG002  observer.Observer's
        """Leave the collector out of it."""
        self._rest.begin()

    def list_over(self, resource: Resource) -> None:  # noqa: ARG002  observer.Observer's
        """Let the collector work again."""
        self._rest.end()

    def restored(self, resources: Iterable[str], saved_at: int) -> None:
        """What is known of these is from a snapshot until they are listed.

        Args:
            resources: names.
            saved_at: Unix seconds of the snapshot.
        """
        self._restored.update(resources)
        self._restored_at = saved_at
        self._note()

    def listed(self, resource: Resource, count: int, seconds: float) -> None:
        """Tell of a first list; later ones are `relisted`."""
        self._permit(resource)
        if resource.name not in self._synced:
            self._synced.add(resource.name)
            _log.info(
                "watch.synced", resource=resource.name, objects=count, seconds=round(seconds, 3)
            )
            if resource.name in self._restored:
                self._restored.remove(resource.name)
                self._note()

    def relisted(self, resource: Resource, reason: Reason) -> None:
        """Count why everything was read again."""
        self._metrics.add(names.RELISTS, resource.name, reason.value)
        _log.info("watch.relisted", resource=resource.name, reason=reason.value)

    def applied(self, resource: Resource, count: int, trigger_times: tuple[str, ...]) -> None:
        """Count changes, and how long the latest took from the endpoint to here."""
        self._permit(resource)
        self._metrics.add(names.WATCH_EVENTS, resource.name, by=count)
        if resource.kind is not EndpointSlice:
            return
        now = time.time()
        began = list(_moments(trigger_times))
        for moment in began:
            self._metrics.observe(
                names.PROGRAMMING, max(0.0, now - moment), "headless_with_selector"
            )
        if self._triggered is not None:
            self._triggered(began)

    def lost(self, resource: Resource, server: str, why: str, retry_seconds: float) -> None:
        """Tell of a loss once, then once a minute."""
        now = self._clock()
        loss = self._losses.get(resource.name)
        if loss is None:
            loss = self._losses[resource.name] = _Loss(now)
            self._note()
        elif now - loss.told < REMIND_SECONDS:
            return
        loss.told = now
        _log.warning(
            "watch.lost",
            resource=resource.name,
            server=server,
            error=why,
            retry_seconds=round(retry_seconds, 1),
            serving=self._serving(resource.name, now - loss.since),
        )

    def forbidden(self, resource: Resource, verb: str, message: str, times: int) -> None:
        """Say which permission is missing and how to see it: once, then once a minute."""
        now = self._clock()
        refusal = self._refusals.setdefault(resource.name, _Refusal())
        refusal.verbs.add(verb)
        if refusal.since is None and refusal.verbs >= VERBS:
            refusal.since = now
            self._note()
        if times > 1 and now - self._told[resource.name, verb] < REMIND_SECONDS:
            return
        self._told[resource.name, verb] = now
        name = f"{resource.name}.{resource.group}" if resource.group else resource.name
        _log.error(
            "watch.forbidden",
            resource=resource.name,
            verb=verb,
            times=times,
            error=message,
            next=f"kubectl auth can-i {verb} {name} --all-namespaces, as the user named here",
        )

    def recovered(self, resource: Resource) -> None:
        """Say that contact is back, and after how long."""
        seconds = self.lost_seconds(resource.name)
        self._losses.pop(resource.name, None)
        self._refusals.pop(resource.name, None)
        _log.info("watch.recovered", resource=resource.name, seconds=round(seconds, 1))
        self._note()

    def rejected(self, resource: Resource, problem: ObjectError | str) -> None:
        """Name an object that cannot be used."""
        self._metrics.add(names.REJECTED, resource.name)
        _log.warning("watch.rejected", resource=resource.name, what=str(problem))

    def reduced(self, resource: Resource, problem: ObjectError) -> None:
        """Name a part of an object that cannot be used."""
        self._metrics.add(names.REJECTED, resource.name)
        _log.warning("watch.reduced", resource=resource.name, what=str(problem))

    def audited(self, resource: Resource, finding: Finding) -> None:
        """Count audits by how they ended."""
        self._metrics.add(names.AUDITS, resource.name, finding.value)

    def failed(self, resource: Resource, error: Exception, retry_seconds: float) -> None:
        """Tell of a bug of ours."""
        _log.bug("watch.failed", error, resource=resource.name, retry_seconds=retry_seconds)

    def lost_seconds(self, resource_name: str) -> float:
        """Return for how long a resource was lost or forbidden; 0 while it is well."""
        faults = (self._losses.get(resource_name), self._refusals.get(resource_name))
        since = [one.since for one in faults if one and one.since is not None]
        return self._clock() - min(since) if since else 0.0

    def _permit(self, resource: Resource) -> None:
        """Objects came in: whatever else may be forbidden, reading is not."""
        if self._refusals.pop(resource.name, None):
            self._note()

    def _serving(self, resource_name: str, seconds: float) -> str:
        if resource_name in self._synced:
            return f"last known state, {seconds:.0f} s old"
        if resource_name in self._restored and self._restored_at is not None:
            return f"the snapshot of {_moment(self._restored_at)}"
        return "nothing yet"

    def _note(self) -> None:
        parts = []
        if self._restored and self._restored_at is not None:
            parts.append(f"this is from the snapshot of {_moment(self._restored_at)}")
        if self._losses:
            since = time.time() - max(self._clock() - loss.since for loss in self._losses.values())
            parts.append(f"the API server has been out of reach since {_moment(since)}")
        if refused := [name for name, one in self._refusals.items() if one.since is not None]:
            parts.append(f"svcdns is not permitted to read {' and '.join(refused)}")
        self._changed("; ".join(parts))


def _moments(texts: Iterable[str]) -> Iterator[float]:
    for text in texts:
        try:
            yield datetime.fromisoformat(text).astimezone(UTC).timestamp()
        except ValueError:
            continue


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
