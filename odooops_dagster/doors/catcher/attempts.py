"""Count what an environment tried to reach, by the minute and within bounds: what it says, and what the proxy sees.

A datagram is the word of a program that may be hostile: its parts are cut, checked and counted, and believed in nothing
else. The minute is that of our clock.
"""

from __future__ import annotations

import ipaddress
import json
import re
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from odooops_dagster.files import write_whole

# A longer datagram is cut, and is no JSON then.
LONGEST = 4096
# Things of one minute that are told apart; what is more is counted under `OTHERS`. ops.record_egress takes 50.
_DISTINCT = 40
OTHERS = "*"
_PROTOCOLS = frozenset({"tcp", "udp", "dns", "http", "smtp"})
_MODULE = re.compile(r"[A-Za-z0-9_.]{1,100}")
_MOST = 1_000_000
# A minute is written for the last time soon after its end.
_KEPT = timedelta(minutes=2)


@dataclass(frozen=True)
class Attempt:
    """What is told apart in one minute."""

    destination: str
    port: int | None
    protocol: str
    module: str | None = None
    cron: str | None = None
    outcome: str | None = None  # where whoever counts decides it: the proxy


@dataclass
class _Count:
    attempts: int
    first_at: datetime
    last_at: datetime
    address: str | None = None
    reason: str | None = None
    bytes_out: int = 0
    bytes_in: int = 0


class Counter:
    """The counts of the last minutes."""

    def __init__(self) -> None:
        self._minutes: dict[datetime, dict[Attempt, _Count]] = {}
        self._changed: set[datetime] = set()

    def add(self, datagram: bytes, now: datetime) -> None:
        """Count what the datagram tells; one that tells nothing is dropped."""
        try:
            told = json.loads(datagram)
            attempt, address, attempts = _read(told)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return
        self.count(attempt, now, attempts=attempts, address=address)

    def count(
        self,
        attempt: Attempt,
        now: datetime,
        *,
        attempts: int = 1,
        address: str | None = None,
        reason: str | None = None,
        moved: tuple[int, int] = (0, 0),
    ) -> None:
        """Count the attempt, or more of one that was counted before.

        Args:
            attempt: what is told apart.
            now: the time.
            attempts: how many; 0 for what only adds to an earlier one.
            address: the address that was reached for, where it is known.
            reason: why it was refused or did not succeed.
            moved: the bytes that left, and those that came back.
        """
        minute = now.replace(second=0, microsecond=0)
        counts = self._minutes.setdefault(minute, {})
        if attempt not in counts and len(counts) >= _DISTINCT:
            attempt, address = Attempt(OTHERS, None, "tcp", outcome=attempt.outcome), None
        count = counts.setdefault(attempt, _Count(attempts=0, first_at=now, last_at=now))
        count.attempts = min(count.attempts + attempts, _MOST)
        count.last_at = max(now, count.last_at)
        count.address = count.address or address
        count.reason = reason or count.reason
        count.bytes_out += moved[0]
        count.bytes_in += moved[1]
        self._changed.add(minute)

    def changed(self, now: datetime) -> dict[datetime, list[dict[str, Any]]]:
        """Return the whole counts of each minute that changed since the last call, as ops.record_egress takes them."""
        changed = {minute: _rows(self._minutes[minute]) for minute in sorted(self._changed)}
        self._changed.clear()
        for minute in [minute for minute in self._minutes if minute < now - _KEPT]:
            del self._minutes[minute]
        return changed


def leave(counter: Counter, spool: Path, *, source: UUID, now: datetime) -> None:
    """Write the minutes in which something was counted since the last call; the folder is made for the first one."""
    for minute, attempts in counter.changed(now).items():
        told = {"minute": minute.isoformat(), "source": str(source), "attempts": attempts}
        write_whole(spool / f"{minute:%Y%m%dT%H%M}-{source.hex[:8]}.attempts", json.dumps(told).encode())


def _rows(counts: dict[Attempt, _Count]) -> list[dict[str, Any]]:
    # An attempt that went on into this minute began in the one before: it is one here too.
    return [
        {
            **asdict(attempt),
            "address": count.address,
            "reason": count.reason,
            "bytes_out": count.bytes_out,
            "bytes_in": count.bytes_in,
            "attempts": max(count.attempts, 1),
            "first_at": count.first_at.isoformat(),
            "last_at": count.last_at.isoformat(),
        }
        for attempt, count in counts.items()
    ]


def _read(told: dict[str, Any]) -> tuple[Attempt, str | None, int]:
    """Return what was tried, the address and how often.

    Raises:
        ValueError: something of it cannot be so.
    """
    address = told.get("address")
    attempts = 1 if told.get("attempts", 1) else 0
    where = str(ipaddress.ip_address(address.partition("%")[0])) if address else None
    return attempt_of(told), where, attempts


def attempt_of(told: dict[str, Any]) -> Attempt:
    """Return what was tried.

    Raises:
        ValueError: something of it cannot be so.
    """
    port = told.get("port")
    if not (port is None or (type(port) is int and 0 <= port <= 65535)):
        raise ValueError(port)
    module = str(told.get("module") or "")
    return Attempt(
        destination=_text(told["destination"], 255) or _nothing(),
        port=port,
        protocol=told["protocol"] if told.get("protocol") in _PROTOCOLS else "tcp",
        module=module if _MODULE.fullmatch(module) else None,
        cron=_text(told.get("cron"), 200),
    )


def _text(value: object, longest: int) -> str | None:
    """Return the text without what no terminal shows, cut to its length; None if nothing is left."""
    return "".join(sign for sign in str(value or "")[:longest] if sign.isprintable()).strip() or None


def _nothing() -> str:
    raise ValueError("an attempt without a destination")
