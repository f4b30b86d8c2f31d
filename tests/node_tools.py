"""Programs of npm, in the versions of scripts/dev/node, installed once into the tests' cache."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cache import CACHE
from tests.conftest import missing

PINS = Path(__file__).resolve().parents[1] / "scripts" / "dev" / "node"
# What Prisma 7 asks for; Debian 13 brings it.
OLDEST_NODE = (20, 19)


def node_tool(name: str) -> Path:
    """Return the path of a program of npm, such as supabase, dbml2sql or prisma; without npm the test is skipped.

    Prisma asks for a database engine that only its migrations need, and downloads it unless
    PRISMA_SCHEMA_ENGINE_BINARY names some program: `prisma validate` never starts it.
    """
    _require_node()
    pins = (PINS / "package-lock.json").read_bytes()
    folder = CACHE / "node" / hashlib.sha256(pins).hexdigest()[:12]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "installed").exists():
            _install(folder)
            (folder / "installed").touch()
    return folder / "node_modules" / ".bin" / name


def _require_node() -> None:
    if shutil.which("npm") is None or _node_version() < OLDEST_NODE:
        missing("npm with Node 20.19 or newer is not here: scripts/dev/system-packages.sh")


def _node_version() -> tuple[int, ...]:
    if shutil.which("node") is None:
        return (0,)
    said = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(int(number) for number in re.findall(r"\d+", said)[:2])


def _install(folder: Path) -> None:
    """Install exactly what the lock file names; no package's own script runs."""
    for name in ("package.json", "package-lock.json"):
        shutil.copy(PINS / name, folder)
    argv = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False, env=dict(os.environ))
    if done.returncode:
        pytest.fail(f"npm ci failed:\n{done.stderr}", pytrace=False)
