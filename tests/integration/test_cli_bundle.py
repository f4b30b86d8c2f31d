"""`ops release bundle`, `verify` and `key`: a release that the platform's own run made, as one file for others."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from base64 import b64decode
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import BadInput, Conflict, NotFound
from odooops_dagster.home import store_folder
from odooops_dagster.model import CheckResult, Fence, Project
from odooops_dagster.model.releases import Release
from odooops_dagster.steps.core import evidence
from odooops_dagster.tools.bundle.archive import pack, unpack
from odooops_dagster.tools.bundle.statements import sha256
from odooops_dagster.tools.store import FolderStore
from odooops_dagster.tools.store.addressed import object_name, put_addressed
from tests.command_line import CommandLine
from tests.debian_programs import cosign
from tests.unit.test_control_backups import verified
from tests.unit.test_sbom import bill_of

IMAGE = "sha256:" + "1" * 64
SHA, ODOO = "a" * 40, "b" * 40
BUILD = {
    "series": "19.0",
    "odoo_revision": ODOO,
    "python_digest": "sha256:" + "3" * 64,
    "source": {"settings_digest": "sha256:" + "4" * 64},
}
FOREIGN = "5" * 64
PAGE = Path(__file__).parents[2] / "docs/howto/verify-a-release.md"
[COSIGN_COMMANDS] = re.findall(r"```\n(cosign .*?)```", PAGE.read_text(), flags=re.DOTALL)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return the state folder."""
    return tmp_path / "home"


@pytest.fixture
def ops(operator_url: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """The command line over the test's database and state folder, in a folder of its own."""
    monkeypatch.setenv("ODOOOPS_DATABASE_URL", operator_url)
    monkeypatch.setenv("ODOOOPS_HOME", str(home))
    monkeypatch.chdir(tmp_path)
    return CommandLine("release")


@pytest.fixture
def project(control: ControlPlane) -> Project:
    """Return project shop."""
    return control.projects.create("shop", repo_url="https://example.com/acme/shop.git", odoo_version="19.0")


@pytest.fixture
def release(control: ControlPlane, database: str, project: Project, home: Path, tmp_path: Path) -> Release:
    """Return a release that a run brought to a staging with production's data, and that two people approved."""
    control.environments.ensure(project.id, branch="main")
    backup = verified(control, project)
    fence = at_work(control, project)
    control.backups.start_restore(fence, backup_id=backup.id)
    control.backups.end_restore(fence, database_name="db", report={"masked": 3})
    files = {
        "build.json": json.dumps(BUILD).encode(),
        "sbom.json": json.dumps(bill_of(tmp_path / "addons")).encode(),
        "build.log": b"odoo.modules.loading: 3 modules loaded\n",
        "tests.json": b'{"total": 3, "failed": 0}',
        "modules.json": b'{"shop_loyalty": "installed"}',
    }
    for key, data in files.items():
        keep(control, home, fence, key, data)
    made = control.releases.propose(fence, image_digest=IMAGE, lock_digest="sha256:" + "3" * 64, author="grace")
    assert made is not None
    brought_to_staging(control, fence)
    with ControlPlane(database) as owner:
        owner.gates.sign_off(made.id, gate_code="G2", decision="approved", approver_id="tess", rationale={"note": "ok"})
        owner.gates.sign_off(made.id, gate_code="G3", decision="approved", approver_id="max")
    elsewhere = f"https://ci.example.com/reports/{FOREIGN}"
    control.releases.record_evidence(kind="report", s3_url=elsewhere, sha256=FOREIGN, release_id=made.id)
    return made


def at_work(control: ControlPlane, project: Project) -> Fence:
    """Return the fence of a run of release/1.0 at work."""
    control.environments.ensure(project.id, branch="release/1.0")
    control.runs.queue(project.id, env="release/1.0", git_sha=SHA, ref="refs/heads/release/1.0", kind="deploy")
    [run] = control.runs.claim("tests", limit=1)
    fence = Fence(run_id=run.id, attempt=run.attempt, worker_id="tests")
    control.runs.start(fence)
    return fence


def keep(control: ControlPlane, home: Path, fence: Fence, key: str, data: bytes) -> None:
    """Keep a file of the run."""
    store = FolderStore(store_folder(home))
    evidence.record(control.artifacts, store, fence, key=key, data=data, content_type="application/json")


def brought_to_staging(control: ControlPlane, fence: Fence) -> None:
    """Let the run pass its checks, deploy and end well."""
    common: dict[str, Any] = {"partition_key": "shop/release/1.0", "code_version": "1", "inputs": {}}
    control.lineage.record(fence, asset_key="image", data_version=IMAGE, **common)
    for name in ("modules_installed", "module_tests_passed", "log_clean"):
        control.checks.record(fence, CheckResult(name=name, passed=True, summary="3 of 3"))
    control.lineage.record(fence, asset_key="database", data_version="db", **common)
    answer = control.deployments.announce(fence)
    assert answer is not None and answer.status == "accepted", answer  # noqa: PT018
    control.environments.record_deployment(
        fence,
        url="http://127.0.0.1:8069/",
        port=8069,
        database_name="db",
        image_digest=IMAGE,
        git_sha=SHA,
        expires_at=None,
    )
    control.checks.record(fence, CheckResult(name="healthy", passed=True, summary="answers"))
    control.runs.complete(fence, exit_code=0)


def bundled(ops: CommandLine, release: Release, name: str = "shop.tar") -> Path:
    """Write the bundle of the release, and return the file."""
    ops("release", "bundle", "shop", release.version, "--output", name)
    return Path(name).absolute()


def statement_of(parts: dict[str, bytes], name: str) -> dict[str, Any]:
    """Return the statement in a signed part."""
    found: dict[str, Any] = json.loads(b64decode(json.loads(parts[f"statements/{name}.json"])["payload"]))
    return found


def test_a_bundle_states_what_is_on_the_record(ops: CommandLine, release: Release, control: ControlPlane) -> None:
    """In predicates that others know, each of the image that was built; and it encloses the evidence."""
    parts = unpack(bundled(ops, release).read_bytes())
    names = {name.removeprefix("statements/").removesuffix(".json") for name in parts if name.startswith("statements/")}
    gates = {f"{kind}-{code}" for code in ("G1", "G2", "G4") for kind in ("tests", "gate")} | {"gate-G3"}
    assert names == gates | {"provenance", "sbom", "summary", "decision-G2-1", "decision-G3-1"}
    stated = {name: statement_of(parts, name) for name in names}
    assert {each["subject"][0]["digest"]["sha256"] for each in stated.values()} == {"1" * 64}
    assert stated["tests-G1"]["predicate"]["result"] == "PASSED"
    assert "module_tests_passed" in stated["tests-G1"]["predicate"]["passedTests"]
    assert stated["gate-G3"]["predicate"]["properties"] == ["ODOOOPS_G3_PASSED"]
    decision = stated["decision-G2-1"]["predicate"]
    assert (decision["approver"], decision["author"], decision["rationale"]) == ("tess", "grace", {"note": "ok"})
    assert stated["summary"]["predicate"]["verificationResult"] == "PASSED"
    told = {each["uri"]: each["digest"]["sha256"] for each in stated["summary"]["predicate"]["inputAttestations"]}
    assert told == {f"statements/{name}.json": sha256(parts[f"statements/{name}.json"]) for name in names - {"summary"}}
    assert stated["sbom"]["predicate"]["bomFormat"] == "CycloneDX"
    for row in control.artifacts.list(UUID(str(release.run_id))):
        assert sha256(parts[f"evidence/{row['sha256']}"]) == row["sha256"]


def test_the_record_tells_of_which_backup_the_staging_was_cloned(
    ops: CommandLine, release: Release, control: ControlPlane, project: Project
) -> None:
    """By their ids, with the runs and the deployment that the release went through; and no address of the store."""
    parts = unpack(bundled(ops, release).read_bytes())
    record = json.loads(parts["record.json"])
    [backup], [clone] = control.backups.list(project.id), control.backups.restores(project.id)
    [deployment] = control.deployments.list(release_id=release.id)
    assert [(each["id"], each["status"]) for each in record["backups"]] == [(str(backup.id), "verified")]
    assert [(each["id"], each["backup_id"], each["purpose"]) for each in record["restores"]] == [
        (str(clone.id), str(backup.id), "clone")
    ]
    assert [(each["id"], each["stage"], each["g4_status"]) for each in record["deployments"]] == [
        (str(deployment.id), "staging", "passed")
    ]
    [run] = record["runs"]
    assert (run["id"], {each["asset_key"] for each in run["lineage"]}) == (str(release.run_id), {"image", "database"})
    assert b"s3_url" not in parts["record.json"]
    assert b"file:/" not in parts["record.json"]


def test_a_gate_that_is_not_required_is_stated_as_such(
    ops: CommandLine, control: ControlPlane, project: Project
) -> None:
    """And a gate that waits keeps the release from passing as a whole."""
    control.policies.set(project.id, policy_type="promotion", rules={"release": "by_hand"})
    made = control.releases.create(
        project.id, version="3.0", git_shas={"acme/shop": SHA}, image_digest=IMAGE, created_by="dev"
    )
    parts = unpack(bundled(ops, made).read_bytes())
    stated = {code: statement_of(parts, f"gate-{code}")["predicate"]["properties"] for code in ("G1", "G2", "G3")}
    assert stated == {"G1": [], "G2": ["ODOOOPS_G2_NOT_REQUIRED"], "G3": ["ODOOOPS_G3_NOT_REQUIRED"]}
    summary = statement_of(parts, "summary")["predicate"]
    assert (summary["verificationResult"], summary["verifiedLevels"]) == ("FAILED", ["FAILED"])
    control.gates.record_check(made.id, gate_code="G1", name="build", status="passed")
    passed = statement_of(unpack(bundled(ops, made, "passed.tar").read_bytes()), "summary")["predicate"]
    assert (passed["verificationResult"], passed["verifiedLevels"]) == (
        "PASSED", ["ODOOOPS_G1_PASSED", "ODOOOPS_G2_NOT_REQUIRED", "ODOOOPS_G3_NOT_REQUIRED"],
    )  # fmt: skip


def test_the_provenance_is_slsas(ops: CommandLine, release: Release, project: Project, control: ControlPlane) -> None:
    """Its required fields, what the build was made of, and who built it."""
    parts = unpack(bundled(ops, release).read_bytes())
    predicate = statement_of(parts, "provenance")["predicate"]
    definition = predicate["buildDefinition"]
    assert definition["externalParameters"]["repository"] == project.repo_url
    made_of = {each["name"]: each.get("digest") for each in definition["resolvedDependencies"]}
    assert made_of == {
        "acme/shop": {"gitCommit": SHA},
        "odoo": {"gitCommit": ODOO},
        "python packages": {"sha256": "3" * 64},
        "settings in force": {"sha256": "4" * 64},
    }
    assert predicate["runDetails"]["builder"]["id"] == f"urn:uuid:{control.plane.get().id}"
    assert {each["name"] for each in predicate["runDetails"]["byproducts"]} >= {"build.log", "sbom.json"}


def test_what_is_not_known_is_left_out_and_said(ops: CommandLine, release: Release) -> None:
    """Evidence that is kept elsewhere, or that the store lost; and statements that nothing is known for."""
    [said] = json.loads(ops("release", "bundle", "shop", release.version, "--json").stdout)["left_out"]
    assert said == f"report ({FOREIGN[:12]}): it is kept elsewhere"
    ops("release", "create", "shop", "2.0", "--from", release.version)
    told = ops.json("release", "bundle", "shop", "2.0")["left_out"]
    assert [each.partition(":")[0] for each in told] == ["provenance", "sbom"]
    verdict = ops.json("release", "verify", "shop-2.0.tar")
    assert (verdict["is_intact"], verdict["gates"]["G1"], verdict["left_out"]) == (True, "pending", told)


def test_what_an_event_names_is_not_fetched_from_the_store(
    ops: CommandLine, release: Release, control: ControlPlane, home: Path
) -> None:
    """The store holds the objects of every project: only what a run of this one stored is enclosed."""
    theirs = put_addressed(FolderStore(store_folder(home)), b"of another project", content_type="text/plain")
    control.releases.record_evidence(kind="borrowed", s3_url=theirs.url, sha256=theirs.sha256, release_id=release.id)
    parts = unpack(bundled(ops, release).read_bytes())
    assert f"evidence/{theirs.sha256}" not in parts
    assert f"borrowed ({theirs.sha256[:12]}): it is kept elsewhere" in json.loads(parts["record.json"])["left_out"]


def test_evidence_that_the_store_lost_or_changed_is_not_enclosed(
    ops: CommandLine, release: Release, control: ControlPlane, home: Path
) -> None:
    """The record still names it."""
    rows = {row["artifact_key"]: row["sha256"] for row in control.artifacts.list(UUID(str(release.run_id)))}
    store = store_folder(home)
    (store / object_name(rows["build.log"])).unlink()
    (store / object_name(rows["tests.json"])).write_bytes(b"{}")
    said = ops.json("release", "bundle", "shop", release.version, "--output", "shop.tar")["left_out"]
    assert sorted(each.partition(":")[2] for each in said if "report" not in each) == [
        " the store has it no more", " the store has other bytes under its hash",
    ]  # fmt: skip
    record = json.loads(unpack(Path("shop.tar").read_bytes())["record.json"])
    assert {each["sha256"] for each in record["evidence"]} == {*rows.values(), FOREIGN}


def test_the_same_state_makes_the_same_bytes_and_a_new_fact_others(
    ops: CommandLine, release: Release, control: ControlPlane, database: str
) -> None:
    """The bundle's own hash is on the record once, and in no bundle."""
    first = bundled(ops, release).read_bytes()
    assert bundled(ops, release, "again.tar").read_bytes() == first
    kept = [row for row in control.releases.evidence(release.id) if row["kind"] == "release-bundle"]
    assert [(row["sha256"], row["size_bytes"]) for row in kept] == [(sha256(first), len(first))]
    with ControlPlane(database) as owner:
        owner.gates.sign_off(release.id, gate_code="G3", decision="rejected", approver_id="max")
    second = bundled(ops, release, "rejected.tar")
    assert statement_of(unpack(second.read_bytes()), "summary")["predicate"]["verificationResult"] == "FAILED"
    assert ops.json("release", "verify", "rejected.tar")["gates"]["G3"] == "failed"


def test_a_bundle_is_kept_in_the_store_like_other_evidence(
    ops: CommandLine, release: Release, control: ControlPlane, home: Path
) -> None:
    """Under its hash, at the address that its row names."""
    data = bundled(ops, release).read_bytes()
    [row] = [row for row in control.releases.evidence(release.id) if row["kind"] == "release-bundle"]
    key = evidence.object_at(row["s3_url"])
    assert key == object_name(row["sha256"])
    assert FolderStore(store_folder(home)).get(key) == data


def test_a_bundle_is_verified_where_there_is_neither_database_nor_store(ops: CommandLine, release: Release) -> None:
    """By another process, with a state folder that is not there, with the key that was printed."""
    file = bundled(ops, release)
    key = file.with_name("key.pem")
    key.write_text(ops("release", "key").stdout)
    whole = elsewhere("release", "verify", str(file), "--key", str(key), "--json")
    assert whole.returncode == 0, whole.stderr
    verdict = json.loads(whole.stdout)
    assert (verdict["is_intact"], verdict["is_key_given"], verdict["faults"]) == (True, True, [])
    assert verdict["release"] == f"pkg:generic/shop@{release.version}"
    parts = unpack(file.read_bytes())
    parts["record.json"] = parts["record.json"].replace(b'"tess"', b'"max"')
    file.write_bytes(b"".join(pack(parts)))
    changed = elsewhere("release", "verify", str(file), "--key", str(key))
    assert changed.returncode == 1
    assert "record.json" in changed.stdout
    assert sha256(parts["record.json"]) in changed.stdout
    refused = elsewhere("release", "verify", str(key))
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 2)


def elsewhere(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command as on a machine without the platform: no state folder, no address of a database or a store."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("ODOOOPS_", "PG"))}
    env["ODOOOPS_HOME"] = "/nowhere/odooops"
    command = [sys.executable, "-c", "from odooops_dagster.doors.cli import main; main()", *arguments]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])


def test_a_file_that_is_there_is_not_overwritten(ops: CommandLine, release: Release) -> None:
    """Unless it is the same bundle, or somebody says so."""
    Path("shop.tar").write_text("mine")
    with pytest.raises(Conflict, match="is there already"):
        bundled(ops, release)
    assert Path("shop.tar").read_text() == "mine"
    ops("release", "bundle", "shop", release.version, "--output", "shop.tar", "--force")
    ops("release", "bundle", "shop", release.version, "--output", "shop.tar")
    assert Path("shop.tar").stat().st_mode & 0o777 == 0o600


def test_cosign_verifies_a_bundle_as_the_page_tells(ops: CommandLine, release: Release, tmp_path: Path) -> None:
    """The commands are those of the documentation, typed where the parts of the bundle lie."""
    parts = unpack(bundled(ops, release).read_bytes())
    key = ops("release", "key").stdout.encode()
    assert typed_in_a_folder(COSIGN_COMMANDS, tmp_path / "whole", parts | {"shop-platform.pem": key}) == 0
    changed = parts | {"record.json": parts["record.json"].replace(b"grace", b"grave")}
    assert typed_in_a_folder(COSIGN_COMMANDS, tmp_path / "changed", changed | {"shop-platform.pem": key}) != 0


def typed_in_a_folder(commands: str, folder: Path, files: dict[str, bytes]) -> int:
    """Type the commands into a shell in a new folder with the files, and return how it ended."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    env = {"PATH": f"{cosign().parent}:{os.defpath}", "HOME": str(folder)}
    return subprocess.run(
        ["sh", "-e", "-c", commands], cwd=folder, env=env, capture_output=True, check=False
    ).returncode


def test_the_key_is_made_once_and_printed_without_its_secret(ops: CommandLine, home: Path) -> None:
    """Its file is its owner's alone."""
    printed = ops("release", "key").stdout
    assert printed.startswith("-----BEGIN PUBLIC KEY-----\n")
    assert ops.json("release", "key")["public_key"] == printed
    [file] = (home / "secrets").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert "PRIVATE KEY" in file.read_text()
    file.write_text("nothing")
    with pytest.raises(BadInput, match="signing key cannot be read"):
        ops("release", "key")


def test_what_cannot_be_read_is_said(ops: CommandLine, tmp_path: Path) -> None:
    """A file that is not there, a folder, and something else than a bundle."""
    with pytest.raises(NotFound, match="there is no file"):
        ops("release", "verify", "nothing.tar")
    with pytest.raises(NotFound, match="there is no file"):
        ops("release", "verify", str(tmp_path))
    Path("text.tar").write_text("hello")
    with pytest.raises(BadInput, match="is no bundle"):
        ops("release", "verify", "text.tar")
