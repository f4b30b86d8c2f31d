"""A service's log as somebody follows it."""

from __future__ import annotations

import sys
from pathlib import Path

from odooops_dagster.doors.cli.follow import new_lines
from odooops_dagster.model import Service
from odooops_dagster.tools.runtime.memory import MemoryRuntime
from tests.suites.processes import eventually


def test_a_followed_log_begins_with_its_newest_lines_and_goes_on(tmp_path: Path) -> None:
    """Each later line comes once, also one that reads like an earlier one."""
    log, runtime = tmp_path / "odoo.log", MemoryRuntime()
    argv = (sys.executable, "-c", "import sys; print('one\\ntwo\\nthree', flush=True); sys.stdin.read()")
    runtime.start(Service(name="env-1", argv=argv, cwd=tmp_path, sandbox=None, port=1, log_path=log))
    try:
        eventually(lambda: runtime.logs("env-1")[-1:] == ["three"], what="it has logged")
        followed = new_lines(runtime, "env-1", tail=2)
        assert [next(followed), next(followed)] == ["two", "three"]
        with log.open("a") as file:
            file.write("three\nfour\n")
        assert [next(followed), next(followed)] == ["three", "four"]
    finally:
        runtime.stop("env-1", remove=True)
