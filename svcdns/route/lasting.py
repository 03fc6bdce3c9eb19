"""For how long a listener may say again what a route has answered, and who says it.

What names of the cluster are answered with lasts until what it was made of changes. What comes
from a cache is said by its renewal, where nobody has made anything else of it on its way.
"""

from svcdns.answers.answer import Dependency
from svcdns.answers.foreign import ON_TICK, WHILE_KEPT, ForeignAnswer, Outcome, Renewal

_CACHE_ALONE = frozenset((ON_TICK, WHILE_KEPT))


def renewal_of(outcome: Outcome) -> Renewal | None:
    """Return what says `outcome` again octet for octet, as long as a cache has it; None: nothing.

    Whoever changed it on its way has other octets, and whoever made something of it depends on
    more.
    """
    if not isinstance(outcome, ForeignAnswer) or outcome.renewal is None:
        return None
    depends_on = outcome.depends_on
    if depends_on is None or not _CACHE_ALONE.issuperset(depends_on):
        return None
    return outcome.renewal if outcome.renewal.says(outcome.body) else None


def lasting(outcome: Outcome) -> tuple[Dependency, ...] | None:
    """Return what `outcome` depends on without its renewal; None: it is not to be kept."""
    depends_on = outcome.depends_on
    if depends_on is not None and WHILE_KEPT in depends_on and ON_TICK not in depends_on:
        return None
    return depends_on
