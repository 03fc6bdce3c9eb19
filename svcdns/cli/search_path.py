"""The names that a resolver in a Pod tries for one that a person types.

Source: Kubernetes, "DNS for Services and Pods" (search list and `ndots:5` of ClusterFirst);
resolv.conf(5) for the order.
"""

NDOTS = 5
"""From so many dots on, a name is tried as it is before the search list."""


def candidates(name: str, namespace: str, zone: str) -> tuple[str, ...]:
    """Return full names in the order in which they are tried; a name with a final dot is full.

    Args:
        name: as typed.
        namespace: of the Pod.
        zone: of the cluster, `cluster.local`.
    """
    if name.endswith("."):
        return (name,)
    domains = (f"{namespace}.svc.{zone}", f"svc.{zone}", zone)
    searched = tuple(f"{name}.{domain}" for domain in domains)
    return (name, *searched) if name.count(".") >= NDOTS else (*searched, name)
