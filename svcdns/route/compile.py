"""From a parsed Corefile to plans, from plans to routes.

`read` only complains: every mistake of every block is found before anything is built, so a
Corefile is used whole or not at all. `build` cannot fail because of the Corefile any more.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from svcdns.corefile.arguments import Arguments
from svcdns.corefile.errors import CorefileError, Mistake, in_order
from svcdns.corefile.parser import Corefile, ServerBlock, Stanza
from svcdns.route.directive import Directive, Scope
from svcdns.route.route import Route, chain, way_of
from svcdns.route.stages import Declaration, MetadataStep, Steps
from svcdns.wire.edns import SERVER_SIZE
from svcdns.wire.name import from_text

SCHEME = "dns"
"""The only transport there is so far."""


class Plan(NamedTuple):
    """One server block of which every stanza has been understood."""

    block: ServerBlock
    settings: tuple[tuple[Directive, Any], ...]
    """In the order of the directives, not of the Corefile."""


class Built(NamedTuple):
    """What one server block adds to the process."""

    routes: tuple[Route, ...]
    """One a key, in the order of the keys."""
    steps: tuple[tuple[str, Steps], ...]
    """By directive."""

    @property
    def declarations(self) -> tuple[Declaration, ...]:
        """What the directives ask the process to open."""
        return tuple(wish for _, steps in self.steps for wish in steps.declarations)


class Findings(NamedTuple):
    """What server blocks say, and what is wrong with it."""

    plans: tuple[Plan, ...]
    """To be used only when there are no mistakes."""
    mistakes: tuple[Mistake, ...]
    warnings: tuple[Mistake, ...]


def read(
    corefile: Corefile,
    directives: Sequence[Directive],
    unsupported: Mapping[str, str],
    found: Iterable[Mistake] = (),
) -> tuple[Plan, ...]:
    """Return a plan for each server block.

    Args:
        corefile: as for `examine`.
        directives: as for `examine`.
        unsupported: as for `examine`.
        found: mistakes that the parser has found already.

    Raises:
        CorefileError: with these and every mistake of every block.
    """
    findings = examine(corefile, directives, unsupported)
    mistakes = in_order((*found, *findings.mistakes), corefile.files)
    if mistakes:
        raise CorefileError(mistakes, findings.warnings)
    return findings.plans


def examine(
    corefile: Corefile, directives: Sequence[Directive], unsupported: Mapping[str, str]
) -> Findings:
    """Return a plan for each server block, and everything that is wrong.

    Args:
        corefile: as the parser made it.
        directives: all that there are, in the order in which their steps shall run.
        unsupported: directives of CoreDNS that are not among them -> what to do instead.
    """
    mistakes: list[Mistake] = []
    warnings: list[Mistake] = []
    plans: list[Plan] = []
    for block in corefile.blocks:
        mistakes += _unknown(block, directives, unsupported)
        stanzas: dict[str, list[Stanza]] = {}
        for stanza in block.stanzas:
            stanzas.setdefault(stanza.name.text, []).append(stanza)
        settings: list[tuple[Directive, Any]] = []
        for directive in directives:
            if own := stanzas.get(directive.name):
                arguments = Arguments(directive.name, tuple(own), _zones(block), _root(block))
                settings.append((directive, directive.parse(arguments)))
                mistakes += arguments.mistakes
                warnings += arguments.warnings
        plans.append(Plan(block, tuple(settings)))
    return Findings(
        tuple(plans),
        in_order(mistakes, corefile.files),
        in_order([*corefile.warnings, *warnings], corefile.files),
    )


def _unknown(
    block: ServerBlock, directives: Sequence[Directive], unsupported: Mapping[str, str]
) -> Iterator[Mistake]:
    """Yield a mistake for each scheme and directive that nothing here stands for."""
    for key in block.keys:
        if key.scheme != SCHEME:
            problem = f"'{key.scheme}://' is not supported yet"
            hint = "leave the scheme out: UDP and TCP are served"
            yield Mistake(key.token.location, problem, hint, key.token.width)
    known = {directive.name for directive in directives}
    for stanza in block.stanzas:
        name = stanza.name
        if name.text not in known:
            hint = unsupported.get(name.text, "take the line out")
            problem = f"'{name.text}' is not supported yet"
            yield Mistake(name.location, problem, hint, name.width)


def _zones(block: ServerBlock) -> tuple[str, ...]:
    return tuple(dict.fromkeys(key.zone for key in block.keys))


def _root(block: ServerBlock) -> str:
    """Return what the last `root` of a block says; empty: nothing."""
    roots = [one.arguments[0].text for one in block.stanzas if _is_root(one)]
    return roots[-1] if roots else ""


def _is_root(stanza: Stanza) -> bool:
    return stanza.name.text == "root" and bool(stanza.arguments)


def build(plan: Plan, scope: Scope, wanted: Callable[[str], bool] = lambda _: True) -> Built:
    """Return the routes and steps of one server block.

    Args:
        plan: what `read` returned for it.
        scope: the block's way to the outside.
        wanted: says of a directive's name whether to build it; one-shot queries need no probes.
    """
    steps = tuple(
        (directive.name, directive.build(settings, scope))
        for directive, settings in plan.settings
        if wanted(directive.name)
    )
    labels: tuple[MetadataStep, ...] = ()
    if any(step.labelled for _, step in steps):
        labels = tuple(step.metadata for _, step in steps if step.metadata)
        scope.offers.labels += labels
    routes = tuple(
        Route(
            zone=zone,
            name=from_text(zone),
            answer=chain([step for _, step in steps], zone),
            way=way_of([step for _, step in steps]),
            metadata_steps=labels,
            observe_steps=tuple(step.observe for _, step in steps if step.observe),
            error_steps=tuple(step.observe_error for _, step in steps if step.observe_error),
            failure_steps=tuple(step.observe_failure for _, step in steps if step.observe_failure),
            rotate=any(step.rotate for _, step in steps),
            measured=any(step.measured for _, step in steps),
            per_client=any(step.per_client for _, step in steps),
            any_class=any(step.any_class for _, step in steps),
            udp_limit=min((step.udp_limit for _, step in steps), default=SERVER_SIZE),
            options=tuple(step.option for _, step in steps if step.option),
            refuses=not plan.settings,
        )
        for zone in _zones(plan.block)
    )
    return Built(routes, steps)
