"""Reads .gitmodules as git reads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from odooops_dagster.errors import StepFailed
from odooops_dagster.tools.git.command import git

_FILE = ".gitmodules"
_TIMEOUT_SECONDS = 30


def settings_of_commit(run: Callable[..., bytes], sha: str) -> dict[str, Mapping[str, str]]:
    """Return the settings of the commit's submodules by path; `run` runs git in the commit's repository."""
    return _settings(lambda: run("config", "--blob", f"{sha}:{_FILE}", "-z", "--list"))


def submodule_folders(root: Path) -> tuple[Path, ...]:
    """Return the folders of the submodules that the .gitmodules of a checkout names, without those outside of it."""
    file = root / _FILE
    # Git ignores a .gitmodules that is a link: it could lead out of the repository.
    if file.is_symlink() or not file.is_file():
        return ()
    found = _settings(lambda: git("config", "--file", str(file), "-z", "--list", timeout=_TIMEOUT_SECONDS))
    inside = root.resolve()
    return tuple(root / path for path in found if (root / path).resolve().is_relative_to(inside))


def _settings(listing: Callable[[], bytes]) -> dict[str, Mapping[str, str]]:
    """Return the settings by path, because the tree knows submodules only by path; none if git cannot read the file."""
    try:
        output = listing()
    except StepFailed:
        return {}
    sections: dict[str, dict[str, str]] = {}
    for entry in output.decode(errors="surrogateescape").split("\0"):
        key, _, value = entry.partition("\n")
        if key.startswith("submodule."):
            section, _, name = key.removeprefix("submodule.").rpartition(".")
            sections.setdefault(section, {})[name] = value
    return {section["path"]: section for section in sections.values() if section.get("path")}
