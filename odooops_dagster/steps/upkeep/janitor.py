"""The janitor: find leftovers of killed runs by their marks and remove them; report what is not ours and leave it.

The marks of databases, roles and folders name the state folder and the control plane they were made for. If something
of ours is not on the record, the record was restored from an older state: nothing is removed until a person decides.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import Conflict, NotFound
from odooops_dagster.home import StateEntry, owner_of_database, sandbox_folder
from odooops_dagster.local.identity import accept_record, begin_round
from odooops_dagster.ownership import Mark
from odooops_dagster.settings import Settings
from odooops_dagster.steps.clone.template import retire_clone_templates
from odooops_dagster.steps.environment.disk import watch_environments
from odooops_dagster.steps.environment.retire import retire_database
from odooops_dagster.steps.recovery.drill_sandbox import left_behind
from odooops_dagster.steps.recovery.rows import remove_comparison_databases
from odooops_dagster.steps.upkeep.decide import OrphanKeeper
from odooops_dagster.steps.upkeep.marking import remove_files_of, write_mark
from odooops_dagster.steps.upkeep.orphans import tell_of_orphans
from odooops_dagster.steps.upkeep.record import Record, read_record
from odooops_dagster.steps.upkeep.things import Thing, find_things
from odooops_dagster.steps.upkeep.verdicts import Verdict, judge
from odooops_dagster.tools.odoo.distribution import remove_old_clones
from odooops_dagster.tools.postgres.databases import OdooDatabases
from odooops_dagster.tools.runtime import Runtime


def collect(
    control: ControlPlane,
    runtime: Runtime,
    databases: OdooDatabases,
    settings: Settings,
    *,
    progress: Callable[[str], object] = lambda _: None,
) -> list[str]:
    """Remove our databases, services and folders that no live environment or active run owns; return what was removed.

    First carry out what people decided about orphans. Things of others and unknown things are listed and raise an
    alarm. If the record itself is in doubt, or waits for a person after a restore, nothing else is removed.
    """
    now = datetime.now(UTC)
    older_since = begin_round(control, settings.home, now=now)
    is_unconfirmed = control.plane.is_unconfirmed()
    if not is_unconfirmed:
        retire_clone_templates(control, now=now)
    for clone in remove_old_clones(settings.cache_home, now=now):
        progress(f"removed {clone}, the clone of a failed installation of Odoo")
    watch_environments(control, databases, settings, progress=progress)
    things, record = _look(control, runtime, databases, settings.home, older_since=older_since)
    if pending := [orphan for orphan in control.orphans.list() if orphan.decision is not None]:
        for line in OrphanKeeper(control, runtime, databases, settings.home, record).carry_out(pending, things):
            progress(line)
        things, record = _look(control, runtime, databases, settings.home, older_since=older_since)
    verdicts = [_claim(judge(thing, record), record, databases, settings.home, now=now) for thing in things]
    tell_of_orphans(control, verdicts, identity=record.identity)
    if is_unconfirmed or any(verdict.answer == "lost" for verdict in verdicts):
        return []
    if older_since is not None:
        accept_record(control, settings.home)
    over = [verdict.thing for verdict in verdicts if verdict.answer == "over"]
    removed = []
    for what in _remove(control, runtime, databases, settings.home, over=over, record=record):
        removed.append(what)
        progress(f"removed {what}")
    return removed


def _look(
    control: ControlPlane, runtime: Runtime, databases: OdooDatabases, home: Path, *, older_since: datetime | None
) -> tuple[list[Thing], Record]:
    """Return all things, and then what the record knows of them."""
    things = find_things(runtime, databases, home)
    return things, read_record(control, things, home, older_since=older_since)


def _claim(verdict: Verdict, record: Record, databases: OdooDatabases, home: Path, *, now: datetime) -> Verdict:
    """Mark a thing that is on the record but has no mark of ours, and judge it again."""
    if verdict.answer != "claimed":
        return verdict
    thing = verdict.thing
    run_id = thing.run_id or record.makers.get(thing.name.removeprefix(f"{StateEntry.TEMPLATES}/"))
    # An existing thing must not look newer than the moment since which the record is known to be complete.
    mark = Mark(identity=record.identity, run_id=run_id, made_at=record.older_since or now)
    with suppress(NotFound):  # gone since it was listed
        write_mark(thing, mark, databases, home)
    return judge(replace(thing, mark=mark, run_id=run_id), record)


def _remove(
    control: ControlPlane,
    runtime: Runtime,
    databases: OdooDatabases,
    home: Path,
    *,
    over: Sequence[Thing],
    record: Record,
) -> Iterator[str]:
    """Remove unused things: services before their databases, databases before their roles and folders."""
    for service in (thing.name for thing in over if thing.kind == "service"):
        runtime.stop(service, remove=True)
        yield f"service {service}"
    yield from _databases(control, databases, home, _names(over, "database"), record)
    yield from _scratch_roles(databases, _names(over, "role"))
    folders = _names(over, "folder")
    yield from _environments(databases, home, folders)
    yield from _drafts(home, folders)
    yield from _drills(control, runtime, databases, home, folders)
    yield from remove_comparison_databases(control, databases, now=datetime.now(UTC))


def _names(things: Iterable[Thing], kind: str) -> list[str]:
    return [thing.name for thing in things if thing.kind == kind]


def _databases(
    control: ControlPlane, databases: OdooDatabases, home: Path, names: Sequence[str], record: Record
) -> Iterator[str]:
    for name in names:
        if sandbox_folder(home, name).exists():
            continue  # it is dropped with the drill's sandbox
        with suppress(Conflict):  # in use since it was listed
            retire_database(control, databases, name)
            remove_files_of(home, name, record)
            yield f"database {name}"


def _scratch_roles(databases: OdooDatabases, names: Sequence[str]) -> Iterator[str]:
    """Drop the scratch roles of clones that were never finished; their databases are already dropped."""
    for role in names:
        with suppress(Conflict):  # another process still drops its database: the next round finds it
            databases.drop_role(role)
            yield f"role {role}"


def _environments(databases: OdooDatabases, home: Path, names: Sequence[str]) -> Iterator[str]:
    """Remove the folders of destroyed environments, except where a database remains whose files are in the folder."""
    for name in (name for name in names if name.startswith(f"{StateEntry.ENVIRONMENTS}/")):
        digits = name.partition("/")[2]
        owners = map(owner_of_database, databases.list())
        if not any(owner is not None and owner.environment == digits[:8] for owner in owners):
            shutil.rmtree(home / name, ignore_errors=True)
            yield f"folder {digits}"


def _drafts(home: Path, names: Sequence[str]) -> Iterator[str]:
    """Remove the drafts of ended runs: their logs are kept as evidence, and their passwords must not stay."""
    for name in (name for name in names if name.startswith((f"{StateEntry.RUNS}/", f"{StateEntry.SOURCES}/"))):
        shutil.rmtree(home / name, ignore_errors=True)
        yield f"draft {Path(name).name}"


def _drills(
    control: ControlPlane, runtime: Runtime, databases: OdooDatabases, home: Path, names: Sequence[str]
) -> Iterator[str]:
    """Remove the sandboxes of drills that no longer run."""
    for place in left_behind(home):
        if f"{StateEntry.DRILLS}/{place.name}" in names:
            with suppress(Conflict):  # a client is still connected: the next round finds it
                place.take_away(control, runtime, databases)
                yield f"drill {place.name}"
