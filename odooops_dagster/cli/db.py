"""`ops db`: the control plane's schema."""

from __future__ import annotations

from dataclasses import asdict

import typer

from odooops_dagster import migrate as migrations
from odooops_dagster.cli.output import Json, note, print_json
from odooops_dagster.local.postgres import database_urls
from odooops_dagster.settings import Settings

app = typer.Typer(help="The control plane's database.", no_args_is_help=True)


@app.command()
def migrate(*, json: Json = False) -> None:
    """Bring the database to this version's schema, in one transaction."""
    report = migrations.migrate(database_urls(Settings()).owner)
    if json:
        print_json(asdict(report))
        return
    for name in report.applied:
        typer.echo(f"applied {name}")
    note(f"{report.functions} functions, {report.views} views and {report.policies} policies are this version's")


@app.command()
def status(*, json: Json = False) -> None:
    """Show which migrations are applied, and refuse any that differ from the shipped ones."""
    report = migrations.status(database_urls(Settings()).owner)
    if json:
        print_json({"applied": report.applied, "pending": report.pending})
        return
    for name in report.applied:
        typer.echo(f"applied {name}")
    for name in report.pending:
        typer.echo(f"pending {name}")
    note("pending migrations: ops db migrate" if report.pending else "the schema is up to date")
