"""Requirements that lie in the repository, with the real pip: a path means the folder of the file that names it."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from odooops_dagster.steps.build.tree import tree_digest
from odooops_dagster.tools.odoo import distribution
from odooops_dagster.tools.odoo.distribution import Installation
from odooops_dagster.tools.odoo.environment import PythonEnvironment, overlay
from odooops_dagster.tools.odoo.requirement_paths import with_absolute_paths
from tests.unit.test_odoo_install import make_installation

# A build backend that needs no other package, and that writes into its folder as setuptools does.
BACKEND = """
import pathlib, zipfile

def build_wheel(folder, *_, **__):
    pathlib.Path("build").mkdir(exist_ok=True)
    name = "acme-1.0-py3-none-any.whl"
    info = "acme-1.0.dist-info"
    with zipfile.ZipFile(pathlib.Path(folder, name), "w") as archive:
        archive.write("acme.py")
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\\nName: acme\\nVersion: 1.0\\nProvides-Extra: x\\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        archive.writestr(f"{info}/RECORD", f"acme.py,,\\n{info}/METADATA,,\\n{info}/WHEEL,,\\n{info}/RECORD,,\\n")
    return name
"""
PROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
WHEEL = "vendor/acme-1.0-py3-none-any.whl"


@pytest.fixture
def odoo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """Return an Odoo of this test's own Python; pip has no index and is started elsewhere."""
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    make_installation(tmp_path, python=sys.executable)
    found = distribution.find("19.0", tmp_path)
    assert found is not None
    return found


def repository(folder: Path, lines: str, *, code: str = "word = 'one'\n") -> Path:
    """Write a repository whose requirements.txt includes one in a folder, which has the lines."""
    files = {
        "requirements.txt": "-r addons/requirements.txt  # what the addons need\n",
        "addons/requirements.txt": f"{lines}\n",
        "addons/pins.txt": "acme<2\n",
        "addons/lib/pyproject.toml": PROJECT,
        "addons/lib/backend.py": BACKEND,
        "addons/lib/acme.py": code,
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    for version, text in (("1.0", code), ("2.0", "word = 'two'\n")):
        wheel(folder / "addons" / "vendor", version, text)
    return folder


def wheel(folder: Path, version: str, code: str) -> None:
    """Write a wheel of acme."""
    folder.mkdir(exist_ok=True)
    info = f"acme-{version}.dist-info"
    files = {
        "acme.py": code,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: acme\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(folder / f"acme-{version}-py3-none-any.whl", "w") as archive:
        for name, text in (*files.items(), (f"{info}/RECORD", record)):
            archive.writestr(name, text)


def made(odoo: Installation, root: Path, home: Path) -> PythonEnvironment:
    """Install the repository's requirements."""
    return overlay(odoo, requirements=[root / "requirements.txt"], root=root, home=home)


def word(environment: PythonEnvironment) -> str:
    """Return what the installed package says."""
    argv = [str(environment.python), "-c", "import acme; print(acme.word)"]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize(
    "lines",
    [
        "./lib",
        "lib/",
        './lib[x] ; python_version > "3"',
        "-e ./lib",
        "--editable=lib",
        "-e file:lib#egg=acme",
        "acme @ file:lib",
        WHEEL,
        f"./{WHEEL}  # ours",
        f"acme @ file:./{WHEEL} ; python_version > '3'",
        "${LOGNAME}/acme-1.0-py3-none-any.whl",
        "--find-links vendor\nacme==1.*",
        "-f \\\n  vendor\n-c pins.txt\nacme",
        "--no-index --find-links='vendor'\n--constraint pins.txt\nacme",
    ],
)
def test_a_package_of_the_repository_is_installed(
    odoo: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: str
) -> None:
    """However it is named; the checkout stays as it is and is not needed afterwards."""
    monkeypatch.setenv("LOGNAME", "vendor")  # pip gets named variables only
    root = repository(tmp_path / "shop", lines)
    before = tree_digest(root)
    environment = made(odoo, root, tmp_path)
    assert tree_digest(root) == before
    root.rename(tmp_path / "gone")
    assert word(environment) == "one"


@pytest.mark.parametrize("lines", ["./lib", WHEEL, "--find-links vendor\nacme<2"])
def test_the_bytes_of_a_package_of_the_repository_are_in_the_digest(
    odoo: Installation, tmp_path: Path, lines: str
) -> None:
    """Its version does not tell that it was changed, and tests of the former must not be quoted."""
    one = made(odoo, repository(tmp_path / "one", lines), tmp_path)
    other = made(odoo, repository(tmp_path / "other", lines, code="word = 'other'\n"), tmp_path)
    again = made(odoo, repository(tmp_path / "again", lines), tmp_path / "another home")
    assert (word(one), word(other)) == ("one", "other")
    assert one.digest != other.digest
    assert one.digest == again.digest


def test_a_file_that_is_not_there_is_named_where_it_was_looked_for(odoo: Installation, tmp_path: Path) -> None:
    """The path is that of the repository."""
    root = repository(tmp_path / "shop", "-r base.txt")
    with pytest.raises(Exception, match=f"{root}/addons/base.txt"):
        made(odoo, root, tmp_path)


@pytest.mark.parametrize(
    "line", ["-r {0}/key", "-c {0}/key", "-e {0}", "{0}/lib", "../secrets/lib", "file://{0}/lib", "-r link"]
)
def test_nothing_outside_of_the_commit_is_copied_for_pip(tmp_path: Path, line: str) -> None:
    """The platform reads what pip, in its sandbox, may not: only what the commit holds comes into its reach."""
    secrets, root, into = tmp_path / "secrets", tmp_path / "commit", tmp_path / "into"
    (secrets / "lib").mkdir(parents=True)
    (secrets / "key").write_text("hush")
    for folder in (secrets, secrets / "lib"):
        (folder / "pyproject.toml").write_text("hush")
    root.mkdir()
    (root / "link").symlink_to(secrets / "key")
    (root / "requirements.txt").write_text(line.format(secrets) + "\n")
    with_absolute_paths([root / "requirements.txt"], root=root, into=into)
    files = [path for path in into.rglob("*") if path.is_file()]
    assert [path.name for path in files] == ["requirements.txt"]
    assert "hush" not in files[0].read_text()
