"""A state folder at another path: what names its old place is written anew, once, and nothing else is."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from odooops_dagster.local.relocate import relocate
from odooops_dagster.model import Build, Source
from odooops_dagster.steps.build.image import keep_build, load_build
from odooops_dagster.tools.odoo.commands import launcher

ENVIRONMENT = "0c1a8cc8e3f746a493f6033ec6ac7c1c"
SHA = "a" * 40


def build_at(home: Path, cache: Path) -> Build:
    """Return a build that consists of what lies in both folders."""
    path = home / "sources" / "01234567" / SHA
    source = Source(path=path, git_sha=SHA, tree_digest="t", addons_paths=(path,), modules=("shop",),
                    requirements=(path / "requirements.txt",))  # fmt: skip
    return Build(
        digest=f"sha256:{'0' * 64}",
        series="19.0",
        odoo_revision="r",
        python=cache / "venvs" / "0123" / "venv" / "bin" / "python",
        addons_paths=(path, cache / "odoo" / "19.0" / "root" / "addons"),
        modules=("shop",),
        closure=("base", "shop"),
        source=source,
    )


def furnish(home: Path, cache: Path) -> None:
    """Write whole paths into all that the last version wrote them into."""
    build, environment = build_at(home, cache), home / "environments" / ENVIRONMENT
    odoo, venv = cache / "odoo" / "19.0", cache / "venvs" / "0123" / "venv"
    files: dict[Path, str] = {
        home / "builds" / f"{'0' * 64}.json": json.dumps(
            {**build.__dict__, "source": build.source.__dict__}, default=str
        ),
        home / "runtime" / "services" / "env-0c1a8cc8.json": json.dumps(
            {
                "name": "env-0c1a8cc8",
                "mark": f"service:{home}/runtime/services/env-0c1a8cc8.json",
                "argv": [str(build.python), "/opt/ops/odoo-server", f"--config={environment}/a.conf"],
                "cwd": str(environment),
                "log_path": f"{environment}/logs/env-0c1a8cc8.log",
                "env": {"PATH": "/usr/bin"},
            }
        ),
        environment / "a.conf": (
            f"[options]\ndata_dir = {home}/environments/{ENVIRONMENT}/data\n"
            f"addons_path = {home}/sources/01234567/{SHA},{cache}/odoo/19.0/root/addons\n"
            f"db_password = {home.name}\n"
        ),
        home / "handoff" / "shop" / "image.pickle": "a pickle",
        odoo / "installation.json": json.dumps(
            {"python": f"{cache}/odoo/19.0/venv/bin/python", "path": f"{cache}/odoo/19.0/root"}
        ),
        odoo / "venv" / "pyvenv.cfg": f"home = /usr/bin\ncommand = python -m venv {odoo}/venv\n",
        odoo / "root" / "addons" / "file": "",
        venv / "bin" / "greet": f"#!{cache}/venvs/0123/venv/bin/python\nimport sys\n",
        venv / "lib" / "python3.11" / "site-packages" / "odooops.pth": (
            f"{cache}/odoo/19.0/venv/lib/python3.11/site-packages\n"
        ),
        home / "sources" / "01234567" / SHA / "note.txt": f"kept in {home}",
    }  # fmt: skip
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for folder in (venv, odoo / "venv"):
        (folder / "bin").mkdir(exist_ok=True)
        (folder / "lib" / "python3.11" / "site-packages").mkdir(parents=True, exist_ok=True)
        (folder / "bin" / "python").symlink_to(sys.executable)


def texts(folder: Path) -> str:
    """Return everything that is written below the folder, but for what a repository brought."""
    return "\n".join(
        path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink() and "sources" not in path.parts
    )


@pytest.fixture(params=["odooops", "with space", "ünlich"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return where the folder lay first."""
    return tmp_path / str(request.param)


@pytest.mark.parametrize("new", ["elsewhere", "odooops-2", "odooops/within"])
def test_a_moved_folder_of_the_last_version_names_its_new_place(old: Path, tmp_path: Path, new: str) -> None:
    """Builds, services, configurations, Odoo and its environments; what people wrote stays as it is."""
    furnish(old, old)
    home = tmp_path / new
    old.rename(tmp_path / "hand")
    home.parent.mkdir(exist_ok=True)
    (tmp_path / "hand").rename(home)
    moved = relocate(home, home)
    assert moved is not None
    assert moved.former == (old,)
    assert moved.files == 7
    assert load_build(home, f"sha256:{'0' * 64}") == build_at(home, home)
    text = texts(home).replace(str(home), "").replace(json.dumps(str(home))[1:-1], "")
    assert str(old) not in text
    assert (home / "sources" / "01234567" / SHA / "note.txt").read_text() == f"kept in {old}"
    assert not (home / "handoff").exists()
    service = json.loads((home / "runtime" / "services" / "env-0c1a8cc8.json").read_text())
    assert service["argv"][2] == f"--config={home}/environments/{ENVIRONMENT}/a.conf"
    before = texts(home)
    assert relocate(home, home) is None
    assert texts(home) == before


def test_a_copy_names_itself_though_the_first_is_still_there(tmp_path: Path) -> None:
    """Whoever tries a copy does not work in the original."""
    old, home = tmp_path / "first", tmp_path / "copy"
    furnish(old, old)
    shutil.copytree(old, home, symlinks=True)
    before = texts(old)
    assert relocate(home, home) is not None
    assert load_build(home, f"sha256:{'0' * 64}") == build_at(home, home)
    assert str(old) not in texts(home).replace(str(home), "")
    assert texts(old) == before


def test_a_cache_of_its_own_is_followed_when_it_is_moved(tmp_path: Path) -> None:
    """And only then: builds that were made on another cache keep it while it is there."""
    home, first, second = tmp_path / "home", tmp_path / "first", tmp_path / "second"
    furnish(home, first)
    assert relocate(home, first) is None
    second.mkdir()
    assert relocate(home, second) is not None
    assert load_build(home, f"sha256:{'0' * 64}") == build_at(home, first)
    second.rmdir()
    first.rename(second)
    assert relocate(home, second) is not None
    assert load_build(home, f"sha256:{'0' * 64}") == build_at(home, second)
    assert str(first) not in texts(second)


def test_a_move_that_was_killed_half_way_is_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file is whole, and the place is noted last."""
    old, home = tmp_path / "odooops", tmp_path / "odooops" / "within"
    furnish(old, old)
    old.rename(tmp_path / "hand")
    old.mkdir()
    (tmp_path / "hand").rename(home)
    written: list[Path] = []

    def killed(path: Path, data: bytes, *, mode: int = 0o600) -> None:
        if len(written) == 3:
            raise KeyboardInterrupt
        written.append(path)
        path.write_bytes(data)
        path.chmod(mode)

    with monkeypatch.context() as patch:
        patch.setattr("odooops_dagster.local.relocate.write_whole", killed)
        with pytest.raises(KeyboardInterrupt):
            relocate(home, home)
    assert relocate(home, home) is not None
    assert load_build(home, f"sha256:{'0' * 64}") == build_at(home, home)
    assert str(old) not in texts(home).replace(str(home), "")


def test_what_is_kept_of_a_build_names_no_place(tmp_path: Path) -> None:
    """A folder that is moved needs no rewriting of it."""
    home = tmp_path / "home"
    build = build_at(home, home)
    manifest = keep_build(home, build).decode()
    assert str(tmp_path) not in manifest
    home.rename(tmp_path / "moved")
    assert load_build(tmp_path / "moved", build.digest) == build_at(tmp_path / "moved", tmp_path / "moved")


def test_a_service_is_started_by_the_platform_that_is_installed_now(tmp_path: Path) -> None:
    """An upgrade, or another Python, lays our code elsewhere; what a service was told of it is written anew."""
    home = tmp_path / "home"
    furnish(home, home)
    assert relocate(home, home) is None
    service = home / "runtime" / "services" / "env-0c1a8cc8.json"
    stored = json.loads(service.read_text())
    argv = [stored["argv"][0], "/opt/venv/lib/python3.11/site-packages/odooops_dagster/odoo/launcher/odoo-server"]
    service.write_text(json.dumps(stored | {"argv": [*argv, "--config=a.conf"]}))
    moved = relocate(home, home)
    assert moved is not None
    assert moved.files == 1
    assert json.loads(service.read_text())["argv"] == [argv[0], str(launcher()), "--config=a.conf"]
    assert relocate(home, home) is None
