"""The approvals that people signed, as parts of a bundle; and whether a quorum of signatures proves a gate."""

from __future__ import annotations

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import StepFailed
from odooops_dagster.model import Project
from odooops_dagster.model.releases import Release
from odooops_dagster.steps.release.bundle_record import Record, read_gates
from odooops_dagster.tools.bundle.approvals import merged
from odooops_dagster.tools.bundle.layout import APPROVERS, approval_part
from odooops_dagster.tools.bundle.quorum import Approver, Subject, is_proved
from odooops_dagster.tools.bundle.statements import canonical, package_url


def approvals_of(record: Record) -> dict[str, bytes]:
    """Return the parts: an envelope for each statement that people signed, and the keys of these people."""
    parts = {
        approval_part(each.gate.gate_code, number): canonical(envelope)
        for each in record.gates
        for number, envelope in enumerate(merged(row["signature"] for row in each.signed), start=1)
    }
    if parts:
        parts[APPROVERS] = canonical(
            [
                {"person": key.person_id, "key_id": key.key_id, "public_key": key.public_key, "revoked": key.revoked_at}
                for key in record.keys
            ]
        )
    return parts


def require_signatures(control: ControlPlane, project: Project, release: Release) -> None:
    """Verify the signatures of gates G2 and G3 where policy asks for them; the database cannot compute them.

    Raises:
        StepFailed: a gate that people passed is not proved by the signatures of its quorum.
    """
    if control.policies.get(project.id, policy_type="gates")["signatures"] != "required":
        return
    purl = package_url(project.slug, release.version)
    keys = {key.id: Approver(str(key.person_id), key.public_key) for key in control.people.signing_keys()}
    for each in read_gates(control, release):
        gate = each.gate
        if gate.gate_code not in ("G2", "G3") or not gate.is_required or gate.status != "passed":
            continue
        approvers = [keys[row["key_id"]] for row in each.signed]
        envelopes = [row["signature"] for row in each.signed]
        subject = Subject(gate.gate_code, purl, release.image_digest)
        if not is_proved(envelopes, approvers, subject, quorum=gate.quorum):
            raise StepFailed(
                f"gate {gate.gate_code} of release {release.version} is not proved by {gate.quorum} true signature(s)",
                hint="sign it off again with the keys of its approvers: ops gate sign-off --sign",
            )
