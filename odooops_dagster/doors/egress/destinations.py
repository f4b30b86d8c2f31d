"""What the rules of an environment let it reach, and how the host of a request is read.

The destinations are those that `ops_private.destination_parts` takes. A host is read strictly: what two programs could
read in two ways, such as 0x7f.1, is no host.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

from odooops_dagster.doors.egress.places import Address, Place, place_of

Host = str | Address

# The ports of a destination that names none.
_WEB = frozenset({80, 443})
# Mails are caught (doors/catcher), also those that are sent past Python's own library.
_MAIL = frozenset({25, 465, 587, 2525})
_LONGEST_NAME = 253
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\]:\[]+)(?::([1-9][0-9]{0,4}))?")


@dataclass(frozen=True)
class Destination:
    """A host, or all names below one (`is_below`), with a port or with those of the web."""

    host: Host
    port: int | None = None
    is_below: bool = False

    @classmethod
    def read(cls, text: str) -> Self:
        """Return the destination.

        Raises:
            ValueError: it is none, or is not written in the one way in which a list has it.
        """
        rest = text.removeprefix("*.")
        host, port = authority_of(rest)
        if (rest != text and not isinstance(host, str)) or shown(host, port) != rest:
            raise ValueError(f"{text[:80]!r} is no destination")
        return cls(host, port, rest != text)

    def holds(self, host: Host, port: int) -> bool:
        """Return whether the host at the port is this destination."""
        if port not in (_WEB if self.port is None else {self.port}):
            return False
        if self.is_below:
            return isinstance(host, str) and host.endswith(f".{self.host}")
        return host == self.host


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What an environment may reach.

    Args:
        project, stage: whose list it is.
        mode: enforce, or report.
        destinations: the list.
        opened: what on it the platform's operator named, which may lie in the platform's networks.
        own_services: addresses and ports of this machine that its operator opens to whom a list opens them too.
        held: the rules of its whole project, by their names.
    """

    project: str
    stage: str
    mode: str
    destinations: tuple[Destination, ...]
    opened: tuple[Destination, ...]
    own_services: tuple[Destination, ...]
    held: Mapping[str, Any]

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> Self:
        """Return the rules as the platform tells them (ops.egress_rules, and steps/environment/exits.py).

        Raises:
            ValueError, KeyError, TypeError: they are none.
        """
        return cls(
            project=str(told["project_slug"]),
            stage=str(told["stage"]),
            mode=str(told["mode"]),
            destinations=tuple(_destinations(told["allow"])),
            opened=tuple(_destinations(told["opened"])),
            own_services=tuple(_destinations(told["own_services"])),
            held=dict(told["rules"]),
        )

    def allows(self, host: Host, port: int) -> bool:
        """Return whether the list has it."""
        return any(each.holds(host, port) for each in self.destinations)

    def refusal(self, host: Host, port: int) -> str | None:
        """Return the sentence with which the host is refused before its name is looked up; None if it is not."""
        if port in _MAIL:
            return f"port {port} is for mails, and mails are caught: ops env mail {self.project} BRANCH"
        if self.mode != "enforce" or self.allows(host, port):
            return None
        return f"{shown(host, port)} is not on rule {self._rule} of policy egress: {self._command(host, port)}"

    def refusal_of_address(self, host: Host, address: Address, port: int) -> str | None:
        """Return the sentence with which the host is refused at an address; None if it is not.

        Raises:
            OSError: this machine does not say which addresses it has.
        """
        place = place_of(address)
        is_opened = self.allows(address, port) and any(each.holds(address, port) for each in self.opened)
        is_service = any((each.host, each.port) == (address, port) for each in self.own_services)
        let = {Place.INTERNET: True, Place.INNER: is_opened, Place.OWN: is_opened and is_service, Place.NOWHERE: False}
        if let[place]:
            return None
        at = f"{shown(host, port)} is at {address},"
        if place is Place.NOWHERE:
            return f"{at} which no list opens: it is no address of one server of the internet"
        if place is Place.OWN and not is_service:
            return (
                f"{at} the platform's own machine, of which only its operator opens a service:"
                f" ODOOOPS_EGRESS_OWN_SERVICES={shown(address, port)}"
            )
        return (
            f"{at} inside of the platform's own networks, which only the platform's operator may name:"
            f" {self._command(address, port)}"
        )

    @property
    def _rule(self) -> str:
        return f"{self.stage}_allow"

    def _command(self, host: Host, port: int) -> str:
        wanted = shown(host, None if port in _WEB else port)
        rules = {**self.held, self._rule: [*self.held.get(self._rule, ()), wanted]}
        return f"ops policy set {self.project} egress '{json.dumps(rules)}'"


def _destinations(texts: Iterable[str]) -> Iterator[Destination]:
    """Yield the destinations; what cannot be read opens nothing, and closes nothing else."""
    for text in texts:
        with suppress(ValueError):
            yield Destination.read(text)


def authority_of(text: str) -> tuple[Host, int | None]:
    """Return the host and the port of `host` or `host:port`.

    Raises:
        ValueError: it is neither, or could be read in two ways.
    """
    found = _AUTHORITY.fullmatch(text)
    if found is None:
        raise ValueError(f"{text[:80]!r} is no host")
    port = int(found[2]) if found[2] else None
    if port is not None and port > 65535:
        raise ValueError(f"{port} is no port")
    return _host(found[1]), port


def shown(host: Host, port: int | None = None) -> str:
    """Return the host as a destination has it."""
    text = f"[{host}]" if isinstance(host, ipaddress.IPv6Address) else str(host)
    return text if port is None else f"{text}:{port}"


def _host(text: str) -> Host:
    if text.startswith("["):
        address = ipaddress.IPv6Address(text[1:-1])
        if address.ipv4_mapped or 0xFFFF < int(address) <= 0xFFFFFFFF:
            raise ValueError(f"{text[:80]!r} is an address of IPv4, which is written as one")
        return address
    name = text.lower().removesuffix(".")
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return ipaddress.IPv4Address(name)  # four decimal numbers, none with a zero before it
    if len(name) > _LONGEST_NAME or not all(map(_LABEL.fullmatch, labels)):
        raise ValueError(f"{text[:80]!r} is no host")
    return name
