"""The backend of a mode, and what the kernel holds of it as another process sees it."""

import asyncio
from contextlib import closing
from typing import NamedTuple, Protocol

from svcdns.app.proxy_settings import ProxySettings
from svcdns.app.start_error import StartError
from svcdns.dataplane import kube_proxy, leftovers, libnftables
from svcdns.dataplane.backend import Backend, DataplaneError
from svcdns.dataplane.filter import FilterOptions, PacketFilter
from svcdns.dataplane.filter_iptables import IptablesFilter
from svcdns.dataplane.filter_nftables import NftablesFilter
from svcdns.dataplane.iptables import Iptables
from svcdns.dataplane.ipvs import IpvsBackend, IpvsOptions
from svcdns.dataplane.ipvs_kernel import IpvsTable, Timeouts
from svcdns.dataplane.journal import Journal
from svcdns.dataplane.leftovers import Part, Removed, Traces
from svcdns.dataplane.libnftables import ScriptError
from svcdns.dataplane.nftables import Nftables
from svcdns.dataplane.nftables_entry import Shape
from svcdns.dataplane.nftables_listing import EMPTY, read_listing
from svcdns.dataplane.nftables_script import FAMILIES, TABLE
from svcdns.dataplane.routes import device_of
from svcdns.dataplane.sole_proxy import Sign, kube_proxy_mode, refuse_beside_kube_proxy
from svcdns.dataplane.userspace import Userspace
from svcdns.proxy.model import Desired, VirtualKey, unpack_servers
from svcdns.proxy.realized import Realized, RealizedServer, RealizedVirtual


class OpenBackend(Backend, Protocol):
    """A backend with sockets and a thread of its own."""

    def close(self) -> None:
        """Give them back; what it made stays."""
        ...


class Observed(NamedTuple):
    """What the kernel has."""

    realized: Realized
    """Ours, or what would be ours."""
    foreign: int = 0
    """Virtual servers of others."""


def filter_options(settings: ProxySettings) -> FilterOptions:
    """Return what the rules of a packet filter depend on."""
    networks = tuple((one.address, one.prefix) for one in settings.cluster_networks)
    return FilterOptions(1 << settings.masquerade_bit, settings.masquerade_all, networks)


def packet_filter_of(settings: ProxySettings) -> PacketFilter:
    """Return what stands beside IPVS: the one that was asked for, or the first that works.

    Raises:
        DataplaneError: neither works here.
    """
    options = filter_options(settings)
    if settings.packet_filter == "iptables":
        return IptablesFilter(options)
    nftables = NftablesFilter(options)
    if settings.packet_filter == "nftables":
        return nftables
    try:
        nftables.probe()
    except DataplaneError:
        iptables = IptablesFilter(options)
        try:
            iptables.probe()
        except DataplaneError:
            return nftables  # its own complaint is the one to show
        return iptables
    return nftables


def backend_of(settings: ProxySettings) -> OpenBackend:
    """Return the backend of a mode; nothing is asked of the kernel yet.

    Raises:
        DataplaneError: it cannot be made.
        StartError: there is none for this mode.
    """
    match settings.mode:
        case "ipvs":
            timeouts = Timeouts(
                round(settings.tcp_seconds),
                round(settings.tcp_fin_seconds),
                round(settings.udp_seconds),
            )
            options = IpvsOptions(
                device=settings.device,
                exclude=settings.exclude,
                strict_arp=settings.strict_arp,
                binding=settings.binding,
                timeouts=timeouts,
            )
            return IpvsBackend(options, packet_filter_of(settings))
        case "nftables":
            return Nftables(filter_options(settings))
        case "iptables":
            return Iptables(filter_options(settings))
        case "userspace":
            device = None if settings.listen else device_of(settings.device, settings.binding)
            return Userspace(listen=settings.listen, device=device)
    raise StartError(
        f"mode {settings.mode} is chosen when the proxy starts; name one of the others"
    )


def observed(settings: ProxySettings, desired: Desired) -> Observed:
    """Return what the kernel has for this mode, whoever made it; nothing is changed.

    Args:
        settings: mode, device, what to leave alone.
        desired: in mode ipvs virtual servers of these keys count too, as kube-proxy's do.

    Raises:
        StartError: it cannot be read.
    """
    try:
        match settings.mode:
            case "ipvs":
                return _ipvs(settings, desired)
            case "nftables":
                return Observed(_nftables(desired))
            case "iptables":
                with closing(backend_of(settings)) as backend:
                    return Observed(asyncio.run(backend.read()))
    except DataplaneError as error:
        raise StartError(str(error)) from None
    raise StartError(
        f"what mode {settings.mode} has is known to its process alone\n"
        "  next  curl http://127.0.0.1:10249/metrics on the node"
    )


def clean(settings: ProxySettings, *, and_kube_proxys: bool = False) -> tuple[str, ...]:
    """Take away what the proxy made, in whatever mode, and nothing else; return what there was.

    What can be taken away goes, whatever else cannot; what a kube-proxy that runs has taken over
    is its own.

    Args:
        settings: device, and which virtual servers are others'.
        and_kube_proxys: also what kube-proxy left; beside a proxy of ours that runs, that alone.

    Raises:
        StartError: something stays, and what; or a proxy runs here whose part is asked for.
    """
    sign = Sign()
    removed = Removed((), ())
    beside: Journal | None = None
    try:
        sign.take()
    except DataplaneError as error:
        if not and_kube_proxys:
            raise StartError(str(error)) from None
        beside = Journal()
    try:
        if beside is None:
            if and_kube_proxys:
                refuse_beside_kube_proxy("take away what kube-proxy made")
            parts = frozenset(Part) - _taken_over(settings)
            removed = leftovers.remove(parts, Traces(settings.device, exclude=settings.exclude))
        problems = list(removed.problems)
        if and_kube_proxys:
            problems += kube_proxy.remove(settings.exclude, beside)
    except DataplaneError as error:
        raise StartError(str(error)) from None
    finally:
        sign.give_back()
    if problems:
        raise StartError("\n".join(problems))
    return tuple(part.value for part in removed.parts)


def _taken_over(settings: ProxySettings) -> frozenset[Part]:
    """Return what a kube-proxy that runs in mode ipvs serves with, whoever made it."""
    if kube_proxy_mode() != "ipvs":
        return frozenset()
    device = {Part.DEVICE} if settings.device == kube_proxy.DEVICE else set()
    return frozenset({Part.VIRTUAL_SERVERS} | device)


def _ipvs(settings: ProxySettings, desired: Desired) -> Observed:
    device = device_of(settings.device, settings.binding)
    table, journal = IpvsTable(), Journal()
    try:
        table.open()
        whole = table.read()
        bound = device.read().bound
        journal.open()
    finally:
        table.close()
        device.close()
    ours: dict[VirtualKey, RealizedVirtual] = {}
    for key, one in whole.items():
        if any(network.holds(key.address) for network in settings.exclude):
            continue
        if key in desired.virtual_servers or key.address in bound or key in journal.keys:
            ours[key] = one
    return Observed(Realized(ours, bound), len(whole) - len(ours))


def _nftables(desired: Desired) -> Realized:
    virtual: dict[VirtualKey, RealizedVirtual] = {}
    addresses: set[bytes] = set()
    for width in FAMILIES:
        try:
            contents = libnftables.contents(width, TABLE)
            listing = read_listing(contents, width) if contents is not None else EMPTY
        except ScriptError as error:
            raise libnftables.explained(f"read table {TABLE}", error) from error
        addresses.update(listing.addresses)
        for key, entry in listing.entries.items():
            servers = dict.fromkeys(unpack_servers(entry.servers, width), RealizedServer())
            shape, wanted = Shape.named(entry.chain), desired.virtual_servers.get(key)
            if shape is not None:
                one = RealizedVirtual(shape.scheduler, shape.flags, shape.held, servers)
            elif wanted is not None:  # without servers rules have no scheduler
                one = RealizedVirtual(
                    wanted.scheduler, wanted.flags, wanted.persistence_timeout, servers
                )
            else:
                one = RealizedVirtual("", servers=servers)
            virtual[key] = one
    return Realized(virtual, frozenset(addresses))
