"""People sign what they approve, the bundle has their signatures, and a machine with nothing else proves the quorum."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import Forbidden, StepFailed
from odooops_dagster.model import Project
from odooops_dagster.model.releases import Release
from odooops_dagster.steps.release.bundle_approvals import require_signatures
from odooops_dagster.tools.bundle.archive import pack, unpack
from odooops_dagster.tools.bundle.layout import APPROVERS, approval_part
from tests.command_line import CommandLine
from tests.unit.test_signed_quorum import new_key


@pytest.fixture
def owner(database: str) -> Iterator[ControlPlane]:
    """The control plane as the schema's owner, who speaks for people."""
    with ControlPlane(database) as owner:
        yield owner


@pytest.fixture
def project(control: ControlPlane) -> Project:
    """Return project shop, whose approvals are signed."""
    made = control.projects.create("shop", repo_url="https://example.com/acme/shop.git", odoo_version="19.0")
    control.policies.set(made.id, policy_type="gates", rules={"signatures": "required", "g2_quorum": 2})
    return made


@pytest.fixture
def release(control: ControlPlane, project: Project) -> Release:
    """Return release 1.0 by dev."""
    return control.releases.create(
        project.id, version="1.0", git_shas={"acme/shop": "a" * 40}, image_digest="sha256:" + "1" * 64, created_by="dev"
    )


@pytest.fixture
def ops(database: str, operator_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """The command line over the test's database, in a folder of its own."""
    monkeypatch.setenv("ODOOOPS_DATABASE_URL", operator_url)
    monkeypatch.setenv("ODOOOPS_MIGRATE_URL", database)
    monkeypatch.setenv("ODOOOPS_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return CommandLine("gate", "person", "release")


def person(ops: CommandLine, folder: Path, name: str) -> str:
    """Declare a person with a key, whose private part lies in a file, and return the key's id."""
    private, public = new_key()
    (folder / name).write_bytes(private)
    (folder / f"{name}.pub").write_text(public)
    ops("person", "create", name, "--alias", f"login={name}")
    return str(ops.json("person", "key", "add", name, f"{name}.pub")["key_id"])


def sign(ops: CommandLine, name: str, *, key: str | None = None) -> None:
    """Let the person approve gate G2."""
    ops("gate", "sign-off", "shop", "1.0", "G2", "--as", name, "--sign", key or name)


def test_a_quorum_is_proved_by_the_signatures_of_its_persons(
    ops: CommandLine, owner: ControlPlane, project: Project, release: Release, tmp_path: Path
) -> None:
    """On a machine that has nothing but the bundle; without one of the signatures the gate is named."""
    for name in ("ana", "ben", "dev"):
        person(ops, tmp_path, name)
    sign(ops, "ana")
    [gate] = [each for each in owner.gates.list(release.id) if each.gate_code == "G2"]
    assert gate.status == "pending"
    with pytest.raises(Forbidden, match="no key in force"):
        owner.gates.sign_off(
            release.id, gate_code="G2", decision="approved", approver_id="ben",
            signature=owner.gates.decisions(gate.gate_id)[0]["signature"],
        )  # fmt: skip
    with pytest.raises(Forbidden, match="made this release"):
        owner.gates.sign_off(release.id, gate_code="G2", decision="approved", approver_id="dev")
    sign(ops, "ben")
    require_signatures(owner, project, release)
    ops("release", "bundle", "shop", "1.0", "--output", "1.0.tar")
    verdict = ops.json("release", "verify", "1.0.tar")
    assert (verdict["is_intact"], verdict["quorums"]) == (True, {"G2": True})
    parts = unpack((tmp_path / "1.0.tar").read_bytes())
    assert len(json.loads(parts[APPROVERS])) == 2
    envelope = json.loads(parts[approval_part("G2", 1)])
    assert len(envelope["signatures"]) == 2
    envelope["signatures"].pop()
    parts[approval_part("G2", 1)] = json.dumps(envelope).encode()
    (tmp_path / "less.tar").write_bytes(b"".join(pack(parts)))
    verdict = json.loads(ops("release", "verify", "less.tar", "--json", status=1).stdout)
    assert verdict["quorums"] == {"G2": False}
    assert "proves no quorum by its signatures" in {fault["reason"] for fault in verdict["faults"]}


def test_a_signature_that_is_not_true_is_found_before_a_promotion(
    ops: CommandLine, owner: ControlPlane, project: Project, release: Release, tmp_path: Path
) -> None:
    """The record cannot compute it: who writes past the command line is found by the promotion."""
    for name in ("ana", "ben"):
        person(ops, tmp_path, name)
    sign(ops, "ana")
    [gate] = [each for each in owner.gates.list(release.id) if each.gate_code == "G2"]
    envelope = owner.gates.decisions(gate.gate_id)[0]["signature"]
    ben = next(key for key in owner.people.signing_keys() if key.public_key == (tmp_path / "ben.pub").read_text())
    forged = envelope | {"signatures": [{"keyid": ben.key_id, "sig": envelope["signatures"][0]["sig"]}]}
    owner.gates.sign_off(release.id, gate_code="G2", decision="approved", approver_id="ben", signature=forged)
    assert next(each for each in owner.gates.list(release.id) if each.gate_code == "G2").status == "passed"
    with pytest.raises(StepFailed, match=r"G2 of release 1\.0 is not proved by 2 true signature"):
        require_signatures(owner, project, replace(release))


def test_a_withdrawn_key_signs_nothing_any_more(
    ops: CommandLine, owner: ControlPlane, release: Release, tmp_path: Path
) -> None:
    """The command says so."""
    assert release
    key_id = person(ops, tmp_path, "ana")
    ops("person", "key", "revoke", key_id)
    [row] = ops.json("person", "key", "list")
    assert (row["person"], row["revoked_at"] is not None) == ("ana", True)
    with pytest.raises(Forbidden, match="no key in force"):
        sign(ops, "ana")
    assert owner.gates.list(release.id)[1].status == "pending"
