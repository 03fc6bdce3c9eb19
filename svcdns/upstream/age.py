"""TTLs less the time for which an answer has been in a cache of HTTP.

Source: RFC 8484 section 5.1.
"""

from svcdns.wire.codes import RRType
from svcdns.wire.records import MalformedMessageError, records


def aged(message: bytes, seconds: int) -> bytes:
    """Return `message` with every TTL lower by `seconds`; as it is, if it cannot be read."""
    octets = bytearray(message)
    try:
        for record in records(message):
            if record.rrtype != RRType.OPT:
                at = record.ttl_offset
                octets[at : at + 4] = max(record.ttl - seconds, 0).to_bytes(4)
    except MalformedMessageError:
        return message
    return bytes(octets)
