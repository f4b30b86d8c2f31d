"""Which addresses this machine has, and which networks it is on: the kernel is asked each second, as both change."""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import psutil

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# A way without a router to more than this is one to the internet, such as that of a tunnel or of a modem.
_WIDEST = {4: 8, 6: 16}
_FAMILIES = (socket.AF_INET, socket.AF_INET6)
# Sources: proc(5), and net/ipv6/route.c of Linux.
_ROUTES_4, _ROUTES_6 = Path("/proc/net/route"), Path("/proc/net/ipv6_route")
_REJECTS = 0x0200


def is_own(address: Address) -> bool:
    """Return whether this machine has the address.

    Raises:
        OSError: the machine does not say which ones it has.
    """
    return address in _known(int(time.monotonic()))[0] or _answers_itself(address)


def is_neighbour(address: Address) -> bool:
    """Return whether the address is on a network of this machine: it is reached without a router.

    Raises:
        OSError: the machine does not say which networks it is on.
    """
    return any(address in each for each in _known(int(time.monotonic()))[1])


@lru_cache(maxsize=1)
def _known(_second: int) -> tuple[frozenset[Address], tuple[Network, ...]]:
    """Return the addresses and networks, asked once in a second: a name may have many addresses."""
    own = frozenset(each for each, _ in _held())
    return own, tuple(dict.fromkeys((*_around_interfaces(), *_without_router())))


def _held() -> Iterator[tuple[Address, str]]:
    """Yield each address of this machine, with its mask."""
    for card in psutil.net_if_addrs().values():
        for each in card:
            if each.family in _FAMILIES:
                yield ipaddress.ip_address(each.address.partition("%")[0]), each.netmask or ""


def _answers_itself(address: Address) -> bool:
    """Return whether the kernel leads the address to this machine, whoever has it; nothing is sent."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((str(address), 9))
            return ipaddress.ip_address(probe.getsockname()[0].partition("%")[0]) == address
    except OSError:
        return False  # there is no way to it


def _around_interfaces() -> Iterator[Network]:
    for address, mask in _held():
        if mask:
            length = int(ipaddress.ip_address(mask.partition("%")[0])).bit_count()
            yield from _narrow(ipaddress.ip_network(f"{address}/{length}", strict=False))
    for card in psutil.net_if_addrs().values():
        for each in card:
            if each.ptp and each.family in _FAMILIES:
                yield ipaddress.ip_network(each.ptp.partition("%")[0])


def _without_router() -> Iterator[Network]:
    """Yield the networks that the kernel's tables reach without a router: an address may be alone in its network."""
    with suppress(FileNotFoundError):
        for line in _ROUTES_4.read_text().splitlines()[1:]:
            _, destination, gateway, flags, _, _, _, mask, *_ = line.split()
            if int(gateway, 16) == 0 and not int(flags, 16) & _REJECTS:
                packed = int(destination, 16).to_bytes(4, "little")
                yield from _narrow(ipaddress.IPv4Network((packed, int(mask, 16).bit_count())))
    with suppress(FileNotFoundError):
        for line in _ROUTES_6.read_text().splitlines():
            destination, length, _, _, gateway, _, _, _, flags, _ = line.split()
            if int(gateway, 16) == 0 and not int(flags, 16) & _REJECTS:
                yield from _narrow(ipaddress.IPv6Network((bytes.fromhex(destination), int(length, 16))))


def _narrow(network: Network) -> Iterator[Network]:
    if network.prefixlen >= _WIDEST[network.version]:
        yield network
