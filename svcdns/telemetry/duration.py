"""Spans of time as CoreDNS's log lines spell them.

Source: the text form of time.Duration, https://pkg.go.dev/time#Duration.String
"""

import math

_UNITS = ((1_000_000, "ms"), (1_000, "µs"), (1, "ns"))


def duration_text(seconds: float) -> str:
    """Return `seconds` like `5s`, `1m30s`, `1h0m0s` or `500ms`, to the nanosecond."""
    if not math.isfinite(seconds):
        return "forever"
    nanoseconds = round(abs(seconds) * 1e9)
    sign = "-" if seconds < 0 and nanoseconds else ""
    if nanoseconds < 1_000_000_000:
        for size, unit in _UNITS:
            if nanoseconds >= size:
                return f"{sign}{_decimal(nanoseconds, size)}{unit}"
        return "0s"
    minutes, rest = divmod(nanoseconds, 60_000_000_000)
    hours, minutes = divmod(minutes, 60)
    text = f"{_decimal(rest, 1_000_000_000)}s"
    if hours:
        text = f"{hours}h{minutes}m{text}"
    elif minutes:
        text = f"{minutes}m{text}"
    return f"{sign}{text}"


def seconds_text(seconds: float) -> str:
    """Return `seconds` as the shortest decimal number, without an exponent, and an `s`."""
    return f"{_decimal(round(seconds * 1e9), 1_000_000_000)}s"


def _decimal(number: int, unit: int) -> str:
    """Return `number / unit` exactly; `unit` is a power of ten."""
    whole, rest = divmod(number, unit)
    if not rest:
        return str(whole)
    return f"{whole}.{str(rest).zfill(len(str(unit)) - 1).rstrip('0')}"
