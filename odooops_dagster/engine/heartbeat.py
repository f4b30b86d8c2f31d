"""The heartbeat of a working run: renew its lease, and notice a cancel or a lost lease."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Literal

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import Fenced, OdooOpsError
from odooops_dagster.model import Fence

# Why the run must stop: a cancel was requested, or another attempt owns the row.
StopReason = Literal["canceled", "fenced"]


class Heartbeat:
    """A thread that renews the lease until closed and calls `on_stop` once, when the run must stop."""

    def __init__(
        self,
        control: ControlPlane,
        fence: Fence,
        *,
        every_seconds: float,
        lease_seconds: int,
        on_stop: Callable[[StopReason], None],
    ) -> None:
        self._control = control
        self._fence = fence
        self._every_seconds = every_seconds
        self._lease_seconds = lease_seconds
        self._on_stop = on_stop
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="ops-heartbeat", daemon=True)
        self.stopped: StopReason | None = None

    def start(self) -> None:
        """Start to renew the lease."""
        self._thread.start()

    def close(self) -> None:
        """Stop renewing and wait for the last renewal to finish."""
        self._closed.set()
        self._thread.join(timeout=self._every_seconds)

    def _beat(self) -> None:
        while self.stopped is None and not self._closed.wait(self._every_seconds):
            self.stopped = self._renew()
        if self.stopped is not None and not self._closed.is_set():
            self._on_stop(self.stopped)

    def _renew(self) -> StopReason | None:
        try:
            cancel = self._control.runs.heartbeat(self._fence, lease_seconds=self._lease_seconds)
        except Fenced:
            return "fenced"
        except OdooOpsError:
            # A restart of Postgres or a network fault: the next beat tries again, and the fence guards every write.
            return None
        return "canceled" if cancel else None
