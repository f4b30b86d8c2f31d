"""`ops demo --gates`: a release goes from a push through gates G1 to G4 to production, by the platform's own runs.

People are played, nothing else is: a tester tries the preview and signs with the key of a machine, a release manager
signs in SQL, and each promotion is the run that any other release gets. After each step the view of what may go where
has to say what this step made possible, and no more.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.cli.gate import decide, gate_id_of, prove
from odooops_dagster.doors.cli.ports import owner_plane, store
from odooops_dagster.doors.cli.walkthrough import CUSTOMER, Walk, tell, title
from odooops_dagster.errors import Forbidden, StepFailed

if TYPE_CHECKING:
    from odooops_dagster.model import Project, Run
    from odooops_dagster.model.releases import Deployment, GateCode, Release
    from odooops_dagster.settings import Settings

TESTER = "Tess the tester"
MANAGER = "Rosa the release manager"
ADDON = "partner_visit"


class DryRun(Walk):
    """The steps of a release of the default branch, in the order of the gates."""

    def __init__(self, settings: Settings, control: ControlPlane, *, gateway_url: str) -> None:
        from odooops_dagster.demo import DemoRepository
        from odooops_dagster.home import demo_folder

        super().__init__(settings.home, control, DemoRepository(demo_folder(settings.home) / "dry-run"), slug="dry-run")
        self._gateway_url = gateway_url
        self._store = store(settings)

    def tell(self) -> None:
        """Run all steps in order and print what happens."""
        project = self.make_project()
        self._rules(project)
        title("Production, with a customer and a mail server in it")
        self.production(project)
        self.staging()
        release = self._built(project)
        self._tested(release)
        self._approved(release)
        self._staged(release)
        deployed = self._produced(release)
        self._reconstructed(release, deployed)

    def _rules(self, project: Project) -> None:
        """Ask for all that policy can ask for: two people, and a staging that proved its health."""
        policies = self.control.policies
        policies.set(project.id, policy_type="gates", rules={"g2_g3_distinct": True})
        policies.set(project.id, policy_type="promotion", rules={"release": "gated", "production_requires_g4": True})

    def _built(self, project: Project) -> Release:
        from odooops_dagster.demo import BRANCH

        title(f"G1: git push origin {BRANCH}, then {project.default_branch}: the build of it is a release")
        sha = self.repository.push_next_version()
        self.done(self.run_of(sha))
        self.repository.merge_feature()
        build = self.done(self.run_of(sha, kind="build"))
        release = self._release_of(build)
        tell(f"release:  {release.version} by {release.created_by}, image {release.image_digest[:19]}")
        self._expect(release, passed="G1", missing=("G2", "G3", "G4"))
        return release

    def _tested(self, release: Release) -> None:
        from odooops_dagster.tools.store.addressed import put_addressed

        title(f"G2: {TESTER} tries it in its preview, and a machine tells POST /v1/events")
        proof = put_addressed(self._store, self._try_preview(release), content_type="application/json")
        answer = self._post(release, evidence={"kind": "smoke.json", "s3_url": proof.url, "sha256": proof.sha256})
        tell(f"answer:   {answer['status']}: {answer['message']}")
        self._expect(release, passed="G2", missing=("G3", "G4"))

    def _try_preview(self, release: Release) -> bytes:
        """Record a visit in the preview, and return what was seen there."""
        from odooops_dagster.demo import BRANCH

        preview, office = self.office(BRANCH)
        partner = office.enter("res.partner", firstname="Grace", lastname="Hopper")
        visit = office.enter("partner.visit", partner_id=partner)
        [greeting] = office.look_up("partner.visit", [["id", "=", visit]], "greeting")
        if greeting != "Dear Grace" or preview.deployed_sha not in release.git_shas.values():
            raise StepFailed(f"{preview.url} greets with {greeting!r} at commit {preview.deployed_sha}")
        tell(f"preview:  {preview.url} greets with {greeting!r}")
        return json.dumps({"url": preview.url, "commit": preview.deployed_sha, "greeting": greeting}, indent=1).encode()

    def _post(self, release: Release, *, evidence: Mapping[str, str]) -> dict[str, Any]:
        from odooops_dagster.tools.loopback import loopback_client

        session = uuid4()
        envelope = {
            "schema_version": "1.0",
            "event_type": "gate_signoff",
            "idempotency_key": f"agent/{session}/gate_signoff/G2",
            "source": "agent",
            "occurred_at": datetime.now(UTC).isoformat(),
            "project": self.slug,
            "release": release.version,
            "gate_code": "G2",
            "decision": "approved",
            "approver_id": TESTER,
            "persona_role": "qa_tester",
            "rationale_structured": {"plan": "smoke", "result": "greets by first name"},
            "evidence": [{**evidence, "content_type": "application/json"}],
        }
        with self._tester_key(release.project_id) as key, loopback_client(base_url=self._gateway_url, timeout=60) as at:
            answer = at.post("/v1/events", json=envelope, headers={"Authorization": f"Bearer {key}"})
        if answer.status_code != 200:
            raise StepFailed(f"POST /v1/events answers {answer.status_code}: {answer.text}")
        told: dict[str, Any] = answer.json()
        return told

    @contextmanager
    def _tester_key(self, project_id: UUID) -> Iterator[str]:
        """Yield a key with which a machine signs for the tester, and revoke it."""
        with owner_plane() as owner:
            made = owner.keys.create(
                "dry run",
                persona="qa_tester",
                event_types=["gate_signoff"],
                expires_at=datetime.now(UTC) + timedelta(hours=1),
                project_id=project_id,
                approver_id=TESTER,
                created_by=TESTER,
            )
        try:
            yield made.key
        finally:
            with owner_plane() as owner:
                [prefix] = [key.prefix for key in owner.keys.list(project_id) if key.key_id == made.key_id]
                owner.keys.revoke(prefix, revoked_by=TESTER)

    def _approved(self, release: Release) -> None:
        title(f"G3: {MANAGER} reads what changed, and signs; the author cannot")
        with owner_plane() as owner, tempfile.TemporaryDirectory(prefix="odooops-dry-run-") as folder:
            try:
                decide(owner, release, "G3", "approved", approver_id=release.created_by, why="mine")
            except Forbidden as exc:
                tell(f"refused:  {exc}")
            else:
                raise StepFailed(f"{release.created_by} made release {release.version} and approved it")
            changes = Path(folder) / "changes.txt"
            changes.write_text(self.repository.changes())
            decide(owner, release, "G3", "approved", approver_id=MANAGER, why="one version, no data changes")
            prove(owner, self._store, gate_id_of(owner, release, "G3"), changes)
        self._expect(release, passed="G3", missing=("G4",))

    def _staged(self, release: Release) -> None:
        from odooops_dagster.demo import RELEASE

        title(f"Staging, and G4: ops promote {self.slug} --release {release.version} --to staging")
        deployment = self._promoted(release, "staging")
        tell(f"deployed: {RELEASE}, {deployment.status}, health {deployment.g4_status}")
        self._expect(release, passed="G4")

    def _produced(self, release: Release) -> Deployment:
        from odooops_dagster.demo import NEXT_VERSION

        title(f"Production: ops promote {self.slug} --release {release.version}")
        deployment = self._promoted(release, "production")
        production, office = self.office("production")
        people = office.look_up("res.partner", [["name", "=", CUSTOMER]], "name")
        versions = office.look_up("ir.module.module", [["name", "=", ADDON]], "latest_version")
        if not people or versions != [NEXT_VERSION]:
            raise StepFailed(f"{production.url} has {people} and version {versions} of {ADDON}")
        tell(f"deployed: {production.url} has version {versions[0]} of {ADDON}, and {people[0]} is still there")
        tell(f"way back: backup {deployment.backup_id}")
        return deployment

    def _promoted(self, release: Release, target: str) -> Deployment:
        asked = self.control.deployments.promote(release.id, target_env=target, requested_by=MANAGER)
        self.done(self.control.runs.get(UUID(str(asked.run_id))))
        deployment = self.control.deployments.get(asked.id)
        if (deployment.status, deployment.g4_status) != ("succeeded", "passed"):
            raise StepFailed(f"the deployment to {target} {deployment.status}, its health {deployment.g4_status}")
        return deployment

    def _release_of(self, build: Run) -> Release:
        """Return the release that the platform made of the run's build."""
        for release in self.control.releases.list(build.project_id):
            if release.git_ref == build.git_ref and build.git_sha in release.git_shas.values():
                return release
        raise StepFailed(f"run #{build.run_number} made no release")

    def _expect(self, release: Release, *, passed: GateCode, missing: Sequence[str] = ()) -> None:
        """Raise unless the gate passed, staging is open, and production lacks exactly what is named."""
        may_go = self.control.releases.eligibility(release.id)
        gates = {gate.gate_code: gate.status for gate in self.control.gates.list(release.id)}
        asked = self.control.releases.explain(release.id, target_env="production")
        unmet = [each.requirement for each in asked if not each.is_met]
        stands = (gates[passed], may_go["eligible_for_staging"], may_go["eligible_for_production"], sorted(unmet))
        if stands != ("passed", True, not missing, sorted(missing)):
            raise StepFailed(f"after {passed}: {gates}, {may_go}, missing: {unmet}")
        tell(f"gates:    {', '.join(f'{code} {status}' for code, status in gates.items())}")
        tell(f"may go:   staging yes, production {'no, without ' + ', '.join(unmet) if unmet else 'yes'}")

    def _reconstructed(self, release: Release, deployment: Deployment) -> None:
        """Tell the whole chain again, from the record alone."""
        title("What is on record, by schema ops alone")
        for row in self.control.gates.summary(release.id):
            by = f" by {', '.join(row['approvers'])}" if row["approvers"] else ""
            tell(f"{row['gate_code']}:       {row['status']}{by}, {row['evidence_count']} piece(s) of evidence")
        gaps = {row["gate_code"]: row["gaps"] for row in self.control.gates.completeness(release.id) if row["gaps"]}
        told = self.control.events.list(release.project_id, release_id=release.id)
        refused = [row["id"] for row in told if row["processing_status"] == "rejected"]
        status = self.control.releases.by_id(release.id).status
        broken = [chain for chain in self.control.audit.verify(release.project_id) if chain["broken"]]
        if gaps or status != "released" or broken:
            raise StepFailed(f"release {release.version} is {status}; evidence is missing: {gaps}; broken: {broken}")
        tell(f"release:  {release.version} is {status}; every claim has its evidence; the chains are whole")
        tell(f"events:   {len(told) - len(refused)} accepted, {len(refused)} refused, all in the log")
        tell(f"next:     ops lineage show {self.slug} production; ops audit export {self.slug}")
        tell(f"deployed: {deployment.id} of {deployment.created_at:%Y-%m-%d %H:%M %Z}")
