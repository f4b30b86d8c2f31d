"""The mirror of the backups: whole, proved, collected, and enough to restore from when the first store is lost."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import BadInput
from odooops_dagster.model import Backup
from odooops_dagster.settings import Settings
from odooops_dagster.tools.backup.repositories import manifest_key, repository_of
from odooops_dagster.tools.backup.repository import Repository
from odooops_dagster.tools.store import FolderStore
from odooops_dagster.tools.store.configured import mirror_store_of
from schedules.backup_mirror import backup_mirror
from tests.dagster.maintenance import carry_out, said
from tests.dagster.recoveries import Recovery, recovery
from tests.servers import PostgresServer


class Mirrored:
    """A production, and the second store of its backups."""

    def __init__(self, production: Recovery, root: Path, instance: dg.DagsterInstance) -> None:
        self.instance = instance
        self.production = production
        self.shop = production.shop
        self.root = root
        self.settings = production.shop.settings.model_copy(update={"mirror_url": root.as_uri()})

    def asked(self) -> str:
        """Evaluate the schedule, and return the job that it requests, or why it requests none."""
        context = dg.build_schedule_context(instance=self.instance)
        answer = backup_mirror(context, control=self.shop.control, settings=self.settings)
        assert isinstance(answer, dg.RunRequest | dg.SkipReason)
        return str(answer.job_name if isinstance(answer, dg.RunRequest) else answer.skip_message)

    def turn(self) -> list[str]:
        """Let the job do a turn, and return its lines; the last is why it failed, if it did."""
        done = carry_out(
            self.instance,
            "backup_mirror",
            control=self.shop.control,
            store=self.shop.store,
            settings=self.settings,
        )
        failure = [str(each.event_specific_data) for each in done.all_events if each.is_step_failure]
        return [*said(self.instance, done), *failure]

    def repository(self) -> Repository:
        """Return the mirror's repository."""
        return repository_of(FolderStore(self.root), self.settings, self.shop.project.slug)

    def row(self, backup: Backup) -> Backup:
        """Return the backup as the record has it now."""
        return self.shop.control.backups.get(backup.id)


@pytest.fixture
def mirrored(control: ControlPlane, postgres_server: PostgresServer, tmp_path: Path) -> Iterator[Mirrored]:
    """A production that serves, with an empty mirror."""
    with recovery(control, postgres_server, tmp_path / "home") as made:
        made.serve()
        with dg.DagsterInstance.local_temp() as instance:
            yield Mirrored(made, tmp_path / "mirror", instance)


def test_a_verified_backup_is_in_both_stores(mirrored: Mirrored) -> None:
    """The schedule asks for it once, and the mirror has every object and the manifest."""
    assert mirrored.asked() == "backup_mirror: nothing is due"
    backup = mirrored.shop.back_up()
    assert mirrored.asked() == "backup_mirror"
    assert "1 backup(s) mirrored" in mirrored.turn()[-1]
    now = mirrored.row(backup)
    assert (now.mirror_url, now.mirrored_at is not None) == (mirrored.root.as_uri(), True)
    first = repository_of(mirrored.shop.store, mirrored.settings, mirrored.shop.project.slug)
    assert mirrored.repository().sizes() == first.sizes()
    assert mirrored.repository().manifests() == first.manifests()
    assert mirrored.asked() == "backup_mirror: nothing is due"


def test_a_production_is_restored_though_its_store_is_lost(mirrored: Mirrored) -> None:
    """Also where the store lost one object only; the run's log says what came from the mirror."""
    backup = mirrored.shop.back_up()
    mirrored.turn()
    mirrored.shop.data.execute("delete from sale_order where id > 1000")
    shutil.rmtree(mirrored.shop.settings.home / "store" / "backups")
    restored = mirrored.production.shop.control.backups.restore(
        backup.id, target_env=mirrored.production.environment.name
    )
    ran = mirrored.production.execute(mirrored.shop.claim(), mirror_url=mirrored.settings.mirror_url)
    done = mirrored.shop.control.backups.get_restore(restored.id)
    assert (done.status, done.error_message) == ("succeeded", None)
    assert mirrored.production.orders() == 2000
    assert any("comes from the mirror" in line for line in said(mirrored.shop.instance, ran))


def test_what_is_dropped_leaves_the_mirror_too(mirrored: Mirrored) -> None:
    """And nothing that another backup needs."""
    old, new = mirrored.shop.back_up(), mirrored.shop.back_up()
    mirrored.turn()
    mirrored.shop.control.backups.drop(old.id, reason="not needed")
    assert mirrored.asked() == "backup_mirror"
    mirrored.turn()
    [key] = mirrored.repository().manifests()
    assert key.endswith(str(new.id))
    needed = {piece.key for piece in mirrored.repository().manifest(key).objects.values()}
    assert set(mirrored.repository().sizes()) == needed
    assert mirrored.asked() == "backup_mirror: nothing is due"


def test_a_mirror_that_does_not_read_back_is_no_mirror(mirrored: Mirrored, monkeypatch: pytest.MonkeyPatch) -> None:
    """The job fails with the reason, the record says nothing, and the next turn copies what was broken again."""
    backup = mirrored.shop.back_up()
    put = FolderStore.put

    def spoils(self: FolderStore, key: str, source: bytes, **how: str) -> object:
        if "/objects/" in key and isinstance(source, bytes):
            source = source[:-1] + bytes([source[-1] ^ 1])
        return put(self, key, source, **how)

    with monkeypatch.context() as broken:
        broken.setattr(FolderStore, "put", spoils)
        assert "the mirror does not hold what was written" in " ".join(mirrored.turn())
    assert mirrored.row(backup).mirrored_at is None
    assert "failed; the next is at" in mirrored.asked(), "not ten minutes later again"
    assert "1 backup(s) mirrored" in mirrored.turn()[-1]


def test_a_mirror_that_is_behind_raises_an_alarm(mirrored: Mirrored, control: ControlPlane) -> None:
    """It ends when the mirror has caught up, and when nobody wants a mirror any more."""
    mirrored.shop.back_up()
    url, later = mirrored.settings.mirror_url, datetime.now(UTC) + timedelta(days=2)
    assert control.clocks.watch_mirrors(datetime.now(UTC), mirror_url=url) == []
    title = f"The mirror of the backups of {mirrored.production.environment.partition_key} is behind"
    assert control.clocks.watch_mirrors(later, mirror_url=url) == [f"incident: {title}"]
    assert control.clocks.watch_mirrors(later, mirror_url=url) == []
    mirrored.turn()
    assert control.clocks.watch_mirrors(datetime.now(UTC), mirror_url=url) == [f"resolved: {title}"]
    assert control.clocks.watch_mirrors(later, mirror_url=url) == [f"incident: {title}"]
    assert control.clocks.watch_mirrors(later, mirror_url="") == [f"resolved: {title}"]


def test_without_a_mirror_nothing_happens(mirrored: Mirrored) -> None:
    """The schedule says how to name one."""
    mirrored.shop.back_up()
    mirrored.settings = mirrored.shop.settings
    assert mirrored.asked() == "there is no mirror: ODOOOPS_MIRROR_URL names none"
    assert mirrored.turn() == ["there is no mirror: ODOOOPS_MIRROR_URL names none"]


def test_a_store_cannot_be_its_own_mirror(mirrored: Mirrored, tmp_path: Path) -> None:
    """By whatever name, and nothing in it is touched."""
    backup = mirrored.shop.back_up()
    (tmp_path / "link").symlink_to(mirrored.shop.settings.home / "store")
    before = [found.key for found in mirrored.shop.store.list()]
    mirrored.settings = mirrored.settings.model_copy(update={"mirror_url": (tmp_path / "link").as_uri()})
    assert "names the store of the backups itself" in " ".join(mirrored.turn())
    assert (mirrored.row(backup).mirror_url, [found.key for found in mirrored.shop.store.list()]) == (None, before)


@pytest.mark.parametrize("url", ["s3://key:secret@bucket/x", "file:///x?token=secret", "s3://bucket/x#y"])
def test_an_address_that_may_hold_a_secret_is_refused(url: str) -> None:
    """Members read the address of the mirror; the refusal does not quote it."""
    with pytest.raises(BadInput, match="a store's address has no") as refused:
        mirror_store_of(Settings(mirror_url=url))
    assert "secret" not in str(refused.value)


def test_damage_in_the_first_store_is_mended_from_the_mirror(mirrored: Mirrored) -> None:
    """Backups that share the object stay verified, and the mirror loses none of them."""
    old = mirrored.shop.back_up()
    mirrored.turn()
    shop = replace(mirrored.shop, settings=mirrored.settings)
    shop.spoil(mirrored.row(old))
    new = shop.back_up()
    assert [mirrored.row(each).status for each in (old, new)] == ["verified", "verified"]
    first = repository_of(mirrored.shop.store, mirrored.settings, mirrored.shop.project.slug)
    for backup in (old, new):
        manifest = first.manifest(str(manifest_key(backup)))
        assert all(first.read(name, manifest.objects) for name in manifest.objects)


@pytest.mark.parametrize("way", ["flipped", "another", "gone"])
def test_a_manifest_that_the_store_spoilt_comes_from_the_mirror(mirrored: Mirrored, way: str) -> None:
    """It is unreadable, of another backup's content, or not there."""
    backup = mirrored.shop.back_up()
    mirrored.turn()
    key = f"backups/{mirrored.shop.project.slug}/{manifest_key(backup)}"
    whole = mirrored.shop.store.get(key)
    if way == "gone":
        mirrored.shop.store.delete(key)
    else:
        spoilt = whole.replace(b'"19.0"', b'"18.0"') if way == "another" else b"\0" + whole[1:]
        mirrored.shop.store.put(key, spoilt)
    asked = mirrored.shop.control.backups.restore(backup.id, target_env=mirrored.production.environment.name)
    mirrored.production.execute(mirrored.shop.claim(), mirror_url=mirrored.settings.mirror_url)
    done = mirrored.shop.control.backups.get_restore(asked.id)
    assert (done.status, done.error_message) == ("succeeded", None)


def test_a_mirror_that_lost_backups_gets_them_again_and_an_empty_one_is_doubted(mirrored: Mirrored) -> None:
    """A disk that is not mounted shows an empty folder."""
    lost, kept = mirrored.shop.back_up(), mirrored.shop.back_up()
    mirrored.turn()
    mirrored.repository().forget(str(manifest_key(lost)))
    lines = mirrored.turn()
    assert any(f"backup {lost.id} is no longer in the mirror" in line for line in lines)
    assert len(mirrored.repository().manifests()) == 2
    mirrored.root.rename(mirrored.root.with_name("unmounted"))
    assert "the mirror holds none of the 2 backup(s)" in " ".join(mirrored.turn())
    assert mirrored.row(kept).mirror_url == mirrored.settings.mirror_url
