"""Edge functions as Deno runs them: with the versions of deno.lock, and no permission that they do not need."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from odooops_dagster.tools.runtime.ports import free_port
from tests.cache import CACHE, fetch
from tests.conftest import missing

FUNCTIONS = Path(__file__).resolve().parents[1] / "supabase" / "functions"
NAMES = ("ops-event-ingest", "ops-runner", "ops-ingest", "executor")
PATIENCE_SECONDS = 60


def deno(*arguments: str, cwd: Path = FUNCTIONS) -> subprocess.CompletedProcess[str]:
    """Run Deno to its end."""
    argv = [str(_program()), *arguments]
    return subprocess.run(argv, cwd=cwd, env=_environment(), capture_output=True, text=True, check=False, timeout=300)


def fetched() -> None:
    """Fetch what deno.lock names, once; skip the test where npm cannot be reached."""
    fetch("what deno.lock names")
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "deno.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = deno("cache", "--frozen", *(f"{name}/index.ts" for name in NAMES))
    if done.returncode and "frozen" not in done.stderr:
        missing(f"what the edge functions import cannot be fetched from npm: {done.stderr[-300:]}")
    assert done.returncode == 0, done.stderr


@contextmanager
def serving(name: str, *, folder: Path = FUNCTIONS, **environment: str) -> Iterator[httpx2.Client]:
    """Yield a client of a function that Deno serves until the end of the block."""
    fetched()
    port = free_port()
    argv = [
        str(_program()), "run", "--frozen", "--no-prompt", "--cached-only", "--allow-env", "--allow-net=127.0.0.1",
        f"{name}/index.ts",
    ]  # fmt: skip
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            argv,
            cwd=folder,
            env={**_environment(), **environment, "DENO_SERVE_ADDRESS": f"tcp:127.0.0.1:{port}"},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_SECONDS) as client:
                _wait(client, process)
                yield client
        finally:
            process.kill()  # asked to end, it may wait for its kept connections for ever
            process.wait()
            log.seek(0)
            sys.stdout.write(log.read())  # pytest shows it where a test fails


def _wait(client: httpx2.Client, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            assert client.get("/").status_code == 405
        except httpx2.TransportError:
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail("the function does not start", pytrace=False)
            time.sleep(0.05)
        else:
            return


def _program() -> Path:
    program = Path(sys.executable).with_name("deno")
    if not program.exists():
        missing("deno is not here: make .venv/.ready")
    return program


def _environment() -> dict[str, str]:
    kept = ("PATH", "HOME", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "DENO_TLS_CA_STORE", "HTTPS_PROXY", "NO_PROXY")
    given = {name: value for name, value in os.environ.items() if name in kept or name.lower().startswith("npm_config")}
    return {**given, "DENO_DIR": str(CACHE / "deno"), "DENO_NO_UPDATE_CHECK": "1", "NO_COLOR": "1"}


def imports() -> dict[str, str]:
    """Return what deno.json imports, by its name."""
    found: dict[str, str] = json.loads((FUNCTIONS / "deno.json").read_text())["imports"]
    return found
