"""State what the record says of a release, in predicates that other tools know; what is not known is not stated."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from odooops_dagster.model import Run
from odooops_dagster.steps.release.bundle_record import JudgedGate, Record
from odooops_dagster.tools.bundle import statements
from odooops_dagster.tools.bundle.statements import canonical, package_url, sha256, statement

# Gate G4 is asked after the deployment: a release without one has not failed it.
_BEFORE_PRODUCTION = ("G1", "G2", "G3")
_PASSES = ("passed", "bypassed")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_DIGEST = re.compile(r"(?:sha256:)?([0-9a-f]{64})")

Named = tuple[str, dict[str, Any]]


def state(record: Record, build: Mapping[str, Any] | None, sbom: Mapping[str, Any] | None) -> Iterator[Named]:
    """Yield the name and the statement of each thing that is known of the release, the summary aside.

    `build` is the build's manifest and `sbom` its bill of materials, None where none is kept.
    """
    run = record.building_run
    if run is not None:
        yield "provenance", _on_image(record, statements.PROVENANCE, _provenance(record, run, build or {}))
    if sbom is not None:
        yield "sbom", _on_image(record, statements.CYCLONEDX, sbom)
    for each in record.gates:
        code = each.gate.gate_code
        if each.checks:
            yield f"tests-{code}", _on_image(record, statements.TEST_RESULT, _tests(each, build or {}))
        if each.gate.evaluated_at is not None:
            yield f"gate-{code}", _on_image(record, statements.VERIFICATION, _verification(record, each))
        for number, decision in enumerate(each.decisions, start=1):
            predicate = _decision(record, each, decision)
            yield f"decision-{code}-{number}", _on_image(record, statements.APPROVAL, predicate)


def summary(record: Record, parts: Mapping[str, bytes]) -> dict[str, Any] | None:
    """Return the summary of all gates, from the signed statements in these parts; None before any gate was judged."""
    judged = [each.gate.evaluated_at for each in record.gates if each.gate.evaluated_at is not None]
    if not judged:
        return None
    is_passed = _is_passed(record)
    levels = [level for each in record.gates for level in _properties(each)]
    predicate = {
        "verifier": {"id": verifier(record)},
        "timeVerified": max(judged),
        "resourceUri": package_url(record.project.slug, record.release.version),
        "policy": _policy([_rules(each) for each in record.gates], "gates"),
        "inputAttestations": [
            {"uri": name, "digest": {"sha256": sha256(data)}} for name, data in sorted(parts.items())
        ],
        "verificationResult": "PASSED" if is_passed else "FAILED",
        "verifiedLevels": levels if is_passed else ["FAILED"],
    }
    return _on_image(record, statements.SUMMARY, predicate)


def index(record: Record, parts: Mapping[str, bytes]) -> dict[str, Any]:
    """Return the statement that names every part by its hash."""
    predicate = {
        "purl": package_url(record.project.slug, record.release.version),
        "packageId": str(record.project.id),
    }
    return statement(statements.RELEASE, predicate, subjects={name: sha256(data) for name, data in parts.items()})


def verifier(record: Record) -> str:
    """Return the URI of this platform: its control plane."""
    return f"urn:uuid:{record.control_plane}"


def _on_image(record: Record, predicate_type: str, predicate: Mapping[str, Any]) -> dict[str, Any]:
    digest = record.release.image_digest.removeprefix("sha256:")
    return statement(predicate_type, predicate, subjects={record.project.slug: digest})


def _provenance(record: Record, run: Run, build: Mapping[str, Any]) -> dict[str, Any]:
    """Return the build as SLSA provenance v1, with commits and digests as its materials."""
    times = {"startedOn": run.started_at, "finishedOn": run.finished_at}
    return {
        "buildDefinition": {
            "buildType": "urn:odooops:build:v1",
            "externalParameters": {
                "repository": record.repository,
                "ref": run.git_ref,
                "odoo": record.project.odoo_version,
            },
            "resolvedDependencies": [*_commits(record), *_made_of(record, build)],
        },
        "runDetails": {
            "builder": {"id": verifier(record)},
            "metadata": {"invocationId": f"urn:uuid:{run.id}"}
            | {name: moment for name, moment in times.items() if moment is not None},
            "byproducts": list(_files_of(record, run)),
        },
    }


def _files_of(record: Record, run: Run) -> Iterator[dict[str, Any]]:
    """Yield the files that the run left: logs, reports, manifests."""
    for found in record.objects:
        for name in found.named:
            if name.get("run") == run.name:
                yield {"name": name["kind"], "digest": {"sha256": found.sha256}}


def _commits(record: Record) -> Iterator[dict[str, Any]]:
    for name, commit in sorted(record.release.git_shas.items()):
        yield {"name": name, "digest": {"gitCommit": commit}}


def _made_of(record: Record, build: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what else the build was made of: Odoo, the Python packages, the settings in force."""
    revision = build.get("odoo_revision")
    if isinstance(revision, str):
        commit = {"digest": {"gitCommit": revision}} if _COMMIT.fullmatch(revision) else {}
        yield {"name": "odoo", "annotations": {"series": build.get("series"), "revision": revision}} | commit
    yield from _resource("python packages", record.release.lock_digest or build.get("python_digest"))
    yield from _settings(build)


def _settings(build: Mapping[str, Any]) -> list[dict[str, Any]]:
    source = build.get("source")
    return _resource("settings in force", source.get("settings_digest") if isinstance(source, Mapping) else None)


def _resource(name: str, digest: object) -> list[dict[str, Any]]:
    """Return the thing with its SHA-256; nothing where that is not known."""
    found = _DIGEST.fullmatch(str(digest))
    return [{"name": name, "digest": {"sha256": found[1]}}] if found else []


def _tests(each: JudgedGate, build: Mapping[str, Any]) -> dict[str, Any]:
    """Return the newest answer to each question of the gate; a skipped one is a warning."""
    newest = {check["name"]: check["status"] for check in each.checks}
    of = {told: sorted(n for n, status in newest.items() if status == told) for told in ("passed", "skipped", "failed")}
    result = "FAILED" if of["failed"] else "WARNED" if of["skipped"] else "PASSED"
    return {
        "result": result,
        "configuration": _settings(build),
        "passedTests": of["passed"],
        "warnedTests": of["skipped"],
        "failedTests": of["failed"],
    }


def _verification(record: Record, each: JudgedGate) -> dict[str, Any]:
    return {
        "verifier": {"id": verifier(record), "policies": [_policy(_rules(each), each.gate.gate_code)]},
        "timeCreated": each.gate.evaluated_at,
        "properties": _properties(each),
    }


def _properties(each: JudgedGate) -> list[str]:
    """Return what holds of the gate; nothing for one that waits or failed."""
    if not each.gate.is_required:
        return [f"ODOOOPS_{each.gate.gate_code}_NOT_REQUIRED"]
    return [f"ODOOOPS_{each.gate.gate_code}_{each.gate.status.upper()}"] if each.gate.status in _PASSES else []


def _rules(each: JudgedGate) -> dict[str, Any]:
    gate = each.gate
    return {
        "gate": gate.gate_code,
        "is_required": gate.is_required,
        "required_checks": sorted(gate.required_checks),
        "quorum": gate.quorum,
        "window_seconds": gate.window_seconds,
    }


def _policy(rules: object, name: str) -> dict[str, Any]:
    """Return the rules as a resource, with the digest of their JSON, sorted and without spaces."""
    return {
        "uri": f"urn:odooops:policy:{name}",
        "digest": {"sha256": sha256(canonical(rules))},
        "annotations": {"rules": rules},
    }


def _decision(record: Record, each: JudgedGate, decision: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "release": package_url(record.project.slug, record.release.version),
        "gate": each.gate.gate_code,
        "decision": decision["decision"],
        "approver": decision["approver_id"],
        "persona": decision["persona_role"],
        "rationale": decision["rationale_structured"],
        "author": record.release.created_by,
        "decidedOn": decision["occurred_at"],
    }


def _is_passed(record: Record) -> bool:
    """Return whether nothing stands against the release in production: its gates, and what became of it."""
    statuses = {each.gate.gate_code: each.gate for each in record.gates}
    before = [statuses[code] for code in _BEFORE_PRODUCTION if code in statuses]
    is_open = any(gate.is_required and gate.status not in _PASSES for gate in before)
    has_failed = any(gate.status == "failed" for gate in statuses.values())
    return not is_open and not has_failed and record.release.status not in ("rolled_back", "withdrawn")
