"""What passes between the assets of one run: values in memory, gone with the run.

An asset that this run does not make is None to the one that asks for it: what its step then needs, the record says.
"""

from __future__ import annotations

from typing import Any

import dagster as dg


class RunMemory(dg.IOManager):
    """Keeps the values of one run; the executor runs all its steps in this process."""

    def __init__(self) -> None:
        self._values: dict[dg.AssetKey, object] = {}

    def handle_output(self, context: dg.OutputContext, obj: object) -> None:
        """Keep the value."""
        self._values[context.asset_key] = obj

    def load_input(self, context: dg.InputContext) -> Any:  # noqa: ANN401 - any asset's value
        """Return what this run made of the asset, None where it did not make it."""
        return self._values.get(context.asset_key)


@dg.io_manager
def run_memory() -> RunMemory:
    """Return an empty memory: each run has its own."""
    return RunMemory()
