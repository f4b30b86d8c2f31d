"""Where an address lies: in the internet, in the networks around this machine, on this machine, or nowhere to go.

What an address says by itself `ops_private.destination_place` says too, for those who name it; both pass the table in
tests/egress_places.py. Which addresses are this machine's and its neighbours' the kernel says.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from enum import StrEnum

from odooops_dagster.doors.egress.interfaces import is_neighbour, is_own

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Place(StrEnum):
    """Where an address lies, from what everybody may reach to what nobody may."""

    INTERNET = "internet"
    # Networks that are not the internet, which the operator may open, and neighbours with addresses of the internet.
    INNER = "inner"
    # This machine: the operator may open one service of it.
    OWN = "own"
    # Links, many receivers, forms that stand for another address, and where clouds hand out credentials.
    NOWHERE = "nowhere"


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(map(ipaddress.ip_network, texts))


# Sources: the special-purpose registries of IANA, RFC 4291, 6052, 3056 and 4380. Clouds hand out credentials at
# 169.254.169.254, and at 168.63.129.16 (Azure), 100.100.100.200 (Alibaba), 192.0.0.192 (Oracle), fd00:ec2::254 (AWS)
# and fd20:ce::254 (Google).
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")
_GLOBAL_6 = ipaddress.IPv6Network("2000::/3")
_NOWHERE = _networks(
    *("0.0.0.0/8", "100.100.100.200/32", "168.63.129.16/32", "169.254.0.0/16", "192.0.0.0/24", "192.88.99.0/24"),
    *("224.0.0.0/3", "2001::/23", "2002::/16", "fd00:ec2::/32", "fd20:ce::/32"),
)
_OWN = _networks("127.0.0.0/8", "::1/128")
_INNER = _networks(
    *("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15"),
    *("198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20", "fc00::/7"),
)


def place_of(address: Address) -> Place:
    """Return where the address lies, as this machine is connected now.

    Raises:
        OSError: the machine does not say which addresses it has.
    """
    written = written_place(address)
    behind = ipaddress.IPv4Address(address.packed[-4:]) if address in _TRANSLATED else address
    if written in (Place.NOWHERE, Place.OWN):
        return written
    if is_own(behind):
        return Place.OWN if behind is address else Place.NOWHERE
    if written is Place.INTERNET and is_neighbour(behind):
        return Place.INNER if behind is address else Place.NOWHERE
    return written


def written_place(address: Address) -> Place:
    """Return where the address lies, as far as it says so by itself."""
    if address in _TRANSLATED:
        of_4 = written_place(ipaddress.IPv4Address(address.packed[-4:]))
        return Place.INTERNET if of_4 is Place.INTERNET else Place.NOWHERE
    for place, networks in ((Place.NOWHERE, _NOWHERE), (Place.OWN, _OWN), (Place.INNER, _INNER)):
        if _is_in(address, networks):
            return place
    return Place.INTERNET if address.version == 4 or address in _GLOBAL_6 else Place.NOWHERE


def _is_in(address: Address, networks: Iterable[Network]) -> bool:
    return any(address in each for each in networks)
