"""`ops repo`: write the platform's files into a repository and keep them up to date."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from odooops_dagster.doors.cli.output import Json, Yes, note, print_rows, say
from odooops_dagster.errors import BadInput

if TYPE_CHECKING:
    from odooops_dagster.scaffold import Change, Plan

app = typer.Typer(help="Write into a repository what it needs, and keep it up to date.", no_args_is_help=True)

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="The repository's folder.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show every change as a diff, and make none.")]
Replace = Annotated[
    list[Path] | None,
    typer.Option("--replace", metavar="PATH", help="Replace this file without asking; may be repeated."),
]
Series = Annotated[str | None, typer.Option(metavar="SERIES", help="Series of Odoo; as the branch or the modules say.")]
Project = Annotated[str | None, typer.Option(metavar="SLUG", help="Project on the platform; as origin is named.")]
Owner = Annotated[str | None, typer.Option(metavar="NAME", help="GitHub owner of the workflows; as origin says.")]
Branch = Annotated[str | None, typer.Option(metavar="BRANCH", help="Branch that production runs; the current one.")]


@app.command()
def init(
    folder: Folder = Path(),
    *,
    series: Series = None,
    project: Project = None,
    owner: Owner = None,
    branch: Branch = None,
    replace: Replace = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Write odooops.yaml, workflow, dev container, Dockerfile and pre-commit checks into a repository.

    A file that somebody else wrote is never replaced without asking; where nobody can be asked it stays. --yes accepts
    what loses nothing: lines added to .gitignore, and merges without conflict. Repeating it changes nothing.
    """
    given = {"series": series, "project": project, "owner": owner, "branch": branch}
    _run(folder, given, replace or [], dry_run=dry_run, yes=yes, json=json)


@app.command()
def update(
    folder: Folder = Path(),
    *,
    replace: Replace = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Bring what `ops repo init` wrote to this version, and keep what was changed by hand."""
    from odooops_dagster.scaffold import read_record

    if read_record(folder) is None:
        raise BadInput(f"nothing was written into {folder} yet", hint="ops repo init")
    _run(folder, {}, replace or [], dry_run=dry_run, yes=yes, json=json)


def _run(
    folder: Path, given: dict[str, str | None], replace: Collection[Path], *, dry_run: bool, yes: bool, json: bool
) -> None:
    from odooops_dagster.scaffold import carry_out, find_out, plan, read_record

    if not folder.is_dir():
        raise BadInput(f"{folder} is no folder", hint="name the repository's folder")
    last = read_record(folder)
    known: dict[str, Any] = {**(last.answers if last else {}), **{k: v for k, v in given.items() if v}}
    planned = plan(folder, find_out(folder, known), last, force=frozenset(replace))
    unknown = set(replace) - {change.path for change in planned.changes}
    if unknown:
        raise BadInput(f"nothing is written to {min(unknown)}", hint="ops repo init --dry-run shows every file")
    if dry_run:
        _show(planned, json=json)
        return
    declined = carry_out(planned, folder, accepts=_asking(replace, yes=yes))
    _report(planned, {change.path for change in declined}, json=json)


def _show(planned: Plan, *, json: bool) -> None:
    from odooops_dagster.scaffold import Action

    if json:
        print_rows([_row(change) for change in planned.changes], columns=(), json=True)
        return
    for change in planned.changes:
        note(f"{change.action.value:>9}  {change.path}")
        if change.action not in (Action.SAME, Action.LEFT_OUT):
            say(change.diff(), nl=False)


def _asking(replace: Collection[Path], *, yes: bool) -> Callable[[Change], bool]:
    def accepts(change: Change) -> bool:
        if change.path in replace or (yes and not change.action.loses):
            return True
        if yes or not sys.stdin.isatty():
            return False
        say(change.diff(), nl=False)
        return typer.confirm(f"{change.action.value.capitalize()} {change.path}?", err=True)

    return accepts


def _report(planned: Plan, declined: Collection[Path], *, json: bool) -> None:
    rows = [_row(change) | {"done": change.path not in declined} for change in planned.changes]
    if json:
        print_rows(rows, columns=(), json=True)
        return
    for row in rows:
        kept = "" if row["done"] else "  (kept as it is)"
        note(f"{row['action']:>9}  {row['path']}{kept}")
    if declined:
        note(f"to see what is kept: ops repo update --dry-run; to take one: --replace {min(declined)}")


def _row(change: Change) -> dict[str, Any]:
    return {"path": str(change.path), "action": change.action.value, "diff": change.diff()}
