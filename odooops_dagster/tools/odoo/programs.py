"""Runs the programs that install Odoo (apt, dpkg, git, pip), and reads their output line by line."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import deque
from collections.abc import Callable, Mapping, Sequence

from odooops_dagster.child_environment import Names, clean_environment
from odooops_dagster.errors import OdooOpsError
from odooops_dagster.model import Sandbox
from odooops_dagster.tools.runtime.sandbox import bubblewrap

Progress = Callable[[str], None]

# Number of output lines kept: pip prints the whole output of a failed build, and names the package before it.
_LINES_KEPT = 10_000
# A longer line is cut here, in characters: a package's build writes what it likes.
_LONGEST_LINE = 16 * 1024
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")


class ProgramFailed(OdooOpsError):
    """A program ended with an error."""

    def __init__(self, name: str, *, exit_status: int, lines: Sequence[str]) -> None:
        last = next((line for line in reversed(lines) if line.strip()), f"exit status {exit_status}")
        super().__init__(f"{name}: {last.strip()}")
        self.exit_status = exit_status
        self.lines = tuple(lines)


def run_program(
    argv: Sequence[str],
    *,
    inherits: Sequence[Names] = (),
    env: Mapping[str, str] | None = None,
    sandbox: Sandbox | None = None,
    on_line: Progress | None = None,
) -> tuple[str, ...]:
    """Run the program and return the last lines of its output, with credentials in URLs masked.

    Args:
        argv: the command line.
        inherits: groups of variables that the program gets from our environment, besides those of every program.
        env: further variables of the program.
        sandbox: what the program sees; by default all that we see.
        on_line: called with each line of the output.

    Raises:
        ProgramFailed: the exit status is not 0; the error has those lines.
    """
    kept: deque[str] = deque(maxlen=_LINES_KEPT)
    command = argv if sandbox is None else bubblewrap.command(sandbox, argv, cwd=sandbox.home)
    with subprocess.Popen(
        [*_dies_with_caller(), *command],
        env=clean_environment(*inherits, extra={"LC_ALL": "C.UTF-8", **(env or {})}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None  # noqa: S101 - asked for above
        stream = process.stdout
        try:
            for line in iter(lambda: stream.readline(_LONGEST_LINE), ""):
                kept.append(_CREDENTIALS.sub("***@", line.rstrip()))
                if on_line:
                    on_line(kept[-1])
        except BaseException:
            process.kill()
            raise
    if process.returncode != 0:
        raise ProgramFailed(argv[0].rsplit("/", 1)[-1], exit_status=process.returncode, lines=kept)
    return tuple(kept)


def _dies_with_caller() -> tuple[str, ...]:
    """Return a prefix that makes the kernel kill the command if our process dies; empty without setpriv."""
    setpriv = shutil.which("setpriv")
    return (setpriv, "--pdeathsig", "KILL", "--") if setpriv else ()
