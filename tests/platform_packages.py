"""The Python packages that the platform needs, taken from where the tests run: nothing is fetched or unpacked again."""

from __future__ import annotations

import io
import sys
import tarfile
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement

# The virtual environment of the platform's image, which runs the same Python of Debian 12.
_INSIDE = Path("/opt/odooops")
_SITE = _INSIDE / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"


def add_packages(tree: Path) -> None:
    """Add the packages, as they stand in the image, to the tar of a tree; the platform itself is not among them."""
    own = distribution("odooops")
    with tarfile.open(tree, "a") as tar:
        for each in sorted(_needed(own) - {own.name}):
            for path, inside in _files(distribution(each)):
                _add(tar, path, inside)


def _needed(root: Distribution) -> set[str]:
    """Return the names of the distributions that this one needs, itself included."""
    found: set[tuple[str, frozenset[str]]] = set()
    waiting = [(root.name, frozenset[str]())]
    while waiting:
        each = waiting.pop()
        if each in found:
            continue
        found.add(each)
        name, extras = each
        wanted = [Requirement(line) for line in distribution(name).requires or ()]
        waiting += [
            (distribution(one.name).name, frozenset(one.extras))
            for one in wanted
            if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in (*extras, ""))
        ]
    return {name for name, _ in found}


def _files(package: Distribution) -> Iterator[tuple[Path, Path]]:
    """Yield each file with its place in the image, and what Python compiled of it."""
    for file in package.files or ():
        path = Path(str(file.locate())).resolve()
        inside = _INSIDE / "bin" / path.name if file.parts[0] == ".." else _SITE / file
        compiled = path.parent / "__pycache__" / f"{path.stem}.{sys.implementation.cache_tag}.pyc"
        if path.is_file() and "__pycache__" not in file.parts:
            yield path, inside
            if path.suffix == ".py" and compiled.is_file():
                yield compiled, inside.parent / "__pycache__" / compiled.name


def _add(tar: tarfile.TarFile, path: Path, inside: Path) -> None:
    """Add a file, owned by root; a script is led to the image's own Python."""
    info = tar.gettarinfo(path, arcname=str(inside).lstrip("/"))
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    if info.islnk():  # a package manager links from its cache
        info.type, info.size = tarfile.REGTYPE, path.stat().st_size
    data = path.read_bytes()
    if inside.parent == _INSIDE / "bin" and data.startswith(b"#!"):
        data = f"#!{_INSIDE}/bin/python\n".encode() + data.partition(b"\n")[2]
        info.size = len(data)
    tar.addfile(info, io.BytesIO(data))
