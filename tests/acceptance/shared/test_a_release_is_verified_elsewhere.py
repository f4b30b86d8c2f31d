"""A real build's release becomes one file, which is verified where there is nothing of the platform."""

from __future__ import annotations

import json
import os
import subprocess
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from odooops_dagster.tools.bundle.archive import pack, unpack
from tests.acceptance.conftest import make_project
from tests.acceptance.platform import OPS, Platform
from tests.acceptance.repository import Repository

pytestmark = [pytest.mark.odoo, pytest.mark.stack, pytest.mark.timeout(1800)]

SLUG = "bundled"
MANIFEST = "{'name': 'Bundled', 'version': '19.0.1.0.0', 'depends': ['web'], 'license': 'LGPL-3'}\n"


def test_the_release_of_a_build_is_verified_without_the_platform(
    running: Platform, repository: Repository, tmp_path: Path
) -> None:
    """It states Odoo, its packages, the addon and the run that built them; a changed word in it is found."""
    repository.write("addons/bundled/__manifest__.py", MANIFEST)
    repository.write("addons/bundled/__init__.py", "")
    sha = repository.push("main")
    make_project(running, SLUG, repository)
    build = running.ended(running.run_of(SLUG, sha, kind="build"))
    assert build.status == "succeeded", running.said(build)
    [release] = running.ask("release", "list", SLUG)
    file, key = tmp_path / "bundle.tar", tmp_path / "key.pem"
    assert running.ask("release", "bundle", SLUG, release["version"], "--output", str(file))["left_out"] == []
    key.write_text(running.ops("release", "key").stdout)

    parts = unpack(file.read_bytes())
    provenance, bill = stated(parts, "provenance"), stated(parts, "sbom")
    commits = {
        each.get("digest", {}).get("gitCommit") for each in provenance["buildDefinition"]["resolvedDependencies"]
    }
    assert sha in commits
    names = {each["name"] for each in bill["components"]}
    assert {"odoo", "bundled", "lxml", "werkzeug"} <= names

    assert verified(file, key).returncode == 0
    parts["record.json"] = parts["record.json"].replace(b"bundled", b"bungled")
    file.write_bytes(b"".join(pack(parts)))
    changed = verified(file, key)
    assert changed.returncode == 1
    assert "record.json" in changed.stdout


def stated(parts: dict[str, bytes], name: str) -> dict[str, Any]:
    """Return what a signed part states."""
    statement = json.loads(b64decode(json.loads(parts[f"statements/{name}.json"])["payload"]))
    found: dict[str, Any] = statement["predicate"]
    return found


def verified(file: Path, key: Path) -> subprocess.CompletedProcess[str]:
    """Verify the bundle without a state folder or an address of anything."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("ODOOOPS_", "PG"))}
    command = [str(OPS), "release", "verify", str(file), "--key", str(key)]
    return subprocess.run(
        command, env=env | {"ODOOOPS_HOME": "/nowhere/odooops"}, capture_output=True, text=True, check=False
    )
