"""Durations are written in one way, whoever shows them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from odooops_dagster.wording import duration_text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (4.24, "4.2 s"),
        (59.96, "1 min 0 s"),
        (185, "3 min 5 s"),
        (3599.6, "1 h 0 min"),
        (7800, "2 h 10 min"),
    ],
)
def test_a_duration_is_as_exact_as_a_person_reads_it(seconds: float, text: str) -> None:
    """Seconds with a tenth, minutes with seconds, hours with minutes; never 60 of one."""
    assert duration_text(timedelta(seconds=seconds)) == text
