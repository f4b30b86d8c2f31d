"""Public repositories, each deployed to a platform of its own: what the platform answers, and how long it takes.

A tree is a git repository and a branch, `../partner-contact@16.0`. Each row is one deployment of that branch in a
project of the series that `--odoo` names; the time runs from the claim of the run to its end.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from pathlib import Path

from odooops_dagster.model import FINISHED, Run
from odooops_dagster.tools.odoo import modules
from tests.acceptance.platform import SERIES, Platform, platform, wait_for

HEADS = ("repository", "commit", "tree", "project", "modules", "outcome", "answer", "hint", "seconds")
# A run is claimed within seconds of its row; what takes longer is a platform that does not work.
CLAIM_SECONDS = 120
CANCEL_SECONDS = 120
# What --odoo takes for the series that the tree itself is of.
OWN = "own"
# What a cell shows of a long list of modules.
CELL_CHARACTERS = 300


@dataclass(frozen=True, kw_only=True)
class Tree:
    """A branch of a repository, checked out."""

    name: str
    branch: str
    path: Path
    commit: str
    series: str
    modules: int


@dataclass(frozen=True, kw_only=True)
class Row:
    """What came of one tree in one project."""

    repository: str
    commit: str
    tree: str
    project: str
    modules: int
    outcome: str
    answer: str
    hint: str
    seconds: str


def main() -> None:
    """Deploy every tree to a project of every series, one after another, and print each row as it ends."""
    options = _options()
    print(_line(HEADS), _line(["---"] * len(HEADS)), sep="\n", flush=True)
    with tempfile.TemporaryDirectory(prefix="odooops-trees-") as folder, platform("repositories") as on:
        for number, text in enumerate(options.trees):
            tree = check_out(text, Path(folder) / str(number))
            for series in [tree.series if given == OWN else given for given in options.odoo or [SERIES]]:
                row = try_tree(on, tree, series, slug=f"tree-{number}-{series.replace('.', '-')}", limit=options.limit)
                print(_line(astuple(row)), flush=True)


def check_out(text: str, folder: Path) -> Tree:
    """Clone one branch into the folder and describe its tree."""
    origin, _, branch = text.rpartition("@")
    if not origin:
        raise SystemExit(f"{text} names no branch: write <repository>@<branch>")
    clone = ["git", "clone", "--quiet", "--no-checkout", "--single-branch", "--branch", branch, origin, str(folder)]
    subprocess.run(clone, check=True)
    # A copy of a repository may lack objects: what the platform says to that is an answer too.
    subprocess.run(["git", "-C", str(folder), "checkout", "--quiet", "--force", branch], check=False)
    commit = subprocess.run(
        ["git", "-C", str(folder), "rev-parse", f"refs/remotes/origin/{branch}"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    names = modules.installable(folder)
    name = Path(origin).name.removesuffix(".git")
    return Tree(name=name, branch=branch, path=folder, commit=commit, series=_series(folder, names), modules=len(names))


def try_tree(on: Platform, tree: Tree, series: str, *, slug: str, limit: float) -> Row:
    """Create a project of the series, deploy the tree's branch, and return what came of it after `limit` seconds."""
    address = ["--repo", str(tree.path), "--odoo", series, "--default-branch", "main", "--no-poll"]
    created = on.ops("project", "create", slug, *address, check=False)
    if created.returncode != 0:
        return _row(tree, series, outcome="no project", answer=created.stderr, seconds="-")
    queued = on.ops("env", "create", slug, tree.branch, check=False)
    if queued.returncode != 0:
        return _row(tree, series, outcome="no run", answer=queued.stderr, seconds="-")
    run = on.run_of(slug, tree.commit)
    wait_for(lambda: _now(on, run).claimed_at, seconds=CLAIM_SECONDS, what="claim")
    try:
        run = on.ended(run, seconds=limit)
    except AssertionError:
        return _stopped(on, tree, series, run)
    with on.control() as control:
        hint = control.logs.hint(run) or ""
    seconds = f"{_seconds(run):.1f}"
    return _row(tree, series, outcome=run.status, answer=run.error_message or "", hint=hint, seconds=seconds)


def _stopped(on: Platform, tree: Tree, series: str, run: Run) -> Row:
    seconds = _seconds(_now(on, run))
    on.ops("run", "cancel", str(run.id), check=False)
    on.ended(run, seconds=CANCEL_SECONDS)
    return _row(tree, series, outcome="stopped by the bench", answer="", seconds=f"> {seconds:.0f}")


def _now(on: Platform, run: Run) -> Run:
    with on.control() as control:
        return control.runs.get(run.id)


def _seconds(run: Run) -> float:
    end = run.finished_at if run.status in FINISHED else None
    return ((end or datetime.now(UTC)) - (run.claimed_at or run.created_at)).total_seconds()


def _series(folder: Path, names: Sequence[str]) -> str:
    """Return the series that most modules' versions begin with, or a dash where there is no module."""
    versions = [str(modules.read_manifest(folder / name).get("version", "")).split(".") for name in names]
    series = Counter(".".join(parts[:2]) for parts in versions if len(parts) > 3)
    return next((name for name, _ in series.most_common(1)), "-")


def _row(tree: Tree, series: str, *, outcome: str, answer: str, seconds: str, hint: str = "") -> Row:
    return Row(
        repository=f"{tree.name}@{tree.branch}",
        commit=tree.commit[:9],
        tree=tree.series,
        project=series,
        modules=tree.modules,
        outcome=outcome,
        answer=_shortened(answer),
        hint=_shortened(hint),
        seconds=seconds,
    )


def _shortened(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= CELL_CHARACTERS else f"{words[:CELL_CHARACTERS]} ... ({len(words)} characters)"


def _line(cells: Sequence[object]) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    tree = "git repository and one of its branches"
    parser.add_argument("trees", nargs="+", metavar="REPOSITORY@BRANCH", help=tree)
    series = f"series of the project, {OWN} for the tree's own; again for more [{SERIES}]"
    parser.add_argument("--odoo", action="append", metavar="SERIES", help=series)
    parser.add_argument("--limit", type=float, default=600, help="seconds after which a run is canceled [600]")
    return parser.parse_args()


if __name__ == "__main__":
    main()
