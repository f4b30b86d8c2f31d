"""What people are told while the stack starts, runs and ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class StartupProgress:
    """One line of progress for the user."""

    name: str
    state: str
    address: str = ""
    detail: str = ""

    def __str__(self) -> str:
        return f"  {self.name:<14}{self.state:<10}{self.address:<32}{self.detail}".rstrip()


Report = Callable[[StartupProgress], None]
