"""One layer of an image: what it holds, and the name by which it is found again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath


@dataclass(frozen=True, kw_only=True)
class Layer:
    """Folders and files of this machine, which stand in the image at the same paths below its root.

    Args:
        name: a digest of what they hold and of the layers below: 32 hexadecimal digits or more.
        paths: absolute paths, none below another one.
        labels: labels of the image.
        root: the folder of this machine that is the image's root; the paths are below it.
        placed: paths that stand in the image at other places, in order; everybody can read them.
    """

    name: str
    paths: tuple[Path, ...]
    labels: Mapping[str, str] = field(default_factory=dict)
    root: Path = Path("/")
    placed: tuple[tuple[Path, PurePosixPath], ...] = ()
