"""`ops release`, `ops gate`, `ops exception`, `ops incident`, `ops event`: a release's way, as people type it."""

from __future__ import annotations

from pathlib import Path

import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import BadInput, Conflict, Forbidden, NotFound
from odooops_dagster.model.releases import Release
from tests.command_line import CommandLine

IMAGE = "sha256:" + "1" * 64
SHA = "a" * 40
NOUNS = ("release", "gate", "exception", "incident", "event")


@pytest.fixture
def ops(database: str, operator_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """The command line over the test's database and store, with ada at the terminal."""
    monkeypatch.setenv("ODOOOPS_STORE_URL", (tmp_path / "store").as_uri())
    monkeypatch.setenv("ODOOOPS_DATABASE_URL", operator_url)
    monkeypatch.setenv("ODOOOPS_MIGRATE_URL", database)
    monkeypatch.setenv("LOGNAME", "ada")
    return CommandLine(*NOUNS)


@pytest.fixture
def release(control: ControlPlane) -> Release:
    """Return release 1.0 of shop, made by dev, whose build passed."""
    project = control.projects.create("shop", repo_url="https://example.com/acme/shop.git", odoo_version="19.0")
    made = control.releases.create(
        project.id, version="1.0", git_shas={"acme/shop": SHA}, image_digest=IMAGE, created_by="dev"
    )
    control.gates.record_check(made.id, gate_code="G1", name="build", status="passed")
    return made


def test_a_release_is_shown_with_what_it_lacks(ops: CommandLine, release: Release) -> None:
    """In a table for people, whole for programs."""
    [listed] = ops.json("release", "list", "shop")
    assert (listed["version"], listed["G1"], listed["G2"]) == ("1.0", "passed", "pending")
    assert "no: G2: pending" in ops("release", "show", "shop", "1.0").stdout
    shown = ops.json("release", "show", "shop", "1.0")
    assert (shown["id"], shown["eligibility"]["eligible_for_staging"]) == (str(release.id), True)
    assert [gate["gate_code"] for gate in shown["gates"]] == ["G1", "G2", "G3", "G4"]
    told = ops.json("release", "explain", "shop", "1.0")
    assert (told["is_eligible"], {each["requirement"] for each in told["requirements"] if not each["is_met"]}) == (
        False, {"G2", "G3"},
    )  # fmt: skip
    assert ops.json("release", "explain", "shop", "1.0", "staging")["is_eligible"]


@pytest.mark.usefixtures("release")
def test_a_release_is_made_by_hand(ops: CommandLine) -> None:
    """Of what another is made of, or of an image and commits; its author is at the terminal, or named."""
    copied = ops.json("release", "create", "shop", "1.1", "--from", "1.0")
    assert (copied["image_digest"], copied["git_shas"], copied["created_by"]) == (IMAGE, {"acme/shop": SHA}, "ada")
    made = ops.json(
        "release", "create", "shop", "2.0", "--image", IMAGE, "--commit", f"acme/shop={SHA}", "--as", "grace"
    )  # fmt: skip
    assert (made["created_by"], made["status"]) == ("grace", "candidate")
    with pytest.raises(BadInput, match="an image and the commit"):
        ops("release", "create", "shop", "3.0")
    with pytest.raises(BadInput, match="is no REPOSITORY=SHA"):
        ops("release", "create", "shop", "3.0", "--image", IMAGE, "--commit", SHA)
    with pytest.raises(BadInput, match="git_shas names the full commit"):
        ops("release", "create", "shop", "3.0", "--image", IMAGE, "--commit", "acme/shop=abc")
    with pytest.raises(Conflict, match=r"already a release 1\.0"):
        ops("release", "create", "shop", "1.0", "--image", "sha256:" + "2" * 64, "--commit", f"acme/shop={SHA}")
    with pytest.raises(NotFound) as missing:
        ops("release", "show", "shop", "9.9")
    assert missing.value.hint == "List them: ops release list."


@pytest.mark.usefixtures("release")
def test_gates_are_signed_off_by_people_who_did_not_make_the_release(ops: CommandLine) -> None:
    """The database holds it, whoever types."""
    assert ops.json("gate", "sign-off", "shop", "1.0", "g2", "--note", "smoke test")["status"] == "passed"
    with pytest.raises(Forbidden, match="made this release"):
        ops("gate", "sign-off", "shop", "1.0", "G3", "--as", " DEV ")
    with pytest.raises(BadInput, match="Nobody signs G1 off"):
        ops("gate", "sign-off", "shop", "1.0", "G1")
    with pytest.raises(BadInput, match="G9 is no gate"):
        ops("gate", "show", "shop", "1.0", "G9")
    assert ops.json("gate", "reject", "shop", "1.0", "G3", "--note", "too late")["status"] == "failed"
    shown = ops.json("gate", "show", "shop", "1.0", "G2")
    [decision] = shown["decisions"]
    assert (decision["approver_id"], decision["rationale_structured"]) == ("ada", {"note": "smoke test"})
    assert "rejected by ada" in ops("gate", "show", "shop", "1.0").stdout
    assert "build" in ops("gate", "show", "shop", "1.0", "G1").stdout
    assert len(ops.json("event", "list", "shop", "--release", "1.0")) == 2


def test_a_decision_is_proved_by_files(
    ops: CommandLine, control: ControlPlane, release: Release, tmp_path: Path
) -> None:
    """They are kept in the store under their hash, and the gate claims nothing without proof any more."""
    proof = tmp_path / "smoke.json"
    proof.write_text('{"greeting": "Dear Grace"}')
    with pytest.raises(BadInput, match="is no file"):
        ops("gate", "sign-off", "shop", "1.0", "G2", "--evidence", str(tmp_path / "none"))
    assert ops.json("gate", "show", "shop", "1.0", "G2")["decisions"] == []
    assert ops.json("gate", "sign-off", "shop", "1.0", "G2", "--evidence", str(proof))["evidence_count"] == 1
    [kept] = ops.json("gate", "show", "shop", "1.0", "G2")["evidence"]
    assert (kept["kind"], kept["content_type"], kept["size_bytes"]) == ("smoke.json", "application/json", 26)
    assert Path(kept["s3_url"].removeprefix("file://")).read_text() == proof.read_text()
    complete = {row["gate_code"]: row["is_complete"] for row in control.gates.completeness(release.id)}
    assert (complete["G1"], complete["G2"]) == (False, True)


def test_a_decision_may_name_what_was_shown(ops: CommandLine, control: ControlPlane, release: Release) -> None:
    """If something has changed since, it is refused; what was approved before does not count any more."""
    shown = ops.json("release", "show", "shop", "1.0")["shown"]
    assert shown in ops("release", "show", "shop", "1.0").stdout
    assert ops.json("gate", "sign-off", "shop", "1.0", "G2", "--shown", shown)["status"] == "passed"
    control.gates.record_check(release.id, gate_code="G1", name="log_clean", status="failed")
    with pytest.raises(Conflict, match="not what you were shown any more"):
        ops("gate", "sign-off", "shop", "1.0", "G3", "--shown", shown)
    assert "does not count: ada, since then log_clean is failed" in ops("gate", "show", "shop", "1.0").stdout


@pytest.mark.usefixtures("release")
def test_only_what_somebody_is_asked_about_is_kept(ops: CommandLine) -> None:
    """A release whose health is inconclusive."""
    with pytest.raises(Conflict, match=r"nobody is asked whether release 1\.0 stays"):
        ops("gate", "keep", "shop", "1.0", "--reason", "it answers")


@pytest.mark.usefixtures("release")
def test_the_operator_signs_nothing_off(ops: CommandLine, operator_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It decides nothing for people."""
    monkeypatch.setenv("ODOOOPS_MIGRATE_URL", operator_url)
    with pytest.raises(Forbidden):
        ops("gate", "sign-off", "shop", "1.0", "G2")


@pytest.mark.usefixtures("release")
def test_an_exception_takes_two_people(ops: CommandLine) -> None:
    """Who requests it does not grant it, nor does who made the release."""
    asked = ops.json("exception", "request", "shop", "1.0", "G3", "--reason", "the manager is ill", "--hours", "2")
    assert (asked["requested_by"], asked["granted_at"]) == ("ada", None)
    with pytest.raises(Forbidden, match="requested this exception"):
        ops("exception", "grant", asked["id"], "--yes")
    with pytest.raises(Forbidden, match="made this release"):
        ops("exception", "grant", asked["id"][:8], "--as", "dev", "--yes")
    assert ops.json("exception", "grant", asked["id"], "--as", "max", "--yes")["granted_by"] == "max"
    [active] = ops.json("exception", "list", "shop", "--status", "active")
    assert (active["gate_code"], active["exception_id"]) == ("G3", asked["id"])
    assert ops.json("exception", "revoke", asked["id"][:8])["revoked_by"] == "ada"
    assert ops.json("exception", "list", "shop", "--status", "active") == []
    with pytest.raises(NotFound) as missing:
        ops("exception", "grant", "ffff", "--yes")
    assert missing.value.hint == "list them: ops exception list"


@pytest.mark.usefixtures("release")
def test_broken_glass_opens_an_incident_that_somebody_resolves(ops: CommandLine) -> None:
    """Alone, at once, and on the record."""
    broken = ops.json("exception", "break-glass", "shop", "1.0", "G2", "--reason", "the shop is down", "--yes")
    assert (broken["is_break_glass"], broken["granted_by"]) == (True, "ada")
    [incident] = ops.json("incident", "list", "shop")
    assert (incident["severity"], incident["opened_by"]) == ("critical", "ada")
    ended = ops.json("incident", "resolve", incident["id"][:8], "it sells again")
    assert (ended["status"], ended["resolved_by"]) == ("resolved", "ada")
    assert ops.json("incident", "list", "shop") == []
    assert len(ops.json("incident", "list", "shop", "--all")) == 1


@pytest.mark.usefixtures("release")
def test_an_incident_is_opened_by_hand(ops: CommandLine) -> None:
    """With how bad it is."""
    opened = ops.json("incident", "open", "shop", "slow", "--severity", "minor", "--description", "since noon")
    assert (opened["title"], opened["severity"], opened["opened_by"]) == ("slow", "minor", "ada")
    assert "slow" in ops("incident", "list").stdout


@pytest.mark.usefixtures("release")
def test_a_release_is_withdrawn_after_a_question(ops: CommandLine) -> None:
    """And takes no decision any more."""
    ops("release", "withdraw", "shop", "1.0", answer="n\n", status=1)
    assert ops.json("release", "withdraw", "shop", "1.0", "--yes")["status"] == "withdrawn"
    with pytest.raises(Conflict, match="was withdrawn"):
        ops("gate", "sign-off", "shop", "1.0", "G2")


@pytest.mark.usefixtures("release")
def test_refused_events_are_shown_with_their_reason(ops: CommandLine, control: ControlPlane) -> None:
    """And with what was sent."""
    control.events.ingest({"schema_version": "1.0", "event_type": "build_complete", "project": "shop"})
    [row] = ops.json("event", "list", "--status", "rejected")
    shown = ops.json("event", "show", str(row["id"]))
    assert "idempotency_key" in shown["error"]
    assert shown["envelope"]["project"] == "shop"
    with pytest.raises(NotFound, match="There is no event 999"):
        ops("event", "show", "999")
    with pytest.raises(BadInput, match="a version belongs to a project"):
        ops("event", "list", "--release", "1.0")
