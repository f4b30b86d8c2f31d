"""The one partition of every asset: the environment, `<project>/<branch>`."""

from __future__ import annotations

import dagster as dg

environments = dg.DynamicPartitionsDefinition(name="environments")
