"""The console as a static site: built once for its sources, configured for a gateway, served as a static host does."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Request, Response
from fastapi.staticfiles import StaticFiles
from starlette.middleware.base import RequestResponseEndpoint

from odooops_dagster.tools.runtime.ports import free_port
from tests.cache import CACHE
from tests.gateways import serving
from tests.node_tools import node_modules
from tests.supabase_logins import ANON_KEY, Logins, issuer

SOURCE = Path(__file__).resolve().parents[1] / "web" / "odooops-console"
# A name of this machine that no other test uses: what a browser keeps of it is the console's.
HOST = "static.localhost"
# What npm and the build write, there or in the cache.
_WRITTEN = frozenset({"node_modules", ".next", "out", "schema.d.ts", "next-env.d.ts", "tsconfig.tsbuildinfo"})


@contextmanager
def workshop() -> Iterator[Path]:
    """Yield a folder of the cache with the sources beside their packages, for one test at a time."""
    folder = node_modules(SOURCE).parent
    with (folder / "work.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for path in SOURCE.iterdir():
            if path.is_dir() and path.name not in _WRITTEN:
                shutil.rmtree(folder / path.name, ignore_errors=True)
                shutil.copytree(path, folder / path.name, ignore=shutil.ignore_patterns(*_WRITTEN))
            elif path.name not in _WRITTEN:
                shutil.copy(path, folder)
        yield folder


def npm(folder: Path, *argv: str, **variables: str) -> str:
    """Run a script of the console's package, and return what it printed."""
    environment = os.environ | {"NEXT_TELEMETRY_DISABLED": "1", "NO_COLOR": "1"} | variables
    done = subprocess.run(
        ["npm", "run", "--silent", *argv], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.fail(f"npm run {' '.join(argv)} failed:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}", pytrace=False)
    return done.stdout


def built_console() -> Path:
    """Return the folder of the built site, for no gateway yet; without npm the test is skipped."""
    names = sorted(path for path in SOURCE.rglob("*") if path.is_file() and not _WRITTEN & set(path.parts))
    digest = hashlib.sha256()
    for path in names:
        digest.update(f"{path.relative_to(SOURCE)}\0".encode() + path.read_bytes() + b"\0")
    kept = CACHE / "web-console" / digest.hexdigest()[:16]
    if not kept.exists():
        with workshop() as folder:
            npm(folder, "export")
            kept.parent.mkdir(parents=True, exist_ok=True)
            if not kept.exists():
                (folder / "out").rename(kept)
    return kept


def configured(folder: Path, *, gateway: str, supabase: str = "", anon_key: str = "") -> Path:
    """Return a copy of the built site in this folder that asks this gateway, and signs people in there."""
    site = folder / "site"
    shutil.copytree(built_console(), site)
    variables = {
        "NEXT_PUBLIC_ODOOOPS_URL": gateway,
        "NEXT_PUBLIC_SUPABASE_URL": supabase,
        "NEXT_PUBLIC_SUPABASE_ANON_KEY": anon_key,
    }
    argv = ["node", str(SOURCE / "scripts" / "configure.mjs"), str(site)]
    subprocess.run(argv, env=os.environ | variables, check=True)
    return site


def static_host(site: Path) -> FastAPI:
    """Return a host of the site: files alone, with the headers that vercel.json gives every page."""
    app = FastAPI()
    (headers,) = (
        each["headers"]
        for each in json.loads((SOURCE / "vercel.json").read_text())["headers"]
        if each["source"] == "/(.*)"
    )

    @app.middleware("http")
    async def add_headers(request: Request, answer: RequestResponseEndpoint) -> Response:
        response = await answer(request)
        for each in headers:
            if each["key"] != "Strict-Transport-Security":  # a browser would remember it for the name of this machine
                response.headers[each["key"]] = each["value"]
        return response

    app.mount("/", StaticFiles(directory=site, html=True))
    return app


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where the static site, its issuer and its gateway are, for all tests of a file."""

    folder: Path
    site: str
    logins: Logins
    gateway_port: int

    @property
    def settings(self) -> dict[str, Any]:
        """Return what the gateway has to be told of the others."""
        return {"supabase_url": self.logins.url, "supabase_jwt_secret": None, "api_origins": self.site}


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Places]:
    """Yield the static site on a host of its own, beside the issuer at which its people sign in."""
    logins, gateway_port, port = Logins(), free_port(), free_port()
    with ExitStack() as stack:
        logins.url = stack.enter_context(serving(issuer(logins)))
        gateway = f"http://127.0.0.1:{gateway_port}"
        folder = tmp_path_factory.mktemp("site")
        site = configured(folder, gateway=gateway, supabase=logins.url, anon_key=ANON_KEY)
        stack.enter_context(serving(static_host(site), port=port))
        yield Places(folder=site, site=f"http://{HOST}:{port}", logins=logins, gateway_port=gateway_port)
