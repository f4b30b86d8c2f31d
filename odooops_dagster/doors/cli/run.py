"""`ops run`: runs, their logs and results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict
from typing import Annotated, Any, Literal
from urllib.parse import quote

import typer

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.cli.arguments import Branch, OnlyProject, ProjectSlug, RunName
from odooops_dagster.doors.cli.follow import finish, follow, lines_after, print_line
from odooops_dagster.doors.cli.lookup import RunRequest, name_of, queue_branch, run_of
from odooops_dagster.doors.cli.output import Json, Wide, note, print_bytes, print_fields, print_json, print_rows
from odooops_dagster.doors.cli.pages import branch_of_run, run_page
from odooops_dagster.doors.cli.ports import caller, control_plane, remote, store
from odooops_dagster.errors import NotFound
from odooops_dagster.model import Run, RunStatus
from odooops_dagster.model.checks import answer_of
from odooops_dagster.wording import size_text

app = typer.Typer(help="Manage runs: builds, deployments, backups and the like.", no_args_is_help=True)

_COLUMNS = ("run", "status", "kind", "branch", "commit", "created", "reason")
_BLOCK = 1024 * 1024
_EVENT_COLUMNS = ("created_at", "event_type", "attempt", "message", "payload")


@app.command()
def create(
    project: ProjectSlug,
    branch: Branch,
    *,
    sha: Annotated[str | None, typer.Option(help="Commit. [default: the branch's newest]", show_default=False)] = None,
    kind: Annotated[
        Literal["build", "test", "deploy"] | None,
        typer.Option(help="Kind. [default: what a push would ask for]", show_default=False),
    ] = None,
    priority: Annotated[int, typer.Option(help="Higher goes first.")] = 0,
    key: Annotated[
        str | None, typer.Option("--key", help="Idempotency key: the same key gives the same run.", show_default=False)
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Follow it to its end; exit 1 if it fails.")] = False,
    json: Json = False,
) -> None:
    """Queue a run for a branch."""
    request = RunRequest(branch=branch, sha=sha, kind=kind, priority=priority, idempotency_key=key)
    with control_plane() as control:
        run = queue_branch(control, control.projects.get(project), request)
        if not json:
            note(f"queued {name_of(run)}: {run.kind} of {run.git_sha}")
        if wait:
            run = follow(control, run, as_json=json)
    if json:
        print_json(asdict(run))
    if wait:
        finish(run)


@app.command("list")
def list_(
    project: OnlyProject = None,
    *,
    status: Annotated[RunStatus | None, typer.Option(help="Only those of this status.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, newest first.")] = 20,
    json: Json = False,
    wide: Wide = False,
) -> None:
    """List runs, newest first."""
    with control_plane() as control:
        if project is not None:
            control.projects.get(project)
        runs = control.runs.list(project, status=status, limit=limit)
    rows = [asdict(run) if json else _row(run) for run in runs]
    print_rows(rows, columns=_COLUMNS, json=json, wide=wide, empty="no run yet: push a branch, or ops run create")


@app.command()
def queue(*, json: Json = False) -> None:
    """List the waiting runs in queue order: why each waits, and how long such runs of its project usually work."""
    with control_plane() as control:
        rows = control.runs.queued()
    columns = tuple(rows[0]) if rows else ()
    print_rows(rows, columns=columns, json=json, empty="nothing waits")


@app.command("status")
@app.command()
def show(run: RunName, *, json: Json = False) -> None:
    """Show a run with its checks and artifacts, with the place in the queue and the usual duration until it ends."""
    with control_plane() as control:
        found = run_of(control, run)
        outlook = control.runs.outlook(found)
        checks = control.checks.list(found.id)
        artifacts = control.artifacts.list(found.id)
        hint = control.logs.hint(found)
        page = {} if json else run_page(control, found, hint=hint, outlook=outlook)
    if json:
        print_json(asdict(found) | outlook | {"hint": hint, "checks": checks, "artifacts": artifacts})
        return
    print_fields(page)
    if checks:
        note("")
        print_rows([_check(check) for check in checks], columns=("check", "answer", "summary"))
    if artifacts:
        note("")
        rows = [{"artifact": row["artifact_key"], "size": size_text(row["size_bytes"])} for row in artifacts]
        print_rows(rows, columns=("artifact", "size"))
        note(f"print one: ops run artifact {name_of(found)} NAME")


@app.command()
def artifact(
    run: RunName,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The artifact, as in build.log.", show_default=False)],
) -> None:
    """Print an artifact of a run, such as Odoo's whole log: build.log."""
    with control_plane() as control:
        row = artifact_of(control, run, name)
    with blocks_of(row) as blocks:
        print_bytes(blocks)


def artifact_of(control: ControlPlane, run: str, name: str) -> dict[str, Any]:
    """Return the run's artifact of this name.

    Raises:
        NotFound: the run has none.
    """
    found = run_of(control, run)
    kept = {row["artifact_key"]: row for row in control.artifacts.list(found.id)}
    if name not in kept:
        known = ", ".join(kept) or "none yet"
        raise NotFound(f"{name_of(found)} has no artifact {name}", hint=f"its artifacts: {known}")
    return kept[name]


@contextmanager
def blocks_of(artifact: Mapping[str, Any]) -> Iterator[Iterator[bytes]]:
    """Yield an artifact's bytes in blocks: from the server that is named, else from this machine's store."""
    server = remote()
    if server is not None:
        name = quote(artifact["artifact_key"], safe="")
        with closing(server), server.download(f"/v1/runs/{artifact['run_id']}/artifacts/{name}") as found:
            yield found
        return
    from odooops_dagster.tools.store.addressed import object_name

    with store().open(object_name(artifact["sha256"])) as stream:
        yield iter(lambda: stream.read(_BLOCK), b"")


@app.command()
def logs(
    run: RunName,
    *,
    follow_: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the run has ended.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print an array; with --follow an object a line.")] = False,
) -> None:
    """Print a run's log."""
    with control_plane() as control:
        found = run_of(control, run)
        if follow_:
            found = follow(control, found, as_json=json)
        elif json:
            print_json(list(lines_after(control, found)))
        else:
            for line in lines_after(control, found):
                print_line(line)
    if follow_:
        finish(found)


@app.command()
def events(run: RunName, *, json: Json = False) -> None:
    """Print a run's audit trail: every state change, oldest first."""
    with control_plane() as control:
        rows = control.logs.events(run_of(control, run).id)
    print_rows(rows, columns=_EVENT_COLUMNS, json=json)


@app.command()
def verify(run: RunName, *, json: Json = False) -> None:
    """Verify a run's audit trail. Exit status 1 if it was edited."""
    with control_plane() as control:
        found = run_of(control, run)
        intact = control.runs.verify_chain(found.id)
    print_fields({"run": name_of(found), "id": found.id, "intact": intact}, json=json)
    if not intact:
        raise typer.Exit(1)


@app.command()
def cancel(
    run: RunName,
    *,
    reason: Annotated[str | None, typer.Option(help="Why, for the record.", show_default=False)] = None,
    json: Json = False,
) -> None:
    """Cancel a run. A waiting run ends at once; a running one has its processes stopped."""
    with control_plane() as control:
        found = run_of(control, run)
        control.runs.cancel(found.id, reason=reason, requested_by=caller())
        found = control.runs.get(found.id)
    _show(found, "canceled" if found.status == "canceled" else "asked to stop", json=json)


@app.command()
def retry(run: RunName, *, json: Json = False) -> None:
    """Retry a finished run as a new run that refers to the old one."""
    with control_plane() as control:
        again = control.runs.get(control.runs.retry(run_of(control, run).id, requested_by=caller()))
    _show(again, "queued", json=json)


def _show(run: Run, what: str, *, json: bool) -> None:
    if json:
        print_json(asdict(run))
    else:
        note(f"{name_of(run)} {what}")


def _row(run: Run) -> dict[str, object]:
    reason = f"platform: {run.error_message}" if run.fault == "platform" else run.error_message
    return {
        "run": name_of(run),
        "status": run.status,
        "kind": run.kind,
        "branch": branch_of_run(run),
        "commit": run.git_sha,
        "created": run.created_at,
        "reason": reason,
    }


def _check(row: Mapping[str, Any]) -> dict[str, object]:
    summary = row["summary"].removeprefix("not asked: ")
    return {"check": row["name"], "answer": answer_of(row), "summary": summary}
