"""A Docker engine of the tests' own, with its base image: a real dockerd, which shares nothing with the machine's.

It has its own data and sockets, makes no bridge and touches no firewall rule, so that an engine of the machine is not
disturbed. The base image is made once of Debian's packages by mmdebstrap, and kept in the tests' cache.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import docker
import pytest
import requests

from odooops_dagster.files import locked
from tests.cache import CACHE
from tests.conftest import missing

IMAGE = "odooops-base:bookworm"
# What the launcher needs, the libraries that the wheels of Odoo take from the system, what lines of Dockerfiles run.
_PACKAGES = ("python3", "libstdc++6", "zlib1g", "python3-pip", "dash", "coreutils", "base-passwd")
# The accounts of a Debian, which the configuration of a package would make, and that of Odoo's own images.
_ACCOUNTS = """\
cd "$1" && for name in passwd group; do cp usr/share/base-passwd/$name.master etc/$name; done
echo odoo:x:101:101::/var/lib/odoo:/bin/sh >> etc/passwd && echo odoo:x:101: >> etc/group
"""
_SECONDS = 60.0

AnEngine = TypeVar("AnEngine", bound="Engine")


class Engine:
    """An engine that can be ended and started again; its data stay in the folder."""

    image = IMAGE
    program = "dockerd"
    needs: tuple[tuple[str, str], ...] = (("dockerd", "docker.io"),)  # programs, each with Debian's package of it
    is_root_s = True

    def __init__(self, folder: Path) -> None:
        self.path = os.environ.get("PATH", os.defpath)  # where its programs are
        self._options: tuple[str, ...] = ("--bridge", "none")
        self._inside: tuple[str, ...] = ()  # a command that runs it elsewhere than in this machine's network
        self.url = f"unix://{folder}/docker.sock"
        self.client = docker.DockerClient(base_url=self.url, version="1.41", timeout=60)  # asked when it runs
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the engine; skip with its own reason if it does not start here."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(self._argv(), stdout=log, stderr=log, env=self._environment())
        deadline = time.monotonic() + _SECONDS
        while self._process.poll() is None and time.monotonic() < deadline:
            if self._answers():
                return
            time.sleep(0.1)
        lines = [line for line in (self._folder / "log").read_text().splitlines() if "level=info" not in line]
        pytest.skip(f"no {self.program} starts on this machine: {(lines or ['it does not answer'])[-1]}")

    def _argv(self) -> list[str]:
        folder = self._folder
        argv = [*self._inside, "dockerd", "--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec"]
        argv += ["-H", self.url, "--pidfile", f"{folder}/docker.pid"]
        return [*argv, "--iptables=false", "--ip-forward=false", *self._options]

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "PATH": self.path}

    def try_container(self) -> None:
        """Skip with the engine's reason where it starts no container, as inside of some other containers."""
        try:
            words = ["/usr/bin/python3", "-c", ""]
            self.client.containers.run(IMAGE, words, network_mode="none", mem_limit="64m", remove=True)
        except docker.errors.DockerException as exc:
            pytest.skip(f"no container of {self.program} starts on this machine: {exc}")

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End the engine by a signal; asked politely it ends its containers first."""
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(_SECONDS)
        # A killed engine leaves the number of its containerd, and would wait for whoever has that number by then.
        (self._folder / "exec/containerd/containerd.pid").unlink(missing_ok=True)

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except (docker.errors.DockerException, requests.RequestException):
            return False

    def remove_folder(self) -> None:
        """Remove what the ended engine leaves."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def load_base(self, name: str, *, changes: list[str] | None = None) -> None:
        """Make the base image by a name with a tag; `changes` are lines of a Dockerfile."""
        repository, _, tag = name.rpartition(":")
        self.client.api.import_image_from_file(str(base_image()), repository=repository, tag=tag, changes=changes)


@contextmanager
def running_engine() -> Iterator[Engine]:
    """Run an engine that has the base image; skip the test where none can be started."""
    with running(Engine) as engine:
        yield engine


@contextmanager
def running(kind: type[AnEngine]) -> Iterator[AnEngine]:
    """Run an engine of this kind, as `running_engine` does."""
    if kind.is_root_s != (os.geteuid() == 0):
        pytest.skip(f"this engine is started by {'root alone' if kind.is_root_s else 'an ordinary user'}")
    for program, package in (*kind.needs, ("mmdebstrap", "mmdebstrap")):
        if shutil.which(program) is None:
            missing(f"{program} is not installed: apt-get install -y --no-install-recommends {package}")
    base_image()
    # Not below /tmp, which may be memory: layers of images are large.
    folder = Path(tempfile.mkdtemp(prefix="odooops-docker-", dir="/var/tmp"))
    engine = kind(folder)
    try:
        engine.start()
        engine.load_base(IMAGE)
        engine.try_container()
        yield engine
    finally:
        engine.client.close()
        engine.end()
        _unmount_below(folder)
        engine.remove_folder()


def _unmount_below(folder: Path) -> None:
    """Unmount what an engine leaves: a killed one its containers' layers, Podman its storage."""
    places = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    for place in reversed([place for place in places if Path(place).is_relative_to(folder)]):
        subprocess.run(["umount", "--lazy", place], check=False, capture_output=True)


def base_image() -> Path:
    """Return a Debian tree as a tar file: made once for all tests of this machine."""
    place = CACHE / "docker" / "base-bookworm-3.tar"
    place.parent.mkdir(parents=True, exist_ok=True)
    with locked(place.with_suffix(".lock")):
        if not place.exists():
            _make_base_image(place)
    return place


def _make_base_image(place: Path) -> None:
    part = place.with_suffix(".part.tar")
    # Unpacked and not configured: what configuring adds, such as a cache of libraries, no program of the tests needs.
    mode = "root" if os.geteuid() == 0 else "unshare"
    argv = ["mmdebstrap", f"--mode={mode}", "--variant=extract", f"--include={','.join(_PACKAGES)}"]
    argv += [f"--extract-hook={_ACCOUNTS}", "bookworm", str(part)]
    made = subprocess.run(argv, capture_output=True, text=True, check=False)
    if made.returncode:
        missing(f"no base image can be made: {made.stderr.strip().splitlines()[-1]}")
    part.replace(place)
