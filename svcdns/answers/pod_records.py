"""Pod names: `10-244-1-7.NAMESPACE.pod`, an address with dashes.

Insecure mode answers for any address without asking whether a Pod has it; verified mode only
for the addresses of Pods in that Namespace. The Namespace itself is `lookup`'s business.

Source: Kubernetes DNS-Based Service Discovery 1.1.0 section 2.6 (deprecated records).
"""

from svcdns.cluster.state import State
from svcdns.wire.name import address_text, pack_address, unmapped

_IPV4_DASHES = 3


def pod_address(label: str) -> bytes | None:
    """Return the packed address that a pod's label spells, None if it spells none.

    Three single dashes are the dots of IPv4, any others the colons of IPv6. An IPv4-mapped
    IPv6 address is the IPv4 address.
    """
    is_ipv4 = label.count("-") == _IPV4_DASHES and "--" not in label
    # A dot or colon of the client's own must not pass for one that was a dash.
    if "." in label or ":" in label:
        return None
    try:
        return unmapped(pack_address(label.replace("-", "." if is_ipv4 else ":")))
    except ValueError:
        return None


def is_canonical(label: str, address: bytes) -> bool:
    """Return whether `label` spells `address` as the API does (RFC 5952)."""
    return address_text(address).replace("." if len(address) == 4 else ":", "-") == label


def count_pods(state: State, namespace: str, address: bytes) -> int:
    """Return how many Pods of the Namespace have that address, be it their first or not.

    Those that use the network of their Node share its addresses.
    """
    return sum(pod.namespace == namespace for pod in state.pods_at(address))
