"""The Debian packages that a repository names in apt.txt and odooops.yaml: a layer of its images.

Without images, as with the process runtime, they have to be on the platform's machine: step image says which are not.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from odooops_dagster.files import locked, write_whole
from odooops_dagster.home import debian_trees
from odooops_dagster.local.containers import makes_images
from odooops_dagster.model import Source
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.tools.odoo.debian_tree import BasePackages, unpack_packages
from odooops_dagster.tools.project_file import settings_of
from odooops_dagster.tools.project_file.apt_txt import read_apt_txt

# Raise it when a tree would be made in another way: it is part of the name of every layer.
_BUILDER = 1
_OF_THE_BASE = (
    "/etc/apt/sources.list", "/etc/apt/sources.list.d", "/etc/apt/trusted.gpg.d", "/usr/share/keyrings",
    "/var/lib/dpkg/status",
)  # fmt: skip
_PROGRAMS = ("usr/bin", "usr/sbin", "usr/games")


@dataclass(frozen=True, kw_only=True)
class DebianPackages:
    """The Debian packages of a build.

    Args:
        names: the names of packages, sorted.
        root: the folder with their files, as they stand in an image; None where no image is made of them.
        key: the name of what is in the folder: the base, the packages and how it was made.
        versions: each package that was unpacked, as `name version`.
    """

    names: tuple[str, ...] = ()
    root: Path | None = None
    key: str = ""
    versions: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[Path, ...]:
        """Return the entries of the folder."""
        return () if self.root is None else tuple(sorted(self.root.iterdir()))

    def programs(self) -> frozenset[str]:
        """Return the names of the programs that an image has by them."""
        folders = [self.root / name for name in _PROGRAMS] if self.root else []
        return frozenset(path.name for folder in folders if folder.is_dir() for path in folder.iterdir())


def debian_packages(ctx: StepContext, source: Source, *, others: tuple[str, ...] = ()) -> DebianPackages:
    """Return the packages that the repository names, unpacked if the run makes an image of them.

    Args:
        ctx: the run.
        source: the commit.
        others: the packages that its Dockerfile names.

    Raises:
        BadInput: apt.txt has a line that is no name, or a name that Debian has not; the message names the line.
        Unavailable: the engine or Debian's archive does not answer.
    """
    from odooops_dagster.tools.registry.images import Engine  # noqa: PLC0415 - takes time, and few use it

    settings = ctx.settings
    names = tuple(sorted({*settings_of(source).apt, *read_apt_txt(source.path), *others}))
    if not names or not makes_images(settings):
        return DebianPackages(names=names)
    with closing(Engine(settings.docker_engine, login=settings.registry_login)) as engine:
        base = engine.identity(settings.docker_image)
        key = hashlib.sha256(json.dumps([_BUILDER, base, names]).encode()).hexdigest()
        place = debian_trees(settings.cache_home.absolute()) / key
        with locked(place.with_suffix(".lock"), on_wait=lambda: ctx.log("info", "waiting for Debian packages")):
            if not place.exists():
                _make(ctx, names, BasePackages(files=engine.read(settings.docker_image, _OF_THE_BASE)), place)
    versions = tuple(json.loads((place / "packages.json").read_bytes()))
    return DebianPackages(names=names, root=place / "root", key=key, versions=versions)


def _make(ctx: StepContext, names: tuple[str, ...], base: BasePackages, place: Path) -> None:
    """Make the folder whole or not at all, also if we are killed."""
    with TemporaryDirectory(dir=place.parent, prefix=".part-") as folder:
        root, work = Path(folder) / "tree" / "root", Path(folder) / "work"
        root.mkdir(parents=True)
        work.mkdir()
        versions = unpack_packages(names, base=base, into=root, work=work, progress=lambda line: ctx.log("info", line))
        write_whole(root.parent / "packages.json", json.dumps(versions).encode())
        root.parent.rename(place)
    ctx.log("info", f"Debian: {len(versions)} package(s) for {', '.join(names)}")
