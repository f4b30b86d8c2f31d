"""The spec gates: they pass on this tree, and each fails on what it is there for."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from docs.schema.catalog import read_schema
from docs.schema.model import Schema
from docs.schema.pages import ROOT
from docs.speckit.bundles import BUNDLES, tasks
from docs.speckit.gates import GATES, documents, prisma, schema_documents, spec_kit
from tests.repositories import run_git

COPIED = (
    "spec",
    "docs",
    "prisma",
    "supabase",
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CHANGELOG.md",
    "LICENSE",
)
SH, GATE_BUNDLE = "spec/odooops-sh", "spec/odoo-release-gates-control-plane"
Break = Callable[[Path], object]


def change(path: str, old: str, new: str) -> Break:
    """Return what replaces a text in a file, which has to be there."""

    def carry_out(tree: Path) -> None:
        text = (tree / path).read_text("utf-8")
        assert old in text, f"{path} has no {old!r}"
        (tree / path).write_text(text.replace(old, new, 1), "utf-8")

    return carry_out


def remove(path: str) -> Break:
    """Return what removes a file."""
    return lambda tree: (tree / path).unlink()


BROKEN_BUNDLES: dict[str, tuple[Break, str]] = {
    "a file is missing": (remove(f"{SH}/plan.md"), "plan.md: the file is missing"),
    "a bundle that nobody knows": (lambda tree: (tree / "spec" / "other").mkdir(), "nobody knows this bundle"),
    "no title": (change(f"{SH}/prd.md", "# OdooOps", "OdooOps"), "no title"),
    "done, and its test is gone": (
        change(f"{SH}/tasks.md", "::test_no_row_is_lost_or_changed", "::test_gone"),
        "there is no test",
    ),
    "done, and nothing proves it": (
        change(f"{GATE_BUNDLE}/tasks.md", "- [ ] Link the Supabase", "- [x] Link the Supabase"),
        "no test proves it",
    ),
    "proved, and not ticked": (change(f"{SH}/tasks.md", "- [x] Rename", "- [ ] Rename"), "it is not ticked"),
    "open for no reason": (change(f"{GATE_BUNDLE}/tasks.md", "— open: each operator does it;", "—"), "and the reason"),
    "a table that is not there": (change(f"{SH}/prd.md", "`ops.tools`", "`ops.toolbox`"), "has no ops.toolbox"),
    "arguments in another order": (
        change("spec/odoo-sh-clone/prd.md", "ops.finish_run(run_id, status)", "ops.finish_run(status, run_id)"),
        "ops.finish_run takes (run_id, status",
    ),
    "a state that is left out": (change(f"{SH}/prd.md", "`claimed`, ", ""), "ops.run_status is one of"),
    "a persona that is left out": (
        change("spec/odoo-platform-personas/prd.md", "`sre`, `developer` and", "`developer` and"),
        "the personas are",
    ),
    "a gate with two names": (
        change(f"{GATE_BUNDLE}/constitution.md", "`G3` (approval)", "`G3` (go-live)"),
        "G3 is called",
    ),
    "a fifth gate": (
        change(f"{GATE_BUNDLE}/plan.md", "# Release gates: plan", "# Release gates: plan of G5"),
        "no gate G5",
    ),
}
BROKEN_DOCUMENTS: dict[str, tuple[str, Break, str]] = {
    "a link that leads nowhere": (
        "validate-docs",
        change("docs/why.md", "# ", "[x](gone.md)\n\n# "),
        "gone.md leads nowhere",
    ),
    "a link of a bundle": (
        "validate-docs",
        change(f"{SH}/plan.md", "ARCHITECTURE.md", "ARCHITEKTUR.md"),
        "leads nowhere",
    ),
    "a document that is gone": ("validate-docs", remove("docs/odooops-sh/CICD.md"), "CICD.md: the document is missing"),
    "a drifted DBML": (
        "validate-schema",
        change("docs/reference/schema.dbml", "workspace_key", "workspace_code"),
        "schema.dbml: it differs",
    ),
    "a drifted ERD": ("validate-schema", remove("docs/reference/ERD.md"), "ERD.md: it differs"),
    "a changed export": (
        "validate-schema",
        change("supabase/migrations/20260213000180_policies.sql", "create", "CREATE"),
        "supabase/migrations",
    ),
    "an invalid Prisma schema": (
        "validate-prisma",
        change("prisma/schema.prisma", "model Project {", "model Projekt {"),
        "Project",
    ),
}


@pytest.fixture
def schema(database: str) -> Schema:
    """Return the schema of a migrated database."""
    return read_schema(database)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a copy of what the gates judge; the rest of the tree is this one's."""
    for path in ROOT.iterdir():
        if path.name in COPIED:
            (shutil.copytree if path.is_dir() else shutil.copy)(path, tmp_path / path.name)
        elif path.name not in {".git", ".venv"}:
            (tmp_path / path.name).symlink_to(path)
    return tmp_path


def test_the_bundles_hold(schema: Schema) -> None:
    """Every file is there, every tick is proved, every name is the schema's and the same in all bundles."""
    assert spec_kit(ROOT, schema) == []


def test_the_documents_hold(schema: Schema, tree: Path) -> None:
    """The other gates have nothing to say, also of a copy."""
    assert [documents(tree, schema), schema_documents(tree, schema), prisma(tree, schema)] == [[], [], []]


@pytest.mark.parametrize("broken", BROKEN_BUNDLES)
def test_a_broken_bundle_is_found(schema: Schema, tree: Path, broken: str) -> None:
    """Each in its own sentence, and nothing else is."""
    carry_out, sentence = BROKEN_BUNDLES[broken]
    carry_out(tree)
    found = spec_kit(tree, schema)
    assert found
    assert [fault for fault in found if sentence not in fault] == []


@pytest.mark.parametrize("broken", BROKEN_DOCUMENTS)
def test_a_broken_document_is_found(schema: Schema, tree: Path, broken: str) -> None:
    """By the gate that is there for it."""
    gate, carry_out, sentence = BROKEN_DOCUMENTS[broken]
    carry_out(tree)
    found = GATES[gate](tree, schema)
    assert [fault for fault in found if sentence in fault]


def test_the_script_prints_each_finding_and_fails(tree: Path) -> None:
    """As it is started by hand, of this tree and of a broken one."""
    script = [sys.executable, str(ROOT / "scripts" / "validate_spec_kit.py")]
    assert subprocess.run(script, capture_output=True, check=False).returncode == 0
    (tree / SH / "prd.md").unlink()
    done = subprocess.run([*script, str(tree)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, f"{SH}/prd.md: the file is missing\n")


def test_each_job_asks_the_gate_of_its_name() -> None:
    """CI has a job for each gate; `make check` asks the two that need no other program."""
    workflow = ROOT / ".github" / "workflows" / "odooops-sh-spec-gates.yml"
    jobs = yaml.safe_load(workflow.read_text("utf-8"))["jobs"]
    assert {name: job["steps"][-1]["run"] for name, job in jobs.items()} == {
        name: f"scripts/validate_spec_kit_odooops.sh {name}" for name in GATES
    }
    assert "scripts/validate_spec_kit_odooops.sh validate-spec-kit validate-docs\n" in (ROOT / "Makefile").read_text()


def test_the_gate_that_is_asked_for_alone_fails_alone() -> None:
    """An unknown name is a mistake, not a pass."""
    done = subprocess.run(
        [sys.executable, "-m", "docs.speckit", "validate-nothing"], cwd=ROOT, check=False, capture_output=True
    )
    assert done.returncode == 2


def test_the_tag_is_refused_while_a_gate_fails(tmp_path: Path) -> None:
    """Nor does it come to a tree that differs from its commit."""
    run_git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{ROOT}", "clone")
    clone = tmp_path / "clone"
    (clone / ".venv").symlink_to(sys.prefix)
    (clone / ".git" / "info" / "exclude").write_text(".venv\n")
    (clone / SH / "prd.md").unlink()
    assert "the tree differs" in tag(clone)
    run_git(clone, "commit", "--quiet", "--all", "--message=remove")
    refused = tag(clone)
    assert "prd.md: the file is missing" in refused
    assert "a gate fails; nothing was tagged" in refused
    assert run_git(clone, "tag") == ""


def tag(clone: Path) -> str:
    """Ask for the tag, which has to be refused, and return why."""
    done = subprocess.run(["scripts/dev/tag-spec.sh"], cwd=clone, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    return done.stdout + done.stderr


def test_every_bundle_has_open_and_done_tasks_told_apart() -> None:
    """The checker reads what is there: no line that looks like a task is passed over."""
    for bundle in BUNDLES:
        text = (ROOT / "spec" / bundle / "tasks.md").read_text("utf-8")
        assert len(tasks(text)) == sum(line.lstrip().startswith("- [") for line in text.splitlines())
