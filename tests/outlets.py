"""The catcher's own program, and programs that have an outlet as an environment's Odoo has."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from odooops_dagster.home import catcher_mark, caught_folder, outlet
from odooops_dagster.tools import outlet_line
from odooops_dagster.tools.odoo.commands import launcher

# What the launcher of Odoo does before it starts Odoo; where it has a way out, its folder is the second argument.
BEGIN = f"""
import sys
sys.path.insert(0, {str(launcher().parent)!r})
import attempts, caught_mail, datagrams, way_out
told = attempts.watch(datagrams.Datagrams(sys.argv[1], attempts.SOCKET).send)
if sys.argv[2:]:
    way_out.open_way(sys.argv[2], told.asker)
caught_mail.catch(sys.argv[1])
"""
_PATIENCE_SECONDS = 60.0


class Catching:
    """A state folder with a catcher that runs."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def outlet(self, environment: UUID) -> Path:
        """Return the environment's outlet, once the catcher hears it."""
        folder = outlet(self.home, environment)
        folder.mkdir(parents=True, exist_ok=True)
        wait_until(lambda: outlet_line.tell(self.home) == 0, what="an outlet")
        return folder

    def run(self, environment: UUID, code: str) -> str:
        """Run the code as the environment's Odoo would, and return what it prints."""
        return run_at(self.outlet(environment), code)

    def left(self, environment: UUID, ending: str, *, at_least: int = 1) -> list[Path]:
        """Return the files that the catcher left of the environment, as soon as there are so many."""
        folder = caught_folder(self.home) / environment.hex
        wait_until(lambda: len(list(folder.glob(f"[!.]*.{ending}"))) >= at_least, what=f"{at_least} .{ending}")
        return sorted(folder.glob(f"[!.]*.{ending}"))


def run_at(outlet: Path, code: str) -> str:
    """Run the code with the hooks of the launcher, whether somebody listens at the outlet or not."""
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + code, str(outlet)], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def start_at(outlet: Path, code: str) -> subprocess.Popen[str]:
    """Start the code with the hooks of the launcher; it can read and print."""
    return subprocess.Popen(
        [sys.executable, "-c", BEGIN + code, str(outlet)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


@contextmanager
def catching(home: Path) -> Iterator[Catching]:
    """Run the catcher on the state folder."""
    program = subprocess.Popen([sys.executable, "-m", "odooops_dagster.doors.catcher", str(home)])
    try:
        wait_until(catcher_mark(home).exists, what="the catcher")
        yield Catching(home)
    finally:
        program.terminate()
        assert program.wait(20) == 0


def wait_until(true: object, *, what: str) -> None:
    """Return as soon as the function returns something true."""
    assert callable(true)
    until = time.monotonic() + _PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < until, f"{what} did not come"
        time.sleep(0.05)
