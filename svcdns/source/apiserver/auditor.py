"""Every few minutes: is what we have what the server has?

A watch can be wrong without a sign. After a restore of etcd the server's versions may overtake
ours before we look, and a cache in between may have lost something. So the server is asked for
its version and its count, which costs it one object; a list every half day finds what this does
not. The comparison itself is in `audit`.

With a selector the API server does not count: then only the version is compared.
"""

import asyncio
from collections.abc import Callable

from svcdns.cluster.envelope import Page
from svcdns.source.apiserver import requests
from svcdns.source.apiserver.audit import Audit
from svcdns.source.apiserver.failure import RefusedError, UnreadableError
from svcdns.source.apiserver.observer import Finding, Reason
from svcdns.source.apiserver.pace import Pace
from svcdns.source.apiserver.parts import Parts
from svcdns.source.apiserver.protocol import LostError, WatchExpiredError

AUDIT_SECONDS = 300.0
LIST_SECONDS = 12 * 3600.0
SPREAD = 0.25


class Auditor:
    """Audits one resource, and says when it has to be listed again."""

    def __init__(self, parts: Parts) -> None:
        """Take what the reflector of the resource has."""
        self._parts = parts
        self._course = parts.course
        self._intake = parts.intake
        self._is_counted = not (parts.resource.label_selector or parts.resource.field_selector)
        self._surplus = 0
        """That another list did not put right: the server's count is not exact."""
        self._denials = 0
        self._due_at = float("inf")

    def listed(self) -> None:
        """Take note that there is a new list."""
        now = asyncio.get_running_loop().time()
        self._due_at = now + self._spread(LIST_SECONDS)

    async def run(
        self, pace: Pace, is_watching: Callable[[], bool], interrupt: Callable[[], None]
    ) -> None:
        """Audit for ever.

        Args:
            pace: of the reflector.
            is_watching: whether there is something to audit.
            interrupt: is called when the resource has to be listed again.
        """
        clock = asyncio.get_running_loop().time
        while True:
            await asyncio.sleep(self._spread(AUDIT_SECONDS))
            if not is_watching():
                continue
            if clock() >= self._due_at:
                self._course.demand(Reason.DUE, is_trusted=True)
            elif pace.admits():
                await self._audit()
            if self._course.relist:
                interrupt()

    async def ask(self) -> Page:
        """Return what the server says about itself; a fault that it shows changes the course.

        Raises:
            LostError, RefusedError, WatchExpiredError, UnreadableError: as `requests.ask_page`.
        """
        if self._intake.audit:
            self._tell(Finding.UNKNOWN)
        audit = Audit(self._course.version, len(self._intake.collection))
        self._intake.audit = audit
        query = requests.page(self._parts.resource, 1)
        try:
            page = await requests.ask_page(self._parts.connection, self._parts.resource, query)
        except BaseException:
            if self._intake.audit is audit:
                self._intake.audit = None
            raise
        self._parts.standing.regain("list")
        self._denials = 0
        if self._intake.audit is audit:  # else there was a list in the meantime
            self._compare(audit, page)
        return page

    def look(self) -> None:
        """Look whether the watch has come to where the server counted; call it when it moved."""
        audit = self._intake.audit
        if audit is None or audit.surplus is None:
            return
        surplus = audit.surplus
        if self._intake.collection.has_gaps:
            self._tell(Finding.UNKNOWN)
        elif surplus == 0:
            self._surplus = 0
            self._tell(Finding.AGREES)
        elif surplus == self._surplus:
            self._tell(Finding.UNKNOWN)
        else:
            self._surplus = surplus
            self._tell(Finding.COUNT)
            self._course.demand(Reason.COUNT)

    async def _audit(self) -> None:
        try:
            await self.ask()
        except RefusedError as error:
            # Once may be a server that has just started and knows no roles yet.
            self._denials = self._denials + 1 if error.status.code == 403 else 0
            if self._denials > 1:
                self._parts.standing.forbid("list", str(error))
                self._course.denied("list")
            self._tell(Finding.UNKNOWN)
        except (LostError, UnreadableError, WatchExpiredError):
            # Whatever it is, the watch will notice; and if it does not, there is nothing to do.
            self._tell(Finding.UNKNOWN)

    def _compare(self, audit: Audit, page: Page) -> None:
        if page.version < audit.version:
            self._tell(Finding.REWOUND)
            self._course.demand(Reason.REWOUND)
        elif page.total is None or not self._is_counted:
            self._tell(Finding.AGREES)
        else:
            audit.answer(page.version, page.total)
            self.look()

    def _tell(self, finding: Finding) -> None:
        self._intake.audit = None
        self._parts.observer.audited(self._parts.resource, finding)

    def _spread(self, seconds: float) -> float:
        return seconds * self._parts.random.uniform(1 - SPREAD, 1 + SPREAD)
