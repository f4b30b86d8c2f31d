"""`ops db`: the control plane's schema."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from odooops_dagster.doors.cli.output import Json, note, print_json, say
from odooops_dagster.doors.cli.ports import read_settings
from odooops_dagster.doors.cli.rename_agents import rename_agent_tables
from odooops_dagster.errors import SchemaDrift

# The folder in which Supabase's CLI looks for migrations, below a project's folder.
MIGRATIONS = Path("supabase") / "migrations"

app = typer.Typer(help="Manage the control plane's database.", no_args_is_help=True)
app.command("rename-agent-tables")(rename_agent_tables)


@app.command()
def migrate(*, json: Json = False) -> None:
    """Migrate the database to this version's schema, in one transaction."""
    from odooops_dagster.control import migrate as migrations
    from odooops_dagster.local.postgres import owner_url

    report = migrations.migrate(owner_url(read_settings()))
    if json:
        print_json(asdict(report))
        return
    for name in report.applied:
        say(f"applied {name}")
    note(f"{report.functions} functions, {report.views} views and {report.policies} policies are this version's")


@app.command()
def status(*, json: Json = False) -> None:
    """Show the applied migrations. Fails if one differs from the shipped file."""
    from odooops_dagster.control import migrate as migrations
    from odooops_dagster.local.postgres import owner_url

    report = migrations.status(owner_url(read_settings()))
    if json:
        print_json({"applied": report.applied, "pending": report.pending})
        return
    for name in report.applied:
        say(f"applied {name}")
    for name in report.pending:
        say(f"pending {name}")
    note("pending migrations: ops db migrate" if report.pending else "the schema is up to date")


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(help="A Supabase project's folder of migrations.")] = MIGRATIONS,
    *,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail where a file differs.")] = False,
    json: Json = False,
) -> None:
    """Write the schema as migrations for `supabase db push`. Both ways can be mixed."""
    from odooops_dagster.control import export as exports

    changed = exports.differences(folder) if check else exports.export(folder)
    if check and changed:
        raise SchemaDrift(
            f"{folder} is not this version's schema: {', '.join(changed)}",
            hint=f"ops db export {folder}, then supabase db push --include-all",
        )
    if json:
        print_json({"folder": str(folder), "changed": changed})
        return
    for name in changed:
        say(f"wrote {name}" if (folder / name).exists() else f"removed {name}")
    note(f"{folder} holds this version's schema" + ("; apply it: supabase db push --include-all" if changed else ""))
