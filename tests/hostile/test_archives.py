"""Archives whose members lead out of where they are unpacked: packages for pip, as a commit brings them."""

from __future__ import annotations

import io
import shutil
import sys
import tarfile
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from odooops_dagster.errors import OdooOpsError
from odooops_dagster.model import Source
from odooops_dagster.settings import Settings
from odooops_dagster.steps.build.packages import package_sandbox
from odooops_dagster.tools.odoo import distribution
from odooops_dagster.tools.odoo.distribution import Installation
from odooops_dagster.tools.odoo.environment import overlay
from tests.conftest import missing
from tests.unit.test_odoo_install import make_installation

PROJECT = (
    '[build-system]\nrequires = []\nbackend-path = ["."]\nbuild-backend = "backend"\n'
    '[project]\nname = "evil"\nversion = "1.0"\n'
)
# Unpacks an archive with every link and name that it has, as a tool without any care does, and builds nothing.
BACKEND = """
import json, pathlib, tarfile

def build_wheel(folder, *_arguments, **_more):
    done = []
    here = pathlib.Path.cwd()
    trusting = {"filter": "fully_trusted"} if hasattr(tarfile, "data_filter") else {}
    with tarfile.open(here / "inner.tar") as archive:
        for member in archive.getmembers():
            try:
                archive.extract(member, here, **trusting)
                done.append(member.name)
            except OSError as exc:
                done.append(type(exc).__name__)
    raise SystemExit(json.dumps(done))
"""
Write = Callable[[Path, Path], str]
Member = tuple[tarfile.TarInfo, bytes]


@pytest.fixture(autouse=True)
def _bubblewrap() -> None:
    if shutil.which("bwrap") is None:
        missing("bubblewrap is not installed: scripts/dev/system-packages.sh")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a state folder with a secret."""
    (tmp_path / "secrets").mkdir(mode=0o700)
    (tmp_path / "secrets" / "key").write_text("hush")
    return tmp_path


def member(name: str, text: str = "", *, link: str = "", kind: bytes = tarfile.REGTYPE) -> Member:
    """Return a member of an archive."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = (kind, link, 0) if link else (tarfile.REGTYPE, "", len(text.encode()))
    return info, text.encode()


def archive(path: Path, *members: Member) -> bytes:
    """Write an archive of these members, in their order, and return its bytes."""
    with tarfile.open(path, "w:gz" if path.suffix == ".gz" else "w") as made:
        for info, data in members:
            made.addfile(info, io.BytesIO(data))
    return path.read_bytes()


def leading_out(home: Path, prefix: str = "") -> list[Member]:
    """Return members that lead to the platform's folder: by a link, through a link, by a name, by a hard link."""
    secrets = home / "secrets"
    return [
        member(f"{prefix}read", link=str(secrets / "key"), kind=tarfile.SYMTYPE),
        member(f"{prefix}folder", link=str(secrets), kind=tarfile.SYMTYPE),
        member(f"{prefix}folder/planted", "planted"),
        member(f"{prefix}{'../' * 20}{str(home).lstrip('/')}/planted", "planted"),
        member(f"{home}/planted", "planted"),
        member(f"{prefix}hard", link=str(secrets / "key"), kind=tarfile.LNKTYPE),
    ]


def as_sdist(home: Path, source: Path) -> str:
    """Write a source archive of a package, whose members lead out."""
    plain = [member("evil-1.0/pyproject.toml", PROJECT), member("evil-1.0/backend.py", BACKEND)]
    archive(source / "evil-1.0.tar.gz", *plain, *leading_out(home, "evil-1.0/"))
    return "evil-1.0.tar.gz"


def as_wheel(home: Path, source: Path) -> str:
    """Write a built package, whose names lead out."""
    name, info = "evil-1.0-py3-none-any.whl", "evil-1.0.dist-info"
    with zipfile.ZipFile(source / name, "w") as made:
        made.writestr(f"{'../' * 20}{str(home).lstrip('/')}/planted", "planted")
        made.writestr(f"{home}/planted", "planted")
        link = zipfile.ZipInfo("evil/link")
        link.external_attr = 0o120777 << 16
        made.writestr(link, str(home / "secrets" / "key"))
        made.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n")
        made.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        made.writestr(f"{info}/RECORD", "")
    return name


def as_careless_build(home: Path, source: Path) -> str:
    """Write a package whose own build unpacks an archive without any care."""
    package = source / "evil"
    package.mkdir()
    (package / "pyproject.toml").write_text(PROJECT)
    (package / "backend.py").write_text(BACKEND)
    archive(package / "inner.tar", *leading_out(home))
    return "./evil"


def install(home: Path, write: Write, *, trusting: bool = False) -> str:
    """Install the package of a commit as a build does; return pip's reason where it fails."""
    make_installation(home, python=sys.executable)
    odoo = distribution.find("19.0", home)
    assert isinstance(odoo, Installation)
    source = home / "sources" / "commit"
    source.mkdir(parents=True)
    requirements = source / "requirements.txt"
    requirements.write_text(f"--no-index\n{source / write(home, source)}\n")
    commit = Source(
        path=source,
        git_sha="a" * 40,
        tree_digest="t",
        addons_paths=(source,),
        modules=(),
        requirements=(requirements,),
    )
    confine = package_sandbox(Settings(home=home, trust_pushers=trusting), commit)
    try:
        overlay(odoo, requirements=commit.requirements, home=home, confine=confine)
    except OdooOpsError as exc:
        return str(exc)
    return ""


@pytest.mark.parametrize("write", [as_sdist, as_wheel, as_careless_build])
def test_no_archive_of_a_package_reaches_a_file_of_the_platform(home: Path, write: Write) -> None:
    """Whether pip refuses it or its build unpacks it: nothing is planted, and nothing brought along."""
    install(home, write)
    assert list(home.rglob("planted")) == []
    assert [path.name for path in (home / "secrets").iterdir()] == ["key"]
    found = [path for path in home.rglob("*") if path.is_file() and path.parent != home / "secrets"]
    kept = []
    for path in found:
        with suppress(OSError):
            if path.stat().st_size < 1000 and path.read_bytes() == b"hush":
                kept.append(path)
    assert kept == []


def test_without_the_sandbox_a_careless_build_plants_its_files(home: Path) -> None:
    """The archive does lead out: on a platform that trusts its pushers, it reaches the platform's folder."""
    install(home, as_careless_build, trusting=True)
    assert (home / "secrets" / "planted").read_text() == "planted"
