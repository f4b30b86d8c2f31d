"""Downloads Debian packages for an image and unpacks them into a folder, whose files become a layer of the image.

apt runs on this machine, with the sources, the keys and the installed packages of the base image: only what the base
lacks is fetched, and signatures are checked. No script of a package runs.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from odooops_dagster.errors import BadInput, Unavailable
from odooops_dagster.tools.odoo.debian import APT_INHERITS
from odooops_dagster.tools.odoo.programs import ProgramFailed, Progress, run_program

# A layer of more is no library that a module needs, and the machine's disk is everybody's.
MOST_MB = 1024
# Since Debian 12 and Ubuntu 20.04 these are links into /usr: a folder in their place would hide what is there.
_MERGED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
# A container has its own.
_NOT_OURS = ("dev", "proc", "run", "sys", "tmp")
_URI = re.compile(r"'[^']+' \S+ (?P<bytes>\d+) ")
_KEYS = "/usr/share/keyrings/"


@dataclass(frozen=True, kw_only=True)
class BasePackages:
    """What apt has to know of a base image: files by their absolute path in it; what it has not is this machine's."""

    files: Mapping[str, bytes]

    @property
    def status(self) -> bytes:
        """Return the packages that are installed, as dpkg wrote them."""
        return self.files.get("/var/lib/dpkg/status", b"")


def unpack_packages(
    names: Sequence[str], *, base: BasePackages, into: Path, work: Path, progress: Progress
) -> tuple[str, ...]:
    """Unpack the packages, and those that they need and the base lacks; return each as `name version`.

    Args:
        names: names of packages, as `read_apt_txt` lets them through.
        base: the base image.
        into: an empty folder, whose files are those of the image's root.
        work: an empty folder for lists and archives; the caller removes it.
        progress: told what happens.

    Raises:
        BadInput: the base's archive has no such package, or they are too large.
        Unavailable: the archive does not answer, or this machine has no apt.
    """
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise Unavailable("this machine has no apt-get and dpkg-deb", hint="install the packages in the base image")
    options = ["-c", str(_configured(base, work))]
    try:
        progress("Debian: reading the package lists of the base image's archive")
        run_program(["apt-get", *options, "--error-on=any", "update"], inherits=APT_INHERITS)
        _refuse_unknown(names, options)
        install = ["apt-get", *options, "--yes", "--no-install-recommends"]
        _refuse_large(run_program([*install, "--print-uris", "install", *names], inherits=APT_INHERITS))
        progress(f"Debian: downloading {', '.join(names)}")
        run_program([*install, "--download-only", "install", *names], inherits=APT_INHERITS)
        return tuple(_unpacked(file, into) for file in sorted((work / "cache" / "archives").glob("*.deb")))
    except ProgramFailed as exc:
        raise Unavailable(f"Debian's archive gave no {', '.join(names)}: {exc}", hint="see the run's log") from exc
    finally:
        _merge(into)


def _configured(base: BasePackages, work: Path) -> Path:
    """Write the base's apt into a folder, and return its configuration."""
    for name in ("lists/partial", "cache/archives/partial", "sources", "keys"):
        (work / name).mkdir(parents=True)
    (work / "status").write_bytes(base.status)
    sources = {path: data for path, data in base.files.items() if path.endswith((".list", ".sources"))}
    keys = {path: data for path, data in base.files.items() if path.endswith((".gpg", ".asc"))}
    for path, data in keys.items():
        (work / "keys" / Path(path).name).write_bytes(data)
    for path, data in sources.items():
        named = data.replace(_KEYS.encode(), f"{work / 'keys'}/".encode()) if _has_keyrings(keys) else data
        (work / "sources" / Path(path).name).write_bytes(named)
    settings: dict[str, object] = {
        "Dir::State::status": work / "status",
        "Dir::State::lists": work / "lists",
        "Dir::Cache": work / "cache",
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
        "APT::Sandbox::User": "root",  # apt's own user may be unable to write in our folder
    }
    if sources:
        settings |= {"Dir::Etc::sourcelist": "/dev/null", "Dir::Etc::sourceparts": work / "sources"}
    if keys:
        settings |= {"Dir::Etc::trustedparts": work / "keys"}
    config = work / "apt.conf"
    hooks = ("APT::Update::Pre-Invoke", "APT::Update::Post-Invoke", "APT::Update::Post-Invoke-Success")
    lines = [f'{name} "{value}";' for name, value in settings.items()] + [f"#clear {name};" for name in hooks]
    config.write_text("\n".join(lines) + "\n")
    return config


def _has_keyrings(keys: Mapping[str, bytes]) -> bool:
    return any(path.startswith(_KEYS) for path in keys)


def _refuse_unknown(names: Sequence[str], options: Sequence[str]) -> None:
    """Refuse names that no package has: apt would take some of them for patterns."""
    for name in names:
        try:
            lines = run_program(["apt-cache", *options, "show", "--no-all-versions", name], inherits=APT_INHERITS)
        except ProgramFailed:
            lines = ()
        if f"Package: {name}" not in lines:
            raise BadInput(f"the base image's archive has no package {name}", hint="correct apt.txt or odooops.yaml")


def _refuse_large(lines: Sequence[str]) -> None:
    size = sum(int(found["bytes"]) for line in lines if (found := _URI.match(line)))
    if size > MOST_MB * 1024**2:
        raise BadInput(
            f"the Debian packages of this repository are {size // 1024**2} MiB, and {MOST_MB} may be",
            hint="name fewer in apt.txt, or put them into the base image",
        )


def _unpacked(file: Path, into: Path) -> str:
    """Unpack one package, and note it where scanners of images look for it."""
    run_program(["dpkg-deb", "--extract", str(file), str(into)])
    fields = run_program(["dpkg-deb", "--field", str(file)])
    known = dict(line.split(": ", 1) for line in fields if ": " in line and not line.startswith(" "))
    note = into / "var" / "lib" / "dpkg" / "status.d" / known["Package"]
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text("\n".join(fields) + "\n")
    return f"{known['Package']} {known['Version']}"


def _merge(tree: Path) -> None:
    for name in _MERGED:
        folder = tree / name
        if folder.is_dir() and not folder.is_symlink():
            shutil.copytree(folder, tree / "usr" / name, symlinks=True, dirs_exist_ok=True)
            shutil.rmtree(folder)
    for name in _NOT_OURS:
        shutil.rmtree(tree / name, ignore_errors=True)
