"""`ops backup records`: single records of a backup, compared with the live database and written back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from odooops_dagster.doors.cli.arguments import BackupId, Branch, ProjectSlug
from odooops_dagster.doors.cli.follow import finish, follow_bytes
from odooops_dagster.doors.cli.lookup import backup_of, environment_of, name_of
from odooops_dagster.doors.cli.output import Json, Yes, confirm, note, print_fields
from odooops_dagster.doors.cli.ports import caller, platform
from odooops_dagster.doors.cli.progress import bars
from odooops_dagster.errors import BadInput, Conflict
from odooops_dagster.steps.recovery.rows import Ports, diff_records
from odooops_dagster.steps.recovery.rows_apply import queue_records, written_by
from odooops_dagster.tools.backup.repositories import repository_of
from odooops_dagster.tools.row_restore.diff import Chosen
from odooops_dagster.tools.row_restore.review import Review, read_review, write_review

app = typer.Typer(help="Restore single records from a backup.", no_args_is_help=True)

_ROWS_SHOWN = 20


@app.command("diff")
def diff(
    backup: BackupId,
    project: ProjectSlug,
    branch: Branch,
    *,
    table: Annotated[list[str], typer.Option(help="A table, or rows of it: res_partner:1,2. May be repeated.")],
    out: Annotated[Path, typer.Option(help="Where to write the review.")],
    json: Json = False,
) -> None:
    """Compare records of a backup with the live database and write the differences to a file for review."""
    chosen = [Chosen.parse(text) for text in table]
    if out.exists():
        raise Conflict(f"{out} is there already", hint="name another file: a review is somebody's work")
    with _ports() as ports, bars() as progress:
        environment = environment_of(ports.control, project, branch)
        ports.control.members.require(environment.project_id, "restore")
        found = backup_of(ports.control, backup)
        review = diff_records(ports, environment, found, chosen, now=datetime.now(UTC), progress=progress)
    page = write_review(review, out)
    counts = Counter(change.kind for change in review.changes)
    dangling = sum(1 for change in review.changes if change.dangling)
    for said in review.header.notes:
        note(f"! {said}")
    kinds = {"insert": counts["insert"], "update": counts["update"], "only_in_live": counts["only_in_live"]}
    print_fields({"review": out, "page": page, **kinds, "dangling": dangling}, json=json)
    if not json and review.of("insert", "update"):
        note(
            f"read {page}, take the lines out of {out} that are not to be written, then: ops backup records apply {out}"
        )


@app.command("apply")
def apply(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The reviewed file.", show_default=False)],
    *,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Queue a run that writes the reviewed records into the live database, all or none."""
    review = read_review(file)
    wanted = review.of("insert", "update")
    if not wanted:
        raise BadInput(f"{file} keeps no record to write", hint="ops backup records diff")
    with _ports() as ports:
        environment = ports.control.environments.get(review.header.environment)
        ports.control.members.require(environment.project_id, "restore")
        confirm(list(_plan(review, environment.stage)), yes=yes)
        repository = repository_of(ports.store, ports.settings, environment.project_slug)
        run = queue_records(
            ports.control, repository, environment, review, requested_by=caller(), now=datetime.now(UTC)
        )
        note(f"queued {name_of(run)}: {len(wanted)} record(s) into {environment.partition_key}")
        run = follow_bytes(ports.control, run)
        written = written_by(ports.control, run)
    print_fields({"run": name_of(run), **written}, json=json)
    finish(run)


@contextmanager
def _ports() -> Iterator[Ports]:
    with platform() as opened:
        yield Ports(control=opened.control, databases=opened.databases, store=opened.store, settings=opened.settings)


def _plan(review: Review, stage: str) -> Iterator[str]:
    wanted = review.of("insert", "update")
    header = review.header
    yield f"write {len(wanted)} record(s) of {header.taken_at} into {header.environment} ({stage}), {header.database}"
    for change in wanted[:_ROWS_SHOWN]:
        columns = f": {', '.join(change.values)}" if change.kind == "update" else ""
        yield f"  {change.kind} {change.name}{columns}"
    if len(wanted) > _ROWS_SHOWN:
        yield f"  and {len(wanted) - _ROWS_SHOWN} more"
