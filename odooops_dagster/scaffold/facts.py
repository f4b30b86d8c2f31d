"""Facts that are read from a repository: its series, its owner, its compose file."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from odooops_dagster.errors import BadInput, OdooOpsError, StepFailed
from odooops_dagster.tools.git.command import git
from odooops_dagster.tools.odoo.modules import read_manifest

NEWEST_SERIES = "19.0"
_GIT_SECONDS = 30.0
# In the order in which docker compose looks for them. Source: docs.docker.com/compose, "The Compose file".
_COMPOSE_FILES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
_SERIES = re.compile(r"\d{2}\.0")
_GITHUB = re.compile(r"github\.com[:/](?P<owner>[\w.-]+)/(?P<name>[\w.-]+?)(?:\.git)?/?$")
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_OWNER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})")
_BRANCH = re.compile(r"[\w./-]+")


@dataclass(frozen=True, kw_only=True)
class Answers:
    """The answers that the template asks for.

    Raises:
        BadInput: a value that would not be safe in a workflow, a Dockerfile or JSON.
    """

    series: str
    project: str
    owner: str
    branch: str
    compose_file: str = ""
    compose_service: str = ""
    requirements: bool = False

    def __post_init__(self) -> None:
        _require(_SERIES, self.series, "series", "such as 19.0")
        _require(_SLUG, self.project, "project", "small letters, digits and hyphens, as `ops project list` shows it")
        _require(_OWNER, self.owner, "owner", "who owns the GitHub repository .github with the workflows")
        _require(_BRANCH, self.branch, "branch", "the branch that production runs")

    def as_data(self) -> dict[str, Any]:
        """Return the answers as the template asks for them."""
        return asdict(self)


def find_out(folder: Path, known: Mapping[str, Any]) -> Answers:
    """Return the answers for a repository: those that are known, and for the rest what its files and git tell.

    Raises:
        BadInput: the owner is neither known nor told by the remote `origin`.
    """
    remote = _GITHUB.search(_git(folder, "config", "--get", "remote.origin.url"))
    owner = known.get("owner") or (remote["owner"] if remote else "")
    if not owner:
        raise BadInput("the remote origin names no GitHub owner", hint="name it: --owner")
    branch = _git(folder, "symbolic-ref", "--short", "HEAD")
    told = Answers(
        series=known.get("series") or _series(folder, branch),
        project=known.get("project") or _slug(remote["name"] if remote else folder.resolve().name),
        owner=owner,
        branch=known.get("branch") or branch or "main",
        requirements=(folder / "requirements.txt").is_file(),
    )
    found = next((name for name in _COMPOSE_FILES if (folder / name).is_file()), None)
    service = _service(folder / found) if found else None
    return replace(told, compose_file=found, compose_service=service) if found and service else told


def _series(folder: Path, branch: str) -> str:
    """Return the series that the branch is named after, as OCA's are, or that most manifests begin with."""
    if _SERIES.fullmatch(branch):
        return branch
    told = Counter(version[:4] for version in _versions(folder) if _SERIES.fullmatch(version[:4]))
    return told.most_common(1)[0][0] if told else NEWEST_SERIES


def _versions(folder: Path) -> Iterator[str]:
    for path in folder.glob("*/__manifest__.py"):
        try:
            yield str(read_manifest(path.parent).get("version", ""))
        except (StepFailed, OSError):
            continue  # a push says what is wrong with it


def _service(compose_file: Path) -> str | None:
    """Return the service that runs Odoo: by its name, then by its image; nothing where none does."""
    try:
        services = (yaml.safe_load(compose_file.read_text("utf-8")) or {}).get("services") or {}
    except (yaml.YAMLError, UnicodeDecodeError, AttributeError):
        return None
    named = [name for name in services if re.fullmatch(r"[\w.-]+", str(name))]
    images = [name for name in named if "odoo" in str((services[name] or {}).get("image", ""))]
    return next((name for name in [*(n for n in named if n in ("odoo", "web")), *images]), None)


def _slug(name: str) -> str:
    return "-".join(re.findall(r"[a-z0-9]+", name.lower())) or "odoo"


def _git(folder: Path, *arguments: str) -> str:
    """Return what git prints, and nothing where it has nothing to say or the folder is no repository."""
    try:
        return git(*arguments, cwd=folder, timeout=_GIT_SECONDS).decode(errors="replace").strip()
    except OdooOpsError:
        return ""


def _require(shape: re.Pattern[str], value: str, name: str, meaning: str) -> None:
    if not shape.fullmatch(value):
        raise BadInput(f"{name} cannot be {value!r}", hint=f"name {meaning}: --{name}")
