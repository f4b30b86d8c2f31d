"""A person at a terminal beside a service: in its sandbox, and at a terminal that is not the person's own."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from odooops_dagster.errors import NotFound
from odooops_dagster.model import Sandbox, Service
from odooops_dagster.tools.runtime.job import definition_of
from odooops_dagster.tools.runtime.memory import MemoryRuntime
from odooops_dagster.tools.runtime.sandbox.interpreters import interpreter_folders
from odooops_dagster.tools.runtime.stored import to_json
from tests.integration.test_sandbox import OTHERS
from tests.servers import state_folder

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
# What a person's command does: the service is read, and a program runs beside it.
PERSON = """
import json, sys
from odooops_dagster.tools.runtime.stored import service_of
from odooops_dagster.tools.runtime.terminal import attach
service = service_of(json.loads(sys.argv[1]))
raise SystemExit(attach(service.name, service, lambda argv: (*argv, *sys.argv[2:])))
"""


@pytest.fixture
def service() -> Iterator[Service]:
    """A service of Python in a sandbox of its own."""
    with state_folder("terminal") as folder:
        folder.chmod(0o777)
        python = Path(sys.executable)
        sandbox = Sandbox(
            writable=(folder,),
            readable=interpreter_folders(python),
            home=folder,
            uid=OTHERS if os.geteuid() == 0 else None,
        )
        argv, env = (str(python), "-q"), {"HUSH": "hush"}
        yield Service(
            name="env-1", argv=argv, cwd=folder, port=1, log_path=folder / "odoo.log", sandbox=sandbox, env=env
        )


class Person:
    """Somebody at a terminal who types and reads."""

    def __init__(self, service: Service, *arguments: str) -> None:
        self.terminal, theirs = pty.openpty()
        self.device = os.fstat(theirs).st_rdev
        self._process = subprocess.Popen(
            _command(service, *arguments), stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True, cwd=ROOT
        )
        os.close(theirs)
        self.shown = ""

    def type(self, keys: str) -> None:
        """Type the keys."""
        os.write(self.terminal, keys.encode())

    def end(self) -> None:
        """Tell the command to end, and wait until it has."""
        self._process.terminate()
        self.status()

    def read_until(self, pattern: str) -> str:
        """Read until the pattern was shown since the last time, and return its match."""
        until = time.monotonic() + PATIENCE
        while not (found := re.search(pattern, self.shown)):
            left = until - time.monotonic()
            assert left > 0, f"{pattern} was not shown: {self.shown!r}"
            if select.select([self.terminal], [], [], left)[0]:
                self.shown += os.read(self.terminal, 4096).decode(errors="replace")
        self.shown = self.shown[found.end() :]
        return found[found.lastindex or 0]

    def status(self) -> int:
        """Wait for the end."""
        return self._process.wait(PATIENCE)

    def leave(self) -> None:
        """End the command, if it still runs, and close the terminal."""
        self._process.kill()
        self._process.wait()
        os.close(self.terminal)


@pytest.fixture
def person(service: Service) -> Iterator[Person]:
    """A person at the prompt of Python."""
    person = Person(service)
    person.read_until(">>> ")
    yield person
    person.leave()


def test_what_comes_by_a_pipe_runs_in_the_sandbox_and_its_status_is_told(service: Service) -> None:
    """With the service's environment, whose secrets stand in no command line."""
    code = "import os, sys\nprint(os.environ['HUSH'], os.path.exists('/etc/shadow'), os.getcwd())\nsys.exit(3)\n"
    ended = subprocess.run(_command(service, "-"), input=code, capture_output=True, text=True, check=False, cwd=ROOT)
    assert (ended.returncode, ended.stdout) == (3, f"hush False {service.cwd}\n")


def test_a_person_types_and_reads_at_a_terminal_that_is_not_their_own(person: Person) -> None:
    """So that nothing of the sandbox can put words into theirs."""
    person.type("import os; print('rdev', os.isatty(0), os.fstat(0).st_rdev)\r")
    device = int(person.read_until(r"rdev True (\d+)\s"))
    assert device != person.device
    person.type("exit(4)\r")
    assert person.status() == 4


def test_ctrl_c_interrupts_what_runs_and_not_the_shell(person: Person) -> None:
    """As at any prompt."""
    person.type("import time; print('began' + '!'); time.sleep(600)\r")
    person.read_until("began!")
    person.type("\x03")
    person.read_until("KeyboardInterrupt")
    person.read_until(">>> ")
    person.type("print('still' + ' here')\r")
    person.read_until("still here[^>]*>>> ")
    person.type("\x04")
    assert person.status() == 0


def test_a_command_that_is_told_to_end_leaves_the_terminal_as_it_was(person: Person) -> None:
    """Else the person's shell would show nothing of what is typed."""
    assert not termios.tcgetattr(person.terminal)[3] & termios.ECHO
    person.end()
    assert termios.tcgetattr(person.terminal)[3] & termios.ECHO


def test_an_unknown_service_has_no_terminal() -> None:
    """And the answer says so."""
    with pytest.raises(NotFound, match="env-1 has no definition here"):
        MemoryRuntime().attach("env-1", lambda argv: argv)


def _command(service: Service, *arguments: str) -> list[str]:
    stored = definition_of(service, mark="service") | to_json(service)
    return [sys.executable, "-c", PERSON, json.dumps(stored), *arguments]
