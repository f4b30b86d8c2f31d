"""How many processes serve an environment: what its repository asks for, within what the environment may have."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from odooops_dagster.model import Share
from odooops_dagster.steps.environment.workers import sentence, workers_of
from odooops_dagster.tools.project_file import OdooOptions

SHARE = Share(
    name="e", owner="shop/main", folder=Path("/e"), memory_mb=6144, processes=1024, cpu_percent=0, cpu_weight=100
)


def asking(workers: int) -> OdooOptions:
    """Return options that ask for the workers."""
    return OdooOptions(options={"workers": workers})


@pytest.mark.parametrize(
    ("asked", "memory_mb", "processes", "number"),
    [
        (0, 6144, 1024, 0),
        (4, 6144, 1024, 4),
        (64, 6144, 1024, 17),
        (64, 0, 1024, 62),
        (64, 6144, 96, 4),
        (64, 0, 0, 64),
        (4, 1024, 1024, 0),
    ],
)
def test_workers_never_exceed_the_share(asked: int, memory_mb: int, processes: int, number: int) -> None:
    """Two rooms are kept for the bus and the crons; where not even two workers fit, threads serve."""
    share = replace(SHARE, memory_mb=memory_mb, processes=processes)
    assert workers_of(asking(asked), share) == number
    assert (sentence(asking(asked), share) == "") == (asked == 0)


def test_what_does_not_fit_is_said() -> None:
    """With the settings that would let it fit."""
    assert sentence(asking(2), SHARE) == "2 workers and a process for the bus serve"
    assert "the 64 workers of odoo.options.workers do not fit into 6144 MB" in sentence(asking(64), SHARE)
    assert sentence(asking(4), replace(SHARE, memory_mb=1024)).startswith("threads in one process serve: the 4 workers")
