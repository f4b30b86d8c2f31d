"""An engine that builds images with provenance, as GitHub's builder does: Docker 26 with BuildKit and its own bridge.

Lines of a Dockerfile that fetch packages reach a package index of the test, and nothing else: the bridge leads nowhere.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from signal import SIGTERM, Signals
from threading import Thread

from tests.conftest import missing
from tests.debian_programs import debian13
from tests.docker_engine import Engine


class Builder(Engine):
    """An engine with the store of images that keeps attestations (containerd's), and a client with buildx."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        # runc is the machine's own: that of Debian 13 asks for another libc.
        programs = debian13("docker.io", "docker-cli", "docker-buildx", "containerd")
        self.path = f"{programs}/usr/sbin:{programs}/usr/bin:{self.path}"
        self._bridge = f"odooops-{os.getpid()}"
        self.address = f"198.18.{os.getpid() % 256}.1"  # of a range that nobody routes: RFC 2544
        settings = folder / "daemon.json"
        settings.write_text(json.dumps({"features": {"containerd-snapshotter": True}}))
        self._options = ("--bridge", self._bridge, "--config-file", str(settings))
        plugins = folder / "client" / "cli-plugins"
        plugins.mkdir(parents=True)
        (plugins / "docker-buildx").symlink_to(programs / "usr/libexec/docker/cli-plugins/docker-buildx")
        self.environment = {"PATH": self.path, "DOCKER_HOST": self.url, "DOCKER_CONFIG": str(plugins.parent)}

    def start(self) -> None:
        """Make the bridge, and start the engine."""
        if shutil.which("ip") is None:
            missing("ip is not installed: apt-get install -y --no-install-recommends iproute2")
        _ip("link", "add", self._bridge, "type", "bridge")
        _ip("address", "add", f"{self.address}/24", "dev", self._bridge)
        _ip("link", "set", self._bridge, "up")
        super().start()

    def end(self, number: Signals = SIGTERM) -> None:
        """End the engine, and remove the bridge."""
        super().end(number)
        subprocess.run(["ip", "link", "delete", self._bridge], check=False, capture_output=True)


def _ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], check=False, capture_output=True, text=True)
    if done.returncode:
        missing(f"this machine makes no bridge: {done.stderr.strip()}")


@contextmanager
def package_index(folder: Path, address: str, *requirements: str) -> Iterator[str]:
    """Serve the wheels that these requirements need, in the way of PyPI; yield the index's URL."""
    argv = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary=:all:", f"--dest={folder}/wheels"]
    subprocess.run([*argv, *requirements], check=True)
    for wheel in (folder / "wheels").iterdir():
        place = folder / "simple" / wheel.name.partition("-")[0].lower().replace("_", "-")
        place.mkdir(parents=True, exist_ok=True)
        wheel.rename(place / wheel.name)
    # The server lists a folder as links: an index asks for nothing more.
    server = ThreadingHTTPServer((address, 0), partial(_Quiet, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://{address}:{server.server_port}/simple"
    server.shutdown()
    server.server_close()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_arguments: object) -> None:
        """Write nothing."""
