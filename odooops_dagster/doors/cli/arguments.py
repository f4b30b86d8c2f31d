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
