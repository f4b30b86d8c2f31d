"""What one asset hands to the next: a value kept per environment, the last one made.

A run's own values are there when its next step asks for them. A run that makes only part of the assets (Materialize
on one asset in the UI) finds what the environment's last run made.
"""

# No `from __future__ import annotations` here: Dagster reads the resource fields' annotations as types.
import os
import pickle
from pathlib import Path
from typing import Any

import dagster as dg

from odooops_dagster.settings import Settings
from odooops_dagster.steps.names import handoff_folder


class HandoffIOManager(dg.ConfigurableIOManager):
    """Keeps values under the state folder, readable by the platform's account alone."""

    settings: dg.ResourceDependency[Settings]

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:  # noqa: ANN401 - any asset's value
        """Keep the value whole or not at all."""
        path = self._path(context)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_suffix(f".{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_bytes(pickle.dumps(obj))
        draft.replace(path)

    def load_input(self, context: dg.InputContext) -> Any:  # noqa: ANN401 - any asset's value
        """Return the environment's last value of the asset."""
        name = context.asset_key.to_user_string()
        try:
            data = self._path(context).read_bytes()
            return pickle.loads(data)  # noqa: S301 - written above, in a folder that only we may write
        except FileNotFoundError as exc:
            message = f"{name} was never made for {context.partition_key}: materialize it with what comes before it"
            raise dg.Failure(message, allow_retries=False) from exc
        except (pickle.UnpicklingError, AttributeError, ImportError, TypeError, EOFError) as exc:
            message = f"{name} of {context.partition_key} was made by another version: materialize it again"
            raise dg.Failure(message, allow_retries=False) from exc

    def _path(self, context: dg.InputContext | dg.OutputContext) -> Path:
        folder = handoff_folder(self.settings.home, context.partition_key)
        return folder / f"{context.asset_key.path[-1]}.pickle"
