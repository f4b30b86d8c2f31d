"""The docker runtime does what every runtime must do, with containers of a real engine: Docker's, and Podman's."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path, PurePosixPath

import pytest

from odooops_dagster.errors import BadInput, Unavailable
from odooops_dagster.model import Job, Sandbox, Service
from odooops_dagster.steps.build.oci import refuse_hidden
from odooops_dagster.tools.registry.images import Engine as Images
from odooops_dagster.tools.registry.layer import Layer
from odooops_dagster.tools.runtime.docker import DockerRuntime
from odooops_dagster.tools.runtime.removal import remove
from tests.docker_engine import Engine, running
from tests.podman_engine import Podman
from tests.suites.processes import FAMILY, alive, eventually, word_at
from tests.suites.runtime_suite import ROOT, PlatformRuntime, RuntimeSuite

pytestmark = [pytest.mark.docker, pytest.mark.root]

# An account that owns nothing else on this machine.
ACCOUNT = 61003
# Runs a job in a process of its own, so that it may be killed.
CALLER = """
import sys
from pathlib import Path
from odooops_dagster.model import Job, Sandbox
from odooops_dagster.tools.runtime.docker import DockerRuntime
engine, image, uid, folder, *argv = sys.argv[1:]
folder = Path(folder)
sandbox = Sandbox(writable=(folder,), home=folder, uid=int(uid))
job = Job(name="job", argv=tuple(argv), cwd=folder, sandbox=sandbox, log_path=folder / "job.log")
DockerRuntime(folder / "runtime", engine=engine, image=image).execute(job)
"""


@pytest.fixture(scope="module", params=[Engine, Podman], ids=lambda kind: kind.program)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Yield an engine for the tests of this file: one of Docker, then one of Podman."""
    with running(request.param) as engine:
        yield engine


class TestDockerRuntime(RuntimeSuite):
    """Services and jobs are containers."""

    python = ("/usr/bin/python3", "-I", "-S", "-c")
    _engine: Engine

    @pytest.fixture(autouse=True)
    def _on(self, engine: Engine, root: Path) -> Iterator[None]:
        """Use the engine, and leave no container on it."""
        self._engine = engine
        yield
        for container in engine.client.containers.list(all=True, filters={"label": f"odooops.root={root}"}):
            remove(container)

    def open(self, root: Path) -> DockerRuntime:
        """Return a runtime of the engine."""
        return DockerRuntime(root, engine=self._engine.url, image=self._engine.image)

    def reopen(self, runtime: PlatformRuntime, root: Path) -> PlatformRuntime:
        """Stop the containers, as the platform does at its end."""
        runtime.shut_down()
        return self.open(root)

    def sandbox(self, folder: Path) -> Sandbox:
        """Return a sandbox with an account of its own."""
        os.chown(folder, ACCOUNT, ACCOUNT)
        return Sandbox(writable=(folder,), home=folder, uid=ACCOUNT)

    def place(self, folder: Path, name: str) -> Path:
        """Return the service's socket: a container has no port of the machine's."""
        return folder / f"{Path(name).name}.sock"

    def family(self, notes: Path) -> list[int]:
        """Find the family by its command line: it knows itself by the numbers of its container."""
        eventually(lambda: notes.exists() and len(notes.read_text().splitlines()) >= 3, what="a family of three")
        return sorted(_running_with(str(notes)), reverse=True)

    def call(self, folder: Path, argv: tuple[str, ...]) -> subprocess.Popen[bytes]:
        """Run the program as a job of another process."""
        self.sandbox(folder)
        words = [self._engine.url, self._engine.image, str(ACCOUNT), str(folder), *argv]
        return subprocess.Popen([sys.executable, "-c", CALLER, *words], cwd=ROOT)

    def start_under_keeper(self, root: Path, service: Service) -> int:
        """Start the service; its keeper is the process between the engine and its container."""
        pid = self.open(root).start(service).pid
        status = Path(f"/proc/{pid}/status").read_text()
        return int(status.split("PPid:")[1].split()[0])

    def test_services_answer_again_after_a_restart_of_the_engine(
        self, runtime: DockerRuntime, engine: Engine, tmp_path: Path
    ) -> None:
        """The engine starts what ran, and not what was stopped."""
        runs, stopped = self.service(tmp_path, "runs"), self.service(tmp_path, "stopped", name="env-2")
        for service in (runs, stopped):
            runtime.start(service)
            assert service.socket is not None
            eventually(lambda place=service.socket: word_at(place), what="an answer")  # type: ignore[misc]
        runtime.stop("env-2")
        engine.end()
        with pytest.raises(Unavailable, match="does not answer"):
            runtime.status()
        engine.start()
        eventually(lambda: word_at(tmp_path / "env-1.sock") == "runs", what="an answer again")
        assert [status.state for status in runtime.status()] == ["running", "stopped"]

    def test_a_job_ends_with_its_killed_engine(self, runtime: DockerRuntime, engine: Engine, tmp_path: Path) -> None:
        """Its caller learns at once that it failed; the engine that comes back ends what works on the database."""
        notes = tmp_path / "notes"

        def kill_engine(_line: str) -> None:
            self.family(notes)
            engine.end(signal.SIGKILL)

        try:
            with pytest.raises(Unavailable, match="does not answer"):
                runtime.execute(self.job(tmp_path, FAMILY, str(notes)), on_line=kill_engine)
        finally:
            engine.start()
        eventually(lambda: not alive(self.family(notes)), what="the job is gone")


def test_the_code_of_an_image_is_refused_where_no_container_would_see_it(engine: Engine, tmp_path: Path) -> None:
    """Each has a /tmp of its own, those of Podman a /var/tmp as well."""
    folders = ("/tmp", "/var/tmp", "/srv")  # noqa: S108 - of a container
    note = tmp_path / "note"
    note.write_text("of the image")
    images = Images(engine.url)
    layer = Layer(name="0" * 32, paths=(), placed=tuple((note, PurePosixPath(each, "note")) for each in folders))
    image = images.stack(engine.image, (layer,))
    own = tmp_path / "own"
    own.mkdir()
    os.chown(own, ACCOUNT, ACCOUNT)
    looks = f"import os; print(*(each for each in {folders} if os.path.exists(each + '/note')))"
    argv = (*TestDockerRuntime.python, looks)
    sandbox = Sandbox(writable=(own,), home=own, uid=ACCOUNT, image=image)
    job = Job(name="looks", argv=argv, cwd=own, log_path=tmp_path / "log", sandbox=sandbox)
    DockerRuntime(tmp_path / "runtime", engine=engine.url, image=engine.image).execute(job)
    seen = job.log_path.read_text().split()
    hidden = images.own_folders()
    images.close()
    assert seen == [each for each in folders if each not in hidden]
    assert ("/var/tmp" in hidden) is isinstance(engine, Podman)  # noqa: S108 - as above
    code = (Layer(name="code", paths=(Path("/var/tmp/state/checkout"),)),)  # noqa: S108 - as above
    with pytest.raises(BadInput, match="has a /var/tmp of its own") if "/var/tmp" in hidden else nullcontext():  # noqa: S108
        refuse_hidden(code, hidden)


def _running_with(word: str) -> Iterator[int]:
    """Yield the processes of a container's Python with the word in their command line."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if word in words and words[0] == TestDockerRuntime.python[0]:
            yield int(path.parent.name)
