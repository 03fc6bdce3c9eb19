"""cache - keep what upstreams said, for a while.

Only what came from elsewhere is kept: names of the cluster are answered from memory anyway, and
are never stale. Here a stanza is read and numbers are handed over; what is done with a question
is in `parts.cache_step`.
"""

import re
import time
from collections.abc import Callable
from functools import partial

from svcdns.answers.kept import Kind, Lifetimes, Limits
from svcdns.corefile.addresses import expand_zone
from svcdns.corefile.arguments import Arguments, Words
from svcdns.corefile.errors import WordError
from svcdns.corefile.lexer import Token
from svcdns.corefile.quantities import parse_integer
from svcdns.plugins.parts.cache_errands import CacheErrands
from svcdns.plugins.parts.cache_hits import Prefetch
from svcdns.plugins.parts.cache_step import CacheStep, Settings, Stale, Zones
from svcdns.route.directive import Directive, Scope
from svcdns.route.stages import Steps
from svcdns.telemetry import plugin_metrics as metrics
from svcdns.wire.name import ROOT, from_text, is_within, lower, to_text

_NUMBER = re.compile(r"[+-]?[0-9]+")
_MOST_FAILURE = _MOST_RECHECK = 300.0
_MOST_TTL = 0xFFFF_FFFF
_POLICY = "serve_stale_policy"
_MODES = ("immediate", "verify")
_PREFER_POSITIVE = "prefer_positive"


def parse(arguments: Arguments) -> Settings:
    """Read `cache [TTL] [ZONES...] { ... }`."""
    stanza = arguments.once()
    lifetimes = Lifetimes()
    word = stanza.peek()
    if word is not None and _NUMBER.fullmatch(word.text):
        both = Limits(lifetimes.success.least, _ttl(stanza))
        lifetimes = lifetimes._replace(success=both, denial=both)
    zones = tuple(lower(from_text(zone)) for zone in stanza.zones())
    settings = Settings(zones, lifetimes)
    options: dict[str, Words] = {}
    for option in stanza.options(*_READERS):
        if option.name == _POLICY and _POLICY in options:
            option.mistake("serve_stale_policy can only be specified once")
        settings = _READERS[option.name](option, settings)
        options[option.name] = option
    if _POLICY in options and "serve_stale" not in options:
        hint = "add a line: serve_stale"
        options[_POLICY].mistake("serve_stale_policy requires serve_stale", hint)
    return settings


def _ttl(words: Words) -> int:
    """Read a greatest TTL."""
    word = words.peek()
    ttl = words.integer(meaning="a number of seconds")
    if word is not None and _NUMBER.fullmatch(word.text) and ttl <= 0:
        words.mistake(f"cache TTL can not be zero or negative: {ttl}", at=word)
    return min(max(ttl, 1), _MOST_TTL)


def _capacity(option: Words, limits: Limits) -> tuple[int, Limits]:
    """Read `CAPACITY [TTL] [MINTTL]`."""
    capacity = option.integer()
    if option.left:
        limits = limits._replace(most=_ttl(option))
    if word := option.peek():
        least = option.integer(meaning="a number of seconds")
        if least < 0:
            option.mistake(f"cache min TTL can not be negative: {least}", at=word)
        limits = limits._replace(least=max(least, 0))
    if option.left:
        option.warning("only CAPACITY, TTL and MINTTL are used", at=option.rest()[0])
    return capacity, limits


def _success(option: Words, settings: Settings) -> Settings:
    capacity, limits = _capacity(option, settings.lifetimes.success)
    lifetimes = settings.lifetimes._replace(success=limits)
    return settings._replace(successes=capacity, lifetimes=lifetimes)


def _denial(option: Words, settings: Settings) -> Settings:
    capacity, limits = _capacity(option, settings.lifetimes.denial)
    lifetimes = settings.lifetimes._replace(denial=limits)
    return settings._replace(denials=capacity, lifetimes=lifetimes)


def _prefetch(option: Words, settings: Settings) -> Settings:
    """Read `AMOUNT [DURATION [PERCENTAGE%]]`."""
    word = option.peek()
    amount = option.integer()
    if amount < 0:
        option.mistake(f"prefetch amount should be positive: {amount}", at=word)
    prefetch = Prefetch(amount, option.duration(default=Prefetch(0).gap))
    if last := option.peek():
        text = option.text()
        if not text.endswith("%"):
            problem = f'last character of percentage should be `%`, but is: "{text[-1:]}"'
            option.mistake(problem, f"write: {text}%", at=last)
        else:
            prefetch = prefetch._replace(percentage=_percentage(option, last))
    return settings._replace(prefetch=prefetch)


def _percentage(option: Words, word: Token) -> int:
    try:
        percentage = parse_integer(word.text[:-1])
    except WordError:
        option.mistake(f"'{word.text}' is not a percentage", "write: 10%", at=word)
        return 10
    if not 10 <= percentage <= 90:
        option.mistake(f"percentage should fall in range [10, 90]: {percentage}", at=word)
    return percentage


def _serve_stale(option: Words, settings: Settings) -> Settings:
    """Read `[DURATION] [immediate [TTL [RECHECK]] | verify [TIMEOUT [TTL [RECHECK]]]]`."""
    negative = "invalid negative duration for serve_stale"
    seconds = _duration(option, negative) if option.left else 3600.0
    stale = Stale(seconds, prefer_positive=settings.stale.prefer_positive)
    if mode := option.peek():
        name = option.text().lower()
        if name not in _MODES:
            problem = f"invalid value for serve_stale refresh mode: {name}"
            option.mistake(problem, f"write: {_MODES[0]} or {_MODES[1]}", at=mode)
            option.skip()
            return settings
        stale = stale._replace(verify=name == "verify")
    if stale.verify and option.left:
        negative = "invalid negative timeout for serve_stale verify"
        stale = stale._replace(timeout=_duration(option, negative))
    if word := option.peek():
        ttl = _duration(option, "invalid negative response TTL for serve_stale")
        if ttl != int(ttl):
            problem = "serve_stale response TTL must be a whole number of seconds"
            option.mistake(problem, at=word)
        elif ttl > _MOST_TTL:
            option.mistake("serve_stale response TTL exceeds the DNS TTL range", at=word)
        stale = stale._replace(ttl=int(ttl))
    if word := option.peek():
        recheck = _duration(option, "invalid negative failure recheck for serve_stale")
        if recheck > _MOST_RECHECK:
            option.mistake("serve_stale failure recheck cannot exceed 5 minutes", at=word)
        stale = stale._replace(recheck=recheck)
    return settings._replace(stale=stale)


def _serve_stale_policy(option: Words, settings: Settings) -> Settings:
    word = option.peek()
    text = option.text(example=_PREFER_POSITIVE)
    if word is not None and text.lower() != _PREFER_POSITIVE:
        hint = f"write: serve_stale_policy {_PREFER_POSITIVE}"
        option.mistake(f"invalid serve_stale_policy: {text}", hint, at=word)
    return settings._replace(stale=settings.stale._replace(prefer_positive=True))


def _servfail(option: Words, settings: Settings) -> Settings:
    word = option.peek()
    seconds = _duration(option, "invalid negative ttl for servfail")
    if seconds > _MOST_FAILURE:
        problem = "caching SERVFAIL responses over 5 minutes is not permitted"
        option.mistake(problem, "write: servfail 5m", at=word)
    return settings._replace(lifetimes=settings.lifetimes._replace(failure=seconds))


def _duration(option: Words, negative: str) -> float:
    """Read a duration; one below zero is the mistake `negative`."""
    word = option.peek()
    seconds = option.duration()
    if seconds < 0:
        option.mistake(negative, at=word)
    return max(seconds, 0.0)


def _disable(option: Words, settings: Settings) -> Settings:
    """Read `success|denial [ZONES...]`; without zones nothing of that kind is kept."""
    word = option.peek()
    kind = option.text(example="success")
    zones: list[str] = []
    for zone in option.rest():
        try:
            zones += expand_zone(zone.text)
        except WordError as error:
            option.mistake(error.problem, error.hint, at=zone)
    names: Zones = tuple(lower(from_text(zone)) for zone in zones) or (ROOT,)
    if kind == Kind.SUCCESS.value:
        return settings._replace(no_success=names)
    if kind == Kind.DENIAL.value:
        return settings._replace(no_denial=names)
    if word is not None:
        problem = 'cache type for disable must be "success" or "denial"'
        option.mistake(problem, f"write: disable success {kind}", at=word)
    return settings


def _keepttl(_option: Words, settings: Settings) -> Settings:
    return settings._replace(keep_ttl=True)


_READERS: dict[str, Callable[[Words, Settings], Settings]] = {
    "success": _success,
    "denial": _denial,
    "prefetch": _prefetch,
    "serve_stale": _serve_stale,
    _POLICY: _serve_stale_policy,
    "servfail": _servfail,
    "disable": _disable,
    "keepttl": _keepttl,
}
"""Option -> how it is read into the settings."""


def build(
    settings: Settings, scope: Scope, *, clock: Callable[[], float] = time.monotonic
) -> Steps:
    """Return the step around all that may ask an upstream.

    Args:
        settings: what the stanza says.
        scope: takes the numbers.
        clock: monotonic time in seconds.
    """
    step = CacheStep(settings, clock)
    zones = ",".join(to_text(zone) for zone in settings.zones)
    return Steps(
        around=step.around,
        keeper=_keeper(step, settings, scope.zones, clock),
        run=step.refreshes.run,
        tick=partial(_tick, step, scope, zones, {}),
    )


def _keeper(
    step: CacheStep, settings: Settings, zones: tuple[str, ...], clock: Callable[[], float]
) -> CacheErrands | None:
    """Return what keeps errands; None: not all names of the block are kept."""
    names = [lower(from_text(zone)) for zone in zones]
    if not all(any(is_within(name, zone) for zone in settings.zones) for name in names):
        return None
    excepted = settings.no_success + settings.no_denial
    return CacheErrands(step, settings.lifetimes, excepted, clock)


_COUNTED = (
    ("requests", metrics.CACHE_REQUESTS),
    ("misses", metrics.CACHE_MISSES),
    ("prefetches", metrics.CACHE_PREFETCHES),
    ("drops", metrics.CACHE_DROPS),
    ("stale", metrics.CACHE_STALE),
)


def _tick(step: CacheStep, scope: Scope, zones: str, evicted: dict[Kind, int], _now: float) -> None:
    """Hand over what was counted since the last time, and how much is kept."""
    counts = step.take_counts()
    if not counts.requests:
        return
    server, numbers = scope.server, scope.metrics
    for name, metric in _COUNTED:
        if count := getattr(counts, name):
            numbers.add(metric, server, zones, "", by=count)
    hits = {Kind.SUCCESS: counts.succeeded, Kind.DENIAL: counts.denied}
    for kind, entries in step.store.entries.items():
        labels = (server, kind.value, zones, "")
        numbers.set(metrics.CACHE_ENTRIES, entries, *labels)
        if hits[kind]:
            numbers.add(metrics.CACHE_HITS, *labels, by=hits[kind])
        if gone := step.store.evicted[kind] - evicted.get(kind, 0):
            numbers.add(metrics.CACHE_EVICTIONS, *labels, by=gone)
            evicted[kind] = step.store.evicted[kind]


DIRECTIVE = Directive("cache", parse, build)
