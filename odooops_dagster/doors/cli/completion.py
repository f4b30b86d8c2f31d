"""`ops completion`: what makes a shell complete the command line."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from odooops_dagster.doors.cli.output import say

_VARIABLE = "_OPS_COMPLETE"


def completion(
    shell: Annotated[Literal["bash", "zsh", "fish"], typer.Argument(help="The shell.", show_default=False)],
) -> None:
    """Print what makes a shell complete the command line.

    bash: `eval "$(ops completion bash)"` in ~/.bashrc; zsh: the same in ~/.zshrc, after compinit; fish: `ops completion
    fish > ~/.config/fish/completions/ops.fish`.
    """
    from typer._completion_shared import get_completion_script  # the package tells nobody else how

    say(get_completion_script(prog_name="ops", complete_var=_VARIABLE, shell=shell))
