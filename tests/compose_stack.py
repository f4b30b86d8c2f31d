"""The production stack on an engine of the tests' own: image built, stack started, asked through its proxy."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any

import pytest

from odooops_dagster.files import locked
from odooops_dagster.local.recovery.key import make_key
from odooops_dagster.tools.runtime.ports import free_port
from tests.cache import CACHE
from tests.conftest import missing
from tests.debian_programs import debian13
from tests.docker_engine import Engine
from tests.platform_packages import add_packages

ROOT = Path(__file__).parents[1]
COMPOSE = ROOT / "deploy" / "compose.yaml"
BASE, IMAGE, FORMER = "odooops-platform-base:bookworm", "odooops:tested", "odooops:former"
CONSOLE, DAGSTER, DOMAIN = "odooops.example.com", "dagster.example.com", "preview.example.com"
# What the image's own Dockerfile would fetch from Debian, and the Python that the platform runs on.
_PACKAGES = "python3,python3-venv,bubblewrap,caddy,ca-certificates,fonts-dejavu-core,git,openssh-client"


class Compose:
    """Runs `docker compose` with the stack's file, as the operator does."""

    def __init__(self, folder: Path, *, host: str = "") -> None:
        self.https = free_port()
        self.secrets = folder / "secrets"
        self.environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(folder),
            "DOCKER_HOST": host,
            "ODOOOPS_IMAGE": IMAGE,
            "ODOOOPS_CONSOLE_HOST": CONSOLE,
            "ODOOOPS_DAGSTER_HOST": DAGSTER,
            "ODOOOPS_ENVIRONMENTS_DOMAIN": DOMAIN,
            "ODOOOPS_SECRETS": str(self.secrets),
            "ODOOOPS_HTTP": f"127.0.0.1:{free_port()}",
            "ODOOOPS_HTTPS": f"127.0.0.1:{self.https}",
        }
        found = debian13("docker-compose") / "usr/libexec/docker/cli-plugins/docker-compose"
        self._argv = [str(found), "--file", str(COMPOSE)]

    def add(self, override: Path) -> None:
        """Use this file besides, as an operator's override."""
        self._argv += ["--file", str(override)]

    def run(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command of compose to its end."""
        done = subprocess.run(
            [*self._argv, *words], env=self.environment, capture_output=True, text=True, timeout=600, check=False
        )
        assert not check or done.returncode == 0, done.stderr[-3000:]
        return done

    def config(self) -> dict[str, Any]:
        """Return the file as compose understands it."""
        told: dict[str, Any] = json.loads(self.run("config", "--format", "json").stdout)
        return told

    def ops(self, *words: str) -> str:
        """Run `ops` beside the platform's programs, and return what it prints."""
        return self.run("exec", "-T", "platform", "ops", *words).stdout

    def ask(self, host: str, path: str, **fields: str) -> tuple[int, bytes]:
        """Ask the proxy for a page of this host by TLS, as a browser that trusts its authority."""
        authority = self.run(
            "exec", "-T", "proxy", "cat", "/var/lib/odooops-certificates/caddy/pki/authorities/local/root.crt"
        ).stdout
        trusting = ssl.create_default_context(cadata=authority)
        connection = _Named("127.0.0.1", self.https, context=trusting, timeout=30)
        connection.name = host
        try:
            connection.request("GET", path, headers={"Host": host, **fields})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def make_secrets(self) -> list[str]:
        """Make the keys that are mounted as files, and return what is in them."""
        self.secrets.mkdir()
        for name in ("platform_key", "backup_key"):
            make_key(self.secrets / name)
            os.chown(self.secrets / name, 10001, 10001)
        return [path.read_text().strip() for path in self.secrets.iterdir()]


class _Named(HTTPSConnection):
    """Connects to an address, and asks there for the certificate of a name."""

    name = ""

    def connect(self) -> None:
        self._tunnel_host = None
        super(HTTPSConnection, self).connect()
        self.sock = self._context.wrap_socket(self.sock, server_hostname=self.name)  # type: ignore[attr-defined]


@contextmanager
def started(engine: Engine, folder: Path) -> Iterator[tuple[Compose, list[str]]]:
    """Build the image, start the stack and yield it when its proxy runs, with the secrets that it was given."""
    build_image(engine, folder)
    compose = Compose(folder, host=engine.url)
    secrets = compose.make_secrets()
    try:
        done = compose.run("up", "--detach", "--wait", check=False)
        assert done.returncode == 0, done.stderr[-2000:] + compose.run("logs", check=False).stdout[-4000:]
        yield compose, secrets
    finally:
        compose.run("down", "--volumes", check=False)


def build_image(engine: Engine, folder: Path) -> None:
    """Build the image by its own Dockerfile, of what is in the repository and of packages fetched before."""
    repository, _, tag = BASE.rpartition(":")
    path = ["ENV PATH=/usr/bin:/bin:/usr/sbin:/sbin"]
    tree = Path(shutil.copyfile(_base(), folder / "base.tar"))
    add_packages(tree)  # its Dockerfile finds them installed
    engine.client.api.import_image_from_file(str(tree), repository=repository, tag=tag, changes=path)
    tree.unlink()
    context = folder / "context"
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (context / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, context / name)
    shutil.copytree(_wheels(), context / "deploy" / "wheels")
    arguments: Mapping[str, str] = {"BASE": BASE, "PIP_OPTIONS": "--no-index --find-links /src/deploy/wheels"}
    engine.client.images.build(
        path=str(context),
        dockerfile="deploy/Dockerfile",
        tag=IMAGE,
        buildargs=dict(arguments),
        network_mode="none",
        rm=True,
    )
    shutil.rmtree(context)


def build_former_image(engine: Engine, folder: Path) -> str:
    """Build the image of the last version with fewer migrations; return its commit, skip where there is none.

    It has the packages of the new one: what differs is the platform's own code and its schema.
    """
    former = _former_commit()
    if not former:
        pytest.skip("this clone has no version before the newest migration: git fetch --unshallow")
    context, tree = folder / "former", folder / "former" / "tree"
    tree.mkdir(parents=True)
    packed = subprocess.run(["git", "archive", former], cwd=ROOT, capture_output=True, check=True).stdout
    subprocess.run(["tar", "-x", "-C", str(tree)], input=packed, check=True)
    argv = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index", "--find-links", str(_wheels())]
    subprocess.run([*argv, "--wheel-dir", str(context), str(tree)], check=True)
    shutil.rmtree(tree)
    install = "/opt/odooops/bin/pip install --quiet --no-index --no-deps --force-reinstall /tmp/*.whl"
    (context / "Dockerfile").write_text(f"FROM {IMAGE}\nUSER 0\nCOPY *.whl /tmp/\nRUN {install}\nUSER 10001:10001\n")
    engine.client.images.build(path=str(context), tag=FORMER, network_mode="none", rm=True)
    return former


def _former_commit() -> str:
    """Return the last commit of this branch itself with fewer migrations, each of them as it is now; "" for none.

    A commit of a branch that was merged may hold a migration that was not the last word yet: nobody ran it.
    """
    now = _migrations("HEAD")
    for commit in _git("rev-list", "--first-parent", "HEAD", "--", "sql/migrations").split():
        before = _git("rev-parse", "--verify", "--quiet", f"{commit}~1")
        if before and _migrations(before) < now:
            return before
    return ""


def _migrations(commit: str) -> set[str]:
    """Return the migrations of a commit, each with the digest of what is in it."""
    return set(_git("ls-tree", commit, "sql/migrations/").splitlines())


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()


def _base() -> Path:
    """Return a configured Debian with the programs that the image needs, as a tar file, made once for all tests."""
    place = CACHE / "docker" / "platform-bookworm-1.tar"
    with locked(place.with_suffix(".lock")):
        if not place.exists():
            part = place.with_suffix(".part.tar")
            argv = ["mmdebstrap", "--mode=root", "--variant=minbase", f"--include={_PACKAGES}", "bookworm", str(part)]
            made = subprocess.run(argv, capture_output=True, text=True, check=False)
            if made.returncode:
                missing(f"no base image can be made: {made.stderr.strip().splitlines()[-1]}")
            part.replace(place)
    return place


def _wheels() -> Path:
    """Return a folder with what builds the platform's own package, fetched once."""
    place = CACHE / "wheels-of-the-builder"
    with locked(place.with_suffix(".lock")):
        if not place.exists():
            part = place.with_suffix(".part")
            argv = [sys.executable, "-m", "pip", "download", "--quiet", "--dest", str(part), "hatchling"]
            got = subprocess.run(argv, capture_output=True, text=True, check=False)
            if got.returncode:
                missing(f"the builder of packages cannot be fetched: {got.stderr.strip().splitlines()[-1]}")
            part.rename(place)
    return place
