"""The watches of what a feed serves, as `app.watching` makes them."""

import asyncio
from functools import partial

from svcdns.app.feed import Feed
from svcdns.app.live import Live, Remarks, lives_of
from svcdns.app.options import Options
from svcdns.app.watch_report import CollectorRest, WatchReport
from svcdns.telemetry.metrics import Metrics


def watched(feed: Feed, options: Options, metrics: Metrics | None = None) -> list[Live]:
    """Return a watch for each view of `feed`, not running yet."""
    clock = asyncio.get_running_loop().time
    numbers, remarks, rest = metrics or Metrics(), Remarks(feed.remark), CollectorRest()
    return lives_of(
        feed,
        feed.stanzas(),
        options,
        {},
        lambda view: WatchReport(numbers, partial(remarks.set, view), clock, rest),
    )
