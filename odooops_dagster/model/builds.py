"""Values of sources, builds and jobs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from odooops_dagster.model.sandbox import Sandbox
from odooops_dagster.model.share import Share


@dataclass(frozen=True, kw_only=True)
class Source:
    """A checked-out commit: its tree and its addons."""

    path: Path
    git_sha: str
    tree_digest: str  # SHA-256 over every tracked file, submodules included
    addons_paths: tuple[Path, ...]
    modules: tuple[str, ...]  # the repository's own installable modules, sorted
    requirements: tuple[Path, ...]  # requirements files to install, in order
    python_packages: tuple[str, ...] = ()  # to install besides, as pip takes them on its command line
    passed_over: tuple[tuple[str, str], ...] = ()  # folders with a manifest that are not modules, and why
    settings: Mapping[str, Any] = field(default_factory=dict)  # those in force, without their defaults
    settings_digest: str = ""  # of those in force; empty in older manifests
    beside_digest: str = ""  # SHA-256 over the files in no module that tests may read; empty without any
    has_given_settings: bool = False  # some are the project's, given by `ops project set`


@dataclass(frozen=True, kw_only=True)
class Build:
    """A runnable combination of Odoo, a Python environment and addons, identified by a digest."""

    digest: str  # sha256:...
    series: str
    odoo_revision: str
    python: Path
    addons_paths: tuple[Path, ...]
    modules: tuple[str, ...]  # to install and test, sorted
    closure: tuple[str, ...]  # the modules and all their dependencies, sorted
    source: Source
    python_digest: str = ""  # of all packages and versions; empty in older manifests
    odoo_lacks: tuple[str, ...] = ()  # files that Odoo's own manifests name and this Odoo does not have
    image: str = ""  # in a registry, by its digest; empty where none is pushed


@dataclass(frozen=True, kw_only=True)
class Job:
    """A command that ends, with its folder and limits."""

    name: str
    argv: tuple[str, ...]
    cwd: Path
    log_path: Path
    sandbox: Sandbox | None  # None runs it as the platform's own account, with all that the account may do
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout_seconds: float = 3600
    memory_mb: int = 0  # the address space of each process; 0 for no limit
    output_mb: int = 128  # a job that writes more is ended; a log of Odoo's own tests of all modules has half of that
    share: Share | None = None  # what its environment's programs may use together


@dataclass(frozen=True, kw_only=True)
class JobResult:
    """The result of a job; exit_status is negative for a signal, as in subprocess."""

    exit_status: int
    timed_out: bool
    seconds: float
    log_path: Path
    overflowed: bool = False  # whether the job was ended because it wrote too much
    ended_for: str = ""  # the limit of memory for which it was ended, as a sentence; empty if for none
