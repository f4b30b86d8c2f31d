"""`ops artifact`: the files that runs leave in the store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from odooops_dagster.doors.cli.arguments import RunName
from odooops_dagster.doors.cli.lookup import run_of
from odooops_dagster.doors.cli.output import Json, Wide, note, print_bytes, print_rows
from odooops_dagster.doors.cli.ports import control_plane
from odooops_dagster.doors.cli.run import artifact_of, blocks_of
from odooops_dagster.errors import BadInput, Unreadable

app = typer.Typer(help="Fetch the files that runs leave.", no_args_is_help=True)

_COLUMNS = ("artifact_key", "size_bytes", "content_type", "sha256", "created_at", "expires_at")


@app.command("list")
def list_(run: RunName, *, json: Json = False, wide: Wide = False) -> None:
    """List the files of a run."""
    with control_plane() as control:
        rows = control.artifacts.list(run_of(control, run).id)
    print_rows(rows, columns=_COLUMNS, json=json, wide=wide, empty="the run has left no file")


@app.command()
def get(
    run: RunName,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The file, as in build.log.", show_default=False)],
    *,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The file to write. [default: standard output]", show_default=False),
    ] = None,
) -> None:
    """Fetch a file of a run, and verify by its hash that it is what the run left."""
    with control_plane() as control:
        row = artifact_of(control, run, name)
    if output is not None and output.exists():
        raise BadInput(f"{output} is there already", hint="remove it, or name another file")
    with blocks_of(row) as blocks:
        if output is None:
            print_bytes(blocks)
            return
        _write(blocks, output, sha256=row["sha256"])
    note(f"{output}: {row['size_bytes']} bytes, sha256 {row['sha256']}")


def _write(blocks: Iterator[bytes], output: Path, *, sha256: str) -> None:
    """Write the file under another name, and give it its own once its hash is right."""
    import hashlib

    draft, found = output.with_name(f".{output.name}.part"), hashlib.sha256()
    try:
        with draft.open("wb") as file:
            for block in blocks:
                found.update(block)
                file.write(block)
        if found.hexdigest() != sha256:
            raise Unreadable(
                f"the store holds another file than {output.name}", hint="keep what is there, and report it"
            )
        draft.replace(output)
    finally:
        draft.unlink(missing_ok=True)
