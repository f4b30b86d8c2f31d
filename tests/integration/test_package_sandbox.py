"""What the code of a package may do while pip builds it, with a real pip and a package that tries."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from odooops_dagster.errors import BadInput
from odooops_dagster.model import Source
from odooops_dagster.settings import Settings
from odooops_dagster.steps.build.packages import package_sandbox
from odooops_dagster.tools.odoo import distribution, python
from odooops_dagster.tools.odoo.distribution import Installation
from odooops_dagster.tools.odoo.environment import PythonEnvironment, overlay
from tests.conftest import missing
from tests.unit.test_odoo_install import make_installation

# Builds a wheel with a module that tells what the build could do, and with whatever else it likes.
BACKEND = """
import json, os, zipfile
from pathlib import Path

def attempt(name, function):
    try:
        return name, str(function())
    except OSError as exc:
        return name, type(exc).__name__

def build_wheel(folder, *_arguments, **_more):
    home = Path({home!r})
    tried = dict(
        attempt(*each)
        for each in [
            ("secret", lambda: (home / "secrets" / "key").read_text()),
            ("other", lambda: os.listdir(home / "venvs" / "another")),
            ("plant", lambda: (home / "planted").write_text("planted")),
            ("odoo", lambda: (home / "odoo" / "19.0" / "planted").write_text("planted")),
            ("source", lambda: (Path({source!r}) / "planted").write_text("planted")),
            ("parent", lambda: Path(f"/proc/{pid}/environ").read_bytes()[:1]),
            ("uid", os.getuid),
        ]
    )
    exec({extra!r})
    name = "evil-1.0-py3-none-any.whl"
    with zipfile.ZipFile(Path(folder) / name, "w") as wheel:
        wheel.writestr("evil_result.json", json.dumps(tried))
        wheel.writestr("evil-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: evil\\nVersion: 1.0\\n")
        wheel.writestr("evil-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("evil-1.0.dist-info/RECORD", "")
    return name
"""


@pytest.fixture(autouse=True)
def _bubblewrap() -> None:
    if shutil.which("bwrap") is None:
        missing("bubblewrap is not installed: scripts/dev/system-packages.sh")


def built(home: Path, *, extra: str = "pass", trusting: bool = False) -> PythonEnvironment:
    """Install the package of a commit, and return the environment with it."""
    make_installation(home, python=sys.executable)
    odoo = distribution.find("19.0", home)
    assert isinstance(odoo, Installation)
    (home / "secrets").mkdir(mode=0o700)
    (home / "secrets" / "key").write_text("hush")
    (home / "venvs" / "another").mkdir(parents=True)
    source = home / "sources" / "commit"
    package = source / "evil"
    package.mkdir(parents=True)
    (package / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbackend-path = ["."]\nbuild-backend = "backend"\n'
        '[project]\nname = "evil"\nversion = "1.0"\n'
    )
    backend = BACKEND.replace("{home!r}", repr(str(home))).replace("{source!r}", repr(str(source)))
    backend = backend.replace("{pid}", str(os.getpid())).replace("{extra!r}", repr(extra))
    (package / "backend.py").write_text(backend)
    (source / "requirements.txt").write_text(f"--no-index\n{package}\n")
    value = Source(
        path=source,
        git_sha="a" * 40,
        tree_digest="t",
        addons_paths=(source,),
        modules=(),
        requirements=(source / "requirements.txt",),
    )
    confine = package_sandbox(Settings(home=home, trust_pushers=trusting), value)
    return overlay(odoo, requirements=value.requirements, home=home, confine=confine)


def test_the_build_code_of_a_package_reaches_nothing_but_its_environment(tmp_path: Path) -> None:
    """Neither secrets nor other projects, Odoo or the source can be reached, and it is nobody."""
    made = built(tmp_path)
    packages = python.site_packages(made.python.parent.parent)
    tried = json.loads((packages / "evil_result.json").read_text())
    is_root = os.geteuid() == 0
    assert (tried.pop("uid") == "0") is False
    assert tried.pop("parent") == "FileNotFoundError"
    # Where the state folder is below /tmp, the file comes into the /tmp that is the sandbox's own.
    tried.pop("plant")
    assert {name: answer for name, answer in tried.items() if not answer.endswith("Error")} == {}
    assert not list(tmp_path.rglob("planted"))
    assert {path.lstat().st_uid for path in made.python.parents[2].rglob("*")} == {0 if is_root else os.getuid()}
    assert sorted(path.name for path in made.python.parents[2].iterdir()) == [
        "constraint.txt",
        "environment.json",
        "venv",
    ]


@pytest.mark.root
def test_the_environments_of_other_accounts_use_what_was_built() -> None:
    """Pip's account is that of one installation; each Odoo that runs with the packages has an account of its own."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        home.chmod(0o755)
        made = built(home, extra="os.umask(0o077)")
        code = "import pathlib, sys; print(*(f.read_text() for p in sys.path for f in pathlib.Path(p).glob('evil_*')))"
        argv = [str(made.python), "-c", code]
        told = subprocess.run(
            argv, user=64999, group=64999, extra_groups=(), capture_output=True, text=True, check=True
        )
    assert json.loads(told.stdout)["uid"] not in {"0", "64999"}


def test_without_the_sandbox_it_reaches_all_of_it(tmp_path: Path) -> None:
    """The attacks are real: a platform that trusts its pushers is open to them."""
    made = built(tmp_path, trusting=True)
    packages = python.site_packages(made.python.parent.parent)
    tried = json.loads((packages / "evil_result.json").read_text())
    assert tried["secret"] == "hush"
    assert (tmp_path / "planted").exists()


@pytest.mark.parametrize(
    ("extra", "reason"),
    [
        (
            "(Path(os.environ['HOME']).parent / 'venv' / 'lib' / 'key').symlink_to(home / 'secrets' / 'key')",
            "is a link",
        ),
        ("os.mkfifo(Path(os.environ['HOME']).parent / 'venv' / 'lib' / 'pipe')", "is neither a file nor a folder"),
    ],
)
def test_what_a_package_leaves_for_the_platform_to_read_is_refused(tmp_path: Path, extra: str, reason: str) -> None:
    """The platform reads the modules that came as packages, and would follow a link to its own secrets."""
    with pytest.raises(BadInput, match=reason) as caught:
        built(tmp_path, extra=extra)
    assert "requirements.txt" in str(caught.value.hint)
    assert [path.name for path in (tmp_path / "venvs").iterdir() if path.is_dir()] == ["another"]
