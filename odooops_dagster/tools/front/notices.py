"""The notice that tells the router how to answer for one environment; without one, requests pass to its Odoo."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from odooops_dagster.files import write_whole
from odooops_dagster.home import environment_notice

# asleep: the next request starts it. stopped: nothing but a person does. starting: its Odoo does not answer yet.
# maintenance: its data change. replaced: its candidate answers while the service is replaced.
State = Literal["asleep", "stopped", "starting", "maintenance", "replaced"]
# A start or a switch that takes longer was killed; what is to run, runs again by then.
_LONGEST_SECONDS = {"starting": 600.0, "replaced": 600.0}


@dataclass(frozen=True, kw_only=True)
class Notice:
    """How the router answers for an environment.

    `since` is in seconds since 1970, `seconds` how long the state usually lasts, 0 where nobody knows. `candidate`
    names the socket, in the folder of the environment's own, that answers while it is replaced. `by` is who stopped it,
    empty where nobody knows.
    """

    state: State
    environment: str  # its partition key
    since: float
    seconds: float = 0.0
    candidate: str = ""
    by: str = ""

    @property
    def is_over(self) -> bool:
        """Return whether the state lasts for longer than it can."""
        longest = _LONGEST_SECONDS.get(self.state)
        return longest is not None and time.time() > self.since + longest


def post(home: Path, label: str, notice: Notice) -> None:
    """Leave the notice for the environment with this host label; it replaces another one."""
    write_whole(environment_notice(home, label), json.dumps(asdict(notice)).encode())


def take_down(home: Path, label: str) -> None:
    """Remove the environment's notice, if it has one."""
    environment_notice(home, label).unlink(missing_ok=True)


def read(path: Path) -> Notice | None:
    """Return the notice in the file; None if there is none or its state is over."""
    try:
        written = path.read_bytes()
    except FileNotFoundError:
        return None
    with suppress(ValueError, TypeError):
        notice = Notice(**json.loads(written))
        return None if notice.is_over else notice
    return None
