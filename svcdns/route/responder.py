"""What a transport needs of whoever answers: a packet in, and what to send, at once or later."""

from collections.abc import Iterator
from typing import Protocol

from svcdns.answers.later import Later
from svcdns.route.stages import Client

Said = bytes | Iterator[bytes] | None
"""The whole response; the messages of a transfer; None: say nothing."""
Reply = Said | Later[Said]
"""What to send, or what brings it later."""


class Responder(Protocol):
    """Answers, then reports."""

    def respond(self, packet: bytes, client: Client) -> Reply:
        """Return what to send. Neither this nor what it returns ever raises.

        Only streams get transfers. `client` must stay as it is until a later response is there.
        """
        ...

    def observe(self) -> None:
        """Let the observers see the exchanges whose responses have been sent."""
        ...

    def credit(self, seconds: float, queries: int) -> None:
        """Credit the time of a batch to its queries."""
        ...
