"""`ops db rename-agent-tables`: the user's own programs, after the agents' tables made room for the platform."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from odooops_dagster.doors.cli.output import Json, note, print_json, say
from odooops_dagster.doors.cli.ports import read_settings
from odooops_dagster.errors import BadInput

if TYPE_CHECKING:
    from odooops_dagster.tools.agent_tables import Change

FUNCTIONS = Path("supabase") / "functions"


def rename_agent_tables(
    *,
    functions: Annotated[Path, typer.Option(help="The folder of your own edge functions.")] = FUNCTIONS,
    table: Annotated[
        list[str] | None,
        typer.Option(help="Rename this one, such as runs; again for each. [default: what the database renamed]"),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the changes and write nothing.")] = False,
    json: Json = False,
) -> None:
    """Rename what `ops db migrate` renamed in programs, too: ops.runs becomes ops.agent_runs. Run it once.

    SQL in strings, .from(), .rpc() and .select() of supabase-js, subscriptions and types are renamed. What cannot be
    told is listed and left alone, and the command fails.
    """
    from odooops_dagster.files import write_whole
    from odooops_dagster.tools.agent_tables import changes

    found = changes(functions, names=_names(table or []))
    for change in found:
        if not dry_run and change.count:
            write_whole(change.path, change.after, mode=change.path.stat().st_mode & 0o777)
    if json:
        print_json([_told(change) for change in found])
    else:
        _show(found, dry_run=dry_run)
    if any(change.doubts for change in found):
        raise typer.Exit(1)


def _names(tables: Sequence[str]) -> Mapping[str, str]:
    from odooops_dagster.control.agents import renamed_objects
    from odooops_dagster.local.postgres import owner_url

    if tables:
        for name in tables:
            if not name.isidentifier() or name.startswith("agent_"):
                raise BadInput(
                    f"{name} is no name of a table of before", hint="name the old ones, without ops. before them"
                )
        return {name: f"agent_{name}" for name in tables}
    return renamed_objects(owner_url(read_settings()))


def _told(change: Change) -> dict[str, object]:
    return {
        "path": str(change.path),
        "renamed": change.count,
        "doubts": [{"line": doubt.line, "text": doubt.text, "reason": doubt.reason} for doubt in change.doubts],
    }


def _show(found: Sequence[Change], *, dry_run: bool) -> None:
    import difflib

    for change in found:
        if dry_run:
            before, after = (
                text.decode(errors="replace").splitlines(keepends=True) for text in (change.before, change.after)
            )
            say("".join(difflib.unified_diff(before, after, str(change.path), str(change.path))), nl=False)
        elif change.count:
            say(f"renamed {change.count} in {change.path}")
        for doubt in change.doubts:
            say(f"{change.path}:{doubt.line}: look at this: {doubt.reason}: {doubt.text}", err=True)
    count = sum(change.count for change in found)
    note(f"{count} {'to rename' if dry_run else 'renamed'}" if count else "nothing to rename")
