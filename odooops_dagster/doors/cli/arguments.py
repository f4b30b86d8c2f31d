"""Arguments shared by several nouns."""

from __future__ import annotations

from typing import Annotated

import typer

ProjectSlug = Annotated[str, typer.Argument(metavar="PROJECT", help="The project's slug.", show_default=False)]
OnlyProject = Annotated[str | None, typer.Argument(metavar="PROJECT", help="Only this project's.", show_default=False)]
Branch = Annotated[str, typer.Argument(metavar="BRANCH", help="The branch, slashes and all.", show_default=False)]
BackupId = Annotated[
    str, typer.Argument(metavar="BACKUP", help="The backup's id, or how it begins.", show_default=False)
]
RunName = Annotated[
    str, typer.Argument(metavar="RUN", help="project#number, as in shop#12, or its id.", show_default=False)
]
Version = Annotated[
    str,
    typer.Argument(metavar="VERSION", help="The release's version, as ops release list shows it.", show_default=False),
]
GateName = Annotated[str, typer.Argument(metavar="GATE", help="G1, G2, G3 or G4.", show_default=False)]
Limit = Annotated[int, typer.Option(min=1, max=1000, help="How many, newest first.")]
As = Annotated[
    str | None,
    typer.Option("--as", help="The person who acts. [default: the user at the terminal]", show_default=False),
]
Wait = Annotated[bool, typer.Option("--wait", help="Follow the run to its end; exit 1 if it fails.")]
