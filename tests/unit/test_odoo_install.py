"""Finding Odoo and naming environments; the real installation is an acceptance test."""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from odooops_dagster.errors import BadInput, MissingDependency, OdooOpsError
from odooops_dagster.tools.odoo import distribution, own_packages
from odooops_dagster.tools.odoo.distribution import Installation, only_one, staging
from odooops_dagster.tools.odoo.environment import overlay
from odooops_dagster.tools.odoo.pip_output import pip_reason
from odooops_dagster.tools.odoo.programs import ProgramFailed, run_program
from odooops_dagster.tools.odoo.python import site_packages


def make_tree(folder: Path, *, series: str = "19.0") -> Path:
    """Write what tells a git clone of Odoo."""
    (folder / "odoo" / "addons" / "base").mkdir(parents=True)
    (folder / "addons").mkdir()
    (folder / "odoo-bin").touch()
    major, minor = series.split(".")
    (folder / "odoo" / "release.py").write_text(f"version_info = ({major}, {minor}, 0, FINAL, 0, '')\n")
    return folder


def make_installation(home: Path, *, python: str = sys.executable) -> Path:
    """Write an installation as `install` leaves it."""
    place = home / "odoo" / "19.0"
    root = make_tree(place / "src")
    manifest = {
        "series": "19.0",
        "revision": "abc",
        "origin": "git",
        "path": root,
        "script": root / "odoo-bin",
        "library": root,
        "python": python,
        "python_version": "3.11.7",
        "addons_paths": [root / "addons", root / "odoo" / "addons"],
    }
    (place / "installation.json").write_text(json.dumps(manifest, default=str))
    (place / "missing-files.json").write_text('{"missing_files": [], "supplied_files": []}')
    return place


def test_nothing_is_found_where_nothing_is_installed(tmp_path: Path) -> None:
    """Asking changes nothing either."""
    assert distribution.find("19.0", tmp_path) is None
    assert distribution.installed(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_an_installation_is_found_again_without_installing(tmp_path: Path) -> None:
    """The second call costs nothing and says nothing."""
    make_installation(tmp_path)
    said: list[str] = []
    found = distribution.install("19.0", home=tmp_path, progress=said.append)
    assert found == distribution.find("19.0", tmp_path)
    assert [each.series for each in distribution.installed(tmp_path)] == ["19.0"]
    assert said == []


@pytest.mark.parametrize(("origin", "supplied"), [("git", ("mail/static/gone.js",)), ("folder", ())])
def test_what_an_installation_lacks_is_looked_for_once(tmp_path: Path, origin: str, supplied: tuple[str, ...]) -> None:
    """Also in one that an earlier version made; only a folder of our own gets what is missing."""
    place = make_installation(tmp_path)
    (place / "missing-files.json").unlink()
    manifest = place / "installation.json"
    manifest.write_text(manifest.read_text().replace('"git"', f'"{origin}"'))
    mail = tmp_path / "odoo" / "19.0" / "src" / "addons" / "mail"
    mail.mkdir()
    (mail / "__manifest__.py").write_text("{'assets': {'web': ['mail/static/gone.js']}}")
    said: list[str] = []
    found = distribution.install("19.0", home=tmp_path, progress=said.append)
    assert found.missing_files == ("mail/static/gone.js",)
    assert found.supplied_files == supplied
    assert (mail / "static" / "gone.js").exists() is bool(supplied)
    assert "1 file(s) that it came without: mail/static/gone.js" in said[0]
    assert distribution.install("19.0", home=tmp_path, progress=pytest.fail) == found


def test_an_installation_whose_python_is_gone_is_not_found(tmp_path: Path) -> None:
    """An upgrade of the machine's Python takes the environment with it."""
    make_installation(tmp_path, python=str(tmp_path / "no-python"))
    assert distribution.find("19.0", tmp_path) is None


@pytest.mark.parametrize("series", ["19", "master", "19.0/../x", "", "19.0\n"])
def test_what_is_no_series_is_refused(tmp_path: Path, series: str) -> None:
    """A series becomes a folder's name."""
    with pytest.raises(BadInput, match="not an Odoo series"):
        distribution.install(series, home=tmp_path)


@pytest.mark.parametrize(("found", "message"), [("18.0", "holds Odoo 18.0, not 19.0"), (None, "holds no Odoo")])
def test_a_named_folder_must_hold_that_odoo(tmp_path: Path, found: str | None, message: str) -> None:
    """The mistake is told before anything is installed, and leaves nothing behind."""
    folder = tmp_path / "odoo-source"
    folder.mkdir()
    if found:
        make_tree(folder, series=found)
    with pytest.raises(BadInput, match=message):
        distribution.install("19.0", home=tmp_path, odoo_path=folder)
    assert not list((tmp_path / "odoo").glob("*19.0*/*"))


def test_what_a_killed_installation_left_is_removed_by_the_next(tmp_path: Path) -> None:
    """Only the final rename makes an installation."""
    leftover = tmp_path / ".19.0.partial-x1"
    leftover.mkdir()
    with staging(tmp_path / "19.0") as folder:
        assert folder.is_dir()
        assert not leftover.exists()
    assert list(tmp_path.iterdir()) == []


def test_two_installations_do_not_meet(tmp_path: Path) -> None:
    """The second waits, says so, and goes on when the first is done."""
    said: list[str] = []
    entered = threading.Event()

    def second() -> None:
        with only_one(tmp_path / "19.0", waiting=lambda: said.append("waiting")):
            entered.set()

    with only_one(tmp_path / "19.0"):
        thread = threading.Thread(target=second)
        thread.start()
        assert not entered.wait(0.3)
    thread.join(60)
    assert entered.is_set()
    assert said == ["waiting"]


def test_no_way_to_have_odoo_names_every_way_that_was_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line says why each failed, the next what to do."""
    tools = tmp_path / "bin"
    tools.mkdir()
    monkeypatch.setenv("PATH", str(tools))
    monkeypatch.setattr(own_packages, "install_pins", lambda *_, **__: None)
    with pytest.raises(MissingDependency, match=r"no apt-get, apt-cache, dpkg-deb on this machine; .*git") as caught:
        distribution.install("18.0", home=tmp_path)
    assert "ODOOOPS_ODOO_PATH" in str(caught.value.hint)
    assert [path.name for path in (tmp_path / "odoo").iterdir()] == [".18.0.lock"]


def test_without_requirements_odoos_own_environment_is_used(tmp_path: Path) -> None:
    """Comments and empty files ask for nothing."""
    make_installation(tmp_path)
    empty = tmp_path / "requirements.txt"
    empty.write_text("# nothing\n\n")
    found = distribution.find("19.0", tmp_path)
    assert isinstance(found, Installation)
    environment = overlay(found, requirements=[empty], home=tmp_path)
    assert environment.python == found.python
    assert environment.addons_paths == ()
    assert environment == overlay(found, requirements=[], home=tmp_path)


def test_an_odoo_that_was_installed_again_with_other_packages_has_another_digest(tmp_path: Path) -> None:
    """Tests that ran on the former ones are not quoted; a manifest that does not tell is believed."""
    venv = tmp_path / "venv"
    (venv / "bin").mkdir(parents=True)
    python = venv / "bin" / "python"
    packages = site_packages(venv)

    def install(version: str) -> None:
        shutil.rmtree(packages, ignore_errors=True)
        (packages / f"roman-{version}.dist-info").mkdir(parents=True)
        python.write_text(f"#!/bin/sh\necho roman=={version}\n")
        python.chmod(0o755)

    install("4.1")
    make_installation(tmp_path, python=str(python))
    found = distribution.find("19.0", tmp_path)
    assert found is not None
    before = overlay(found, requirements=[], home=tmp_path).digest
    [manifest] = (tmp_path / "venvs").glob("base-*/environment.json")
    install("4.2")
    after = overlay(found, requirements=[], home=tmp_path).digest
    assert before != after
    install("4.3")
    facts = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({name: value for name, value in facts.items() if name in {"digest", "packages"}}))
    assert overlay(found, requirements=[], home=tmp_path).digest == after


NO_MATCH = """\
Looking in indexes: https://pypi.org/simple
ERROR: Could not find a version that satisfies the requirement odoo-addon-nope==19.0.* (from versions: none)
ERROR: No matching distribution found for odoo-addon-nope==19.0.*"""
CONFLICT = """\
ERROR: Cannot install requests==2.30 and requests==2.31 because these package versions have conflicting dependencies.

The conflict is caused by:
    The user requested requests==2.30
    other 1.0 depends on requests==2.28
    The user requested requests==2.31

To fix this you could try to:
1. loosen the range of package versions you've specified
ERROR: ResolutionImpossible: for help visit https://pip.pypa.io/en/latest/topics/dependency-resolution/"""
DISK_FULL = "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device"
INVALID = "ERROR: Invalid requirement: 'not a requirement' (from line 1 of /src/requirements.txt)"
BUILD_FAILED = """\
  error: subprocess-exited-with-error
  python setup.py bdist_wheel did not run successfully.
  ERROR: Failed building wheel for python-ldap
ERROR: Could not build wheels for python-ldap, which is required to install pyproject.toml-based projects"""

# Real output of pip 24.0, shortened: a header of OpenLDAP is missing, and setuptools is too new for a setup.py.
NO_HEADER = """\
Collecting python-ldap==3.4.4
  Building wheel for python-ldap (pyproject.toml): finished with status 'error'
  error: subprocess-exited-with-error

  × Building wheel for python-ldap (pyproject.toml) did not run successfully.
  │ exit code: 1
  ╰─> [124 lines of output]
      building '_ldap' extension
      gcc -Wsign-compare -DNDEBUG -g -c Modules/LDAPObject.c
      In file included from Modules/LDAPObject.c:3:
      Modules/common.h:15:10: fatal error: lber.h: No such file or directory
         15 | #include <lber.h>
            |          ^~~~~~~~
      compilation terminated.
      error: Command '['gcc', '-Wsign-compare', '-DNDEBUG', '-g']' returned non-zero exit status 1.
      [end of output]

  note: This error originates from a subprocess, and is likely not a problem with pip.
  ERROR: Failed building wheel for python-ldap
Failed to build python-ldap
ERROR: Failed to build one or more wheels"""  # noqa: RUF001 - so pip writes
NEW_SETUPTOOLS = """\
Collecting cbor2==5.4.2
  Getting requirements to build wheel: finished with status 'error'
  error: subprocess-exited-with-error

  × Getting requirements to build wheel did not run successfully.
  │ exit code: 1
  ╰─> [19 lines of output]
        File "<string>", line 5, in <module>
      ModuleNotFoundError: No module named 'pkg_resources'
      [end of output]

error: subprocess-exited-with-error"""  # noqa: RUF001 - so pip writes


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        (
            NO_HEADER,
            "python-ldap cannot be built from source: Modules/common.h:15:10: fatal error: lber.h: No such file",
        ),
        (
            NEW_SETUPTOOLS,
            "cbor2==5.4.2 cannot be built from source: ModuleNotFoundError: No module named 'pkg_resources'",
        ),
        (NO_MATCH, "No matching distribution found for odoo-addon-nope==19.0.*"),
        (CONFLICT, "these exclude each other: The user requested requests==2.30; The user requested requests==2.31"),
        (DISK_FULL, "Could not install packages due to an OSError: [Errno 28] No space left on device"),
        (INVALID, "Invalid requirement: 'not a requirement'"),
        (BUILD_FAILED, "Failed building wheel for python-ldap"),
        ("Killed", "Killed"),
        ("", "pip gave no reason"),
    ],
)
def test_pips_reason_is_one_line(output: str, reason: str) -> None:
    """Pip explains at length; a run's error is a line."""
    assert pip_reason(output.splitlines()).startswith(reason)


def test_a_failed_program_is_told_by_its_last_line_without_credentials() -> None:
    """Addresses with tokens come from requirement files and settings."""
    script = "print('https://user:token@host/x is gone'); raise SystemExit(3)"
    with pytest.raises(ProgramFailed, match=r"https://\*\*\*@host/x is gone") as caught:
        run_program([sys.executable, "-c", script])
    assert caught.value.exit_status == 3
    assert "token" not in " ".join(caught.value.lines)
    assert isinstance(caught.value, OdooOpsError)


def test_the_whole_output_of_a_long_build_is_kept() -> None:
    """The package is named before it."""
    script = "print('Collecting lxml'); print('x\\n' * 3000); raise SystemExit(1)"
    with pytest.raises(ProgramFailed) as caught:
        run_program([sys.executable, "-c", script])
    assert caught.value.lines[0] == "Collecting lxml"


def test_a_line_without_an_end_is_cut() -> None:
    """What a package's build writes does not fill our memory."""
    heard: list[str] = []
    script = "import sys; [sys.stdout.write('x' * 2**20) for _ in range(20)]; print(); print('end')"
    run_program([sys.executable, "-c", script], on_line=heard.append)
    assert max(map(len, heard)) <= 16 * 1024
    assert sum(map(len, heard)) == 20 * 2**20 + len("end")


def test_a_program_that_is_not_there_is_an_ordinary_failure() -> None:
    """The next way may still work."""
    with pytest.raises((ProgramFailed, OSError)):
        run_program(["/no/such/program"])


def test_the_clone_of_a_failed_installation_goes_after_a_week_or_once_its_series_is_installed(tmp_path: Path) -> None:
    """One that an installation at work may be using stays."""
    now = datetime.now(UTC)
    make_installation(tmp_path)
    kept = [tmp_path / "odoo" / f".{name}.clone" for name in ("16.0", "17.0", "18.0", "19.0")]
    for folder, days in zip(kept, (8, 6, 8, 0), strict=True):
        (folder / ".git").mkdir(parents=True)
        moment = (now - timedelta(days=days)).timestamp()
        os.utime(folder, (moment, moment))
    with distribution.only_one(tmp_path / "odoo" / "18.0"):
        removed = distribution.remove_old_clones(tmp_path, now=now)
    assert sorted(folder.name for folder in removed) == [".16.0.clone", ".19.0.clone"]
    assert [folder.name for folder in kept if folder.exists()] == [".17.0.clone", ".18.0.clone"]
