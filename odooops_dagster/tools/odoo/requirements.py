"""Fingerprints requirements files by content: the files, the files they include, and local packages.

pip decides what a line means. Here it is enough to know which files a line could name: their content becomes part of
the environment's key, so that a change in any of them creates a new environment.
"""

from __future__ import annotations

import codecs
import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from odooops_dagster.child_environment import EVERY_PROGRAM
from odooops_dagster.tools.odoo.modules import checksum
from odooops_dagster.tools.odoo.python import pip_environment

# Source: pip's `req_file.py` (COMMENT_RE, ENV_VAR_RE) and "Requirements File Format" in pip's documentation.
COMMENT = re.compile(r"(?:^|\s)#.*$", re.MULTILINE)
VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")
_SEPARATORS = re.compile(r"[\s=@'\"\\;,]+|file:(?://)?")
_JOINED_OPTION = re.compile(r"^-[rcef](?=[^-\s])")
# Source: ARCHIVE_EXTENSIONS in pip's utils/filetypes.py.
ARCHIVE = re.compile(r"\.(whl|zip|tar|tgz|tbz|txz|tlz|tar\.(gz|bz2|xz|lz|lzma))$", re.IGNORECASE)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def fingerprint(requirements: Sequence[Path], *, within: Path | None = None) -> list[str]:
    """Return one line per file that affects the installation: its relative path and its SHA-256.

    Empty if the files request no package. No file outside of the folder `within` is read.
    """
    if not any(asks_for_something(file) for file in requirements):
        return []
    found: dict[Path, str] = {}
    for file in requirements:
        _collect(file.resolve(), found, within.resolve() if within else Path("/"))
    root = requirements[0].resolve().parent
    return [f"{os.path.relpath(path, root)} {digest}" for path, digest in sorted(found.items())]


def asks_for_something(file: Path) -> bool:
    """Return whether the file has a line that is not a comment."""
    return bool(COMMENT.sub("", text_of(file)).strip())


def expanded(text: str) -> str:
    """Return the text as pip reads it, with the `${VARIABLES}` that every program is given.

    Those that are pip's settings stay: they may hold a password, and no file of a repository may name them.
    """
    given = {name: value for name, value in pip_environment().items() if name in EVERY_PROGRAM}
    return VARIABLE.sub(lambda match: given.get(match[1], match[0]), text)


def text_of(file: Path) -> str:
    """Return the text of a requirements file, by its byte order mark."""
    data = file.read_bytes()
    encoding = next(((mark, name) for mark, name in _BOMS if data.startswith(mark)), (b"", "utf-8"))
    return data.removeprefix(encoding[0]).decode(encoding[1], errors="replace")


def _collect(file: Path, found: dict[Path, str], within: Path) -> None:
    """Add the file and all files that it names, recursively; skip files that were added before, or are elsewhere."""
    if file in found or not file.is_relative_to(within):
        return
    text = expanded(text_of(file))
    is_text = file.suffix in {".txt", ".in", ""}
    content = text.encode(errors="surrogatepass") if is_text else file.read_bytes()
    found[file] = hashlib.sha256(content).hexdigest()
    for path in () if ARCHIVE.search(file.name) else _named(text, file.parent):
        if path.is_dir() and path.is_relative_to(within):
            found[path] = checksum(path)
        elif path.is_file():
            _collect(path, found, within)


def _named(text: str, folder: Path) -> Iterator[Path]:
    """Yield the existing files and folders that the text names."""
    before = ""
    for word in _SEPARATORS.split(COMMENT.sub("", text)):
        name = _JOINED_OPTION.sub("", word)
        # A package may have the name of a folder; pip treats a word as a folder only with a slash or after an option.
        says_path = "/" in name or name.startswith(".") or before.startswith("-") or name != word
        before = word or before
        path = _existing(folder, name)
        if path is not None and (path.is_file() or says_path):
            yield path


def _existing(folder: Path, name: str) -> Path | None:
    try:
        path = (folder / name.partition("[")[0]).resolve() if name else None
        return path if path is not None and path.exists() else None
    except (OSError, ValueError):  # not a file name: too long, or with a null byte
        return None
