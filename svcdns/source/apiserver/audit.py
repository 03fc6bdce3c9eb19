"""Does the server have as many objects as we do?

It says how many there are and at which resource version it counted. What we had at that very
version is known only when our watch has come so far, perhaps by a bookmark a minute later; or
the watch was faster than the answer, and what we had has to be remembered until it is here.
"""


class Audit:
    """One comparison."""

    def __init__(self, version: int, count: int) -> None:
        """Begin before the server is asked.

        Args:
            version: up to which the watch has come.
            count: objects we have.
        """
        self.version = version
        """Of the beginning."""
        self._passed = [(version, count)]
        self._answer: tuple[int, int] | None = None
        self.surplus: int | None = None
        """Objects we have too many; None: not known yet."""

    def answer(self, version: int, count: int) -> None:
        """Take what the server said: at this version, which is not older, so many objects."""
        self._answer = version, count
        if self._passed[-1][0] >= version:
            self._conclude()
        else:
            del self._passed[:-1]

    def note(self, version: int, count: int) -> None:
        """Take how far the watch has come now, and how many objects we have there."""
        if self.surplus is not None:
            return
        if self._answer is None:
            self._passed.append((version, count))
            return
        if version <= self._answer[0]:
            self._passed = [(version, count)]
        if version >= self._answer[0]:
            self._conclude()

    def _conclude(self) -> None:
        if self._answer:
            version, count = self._answer
            ours = next(ours for passed, ours in reversed(self._passed) if passed <= version)
            self.surplus = ours - count
