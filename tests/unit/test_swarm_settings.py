"""A swarm is asked for by settings alone, and refused where nodes would lack code or files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from odooops_dagster.errors import BadInput, Unavailable
from odooops_dagster.local.containers import containers, docker_runtime
from odooops_dagster.local.programs import programs
from odooops_dagster.model import Sandbox, Service
from odooops_dagster.settings import Settings
from odooops_dagster.tools.runtime.docker import DockerRuntime
from odooops_dagster.tools.runtime.swarm import SwarmRuntime, own_key
from odooops_dagster.tools.runtime.swarm_services import Files, Placement, _words, digest_of


def settings(home: Path, **more: object) -> Settings:
    """Return settings of containers in a swarm."""
    return Settings(
        home=home,
        runtime="docker",
        docker_image="base:1",
        docker_swarm=True,
        docker_engine=f"unix://{home}/no.sock",
        **more,  # type: ignore[arg-type]
    )


def test_settings_choose_the_runtime_and_its_keeper(tmp_path: Path) -> None:
    """The same word `docker` is both."""
    swarm = settings(tmp_path)
    assert isinstance(docker_runtime(swarm), SwarmRuntime)
    assert "odooops_dagster.tools.runtime.swarm" in " ".join(" ".join(each.argv) for each in programs(swarm, []))
    alone = swarm.model_copy(update={"docker_swarm": False})
    assert type(docker_runtime(alone)) is DockerRuntime


def test_a_swarm_without_images_files_or_a_manager_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the platform starts, and each with what to set."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(Unavailable, match="have no code"):
        containers(settings(tmp_path))
    with pytest.raises(Unavailable, match="have no files"):
        containers(settings(tmp_path, image_registry="ghcr.io/acme"))
    with pytest.raises(Unavailable, match="does not answer"):
        containers(settings(tmp_path, image_registry="ghcr.io/acme", swarm_volume="type=nfs;device=:{path}"))


def test_options_of_volumes_may_have_commas_of_their_own() -> None:
    """Semicolons part options then."""
    assert _words("type=none,o=bind,device=/a") == ["type=none", "o=bind", "device=/a"]
    assert _words("type=nfs;o=addr=10.0.0.5,rw;device=:/a") == ["type=nfs", "o=addr=10.0.0.5,rw", "device=:/a"]
    with pytest.raises(BadInput, match="names no options"):
        _words("nfs")


def test_a_service_is_made_anew_when_a_secret_or_its_network_changes(tmp_path: Path) -> None:
    """A rotated password is taken, and its digest tells nothing to who has not the platform's key."""
    box = Sandbox(writable=(tmp_path,), readable=(), mounts={}, home=tmp_path, uid=61004)
    service = Service(
        name="env-1", argv=("odoo",), cwd=tmp_path, port=8069, log_path=tmp_path / "log", sandbox=box,
        socket=tmp_path / "s",
    )  # fmt: skip

    def digest(secret: bytes = b"first", *, encrypted: bool = False, key: bytes = b"key") -> str:
        files = Files(configs={"/code": b"1"}, secrets={"/etc/odoo.conf": secret})
        placement = Placement(volume="type=none,device={path}")
        return digest_of(service, image="i@1", placement=placement, files=files, encrypted=encrypted, key=key)

    assert digest() == digest()
    assert len({digest(), digest(b"rotated"), digest(encrypted=True), digest(key=b"another")}) == 4


def test_a_platform_keeps_the_key_of_its_digests(tmp_path: Path) -> None:
    """For itself alone: without it every service would be made anew at each start."""
    keys = {own_key(tmp_path / "runtime") for _ in "12"}
    assert [len(key) for key in keys] == [32]
    assert (tmp_path / "runtime" / "swarm.key").stat().st_mode & 0o777 == 0o600
