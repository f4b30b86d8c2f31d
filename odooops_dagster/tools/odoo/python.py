"""Creates virtual environments and installs packages; an environment can be moved to its final folder."""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from odooops_dagster.child_environment import NETWORK, PIP, clean_environment
from odooops_dagster.errors import MissingDependency, StepFailed
from odooops_dagster.model import Sandbox
from odooops_dagster.tools.odoo.pip_output import is_unreachable, pip_reason
from odooops_dagster.tools.odoo.programs import ProgramFailed, Progress, run_program

_PIP_INHERITS = (NETWORK, PIP)
_PIP_ENV = {
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_NO_INPUT": "1",
    "PIP_PROGRESS_BAR": "off",
    "PIP_ROOT_USER_ACTION": "ignore",
    "PYTHONNOUSERSITE": "1",
    "PYTHONPATH": "",
}
INDEX_IS_SILENT = "the package index does not answer: check the network, or pip's index settings"


class PipFailed(StepFailed):
    """Pip gave up."""

    def __init__(self, what: str, lines: Sequence[str]) -> None:
        self.reason = pip_reason(lines)
        self.is_unreachable = is_unreachable(lines)
        hint = INDEX_IS_SILENT if self.is_unreachable else "correct the requirements and push again"
        super().__init__(f"{what}: {self.reason}", hint=hint)


def pip_environment() -> dict[str, str]:
    """Return the variables that pip is given; a requirements file may name those of them that are upper-case."""
    return clean_environment(*_PIP_INHERITS, extra=_PIP_ENV)


def _pip_env(sandbox: Sandbox | None) -> dict[str, str]:
    # A cache that several projects wrote would carry what one of them put there to the others.
    return _PIP_ENV if sandbox is None else {**_PIP_ENV, "PIP_CACHE_DIR": str(sandbox.home / "cache")}


def make_venv(interpreter: Path | str, folder: Path, *, with_pip: bool) -> None:
    """Create an empty virtual environment.

    Raises:
        MissingDependency: the interpreter has no venv module.
    """
    options = () if with_pip else ("--without-pip",)
    try:
        run_program([str(interpreter), "-m", "venv", *options, str(folder)], inherits=_PIP_INHERITS, env=_PIP_ENV)
    except (ProgramFailed, OSError) as exc:
        raise MissingDependency(
            f"no virtual environment can be made with {interpreter}: {exc}",
            hint="install the venv module of this Python (Debian: apt install python3-venv)",
        ) from exc


def pip_install(
    python: Path, arguments: Sequence[str], *, what: str, progress: Progress, sandbox: Sandbox | None = None
) -> None:
    """Install packages into the environment of `python`.

    Packages run code of their own while they are built, in the sandbox if there is one.

    Raises:
        PipFailed: pip failed; the message has its reason in one line.
    """
    heard = _PackageCounter(progress, what=what)
    try:
        argv = [str(python), "-m", "pip", "install", *arguments]
        run_program(argv, inherits=_PIP_INHERITS, env=_pip_env(sandbox), sandbox=sandbox, on_line=heard)
    except ProgramFailed as exc:
        raise PipFailed(what, exc.lines) from exc


def pip_freeze(python: Path, *, sandbox: Sandbox | None = None) -> tuple[str, ...]:
    """Return every package that is visible in the environment, with its version; its interpreter may run their code."""
    argv = [str(python), "-m", "pip", "list", "--format", "freeze"]
    lines = run_program(argv, inherits=_PIP_INHERITS, env=_pip_env(sandbox), sandbox=sandbox)
    return tuple(line for line in lines if "==" in line)


def site_packages(venv: Path) -> Path:
    """Return the site-packages folder of the environment."""
    return Path(sysconfig.get_path("purelib", "venv", {"base": str(venv), "platbase": str(venv)}))


def path_line(path: Path, *, seen_from: Path, home: Path) -> str:
    """Return the path's line in a .pth file in `seen_from`; relative inside `home`, so that `home` can be moved.

    Python's site module joins a relative line to the folder of the .pth file (docs.python.org, library/site).
    """
    here = home.resolve()
    if path.resolve().is_relative_to(here) and seen_from.resolve().is_relative_to(here):
        return os.path.relpath(path.resolve(), seen_from.resolve())
    return str(path)


def point_scripts_at(venv: Path, *, final: Path) -> None:
    """Rewrite the environment's path in its scripts and pyvenv.cfg to its final folder, before it is moved."""
    for script in (venv / "bin").iterdir():
        if script.is_symlink() or not script.is_file():
            continue
        content = script.read_bytes()
        script.write_bytes(content.replace(str(venv).encode(), str(final).encode()))
    config = venv / "pyvenv.cfg"
    config.write_text(config.read_text().replace(str(venv), str(final)))


class _PackageCounter:
    """Reports every tenth package of pip's output, and the installation."""

    def __init__(self, progress: Progress, *, what: str) -> None:
        self._progress = progress
        self._what = what
        self._seen = 0

    def __call__(self, line: str) -> None:
        if line.startswith("Collecting "):
            self._seen += 1
            if self._seen % 10 == 1:
                self._progress(f"{self._what}: collecting {line.removeprefix('Collecting ').split(' (')[0]}")
        elif line.startswith("Installing collected packages"):
            self._progress(f"{self._what}: installing {line.count(',') + 1} package(s)")
