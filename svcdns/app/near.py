"""Names that somebody may have meant. Slow at 10,000 Services: for people only."""

from difflib import get_close_matches
from itertools import islice

from svcdns.cluster.state import State
from svcdns.wire.name import OwnerName, labels

_MOST = 3
_SIMILAR = 0.6


def near(state: State, owner: OwnerName) -> tuple[str, ...]:
    """Return up to three `service.namespace` that resemble a name which does not exist.

    Args:
        state: the cluster.
        owner: lower case, with the zone.
    """
    words = [label.decode("latin-1") for label in labels(owner)]
    if "svc" in words[2:]:
        end = words.index("svc", 2)
        service, namespace = words[end - 2], words[end - 1]
        asked = f"{service}.{namespace}"
    elif len(words) > 1:
        service, namespace = words[0], words[1]  # somebody left `svc` out
        asked = ""
    else:
        return ()
    found = dict.fromkeys(_candidates(state, service, namespace))
    return tuple(islice((name for name in found if name != asked), _MOST))


def _candidates(state: State, service: str, namespace: str) -> list[str]:
    spaces = [namespace] if namespace in state.namespaces else []
    spaces += get_close_matches(namespace, state.namespaces, _MOST, _SIMILAR)
    found = [f"{service}.{space}" for space in spaces if state.service(space, service)]
    for space in spaces:
        alike = get_close_matches(service, list(state.services_in(space)), _MOST, _SIMILAR)
        found += [f"{name}.{space}" for name in alike]
    found += [f"{service}.{space}" for space in state.namespaces_of(service)]
    everywhere = {one.name: one.namespace for one in state.services}
    alike = get_close_matches(service, everywhere, _MOST, 0.8)
    found += [f"{name}.{everywhere[name]}" for name in alike]
    return found
