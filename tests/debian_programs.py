"""Programs as Debian ships them, unpacked into the tests' cache: nothing is installed, and no service starts."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from odooops_dagster.files import locked
from tests.cache import CACHE, fetch
from tests.conftest import missing

_SOURCES = """\
Types: deb
URIs: http://deb.debian.org/debian
Suites: {suite}
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
"""


def cosign() -> Path:
    """Return Debian 13's cosign, which runs on Debian 12 too; skip the test where it cannot be had, fail it in CI."""
    found = shutil.which("cosign")
    return Path(found) if found else debian13("cosign") / "usr/bin/cosign"


def promtool() -> Path:
    """Return the program that tests the rules of Prometheus; skip as `cosign` does."""
    found = shutil.which("promtool")
    return Path(found) if found else _unpacked("bookworm", "prometheus") / "usr/bin/promtool"


def caddy() -> Path:
    """Return the front proxy of the production stack; skip as `cosign` does."""
    found = shutil.which("caddy")
    return Path(found) if found else _unpacked("bookworm", "caddy") / "usr/bin/caddy"


def debian13(*packages: str) -> Path:
    """Return the folder in which these packages are unpacked, without what they depend on; skip as `cosign` does."""
    return _unpacked("trixie", *packages)


def _unpacked(suite: str, *packages: str) -> Path:
    fetch(" ".join(packages))
    kept = CACHE / suite / "+".join(sorted(packages))
    kept.parent.mkdir(parents=True, exist_ok=True)
    with locked(kept.with_suffix(".lock")):
        if not kept.exists():
            with TemporaryDirectory(dir=kept.parent) as folder:
                shutil.move(_download(Path(folder), suite, packages), kept)
    return kept


def _download(folder: Path, suite: str, packages: tuple[str, ...]) -> Path:
    """Download the packages, checked against Debian's signed lists, and return the folder with their files."""
    if shutil.which("apt-get") is None:
        missing(f"{' '.join(packages)}: Debian's archive has them, and this machine has no apt-get")
    sources = folder / f"{suite}.sources"
    sources.write_text(_SOURCES.format(suite=suite))
    for name in ("lists/partial", "cache/archives/partial"):
        (folder / name).mkdir(parents=True)
    settings = {
        "Dir::Etc::sourcelist": sources,
        "Dir::Etc::sourceparts": "-",
        "Dir::State::lists": folder / "lists",
        "Dir::Cache": folder / "cache",
        "Acquire::Languages": "none",
        "APT::Sandbox::User": "root",
    }
    apt = ["apt-get", "-q", *(word for name, value in settings.items() for word in ("-o", f"{name}={value}"))]
    try:
        subprocess.run([*apt, "--error-on=any", "update"], cwd=folder, check=True, capture_output=True)
        subprocess.run([*apt, "download", *packages], cwd=folder, check=True, capture_output=True)
    except subprocess.CalledProcessError as exc:
        missing(f"Debian's archive gave no {' '.join(packages)}: {exc.stderr.decode().strip()}")
    for package in folder.glob("*.deb"):
        subprocess.run(["dpkg-deb", "--extract", package, folder / "root"], check=True)
    return folder / "root"
