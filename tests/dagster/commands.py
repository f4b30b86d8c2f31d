"""The `ops` command in a process of its own, as a person types it, and the platform that works meanwhile."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE
from typing import Any

from odooops_dagster.tools.runtime.memory import MemoryRuntime
from tests.dagster.productions import Shop
from tests.dagster.recoveries import Recovery
from tests.json_forms import as_published

ROOT = Path(__file__).parents[2]

Meanwhile = Callable[[Shop], object]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the command said and how it ended."""

    words: tuple[str, ...]
    status: int
    out: str
    said: str

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever the command prints
        """Return the value that the command printed for programs."""
        return as_published(self.words, self.out)


def work_off(production: Shop, **settings: object) -> None:
    """Carry out the run that waits, if one does."""
    if production.control.runs.peek(1):
        Recovery(shop=production, runtime=MemoryRuntime()).execute(production.claim(), **settings)


def typed(production: Shop, *words: object, answer: str = "", meanwhile: Meanwhile = work_off) -> Answer:
    """Let a person type `ops` with these words, and the platform work until the command ends."""
    argv = (sys.executable, "-m", "odooops_dagster.doors.cli", *map(str, words))
    with subprocess.Popen(argv, stdin=PIPE, stdout=PIPE, stderr=PIPE, text=True, cwd=ROOT) as command:
        assert command.stdin is not None
        command.stdin.write(answer)
        command.stdin.close()
        while command.poll() is None:
            meanwhile(production)
            time.sleep(0.1)
        assert command.stdout is not None
        assert command.stderr is not None
        told = command.stdout.read()
        return Answer(words=argv[3:], status=command.returncode, out=told, said=command.stderr.read())
