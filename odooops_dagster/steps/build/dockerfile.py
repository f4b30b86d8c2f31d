"""What the repository's Dockerfile means to a build, where the platform reads it, and what it tells of the rest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from odooops_dagster.errors import BadInput
from odooops_dagster.local.containers import makes_images
from odooops_dagster.model import Source
from odooops_dagster.settings import Settings
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.tools.project_file.dockerfile import DOCKERFILE, Copied, Dockerfile, read_dockerfile, walked

# A repository may copy one folder many times: it fills the disk of the machine and of the registry.
_MOST_BYTES = 256 * 1024**2
_MOST_FILES = 20_000
# Whoever can push would fill the log of each run.
_MOST_TOLD = 50


@dataclass(frozen=True, kw_only=True)
class CopiedFiles:
    """The files that stand in an image by a Dockerfile: where each is, and a digest of places, modes and contents."""

    placed: tuple[tuple[Path, PurePosixPath], ...] = ()
    digest: str = ""


def dockerfile_of(settings: Settings, root: Path) -> Dockerfile:
    """Return what counts of the Dockerfile of a checked-out commit; nothing unless the platform reads them."""
    return read_dockerfile(root) if settings.dockerfile else Dockerfile()


def copied_files(read: Dockerfile) -> CopiedFiles:
    """Return the files that the repository's Dockerfile copies.

    Raises:
        BadInput: they are too many, or too large; the message names the line.
    """
    copies = read.copies
    if not copies:
        return CopiedFiles()
    told = json.dumps(list(_told(copies)))
    placed = tuple((file.source, file.target) for each in copies for file in each.files)
    return CopiedFiles(placed=placed, digest=hashlib.sha256(told.encode()).hexdigest())


def tell_of_dockerfile(ctx: StepContext, source: Source, read: Dockerfile) -> None:
    """Say what of a Dockerfile changes nothing here, before somebody looks for what it should have installed."""
    if not ctx.settings.dockerfile:
        if (source.path / DOCKERFILE).is_file():
            ctx.log(
                "info",
                "Dockerfile is not used here, its lines would run as root: name Debian packages in apt.txt and Python"
                " packages in requirements.txt, put what else it does into the image of ODOOOPS_DOCKER_IMAGE, or set"
                " ODOOOPS_DOCKERFILE for what is no program",
            )
        return
    for line in not_done(ctx.settings, read):
        ctx.log("info", line)


def not_done(settings: Settings, read: Dockerfile) -> list[str]:
    """Return the lines of a Dockerfile that change nothing here, with the reasons; of many, the first and a count."""
    copies = () if makes_images(settings) else read.copies
    lines = [
        *read.left_out,
        *(
            f"{DOCKERFILE}:{each.line}: COPY: not done here: without ODOOOPS_IMAGE_REGISTRY no image is made"
            for each in copies
        ),
    ]
    more = len(lines) - _MOST_TOLD
    return [*lines[:_MOST_TOLD], *([f"{DOCKERFILE}: {more} more line(s) are not done here"] if more > 0 else [])]


def _told(copies: tuple[Copied, ...]) -> Iterator[tuple[str, str, str]]:
    """Yield what makes each file what it is in the image: its place, whether it is a program, and its contents."""
    files = size = 0
    for each in copies:
        for file in each.files:
            for path in walked(file.source):
                files, size = files + 1, size + path.stat().st_size
                if files > _MOST_FILES or size > _MOST_BYTES:
                    raise BadInput(
                        f"{DOCKERFILE}:{each.line}: COPY brings more than {_MOST_FILES} files or"
                        f" {_MOST_BYTES // 1024**2} MiB, with those before it",
                        hint="copy what is needed outside of modules, or put it into the image of ODOOOPS_DOCKER_IMAGE",
                    )
                place = file.target / path.relative_to(file.source)
                yield str(place), *_content(path)


def _content(path: Path) -> tuple[str, str]:
    if path.is_dir():
        return "folder", ""
    kind = "program" if path.stat().st_mode & 0o100 else "file"
    return kind, hashlib.sha256(path.read_bytes()).hexdigest()
