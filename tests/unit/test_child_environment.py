"""What a program that the platform starts sees of the platform's environment: named variables, and no secret."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from odooops_dagster.child_environment import GIT, LIBPQ, NETWORK, clean_environment
from odooops_dagster.local.stack_environment import SECRET_SETTINGS
from odooops_dagster.model import DatabaseAccess, Job
from odooops_dagster.tools.backup.dump import Programs, running
from odooops_dagster.tools.git.command import git
from odooops_dagster.tools.odoo import debian, python
from odooops_dagster.tools.odoo.programs import run_program
from odooops_dagster.tools.odoo.requirements import fingerprint
from odooops_dagster.tools.runtime.job import run_job

ROOT = Path(__file__).parents[2]
SECRET = "hush-1f0c"
# Secrets of the platform, of its operator and of their shell.
SECRETS = (*SECRET_SETTINGS, "AWS_SECRET_ACCESS_KEY", "PGPASSWORD", "GITHUB_TOKEN", "SSH_ASKPASS")

# A build backend that a package brings along: it writes down what it sees.
BACKEND = """
import os
def build_wheel(*_arguments, **_more):
    with open(os.path.join({folder!r}, "seen"), "w") as seen:
        seen.write("\\n".join(f"{{name}}={{value}}" for name, value in os.environ.items()))
    raise SystemExit("seen enough")
"""

# Every way of the standard library to start a program, by the name that is called.
STARTERS = {"Popen", "run", "call", "check_call", "check_output", "getoutput", "getstatusoutput", "system", "popen"}
EXECS = {"execv", "execve", "execvp", "execvpe", "execl", "execle", "execlp", "execlpe", "spawnv", "spawnve"}
SPAWNS = {"spawnvp", "spawnvpe", "spawnl", "spawnle", "spawnlp", "posix_spawn", "posix_spawnp", "startfile"}
# Programs of programs: they become what they were told to start, with the environment that they were told.
STARTED_THEMSELVES = {
    "odooops_dagster/tools/runtime/launch.py",
    "odooops_dagster/local/tether.py",
    "odooops_dagster/local/forking.py",
}
# They become themselves again, or what they were told, with the environment that they were given.
REPLACES_ITSELF = {"odooops_dagster/engine/fork_server.py", "odooops_dagster/local/sandboxed_server.py"}
# An environment's Odoo starts its own second process, inside its sandbox.
INSIDE_AN_ENVIRONMENT = {"odooops_dagster/tools/odoo/launcher/prefork.py"}
# A gate starts the program of a container of its own, which was given no secret.
IN_A_CONTAINER = {"odooops_dagster/tools/runtime/relay.py"}
# Those may read our environment: they pass none of it on.
READERS = {
    "odooops_dagster/child_environment.py",
    "odooops_dagster/settings.py",
    "odooops_dagster/engine/storage.py",
    "odooops_dagster/engine/waiting.py",
    "odooops_dagster/doors/cli/__init__.py",
    "odooops_dagster/doors/cli/desktop.py",
    "odooops_dagster/doors/cli/demo.py",
    "odooops_dagster/doors/cli/ports.py",
    "odooops_dagster/tools/odoo/uv_settings.py",
    "odooops_dagster/tools/odoo/launcher/attempts.py",
    "odooops_dagster/tools/odoo/launcher/masked.py",
    "odooops_dagster/tools/odoo/launcher/way_out.py",
    *INSIDE_AN_ENVIRONMENT,
    *STARTED_THEMSELVES,
}


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SECRETS:
        monkeypatch.setenv(name, SECRET)


def assert_clean(seen: str) -> None:
    """Assert that the printed environment is one, and holds no secret."""
    assert "PATH=" in seen
    assert SECRET not in seen


def test_the_build_code_of_a_package_sees_no_secret(tmp_path: Path) -> None:
    """One poisoned dependency prints its environment, as such packages do."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbackend-path = ["."]\nbuild-backend = "backend"\n'
        '[project]\nname = "evil"\nversion = "1.0"\n'
    )
    (project / "backend.py").write_text(BACKEND.format(folder=str(tmp_path)))
    python.make_venv(sys.executable, tmp_path / "venv", with_pip=True)
    interpreter = tmp_path / "venv" / "bin" / "python"
    with pytest.raises(python.PipFailed):
        python.pip_install(interpreter, ["--no-index", str(project)], what="evil", progress=lambda _line: None)
    assert_clean((tmp_path / "seen").read_text())


def test_git_and_what_it_starts_see_no_secret() -> None:
    """Its helpers and filters inherit its environment."""
    assert_clean(git("-c", "alias.seen=!env", "seen", timeout=30).decode())


def test_apt_sees_no_secret() -> None:
    """A hook of apt inherits its environment."""
    assert_clean("\n".join(run_program(["env"], inherits=debian.APT_INHERITS)))


@pytest.mark.parametrize("access", [None, DatabaseAccess(host="h", port=1, database="d", user="u", password="theirs")])
def test_pg_dump_sees_no_secret_but_the_databases_own(tmp_path: Path, access: DatabaseAccess | None) -> None:
    """It connects to the tenant's database, whose password it needs."""
    (tmp_path / "pg_dump").write_text("#!/bin/sh\nenv\n")
    (tmp_path / "pg_dump").chmod(0o755)
    with running(Programs(folder=tmp_path), "pg_dump", [], access, writes=True) as process:
        assert process.stdout is not None
        seen = process.stdout.read().decode()
    assert_clean(seen)
    assert ("PGPASSWORD=theirs" in seen) == (access is not None)


def test_a_job_sees_no_secret(tmp_path: Path) -> None:
    """Odoo and the modules of a branch run as jobs."""
    run_job(Job(name="job", argv=("env",), cwd=tmp_path, sandbox=None, log_path=tmp_path / "log"))
    assert_clean((tmp_path / "log").read_text())


def test_a_requirements_file_cannot_name_the_platforms_variables(tmp_path: Path) -> None:
    """Pip replaces ${NAME} by a variable: the platform's are not there to be asked for as a package's name."""
    file = tmp_path / "requirements.txt"
    file.write_text("-r ${ODOOOPS_MIGRATE_URL}\n")
    (tmp_path / SECRET).write_text("roman\n")
    assert len(fingerprint([file])) == 1


def test_a_proxy_and_certificates_reach_programs_that_use_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind a company's proxy, pip and git would reach nothing without them."""
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    monkeypatch.setenv("GIT_SSL_CAINFO", "/etc/ssl/ours.pem")
    monkeypatch.setenv("GIT_DIR", "/elsewhere")
    seen = clean_environment(NETWORK, GIT)
    assert seen["https_proxy"] == "http://proxy:3128"
    assert seen["GIT_SSL_CAINFO"] == "/etc/ssl/ours.pem"
    assert "GIT_DIR" not in seen
    assert "https_proxy" not in clean_environment(LIBPQ)


def test_what_a_program_is_given_by_name_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller sets TZ for one program, whatever the machine's is."""
    monkeypatch.setenv("TZ", "Europe/Vienna")
    assert clean_environment(extra={"TZ": "UTC"})["TZ"] == "UTC"


def test_every_program_is_started_with_an_environment_of_its_own() -> None:
    """A start without `env` would pass on all that we know."""
    bare = [
        f"{name}:{call.lineno}"
        for name, tree in _sources().items()
        if name not in STARTED_THEMSELVES | REPLACES_ITSELF | INSIDE_AN_ENVIRONMENT | IN_A_CONTAINER
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and _starts(call) and not _names_environment(call)
    ]
    assert bare == []


def test_our_environment_is_passed_on_in_one_place_only() -> None:
    """Whoever copies os.environ copies every secret in it."""
    readers = {
        name
        for name, tree in _sources().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "environb"}
    }
    assert readers == READERS


@pytest.mark.parametrize(
    ("code", "is_bare"),
    [
        ("subprocess.run(['x'])", True),
        ("subprocess.Popen(['x'], cwd='/')", True),
        ("os.execvp('x', ['x'])", True),
        ("os.system('x')", True),
        ("subprocess.run(['x'], env={})", False),
        ("os.execve('x', ['x'], environment)", False),
        ("account.run(['x'])", False),
    ],
)
def test_the_search_for_bare_starts_finds_them(code: str, is_bare: bool) -> None:
    """The search proves that it bites."""
    (call,) = (node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call))
    assert (_starts(call) and not _names_environment(call)) == is_bare


def _sources() -> Mapping[str, ast.Module]:
    return {str(path.relative_to(ROOT)): ast.parse(path.read_bytes()) for path in _files()}


def _files() -> Iterator[Path]:
    for room in ("odooops_dagster", "assets", "sensors", "schedules", "resources"):
        yield from (path for path in (ROOT / room).rglob("*.py") if "demo/repository" not in str(path))


def _starts(call: ast.Call) -> bool:
    """Return whether the call starts a program."""
    function = call.func
    if not isinstance(function, ast.Attribute):
        return isinstance(function, ast.Name) and function.id in {"Popen", *EXECS, *SPAWNS}
    module = function.value.id if isinstance(function.value, ast.Name) else ""
    if module == "asyncio":
        return function.attr.startswith("create_subprocess")
    if module == "subprocess":
        return function.attr in STARTERS
    return (module == "os" and function.attr in {*EXECS, *SPAWNS, "system", "popen"}) or module == "pty"


def _names_environment(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    return any(keyword.arg == "env" for keyword in call.keywords) or name in {"execve", "execvpe", "posix_spawn"}
