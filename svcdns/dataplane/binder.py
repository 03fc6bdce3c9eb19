"""The addresses of one batch of operations, on the device of the backend `ipvs`.

An address comes after its virtual servers and goes before them. It blocks: use it in
`dataplane.worker`'s thread.
"""

from collections.abc import Iterable

from svcdns.dataplane.addresses import Device
from svcdns.dataplane.backend import Failure
from svcdns.dataplane.kernel_error import failure_of
from svcdns.proxy.model import Desired, VirtualKey
from svcdns.proxy.operations import Bind, Operation, Unbind


class Binder:
    """Binds and unbinds, in whatever way the device does."""

    def __init__(self, device: Device) -> None:
        """Touch nothing yet."""
        self._device = device
        self._is_tidy = False
        """Whether what another way of binding has left is gone."""

    def bind(
        self, operations: Iterable[Operation], without: set[VirtualKey], desired: Desired
    ) -> list[Failure]:
        """Bind what is to be bound; return what was refused, or not tried.

        Args:
            operations: of all kinds.
            without: virtual servers that are not there. An address stays where it is if there is
                none at it.
            desired: which are to be there.

        Raises:
            DataplaneError: the kernel does not answer.
        """
        binds = [one for one in operations if isinstance(one, Bind)]
        if not binds:
            return []
        bare = {key.address for key in without}
        if bare:
            bare -= {key.address for key in desired.virtual_servers if key not in without}
        failures = [
            Failure(one, "none of its virtual servers is there")
            for one in binds
            if one.address in bare
        ]
        wanted = [one for one in binds if one.address not in bare]
        self._device.prefer(desired.node_addresses)
        refused = self._device.bind(one.address for one in wanted)
        failures += [failure_of(wanted[place], verdict) for place, verdict in refused.items()]
        return failures

    def unbind(self, operations: Iterable[Operation]) -> list[Failure]:
        """Unbind what is to go; return what was refused.

        Raises:
            DataplaneError: the kernel does not answer.
        """
        unbinds = [one for one in operations if isinstance(one, Unbind)]
        if not unbinds:
            return []
        refused = self._device.unbind(one.address for one in unbinds)
        return [failure_of(unbinds[place], verdict) for place, verdict in refused.items()]

    def tidy(self) -> None:
        """Take away what another way of binding has left: all that is wanted is bound by now.

        Raises:
            DataplaneError: the kernel does not answer.
        """
        if not self._is_tidy:
            self._device.tidy()
            self._is_tidy = True
