"""Pass values between the assets of one run: they are kept in memory and gone with the run.

An asset that this run does not make is loaded as None: the step then reads what it needs from the record.
"""

from __future__ import annotations

from typing import Any

import dagster as dg


class RunMemory(dg.IOManager):
    """Keeps the values of one run; the executor runs all its steps in this process."""

    def __init__(self) -> None:
        self._values: dict[dg.AssetKey, object] = {}

    def handle_output(self, context: dg.OutputContext, obj: object) -> None:
        """Store the value."""
        self._values[context.asset_key] = obj

    def load_input(self, context: dg.InputContext) -> Any:  # noqa: ANN401 - any asset's value
        """Return the asset's value in this run; None if the run did not make it."""
        return self._values.get(context.asset_key)


@dg.io_manager
def run_memory() -> RunMemory:
    """Return an empty memory: each run has its own."""
    return RunMemory()
