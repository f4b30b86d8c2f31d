"""The sandbox of this machine, attacked as root and as an ordinary user."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg import conninfo, sql

from odooops_dagster.errors import BadInput, MissingDependency, Unavailable
from odooops_dagster.local.preflight import refuse_if_broken
from odooops_dagster.local.sandboxes import sandbox as sandbox_check
from odooops_dagster.model import Sandbox
from odooops_dagster.settings import Settings
from odooops_dagster.tools.runtime.ports import free_port
from odooops_dagster.tools.runtime.sandbox import bubblewrap, trial
from odooops_dagster.tools.runtime.sandbox.attack import ATTACKS
from odooops_dagster.tools.runtime.sandbox.interpreters import interpreter_folders
from tests.conftest import missing
from tests.servers import PostgresServer, state_folder
from tests.suites.hostile import (
    PYTHON,
    HostileSuite,
    without,
    without_account,
    without_inner_bwrap,
    without_prefix,
)

IS_ROOT = os.geteuid() == 0
# Accounts that own nothing on this machine; they need no name.
OTHERS = 61001
ORDINARY = 61002


@pytest.fixture(autouse=True)
def _bubblewrap() -> None:
    if shutil.which("bwrap") is None:
        missing("bubblewrap is not installed: scripts/dev/system-packages.sh")


@pytest.mark.root
class TestAsRoot(HostileSuite):
    """The platform is root: each sandbox has an account of its own."""

    @pytest.fixture
    def built(self) -> Iterator[trial.Scene]:
        """Yield a sandbox of an account that owns its neighbour's files, too: the hardest case."""
        with trial.scene(uid=OTHERS, python=PYTHON) as built:
            yield built

    def test_root_is_given_up(self, built: trial.Scene) -> None:
        """Without the change of the account, its programs would be root with all capabilities."""
        assert "is_root" in self.attack(built, without_account)

    def test_capabilities_are_given_up(self, built: trial.Scene) -> None:
        """Without the bounding set, a program could gain them from a file."""

        def mutate(argv: list[str], scene: trial.Scene) -> list[str]:
            return without_inner_bwrap(without_prefix("--bounding-set")(argv, scene))

        assert "has_capabilities" in self.attack(built, mutate)

    def test_a_setuid_program_in_its_folder_makes_nobody_root(self, folder: Path) -> None:
        """A file of root's that was restored from a backup is only a file."""
        sandbox = Sandbox(writable=(folder,), home=folder, uid=OTHERS)
        program = folder / "whoami"
        shutil.copy("/usr/bin/id", program)
        program.chmod(0o755 | stat.S_ISUID)
        assert _run(sandbox, str(program), "-u") == f"{OTHERS}\n"

    def test_files_of_two_environments_have_two_owners(self, tmp_path: Path) -> None:
        """What one writes, the other could not even read beside all sandboxes."""
        for uid in (OTHERS, ORDINARY):
            folder = tmp_path / str(uid)
            folder.mkdir(mode=0o700)
            os.chown(folder, uid, uid)
            sandbox = Sandbox(writable=(folder,), home=folder, uid=uid)
            _run(sandbox, "/bin/sh", "-c", "echo mine > file")
            assert (folder / "file").stat().st_uid == uid


class TestAsOrdinaryUser(HostileSuite):
    """The platform is an ordinary user: a namespace of users makes the others possible."""

    # Users can become root nowhere, nor write the kernel's settings.
    succeed_without = frozenset(ATTACKS) - {"is_root", "changes_the_kernel"}
    prefix = ("setpriv", f"--reuid={ORDINARY}", f"--regid={ORDINARY}", "--clear-groups") if IS_ROOT else ()

    @pytest.fixture
    def built(self) -> Iterator[trial.Scene]:
        """Yield a sandbox whose surroundings belong to the same account."""
        with trial.scene(uid=ORDINARY if IS_ROOT else None, python=PYTHON) as built:
            yield replace(built, sandbox=replace(built.sandbox, uid=None))

    def test_nothing_can_be_made_beside_the_mounts(self, built: trial.Scene) -> None:
        """The root folder is memory that belongs to the account."""
        assert "writes_files" in self.attack(built, without("--remount-ro", "/"))


def test_this_machines_sandbox_holds() -> None:
    """What the doctor tries."""
    assert trial.escapes(uid=OTHERS if IS_ROOT else None) == {}


def test_the_doctor_attacks_the_sandbox_and_says_what_holds(tmp_path: Path) -> None:
    """It says as well what is left open."""
    told = sandbox_check(Settings(home=tmp_path))
    assert told == f"holds against {len(ATTACKS)} attacks; pip and production's Odoo have the machine's network"


def test_the_doctor_names_what_got_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """`ops up` does not start on such a machine."""
    whole = bubblewrap.command

    def broken(sandbox: Sandbox, argv: Sequence[str], *, cwd: Path) -> list[str]:
        return without_prefix("--fsize=")(whole(sandbox, argv, cwd=cwd), None)

    monkeypatch.setattr(bubblewrap, "command", broken)
    with state_folder("hole") as home, pytest.raises(Unavailable, match="the sandbox fills the disk") as caught:
        refuse_if_broken(_elsewhere(home))
    assert "ops up --trust-pushers" in str(caught.value.hint)


def test_without_bubblewrap_the_platform_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hint names the command that mends it, and the way to do without."""
    which = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name, **more: None if name == "bwrap" else which(name, **more))
    with state_folder("bare") as home, pytest.raises(MissingDependency, match="bwrap is not installed") as caught:
        refuse_if_broken(_elsewhere(home))
    assert str(caught.value.hint).startswith("apt-get install -y bubblewrap; or trust whoever pushes")


def test_trusting_the_pushers_is_said_aloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No sandbox is tried, and the check says what that means."""
    monkeypatch.setattr(bubblewrap, "command", None)
    assert "without a sandbox" in sandbox_check(Settings(home=tmp_path, trust_pushers=True))


def test_postgresql_is_reached_by_its_socket_and_by_nothing_else(postgres_server: PostgresServer, folder: Path) -> None:
    """The password is asked for as before; the server's port does not exist inside."""
    role = "sandboxed_role"
    owner = postgres_server.url("postgres")
    programs = postgres_server.embedded.bin_dir
    sandbox = Sandbox(
        writable=(folder,),
        readable=(programs.parents[2],),  # the programs, and the libraries beside their package
        mounts={"/pg": postgres_server.embedded.home / "run" / "postgres"},
        home=folder,
        uid=OTHERS if IS_ROOT else None,
    )
    port = str(conninfo.conninfo_to_dict(owner)["port"])
    query = [str(programs / "psql"), "-XAtc", "select current_user", "-p", port, "-U", role, "-d", "postgres"]
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(sql.SQL("create role {} login password 'theirs'").format(sql.Identifier(role)))
        # Another test may have closed the server's own database to everybody.
        connection.execute(sql.SQL("grant connect on database postgres to {}").format(sql.Identifier(role)))
        try:
            assert _run(sandbox, *query, "-h", "/pg", PGPASSWORD="theirs") == f"{role}\n"
            assert "password authentication failed" in _fail(sandbox, *query, "-h", "/pg", PGPASSWORD="guessed")
            assert "refused" in _fail(sandbox, *query, "-h", "127.0.0.1", PGPASSWORD="theirs")
        finally:
            connection.execute(sql.SQL("revoke all on database postgres from {}").format(sql.Identifier(role)))
            connection.execute(sql.SQL("drop role {}").format(sql.Identifier(role)))


def test_a_program_gets_its_environment_and_a_home_and_temporary_files_of_its_own(folder: Path) -> None:
    """Secrets come by the environment, which no command line shows."""
    sandbox = Sandbox(writable=(folder,), home=folder, uid=OTHERS if IS_ROOT else None)
    script = "echo $HUSH $HOME $TMPDIR; touch $TMPDIR/a $HOME/b; pwd"
    assert _run(sandbox, "/bin/sh", "-c", script, HUSH="hush") == f"hush {folder} /tmp\n{folder}\n"
    assert (folder / "b").exists()
    assert "hush" not in " ".join(bubblewrap.command(sandbox, ["true"], cwd=folder))


def test_the_platforms_own_interpreter_runs_inside(folder: Path) -> None:
    """It may be below a folder that is closed to other accounts, and reached through links."""
    import sys  # noqa: PLC0415 - the interpreter is what this test is about

    python = Path(sys.executable)
    sandbox = Sandbox(
        writable=(folder,), readable=interpreter_folders(python), home=folder, uid=OTHERS if IS_ROOT else None
    )
    assert _run(sandbox, str(python), "-c", "import psycopg; print('imported')") == "imported\n"


def test_code_can_be_read_and_not_written(folder: Path) -> None:
    """A program cannot change the code that the next one runs."""
    code = folder / "code"
    own = folder / "own"
    for each in (code, own):
        each.mkdir(mode=0o777)
        each.chmod(0o777)
    (code / "module.py").write_text("x = 1\n")
    sandbox = Sandbox(writable=(own,), readable=(code,), home=own, uid=OTHERS if IS_ROOT else None)
    assert _run(sandbox, "cat", str(code / "module.py")) == "x = 1\n"
    assert "Read-only file system" in _fail(sandbox, "touch", str(code / "other.py"))


def test_a_folder_inside_another_keeps_its_own_rights(folder: Path) -> None:
    """The environment's folder is writable, the checked-out source in it is not."""
    source = folder / "source"
    source.mkdir()
    sandbox = Sandbox(writable=(folder,), readable=(source,), home=folder, uid=OTHERS if IS_ROOT else None)
    assert "Read-only file system" in _fail(sandbox, "touch", str(source / "x"))
    assert _run(sandbox, "touch", str(folder / "x")) == ""


@pytest.mark.parametrize("name", ["bwrap", "prlimit", "setpriv"])
def test_a_missing_program_is_named_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    """Nobody has to look up the package."""
    which = shutil.which
    monkeypatch.setattr(shutil, "which", lambda found, **more: None if found == name else which(found, **more))
    with pytest.raises(MissingDependency, match=f"{name} is not installed") as caught:
        bubblewrap.command(Sandbox(writable=(tmp_path,), home=tmp_path, uid=OTHERS), ["true"], cwd=tmp_path)
    assert str(caught.value.hint).startswith("apt-get install -y ")


@pytest.mark.parametrize(
    "broken",
    [
        {"uid": 0},
        {"home": Path("/elsewhere")},
        {"readable": (Path("/"),)},
        {"readable": (Path("relative"),)},
        {"mounts": {"/pg/../etc": Path("/srv")}},
    ],
)
def test_a_sandbox_that_would_hold_nothing_is_refused(tmp_path: Path, broken: dict[str, object]) -> None:
    """As root, of the whole machine, or with a path that leads elsewhere."""
    with pytest.raises(BadInput):
        Sandbox(**{"writable": (tmp_path,), "home": tmp_path, **broken})  # type: ignore[arg-type]


@pytest.fixture
def folder() -> Iterator[Path]:
    """Yield a folder of the sandbox's account."""
    made = Path(tempfile.mkdtemp(prefix="odooops-sandbox-"))
    if IS_ROOT:
        os.chown(made, OTHERS, OTHERS)
    yield made
    shutil.rmtree(made)


def _elsewhere(home: Path) -> Settings:
    """Return settings under which the other checks find nothing wrong."""
    return Settings(home=home, gateway_port=free_port(), dagster_port=free_port(), environments_port=free_port())


def _start(sandbox: Sandbox, *argv: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = bubblewrap.command(sandbox, argv, cwd=sandbox.home)
    env = {"PATH": "/usr/bin:/bin", **environment}
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)


def _run(sandbox: Sandbox, *argv: str, **environment: str) -> str:
    done = _start(sandbox, *argv, **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _fail(sandbox: Sandbox, *argv: str, **environment: str) -> str:
    done = _start(sandbox, *argv, **environment)
    assert done.returncode != 0, done.stdout
    return done.stderr
