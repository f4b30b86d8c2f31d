"""A library that somebody wants loaded into programs that are not theirs."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from odooops_dagster import child_environment
from odooops_dagster.child_environment import clean_environment
from odooops_dagster.model import Job, Sandbox
from odooops_dagster.tools.runtime.job import run_job
from tests.conftest import missing
from tests.servers import state_folder

UID = 61001 if os.geteuid() == 0 else None
# The linker says of each program that was told to load it that it is not there.
LIBRARY = "/nowhere/library.so"
VARIABLES = ("LD_PRELOAD", "LD_AUDIT", "LD_LIBRARY_PATH", "PYTHONSTARTUP", "PYTHONHOME", "BASH_ENV", "GCONV_PATH")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Yield a sandbox with a folder of its own."""
    if shutil.which("bwrap") is None:
        missing("bubblewrap is not installed: scripts/dev/system-packages.sh")
    with state_folder("preload") as folder:
        folder.chmod(0o700)
        if UID is not None:
            os.chown(folder, UID, UID)
        yield Sandbox(writable=(folder,), home=folder, uid=UID)


def said_by(sandbox: Sandbox, script: str, log: Path) -> str:
    """Return what the linker, bwrap and the script said, in a job that succeeded."""
    argv = ("/bin/sh", "-c", script)
    result = run_job(Job(name="job", argv=argv, cwd=sandbox.home, log_path=log, sandbox=sandbox))
    assert result.exit_status == 0, log.read_text()
    return log.read_text()


def test_a_program_loads_what_the_variable_says() -> None:
    """The linker of this machine obeys it."""
    argv = ["/bin/true"]
    done = subprocess.run(argv, env={"LD_PRELOAD": LIBRARY}, capture_output=True, text=True, check=True, timeout=60)
    assert LIBRARY in done.stderr


def test_no_program_of_a_job_loads_what_our_own_environment_names(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the launcher and bwrap, which run outside of the sandbox, nor the job."""
    monkeypatch.setenv("LD_PRELOAD", LIBRARY)
    said = said_by(sandbox, "env", tmp_path / "log")
    assert "HOME=" in said
    assert "LD_PRELOAD" not in said
    assert LIBRARY not in said


def test_code_in_a_sandbox_has_its_own_programs_load_it_and_no_others(sandbox: Sandbox, tmp_path: Path) -> None:
    """The linker's own files, which every program of the machine reads, cannot be written or made."""
    assert LIBRARY in said_by(sandbox, f"LD_PRELOAD={LIBRARY} /bin/true", tmp_path / "own")
    script = f"""
        for file in /etc/ld.so.preload /etc/ld.so.cache /etc/ld.so.conf.d/own.conf; do
            (echo {LIBRARY} >> $file) 2>/dev/null && echo wrote $file
        done
        true
    """
    assert said_by(sandbox, script, tmp_path / "others") == ""


def test_no_group_of_variables_lets_one_of_the_linker_or_an_interpreter_through(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each would have a program that the platform starts run other code."""
    groups = [value for name, value in vars(child_environment).items() if name.isupper() and isinstance(value, tuple)]
    assert len(groups) >= 7
    for name in VARIABLES:
        monkeypatch.setenv(name, "/nowhere")
    assert set(clean_environment(*groups)) & set(VARIABLES) == set()
