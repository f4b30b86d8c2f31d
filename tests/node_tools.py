"""Programs of npm, in the versions of scripts/dev/node, installed once into the tests' cache."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

import pytest

from odooops_dagster.files import write_whole
from tests.cache import CACHE, fetch
from tests.conftest import missing

PINS = Path(__file__).resolve().parents[1] / "scripts" / "dev" / "node"
# What Prisma 7 asks for; Debian 13 brings it.
OLDEST_NODE = (20, 19)


def node_tool(name: str) -> Path:
    """Return the path of a program of npm, such as supabase, dbml2sql or prisma; without npm the test is skipped.

    Prisma asks for a database engine that only its migrations need, and downloads it unless
    PRISMA_SCHEMA_ENGINE_BINARY names some program: `prisma validate` never starts it.
    """
    return node_modules(PINS) / ".bin" / name


def node_modules(pins: Path) -> Path:
    """Return the folder of the packages that a lock file names; without npm the test is skipped."""
    fetch(f"the packages of {pins.name}/package-lock.json")
    _require_node()
    digest = hashlib.sha256((pins / "package-lock.json").read_bytes()).hexdigest()[:12]
    folder = CACHE / "node" / digest
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "installed").exists():
            _install(pins, folder)
            (folder / "installed").touch()
    return folder / "node_modules"


def file_of_package(spec: str, name: str, *, integrity: str) -> Path:
    """Return one file of a package, `name` as in its tarball; `integrity` is that of the whole."""
    fetch(spec)
    _require_node()
    folder = CACHE / "node" / hashlib.sha256(f"{spec} {name}".encode()).hexdigest()[:12]
    if not (folder / name).exists():
        with tempfile.TemporaryDirectory() as draft:
            argv = ["npm", "pack", spec, "--pack-destination", draft, "--silent", "--ignore-scripts"]
            done = subprocess.run(argv, cwd=draft, capture_output=True, text=True, check=False)
            if done.returncode:
                missing(f"{spec} cannot be fetched from npm: {done.stderr[-300:]}")
            (tarball,) = Path(draft).glob("*.tgz")
            found = base64.b64encode(hashlib.sha512(tarball.read_bytes()).digest()).decode()
            assert f"sha512-{found}" == integrity, f"{spec} is another one"
            with tarfile.open(tarball) as archive, archive.extractfile(name) as stream:  # type: ignore[union-attr]
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                write_whole(folder / name, stream.read())
    return folder / name


def _require_node() -> None:
    if shutil.which("npm") is None or _node_version() < OLDEST_NODE:
        missing("npm with Node 20.19 or newer is not here: scripts/dev/system-packages.sh")


def _node_version() -> tuple[int, ...]:
    if shutil.which("node") is None:
        return (0,)
    said = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(int(number) for number in re.findall(r"\d+", said)[:2])


def _install(pins: Path, folder: Path) -> None:
    """Install exactly what the lock file names; no package's own script runs."""
    for name in ("package.json", "package-lock.json"):
        shutil.copy(pins / name, folder)
    argv = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False, env=dict(os.environ))
    if done.returncode:
        pytest.fail(f"npm ci failed:\n{done.stderr}", pytrace=False)
