"""`ops audit report`: what the record states about a release and about a month, for people and for programs."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import BadInput, MissingDependency, NotFound
from odooops_dagster.model.releases import Release
from odooops_dagster.tools.print_page import print_page
from tests.command_line import CommandLine

IMAGE = "sha256:" + "1" * 64
SHA = "a" * 40
# Somebody's text ends up in a page.
NOTE = "<script>alert(1)</script> & more"


@pytest.fixture
def ops(database: str, operator_url: str, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """The command line over the test's database."""
    monkeypatch.setenv("ODOOOPS_DATABASE_URL", operator_url)
    monkeypatch.setenv("ODOOOPS_MIGRATE_URL", database)
    return CommandLine("audit", "gate", "exception")


@pytest.fixture
def release(control: ControlPlane, ops: CommandLine) -> Release:
    """Return release 1.0 of shop: its build passed, ana signed G2 off, G3 waits for an exception."""
    project = control.projects.create("shop", repo_url="https://example.com/acme/shop.git", odoo_version="19.0")
    made = control.releases.create(
        project.id, version="1.0", git_shas={"acme/shop": SHA}, image_digest=IMAGE, created_by="dev"
    )
    control.gates.record_check(made.id, gate_code="G1", name="build", status="passed", summary=NOTE)
    ops("gate", "sign-off", "shop", "1.0", "G2", "--as", "ana", "--note", "smoke test")
    ops("exception", "request", "shop", "1.0", "G3", "--reason", "the manager is ill", "--hours", "4")
    return made


def sections(told: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON says
    """Return the rows of each section by its title."""
    return {section["title"]: section["rows"] for section in told["sections"]}


@pytest.mark.usefixtures("release")
def test_a_release_is_reported_with_all_that_decided_it(ops: CommandLine) -> None:
    """Every section names the relation that states it."""
    told = ops.json("audit", "report", "shop", "--release", "1.0")
    assert told["title"] == "Release 1.0 of shop"
    assert all(section["source"].startswith("ops.") for section in told["sections"])
    rows = sections(told)
    assert [(row["gate_code"], row["status"]) for row in rows["Gates"]] == [
        ("G1", "passed"), ("G2", "passed"), ("G3", "pending"), ("G4", "pending"),
    ]  # fmt: skip
    [decision] = rows["Decisions"]
    assert (decision["approver_id"], decision["rationale_structured"]) == ("ana", {"note": "smoke test"})
    [exception] = rows["Exceptions"]
    assert (exception["status"], exception["reason"]) == ("pending_review", "the manager is ill")
    shown = ops("audit", "report", "shop", "--release", "1.0").output
    assert "Decisions (ops.approvals)" in shown


@pytest.mark.usefixtures("release")
def test_a_month_is_reported_with_what_happened_in_it(ops: CommandLine) -> None:
    """And another one with nothing."""
    month = f"{datetime.now(UTC):%Y-%m}"
    rows = sections(ops.json("audit", "report", "shop", "--month", month))
    assert [row["version"] for row in rows["Releases"]] == ["1.0"]
    assert [row["reason"] for row in rows["Exceptions"]] == ["the manager is ill"]
    before = sections(ops.json("audit", "report", "shop", "--month", "2020-12"))
    assert {title for title, found in before.items() if found} == {"Chains of the audit trail"}


@pytest.mark.usefixtures("release")
def test_a_report_is_written_as_its_file_is_named(ops: CommandLine, tmp_path: Path) -> None:
    """A page shows people's text as text, and loads nothing."""
    for name in ("report.json", "report.html"):
        ops("audit", "report", "shop", "--release", "1.0", "--out", str(tmp_path / name))
    assert json.loads((tmp_path / "report.json").read_text())["title"] == "Release 1.0 of shop"
    page = (tmp_path / "report.html").read_text()
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in page
    assert "default-src 'none'" in page


@pytest.mark.usefixtures("release")
def test_what_cannot_be_reported_is_refused(ops: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the next action."""
    with pytest.raises(BadInput, match="of a release or of a month"):
        ops("audit", "report", "shop")
    with pytest.raises(BadInput, match="2026-13 is no month"):
        ops("audit", "report", "shop", "--month", "2026-13")
    with pytest.raises(NotFound):
        ops("audit", "report", "shop", "--release", "9.9")
    with pytest.raises(BadInput, match=r"\.json, \.html or \.pdf"):
        ops("audit", "report", "shop", "--release", "1.0", "--out", str(tmp_path / "report.doc"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingDependency, match="no Chromium") as caught:
        ops("audit", "report", "shop", "--release", "1.0", "--out", str(tmp_path / "report.pdf"))
    assert "apt-get install chromium" in str(caught.value.hint)
    assert not (tmp_path / "report.pdf").exists()


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no Chromium: scripts/dev/system-packages.sh")
def test_a_page_is_printed() -> None:
    """By the Chromium of the machine."""
    assert print_page("<h1>Release 1.0</h1>").startswith(b"%PDF-")
