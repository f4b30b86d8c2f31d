"""A repository of published modules is scaffolded, and its workflow run by a real builder, registry and cosign."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.cli.repo import init
from tests.debian_programs import cosign
from tests.docker_engine import running
from tests.gateways import gateway, owner, world
from tests.image_builder import Builder, package_index
from tests.published import published, syft
from tests.registries import PASSWORD, USER, Registry
from tests.repositories import run_git
from tests.sql.world import World
from tests.workflows.runner import Runner, StepFailed
from tests.workflows.test_lint import ROOT, steps

__all__ = ["gateway", "owner", "world"]

pytestmark = [pytest.mark.docker, pytest.mark.root, pytest.mark.timeout(900)]

WORKFLOW = ROOT / ".github" / "workflows" / "ghcr-build.yml"
ACTION = ROOT / ".github" / "actions" / "post-event"
# OCA's repository `queue` as its branch 19.0 has it, with this module of it.
ORIGIN = "https://github.com/OCA/queue.git"
MODULE = ("queue_job", "19.0.2.4.0.1")
GITHUB = {
    "repository": "OCA/queue", "repository_owner": "OCA", "server_url": "https://github.com", "actor": "ada",
    "token": "t", "run_id": "1", "run_attempt": "1",
}  # fmt: skip
NOT_TO_BE_PROVEN_TWICE = ("List what the image is made of", "Sign the image and its list, and verify both")
REQUIREMENTS = "# generated from manifests external_dependencies\nrequests\n"


@dataclass(frozen=True, kw_only=True)
class Keys:
    """A pair of keys of cosign; `private` is sealed with the password."""

    private: str
    public: Path
    password: str


@pytest.fixture(scope="module")
def builder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Builder]:
    """Yield a builder that has a base named as Odoo's, whose packages come from an index of this machine."""
    with running(Builder) as builder:
        folder = tmp_path_factory.mktemp("index")
        with package_index(folder, builder.address, "requests") as index:
            builder.load_base("odoo:19.0", changes=[f"ENV PIP_INDEX_URL={index} PIP_TRUSTED_HOST={builder.address}"])
            yield builder


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    """Return the organisation's keys."""
    return new_keys(tmp_path_factory.mktemp("keys"))


def new_keys(folder: Path) -> Keys:
    """Make a pair of keys."""
    password = "difference engine"
    argv = [str(cosign()), "generate-key-pair"]
    env = {"PATH": os.defpath, "HOME": str(folder), "COSIGN_PASSWORD": password}
    subprocess.run(argv, cwd=folder, env=env, check=True, capture_output=True)
    return Keys(private=(folder / "cosign.key").read_text(), public=folder / "cosign.pub", password=password)


@dataclass(frozen=True, kw_only=True)
class Push:
    """A job that built, on the machine on which it ran, and its outputs."""

    runner: Runner
    keys: Keys
    image: str
    digest: str


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory, builder: Builder, registry: Registry, keys: Keys) -> Push:
    """Return the first push of the repository, built by all of its workflow."""
    runner = machine(tmp_path_factory.mktemp("first"), builder)
    return Push(runner=runner, keys=keys, **build(runner, registry, keys))


@pytest.fixture
def runner(tmp_path: Path, builder: Builder) -> Runner:
    """Return a machine with the repository, on which nothing was built."""
    return machine(tmp_path, builder)


def machine(folder: Path, builder: Builder) -> Runner:
    """Return a machine of GitHub's with a scaffolded repository of OCA, as far as this one can be that.

    What the actions of others would install is here by another way; the scripts find it under the same names.
    """
    repository, programs = folder / "queue", folder / "programs"
    scaffold(repository)
    programs.mkdir()
    (programs / "cosign").symlink_to(cosign())  # sigstore/cosign-installer
    return Runner(
        workspace=repository, temporary=folder, github=GITHUB | {"sha": run_git(repository, "rev-parse", "HEAD")},
        # docker/setup-buildx-action makes a builder that attaches provenance: this engine is one.
        environment=builder.environment | {"PATH": f"{programs}:{builder.path}"},
        actions={"anchore/sbom-action/download-syft": lambda _given: {"cmd": str(syft())}},
        local={
            "OCA/.github/.github/workflows/ghcr-build.yml": WORKFLOW,
            "OCA/.github/.github/actions/post-event": ACTION,
        },
    )  # fmt: skip


def scaffold(repository: Path) -> None:
    """Make a repository of OCA, write the platform's files into it, and commit everything."""
    name, version = MODULE
    shutil.copytree(published(f"odoo-addon-{name.replace('_', '-')}", version) / name, repository / name)
    (repository / "requirements.txt").write_text(REQUIREMENTS)
    run_git(repository, "init", "--quiet", "--initial-branch=19.0")
    run_git(repository, "remote", "add", "origin", ORIGIN)
    init(repository, yes=True)
    commit(repository)


def commit(repository: Path) -> str:
    """Commit everything, and return the commit."""
    run_git(repository, "add", "--all")
    run_git(repository, "commit", "--quiet", "--message=all")
    return run_git(repository, "rev-parse", "HEAD")


def build(runner: Runner, registry: Registry, keys: Keys) -> dict[str, str]:
    """Run the job `build` of the repository's own workflow, and return its outputs."""
    secrets = {
        "REGISTRY_USER": USER, "REGISTRY_PASSWORD": PASSWORD,
        "COSIGN_KEY": keys.private, "COSIGN_PASSWORD": keys.password,
    }  # fmt: skip
    workflow = runner.workspace / ".github" / "workflows" / "odooops.yml"
    return runner.job(workflow, "build", vars={"ODOOOPS_REGISTRY": registry.host}, secrets=secrets)


def verify(runner: Runner, keys: Keys, image: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Verify an image's signature or attestation as somebody who logged in to the registry."""
    login = ["docker", "login", image.partition("/")[0], "--username", USER, "--password-stdin"]
    env = {"HOME": str(runner.temporary), **runner.environment}
    subprocess.run(login, input=PASSWORD, env=env, check=True, capture_output=True, text=True)
    argv = [str(cosign()), *words, "--key", str(keys.public), "--insecure-ignore-tlog=true", image]
    return subprocess.run(argv, env=env, check=False, capture_output=True, text=True)


def test_the_image_of_a_repository_is_pushed_and_told(
    first: Push, registry: Registry, world: World, owner: ControlPlane, gateway: str
) -> None:
    """Every script of both files runs; the registry has the tags, gate G1 its check, and no log a secret."""
    runner = first.runner
    assert first.image == f"{registry.host}/oca/queue"
    tags = [tag for tag in registry.tags("oca/queue") if not tag.startswith("sha256-")]  # those are cosign's
    assert {runner.github["sha"][:12], "buildcache"} < {*tags}
    assert [tag for tag in tags if re.fullmatch(r"20\d{6}", tag)]
    assert not json.loads(Path(runner.environment["DOCKER_CONFIG"], "config.json").read_text()).get("auths")

    release = "select ops.create_release(%s, '1.0', jsonb_build_object('OCA/queue', %s::text), %s, 'ada')"
    world.value(release, world.project("queue"), runner.github["sha"], first.digest)
    expires = datetime.now(UTC) + timedelta(days=1)
    key = owner.keys.create("ci", persona="ci_service_role", event_types=("build_complete",), expires_at=expires).key
    workflow = runner.workspace / ".github" / "workflows" / "odooops.yml"
    runner.job(
        workflow, "tell", vars={"ODOOOPS_URL": gateway}, secrets={"ODOOOPS_EVENT_KEY": key},
        needs={"build": {"result": "success"}},
    )  # fmt: skip
    [check] = world.rows(
        "select c.name, c.status::text, g.gate_code::text from ops.gate_checks as c"
        " join ops.release_gates as g on g.id = c.gate_id"
    )
    assert check == {"name": "build", "status": "passed", "gate_code": "G1"}
    assert runner.ran == scripts(WORKFLOW) + scripts(ACTION / "action.yml")
    assert [
        secret for secret in (first.keys.private, first.keys.password, PASSWORD, key) if secret in runner.printed
    ] == []


def scripts(file: Path) -> list[str]:
    """Return every script of a workflow or an action."""
    return [step["run"] for step in steps(file) if "run" in step]


def test_others_verify_signature_provenance_and_list(
    first: Push, registry: Registry, keys: Keys, tmp_path: Path
) -> None:
    """By the organisation's key and no other; the provenance names the base, the list what pip installed."""
    image = f"{first.image}@{first.digest}"
    assert verify(first.runner, keys, image, "verify").returncode == 0
    told = verify(first.runner, keys, image, "verify-attestation", "--type", "cyclonedx")
    assert told.returncode == 0, told.stderr
    assert "pkg:pypi/requests@" in b64decode(json.loads(told.stdout)["payload"]).decode()
    [provenance] = attestations(registry, first.digest)
    assert provenance["predicateType"].startswith("https://slsa.dev/provenance/")
    assert "odoo@19.0" in json.dumps(provenance)
    refused = verify(first.runner, new_keys(tmp_path), image, "verify")
    assert refused.returncode != 0
    assert "no matching signatures" in refused.stderr


def attestations(registry: Registry, digest: str) -> list[dict[str, Any]]:
    """Return the statements that the builder pushed beside the image: the signature's digest is over them too."""
    manifest = registry.manifest("oca/queue", registry.index("oca/queue", digest)[1])
    return [json.loads(registry.blob("oca/queue", layer["digest"])) for layer in manifest["layers"]]


def test_a_change_of_code_builds_its_own_layer_alone(
    first: Push, runner: Runner, registry: Registry, keys: Keys
) -> None:
    """On a machine that never built this image: the registry has the layers of the commit before."""
    clean = ["docker", "builder", "prune", "--all", "--force"]
    subprocess.run(clean, env=runner.environment, check=True, capture_output=True)
    (runner.workspace / "queue_job" / "NEW").write_text("new\n")
    runner.github = {**runner.github, "sha": commit(runner.workspace)}
    runner.leave_out = NOT_TO_BE_PROVEN_TWICE
    second = build(runner, registry, keys)
    before, after = (layers(registry, each) for each in (first.digest, second["digest"]))
    assert "Collecting requests" in first.runner.printed
    assert "Collecting requests" not in runner.printed
    assert before[:-1] == after[:-1]
    assert before[-1] != after[-1]


def layers(registry: Registry, digest: str) -> list[str]:
    """Return the digests of an image's layers, the base first."""
    image = registry.manifest("oca/queue", registry.index("oca/queue", digest)[0])
    return [layer["digest"] for layer in image["layers"]]


# In the place of `docker`: what somebody else does while the job runs, or a builder does that is less able.
MOVED = """
docker() {
    command docker "$@"
    if [[ "$1 $2" == "buildx build" ]]; then command docker buildx imagetools create --tag "$MOVED" "$OLD"; fi
}
"""
UNABLE = 'docker() { command docker "${@/mode=max/disabled=true}"; }'


def test_a_tag_that_somebody_moves_meanwhile_fails_the_job(
    first: Push, runner: Runner, registry: Registry, keys: Keys
) -> None:
    """Nothing is signed then."""
    (runner.workspace / "NEW").write_text("new\n")
    (runner.temporary / "env").write_text(MOVED)
    date = f"{first.image}:{datetime.now(UTC):%Y%m%d}"
    told = {"MOVED": date, "OLD": f"{first.image}@{first.digest}", "BASH_ENV": str(runner.temporary / "env")}
    runner.environment = {**runner.environment, **told}
    with pytest.raises(StepFailed, match=f"has {first.digest} under {date}"):
        build(runner, registry, keys)
    assert not [script for script in runner.ran if "cosign sign" in script]


def test_an_image_without_provenance_fails_the_job(runner: Runner, registry: Registry, keys: Keys) -> None:
    """Whatever the reason."""
    (runner.temporary / "env").write_text(UNABLE)
    runner.environment = {**runner.environment, "BASH_ENV": str(runner.temporary / "env")}
    (runner.workspace / "NEW").write_text("another\n")
    with pytest.raises(StepFailed, match="has no provenance"):
        build(runner, registry, keys)


def test_without_the_registrys_password_nothing_is_built(runner: Runner, registry: Registry) -> None:
    """Nor does the registry get GitHub's token instead."""
    workflow = runner.workspace / ".github" / "workflows" / "odooops.yml"
    with pytest.raises(StepFailed, match="no password of the registry"):
        runner.job(workflow, "build", vars={"ODOOOPS_REGISTRY": registry.host}, secrets={})
    assert len(runner.ran) == 3
