"""Pods that are nothing but an address: tests say when they are ready and when they have ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any

_FIRST = IPv4Address("10.244.0.10")


@dataclass
class Puppet:
    """One Pod's place."""

    name: str
    namespace: str
    labels: Mapping[str, str]
    address: str
    is_ready: bool
    lingers: bool
    """It was asked to end and does not."""
    is_leaving: bool = False

    @property
    def has_ended(self) -> bool:
        return self.is_leaving and not self.lingers

    def stop(self) -> None:
        self.is_leaving = True


class Puppets:
    """All of a cluster, also those that have ended."""

    def __init__(self) -> None:
        self.all: list[Puppet] = []
        self.are_ready = True
        """Whether those that start from now on are ready at once."""
        self.linger = False
        """Whether those that start from now on go on when they are asked to end."""

    def start(self, pod: Mapping[str, Any]) -> Puppet:
        """Return the place of one more Pod, with an address that none had before."""
        metadata = pod["metadata"]
        self.all.append(
            Puppet(
                metadata["name"],
                metadata["namespace"],
                metadata.get("labels", {}),
                str(_FIRST + len(self.all)),
                self.are_ready,
                self.linger,
            )
        )
        return self.all[-1]

    def of(self, namespace: str) -> list[Puppet]:
        """Return those of a namespace that have not ended, in the order they came."""
        return [one for one in self.all if one.namespace == namespace and not one.has_ended]
