"""What a commit becomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Source:
    """A commit checked out: its tree and the addons it brings."""

    path: Path
    git_sha: str
    tree_digest: str  # SHA-256 over every tracked file, submodules included
    addons_paths: tuple[Path, ...]
    modules: tuple[str, ...]  # the repository's own installable modules, sorted
    requirements: tuple[Path, ...]  # requirements files honoured, in order
    passed_over: tuple[tuple[str, str], ...] = ()  # folders with a manifest that are no modules, and why


@dataclass(frozen=True, kw_only=True)
class Build:
    """What runs: Odoo, a Python environment and addons, named by content."""

    digest: str  # sha256:...
    series: str
    odoo_revision: str
    python: Path
    addons_paths: tuple[Path, ...]
    modules: tuple[str, ...]  # to install and test, sorted
    closure: tuple[str, ...]  # those and everything they depend on, sorted
    source: Source
    python_digest: str = ""  # over every package and version; empty in manifests of versions that did not keep it


@dataclass(frozen=True, kw_only=True)
class Job:
    """A command that ends: what to run, where, within which limits."""

    name: str
    argv: tuple[str, ...]
    cwd: Path
    log_path: Path
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout_seconds: float = 3600
    memory_mb: int = 0  # 0 for no limit


@dataclass(frozen=True, kw_only=True)
class JobResult:
    """How a job ended; exit_status is negative for a signal, as in subprocess."""

    exit_status: int
    timed_out: bool
    seconds: float
    log_path: Path
