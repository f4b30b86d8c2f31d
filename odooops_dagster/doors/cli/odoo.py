"""`ops odoo`: the installed Odoo series."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from odooops_dagster.doors.cli.output import Json, Wide, note, print_fields, print_rows
from odooops_dagster.doors.cli.ports import read_settings

app = typer.Typer(help="Manage the installed Odoo series.", no_args_is_help=True)

_COLUMNS = ("series", "revision", "origin", "python_version", "path")


@app.command()
def install(
    series: Annotated[str, typer.Argument(metavar="SERIES", help="Odoo series, as in 19.0.", show_default=False)],
    *,
    path: Annotated[
        Path | None,
        typer.Option(
            help="Folder with this Odoo, or with a folder per series. [default: ODOOOPS_ODOO_PATH]", show_default=False
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Install an Odoo series from a folder, Debian's package or a git clone, unless it is installed."""
    from odooops_dagster.tools.odoo import distribution

    settings = read_settings()
    installation = distribution.install(
        series,
        home=settings.cache_home,
        odoo_path=path or settings.odoo_path,
        git_url=settings.odoo_git_url,
        progress=note,
    )
    print_fields(installation, json=json)


@app.command("list")
def list_(*, json: Json = False, wide: Wide = False) -> None:
    """List the installed series."""
    from odooops_dagster.tools.odoo import distribution

    installations = distribution.installed(read_settings().cache_home)
    print_rows(
        installations, columns=_COLUMNS, json=json, wide=wide, empty="no Odoo is installed yet: ops odoo install 19.0"
    )
