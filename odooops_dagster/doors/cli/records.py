"""`ops backup records`: single records of a backup, compared with the live database and written back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.cli.arguments import BackupId, Branch, ProjectSlug
from odooops_dagster.doors.cli.follow import finish, follow_bytes
from odooops_dagster.doors.cli.lookup import backup_of, environment_of, name_of
from odooops_dagster.doors.cli.output import Json, Yes, confirm, note, print_fields
from odooops_dagster.doors.cli.ports import caller, platform
from odooops_dagster.errors import BadInput, Conflict, Unavailable
from odooops_dagster.model import Environment, Run

if TYPE_CHECKING:
    from odooops_dagster.tools.backup.repository import Repository
    from odooops_dagster.tools.row_restore.review import Review

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
    from odooops_dagster.tools.row_restore.diff import Chosen

    for text in table:
        Chosen.parse(text)
    if out.exists():
        raise Conflict(f"{out} is there already", hint="name another file: a review is somebody's work")
    with platform() as opened:
        control = opened.control
        environment = environment_of(control, project, branch)
        found = backup_of(control, backup)
        asked = control.backups.compare(found.id, env=environment.name, tables=table, requested_by=caller())
        run = control.runs.get(asked)
        note(f"queued {name_of(run)}: compare backup {found.id} with {environment.partition_key}")
        run = follow_bytes(control, run)
        review, page = _fetched(control, opened.repository(environment.project_slug), run, out)
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
    from odooops_dagster.tools.row_restore.review import read_review

    review = read_review(file)
    wanted = review.of("insert", "update")
    if not wanted:
        raise BadInput(f"{file} keeps no record to write", hint="ops backup records diff")
    with platform() as opened:
        control = opened.control
        environment = control.environments.get(review.header.environment)
        control.members.require(environment.project_id, "restore")
        confirm(list(_plan(review, environment.stage)), yes=yes)
        run = queue_records(control, opened.repository(environment.project_slug), environment, review)
        note(f"queued {name_of(run)}: {len(wanted)} record(s) into {environment.partition_key}")
        run = follow_bytes(control, run)
        written = control.logs.result(run.id, "records") or {}
    print_fields({"run": name_of(run), **written}, json=json)
    finish(run)


def queue_records(control: ControlPlane, repository: Repository, environment: Environment, review: Review) -> Run:
    """Hand the review over to the run that writes the rows left in it, and return that run.

    The run has one attempt: after a kill, a new diff shows whether it had written, so nothing is written twice.

    Raises:
        Conflict: the environment is adopted.
        Forbidden: the caller may not restore there.
    """
    from odooops_dagster.tools.row_restore.handover import hand_over, remove_review

    handed = hand_over(repository, environment.project_slug, review, now=datetime.now(UTC))
    try:
        run_id = control.runs.queue(
            environment.project_id,
            env=environment.name,
            git_sha=None,
            ref=None,
            kind="restore",
            requested_by=caller(),
            config={"records": handed.model_dump()},
            max_attempts=1,
        )
    except BaseException:
        remove_review(repository.store, environment.project_slug, handed)
        raise
    return control.runs.get(run_id)


def _fetched(control: ControlPlane, repository: Repository, run: Run, out: Path) -> tuple[Review, Path]:
    """Write the review that the run made to a file, then remove it from the store; return it and its readable page.

    The command ends here if the run made none.
    """
    from odooops_dagster.tools.backup.uploads import Upload
    from odooops_dagster.tools.row_restore.handover import remove_review, take_over
    from odooops_dagster.tools.row_restore.review import write_review

    told = control.logs.result(run.id, "review")
    if run.status != "succeeded" or told is None:
        finish(run)
        raise Unavailable(f"run {name_of(run)} left no review", hint=f"ops run logs {name_of(run)}")
    handed = Upload.model_validate(told)
    review = take_over(repository, run.project_slug, handed)
    page = write_review(review, out)
    remove_review(repository.store, run.project_slug, handed)
    return review, page


def _plan(review: Review, stage: str) -> Iterator[str]:
    wanted = review.of("insert", "update")
    header = review.header
    yield f"write {len(wanted)} record(s) of {header.taken_at} into {header.environment} ({stage}), {header.database}"
    for change in wanted[:_ROWS_SHOWN]:
        columns = f": {', '.join(change.values)}" if change.kind == "update" else ""
        yield f"  {change.kind} {change.name}{columns}"
    if len(wanted) > _ROWS_SHOWN:
        yield f"  and {len(wanted) - _ROWS_SHOWN} more"
