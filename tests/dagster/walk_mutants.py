"""Mistakes that the product could make, each of which loses something: walks must notice them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.steps.environment.retire import retire_database
from odooops_dagster.steps.recovery import restore
from odooops_dagster.steps.upkeep import janitor, record
from odooops_dagster.steps.upkeep.record import Record, read_record
from odooops_dagster.steps.upkeep.things import Thing
from odooops_dagster.steps.upkeep.verdicts import Verdict, judge
from odooops_dagster.tools.backup import gc
from odooops_dagster.tools.postgres.databases import OdooDatabases
from tests.dagster.walk_world import Beginning


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """A mistake, what is lost by it, and the rules with which that many walks find it."""

    at_work: Callable[[Beginning], AbstractContextManager[None]]
    loss: str
    rules: tuple[str, ...]
    walks: int = 60
    is_rare: bool = False  # only more than one round look for it


def _deployments_replace(begun: Beginning) -> AbstractContextManager[None]:
    """Let a deployment give production another database, however it was asked for."""
    return begun.mutated("run_kinds", "('deploy'::ops.run_kind, 'new'", "('deploy'::ops.run_kind, 'replace'")


@contextmanager
def _way_back_is_not_kept(begun: Beginning) -> Iterator[None]:
    """Let the record and the janitor forget what restores keep."""
    right = "s.keep_previous_until > clock_timestamp()"
    with begun.mutated("require_unused_database", right, "false"), pytest.MonkeyPatch.context() as patch:
        patch.setattr(record, "kept_databases", lambda *_, **__: set())
        yield


@contextmanager
def _what_serves_may_go(begun: Beginning) -> Iterator[None]:
    """Let nobody ask what serves, the janitor and whoever drops a database."""

    def read_in_part(*arguments: Any, **named: Any) -> Record:  # noqa: ANN401 -- passed on as they are
        return replace(read_record(*arguments, **named), served=frozenset())

    asked = begun.mutated("require_unused_database", "where e.database_name = p_database_name", "where false")
    with asked, pytest.MonkeyPatch.context() as patch:
        patch.setattr(janitor, "read_record", read_in_part)
        yield


@contextmanager
def _janitor_drops_strangers(_: Beginning) -> Iterator[None]:
    """Let the janitor take for over what bears no mark and nobody knows."""

    def judge_boldly(thing: Thing, known: Record) -> Verdict:
        verdict = judge(thing, known)
        return replace(verdict, answer="over") if verdict.answer == "stranger" else verdict

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(janitor, "judge", judge_boldly)
        yield


@contextmanager
def _collection_reads_no_manifest(_: Beginning) -> Iterator[None]:
    """Let the collection of objects believe that no backup needs any."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gc, "_manifests", lambda _repository: [])
        yield


@contextmanager
def _files_go_unasked(_: Beginning) -> Iterator[None]:
    """Let a restore take its files back before it asks the record, as it once did."""

    def retire_boldly(control: ControlPlane, databases: OdooDatabases, name: str, *, files: Path) -> None:
        shutil.rmtree(files, ignore_errors=True)
        retire_database(control, databases, name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(restore, "retire_database", retire_boldly)
        yield


MUTANTS = {
    "a deployment replaces production": Mutant(
        at_work=_deployments_replace, loss="and no restore made it", rules=("materialize",)
    ),
    "the way back is not kept": Mutant(
        at_work=_way_back_is_not_kept, loss="the way back over", rules=("restore_or_clone", "undo", "keep_house")
    ),
    "what serves may be dropped": Mutant(
        at_work=_what_serves_may_go, loss="which is not there", rules=("users_write", "keep_house")
    ),
    "files go though they serve": Mutant(
        at_work=_files_go_unasked, loss="the file of order", rules=("restore_or_clone",), walks=200, is_rare=True
    ),
    "the janitor drops what it does not know": Mutant(
        at_work=_janitor_drops_strangers, loss="not the platform's", rules=("keep_house",)
    ),
    "the collection reads no manifest": Mutant(
        at_work=_collection_reads_no_manifest,
        loss="cannot be read",
        rules=("users_write", "back_up", "pass_a_day", "retain"),
    ),
}
