"""What Dagster's own command lists of the project: a change of it is a change of what people click."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
LISTED = Path(__file__).with_name("definitions.json")
WRITE = f".venv/bin/dg list defs --json > {LISTED.relative_to(ROOT)}"


def test_dagster_lists_the_definitions_that_are_written_down() -> None:
    """With their words, groups, kinds and owners."""
    ended = subprocess.run(
        [Path(sys.executable).with_name("dg"), "list", "defs", "--json"],
        check=True, capture_output=True, text=True, cwd=ROOT,
        env=os.environ | {"VIRTUAL_ENV": sys.prefix, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    listed, written = (ordered(json.loads(text)) for text in (ended.stdout, LISTED.read_text()))
    assert listed == written, f"look at the change, then: {WRITE}"


def ordered(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return the value with its lists in one order: Dagster keeps some of them as sets."""
    if isinstance(value, dict):
        return {key: ordered(part) for key, part in value.items()}
    if isinstance(value, list):
        return sorted((ordered(part) for part in value), key=json.dumps)
    return value
