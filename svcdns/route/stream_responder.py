"""The exchange as a stream of messages asks it: fast lane first."""

from svcdns.route.exchange import Exchange
from svcdns.route.responder import Reply
from svcdns.route.stages import Client
from svcdns.wire.frame import MAX_MESSAGE


class StreamResponder:
    """Answers on the streams of one listener."""

    def __init__(self, exchange: Exchange, *, ipv6: bool) -> None:
        self._fast = exchange.fast_lane(stream=True, ipv6=ipv6)
        self._octets = memoryview(bytearray(MAX_MESSAGE))
        self._slow = exchange.respond
        self.observe = exchange.observe
        self.credit = exchange.credit

    def respond(self, packet: bytes, client: Client) -> Reply:
        """Return what to send. Neither this nor what it returns ever raises.

        Only streams get transfers. `client` must stay as it is until a later response is there.
        """
        size = self._fast(packet, 0, len(packet), self._octets, 0)
        return bytes(self._octets[:size]) if size else self._slow(packet, client)
