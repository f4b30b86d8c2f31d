"""Which kind of run a selection in Dagster is."""

from __future__ import annotations

from itertools import chain, combinations
from typing import get_args

import pytest

from odooops_dagster.errors import BadInput
from odooops_dagster.kinds import KINDS, kind_of
from odooops_dagster.model import RunKind

IMPLICIT = "__ASSET_JOB"
MADE = ("source", "image", "prod_clone", "database", "deployment")
ASSETS = (*MADE, "backup", "recovery_drill", "upgrade_report")


def joined(names: set[str]) -> str:
    """Return the names of a selection in an order that does not change."""
    return "+".join(sorted(names))


SUBSETS = [set(names) for names in chain.from_iterable(combinations(ASSETS, n) for n in range(1, len(ASSETS) + 1))]


def expected(selected: set[str]) -> str | None:
    """Say in other words than the table's which kind a selection is; None for a selection that is none."""
    if selected == {"backup"}:
        return "backup"
    if selected == {"recovery_drill"}:
        return "drill"
    if selected == {"upgrade_report"}:
        return "upgrade"
    if selected & {"backup", "recovery_drill", "upgrade_report"}:
        return None
    if "deployment" in selected:
        return "deploy"
    return "test" if selected & {"prod_clone", "database"} else "build"


@pytest.mark.parametrize("selected", SUBSETS, ids=joined)
def test_every_selection_is_one_kind_or_refused(selected: set[str]) -> None:
    """All 255: what two kinds make together is nobody's, and the refusal names what one run makes."""
    kind = expected(selected)
    if kind is None:
        with pytest.raises(BadInput, match="no one run makes") as caught:
            kind_of(IMPLICIT, selected)
        assert "backup: backup" in str(caught.value.hint)
    else:
        assert kind_of(IMPLICIT, selected) == kind


@pytest.mark.parametrize("job", [kind.job for kind in KINDS.values() if kind.job])
def test_a_whole_job_is_its_own_kind(job: str) -> None:
    """Whatever it makes."""
    assert KINDS[kind_of(job)].job == job


@pytest.mark.parametrize("selected", [set(MADE), {"prod_clone"}, {"database", "deployment"}], ids=joined)
def test_only_its_job_makes_a_clone(selected: set[str]) -> None:
    """The same assets of another job are a deployment, or a test of one."""
    assert kind_of("clone", selected) == "clone"
    assert kind_of("deploy", selected) == expected(selected)


@pytest.mark.parametrize(
    ("job", "selected"), [("clone", {"backup", "deployment"}), ("back_up", {"backup", "database"})]
)
def test_a_jobs_name_excuses_no_selection(job: str, selected: set[str]) -> None:
    """A run of a job that makes what the job does not make is refused like any other."""
    with pytest.raises(BadInput):
        kind_of(job, selected)


@pytest.mark.parametrize("job", [IMPLICIT, "nobody_knows_it"])
def test_a_job_of_no_kind_is_refused(job: str) -> None:
    """It is nobody's guess what it would do."""
    with pytest.raises(BadInput, match="belongs to no kind of run"):
        kind_of(job)


def test_the_table_has_every_kind_once() -> None:
    """And no job carries out two."""
    assert tuple(KINDS) == tuple(KINDS[name].name for name in KINDS)
    assert set(KINDS) == set(get_args(RunKind))
    jobs = [kind.job for kind in KINDS.values() if kind.job]
    assert len(jobs) == len(set(jobs))
