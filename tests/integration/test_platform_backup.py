"""The platform itself is backed up, proved and brought back: record, roles, Dagster's storage, secrets."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from pydantic import SecretStr

from odooops_dagster.control import ControlPlane
from odooops_dagster.control.migrate import migrate
from odooops_dagster.errors import BadInput, Conflict, NotFound, OdooOpsError
from odooops_dagster.home import CONTROL_DATABASE, DAGSTER_DATABASE, OPERATOR, WORKER, StateEntry, secret_file
from odooops_dagster.local.clusters import CONTROL
from odooops_dagster.local.installation import installation_id
from odooops_dagster.local.postgres import EmbeddedPostgres, embedded_url
from odooops_dagster.local.recovery import fill
from odooops_dagster.local.recovery.backup import back_up
from odooops_dagster.local.recovery.exchange import finish_restore
from odooops_dagster.local.recovery.found import Found, record_found
from odooops_dagster.local.recovery.kept import PlatformBackups
from odooops_dagster.local.recovery.key import make_key, sealer_of
from odooops_dagster.local.recovery.restore import Restored, restore
from odooops_dagster.local.recovery.sources import Url
from odooops_dagster.local.recovery.verify import prove
from odooops_dagster.local.secrets import write_secret
from odooops_dagster.local.state_folder import open_state_folder
from odooops_dagster.model import Fence
from odooops_dagster.settings import Settings
from odooops_dagster.steps.upkeep import platform_backup
from odooops_dagster.steps.upkeep.platform_backup import back_platform_up
from odooops_dagster.tools.backup.dump import Snapshot
from odooops_dagster.tools.backup.encryption import new_key
from odooops_dagster.tools.backup.manifest import Manifest
from odooops_dagster.tools.backup.repositories import repository_of
from odooops_dagster.tools.backup.repository import Damaged
from odooops_dagster.tools.backup.retention import Policy
from odooops_dagster.tools.store import FolderStore
from tests.former import DAGSTER
from tests.servers import memory_disk, state_folder

pytestmark = pytest.mark.timeout(300)

TOKEN = "token-of-the-forge-that-nobody-may-read"
PERSON = """
create role grace login password 'of grace' in role qa_tester valid until '2199-01-01';
alter role grace set search_path = ops, "$user", "an odd, name";
alter database odooops set work_mem = '9MB';
create role heidi login password 'of heidi' in role qa_tester;
"""
KEYS = """
select ops.create_event_key('used by CI', 'ci_service_role', '{build_complete}', now() + interval '9 days');
select ops.create_event_key('lost', 'ci_service_role', '{build_complete}', now() + interval '9 days');
insert into ops.project_memberships (project_id, user_id, role)
select p.id, gen_random_uuid(), r.role::ops.membership_role
from ops.projects as p, unnest(array['owner', 'admin', 'developer']) as r (role);
"""
REVOKE = """
select ops.revoke_event_key(prefix) from ops.event_keys where name = 'lost';
delete from ops.project_memberships where role = 'developer';
update ops.project_memberships set role = 'viewer' where role = 'admin';
drop role heidi;
"""
TAKE_NUMBERS = "select nextval(pg_get_serial_sequence('ops.run_events', 'id')) from generate_series(1, 9) offset 8"
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A platform that was backed up, and its backups."""

    home: Path
    key: Path
    store: Path
    runs: dict[str, UUID]

    @property
    def backups(self) -> PlatformBackups:
        """Return the backups as who has the key sees them."""
        return self.of(None)

    def of(self, platform: UUID | None) -> PlatformBackups:
        """Return the backups as one platform sees them."""
        sealer = sealer_of(Settings(home=self.home), self.key)
        return PlatformBackups(FolderStore(self.store), sealer, platform=platform)


def fill_platform(home: Path) -> dict[str, UUID]:
    """Make a record with a run in each unfinished state, an environment that serves, a person, secrets."""
    server = EmbeddedPostgres(home, CONTROL, durable=False)
    server.start()
    migrate(server.url(CONTROL_DATABASE))
    with psycopg.connect(server.url("postgres")) as connection:
        connection.execute(PERSON.encode())
    with psycopg.connect(server.url(DAGSTER_DATABASE, DAGSTER_DATABASE)) as connection:
        connection.execute(DAGSTER.encode())
    runs = {}
    with (
        ControlPlane(server.url(CONTROL_DATABASE, OPERATOR)) as control,
        ControlPlane(server.url(CONTROL_DATABASE, WORKER)) as worker,
    ):
        project = control.projects.create("shop", repo_url="https://x.example/a.git", odoo_version="19.0")
        for name in ("running", "claimed", "queued"):
            runs[name] = control.runs.queue(project.id, env=f"feature/{name}", git_sha="a" * 40, ref="refs/heads/a")
            if name != "queued":
                [run] = worker.runs.claim("a worker")
                if name == "running":
                    worker.runs.start(Fence(run_id=run.id, attempt=run.attempt, worker_id="a worker"))
    with psycopg.connect(server.url(CONTROL_DATABASE)) as connection:
        connection.execute(KEYS.encode())
    write_secret(home, secret_file(home, "forges/shop"), TOKEN)
    write_secret(home, secret_file(home, "webhooks/shop"), "of before")
    write_secret(home, secret_file(home, "deploy-keys/shop"), "a key")
    installation_id(home)
    server.stop()
    return runs


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """Yield a platform with one proved backup; nothing of it runs."""
    folder = tmp_path_factory.mktemp("platform")
    with state_folder("platform", parent=memory_disk()) as home:
        open_state_folder(home)
        found = Kept(home=home, key=folder / "key", store=folder / "store", runs=fill_platform(home))
        make_key(found.key)
        made = back_up(Settings(home=home), found.backups, now=NOW)
        prove(home, made, now=NOW)
        yield found


@pytest.fixture
def elsewhere() -> Iterator[Path]:
    """Yield a folder in which nothing was ever started."""
    with state_folder("elsewhere", parent=memory_disk()) as home:
        yield home


@contextmanager
def control_server(home: Path) -> Iterator[EmbeddedPostgres]:
    """Run the control plane's server."""
    server = EmbeddedPostgres(home, CONTROL, durable=False)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def bring_back(kept: Kept, home: Path, *, may_replace: bool = False) -> Restored:
    """Restore the newest backup."""
    return restore(Settings(home=home), kept.backups.find(None), may_replace=may_replace)


def assert_whole(kept: Kept, home: Path) -> None:
    """Assert that everything of the backup is in the folder, and that no run is at work or waits."""
    with control_server(home):
        with ControlPlane(embedded_url(home, "worker")) as worker:
            assert worker.runs.claim("another worker", limit=9) == []
        with ControlPlane(embedded_url(home, "operator")) as control:
            runs = {name: control.runs.get(run_id) for name, run_id in kept.runs.items()}
            assert {name: run.status for name, run in runs.items()} == {
                "running": "failed",
                "claimed": "failed",
                "queued": "canceled",
            }
            assert all("restored from its backup" in str(run.error_message) for run in runs.values())
            assert [chain["broken"] for chain in control.audit.verify()] == [[], []]
            assert control.plane.get().restored_at is not None
            assert "platform_restored" in {each.key for each in control.incidents.list()}
        with psycopg.connect(make_conninfo(embedded_url(home, "owner"), user="grace", password="of grace")) as grace:
            [row] = grace.execute("select current_setting('search_path'), current_setting('work_mem')").fetchall()
            assert row == ('ops, "$user", "an odd, name"', "9MB")
        with psycopg.connect(embedded_url(home, "dagster")) as dagster:
            assert dagster.execute("insert into runs (body) values ('') returning id").fetchone() == (501,)
    assert secret_file(home, "forges/shop").read_text() == TOKEN
    assert secret_file(home, "forges/shop").stat().st_mode & 0o777 == 0o600
    assert installation_id(home) == installation_id(kept.home)
    assert not (home / StateEntry.RESTORING).exists()


def test_the_list_says_when_each_was_proved(kept: Kept) -> None:
    """And what a restore ends."""
    [found] = kept.backups.list()
    assert (found.verified_at, found.unfinished_runs, found.home) == (NOW, 3, str(kept.home))


def test_without_the_key_the_store_says_nothing(kept: Kept, tmp_path: Path) -> None:
    """Neither the secrets nor the record stand in it, and another key reads none of it."""
    stored = b"".join(path.read_bytes() for path in kept.store.rglob("*") if path.is_file())
    assert stored
    for secret in (TOKEN, "refs/heads/a", "SCRAM-SHA-256"):
        assert secret.encode() not in stored
    make_key(tmp_path / "other")
    others = PlatformBackups(
        FolderStore(kept.store), sealer_of(Settings(home=kept.home), tmp_path / "other"), platform=None
    )
    with pytest.raises(Conflict, match="another key"):
        others.list()


def test_it_comes_back_on_a_machine_that_has_nothing(kept: Kept, elsewhere: Path) -> None:
    """Databases with roles and rights, secrets, identity; a second time only when asked."""
    done = bring_back(kept, elsewhere)
    assert (done.ended.runs, done.ended.environments) == (3, 3)
    assert {each.branch for each in done.to_rebuild} == {f"feature/{name}" for name in kept.runs}
    assert done.rows > 500
    write_secret(elsewhere, secret_file(elsewhere, "forges/younger"), "made since")
    with pytest.raises(Conflict, match="holds a control plane already"):
        bring_back(kept, elsewhere)
    assert_whole(kept, elsewhere)
    bring_back(kept, elsewhere, may_replace=True)
    assert_whole(kept, elsewhere)
    bring_back(kept, elsewhere, may_replace=True)
    for number in ("1", "2"):
        assert (elsewhere / StateEntry.REPLACED / number / "control" / "data" / "PG_VERSION").exists()
    assert secret_file(elsewhere, "forges/younger").read_text() == "made since"


def found_by(control: ControlPlane, home: Path, *, key: str | None) -> Found:
    """Return what is taken up of a store in which a younger backup, another project's and a stranger's lie."""
    settings = Settings(home=home, backup_key=SecretStr(key) if key else None)
    store = FolderStore(home / ("sealed" if key else "open"))
    repository = repository_of(store, settings, "shop")
    facts: dict[str, str | None] = {
        "project": "shop",
        "environment": "feature/running",
        "stage": "development",
        "odoo_version": "19.0",
    }
    facts |= {"git_sha": "a" * 40, "image_digest": None, "label": None}
    for more in ({}, {"project": "bank"}, {"environment": "main", "stage": "production"}):
        draft = Manifest.draft(
            str(uuid4()), taken_at=NOW - timedelta(days=9), database_name="ops_x", dump_format="custom"
        )
        repository.write_manifest(replace(draft, facts={**facts, **more}))
    if key:
        draft = Manifest.draft(
            str(uuid4()), taken_at=NOW - timedelta(days=9), database_name="ops_x", dump_format="custom"
        )
        repository_of(store, Settings(home=home), "shop").write_manifest(replace(draft, facts=facts))
    return record_found(control, store, settings)


def test_backups_that_only_the_store_knows_are_taken_up_and_held(kept: Kept, elsewhere: Path) -> None:
    """A younger backup is on record again; not another project's, of no environment or not sealed."""
    bring_back(kept, elsewhere)
    with control_server(elsewhere), ControlPlane(embedded_url(elsewhere, "operator")) as control:
        sealed, unsealed = found_by(control, elsewhere, key=new_key()), found_by(control, elsewhere, key=None)
        assert (len(sealed.recorded), len(sealed.refused), sealed.is_sealed) == (1, 3, True), sealed
        assert (len(unsealed.recorded), len(unsealed.refused), unsealed.is_sealed) == (1, 2, False), unsealed
        rows = [control.backups.get(found.recorded[0]) for found in (sealed, unsealed)]
        assert [row.status for row in rows] == ["stored", "stored"]
        assert [row.label for row in rows] == [
            "found in the store",
            "found in the store, not sealed: anybody may have made it",
        ]
        assert all(row.held_at for row in rows)


def test_what_was_revoked_or_rotated_since_stays_so(kept: Kept, elsewhere: Path) -> None:
    """The record that is replaced says what it is; where there is none, an alarm says that everything works again."""
    revived = bring_back(kept, elsewhere)
    assert revived.carried is None
    write_secret(elsewhere, secret_file(elsewhere, "webhooks/shop"), "rotated")
    with control_server(elsewhere) as server:
        with ControlPlane(embedded_url(elsewhere, "operator")) as control:
            assert "revived_keys" in {each.key for each in control.incidents.list()}
        with psycopg.connect(server.url(CONTROL_DATABASE)) as connection:
            connection.execute(REVOKE.encode())
    secret_file(elsewhere, "deploy-keys/shop").unlink()
    done = bring_back(kept, elsewhere, may_replace=True)
    carried = done.carried
    assert (carried.keys, carried.members) == (1, 2) if carried else False
    assert done.withheld == ("secrets/deploy-keys/shop",)
    assert not secret_file(elsewhere, "deploy-keys/shop").exists(), "a key that was removed does not come back"
    assert_whole(kept, elsewhere)
    with control_server(elsewhere) as server:
        with psycopg.connect(server.url(CONTROL_DATABASE)) as connection:
            keys = connection.execute("select name, revoked_at is null from ops.event_keys order by name").fetchall()
            assert keys == [("lost", False), ("used by CI", True)]
            roles = connection.execute("select role::text from ops.project_memberships order by role").fetchall()
            assert roles == [("owner",), ("viewer",)]
        with pytest.raises(psycopg.OperationalError, match=r"password authentication failed|not permitted to log in"):
            psycopg.connect(make_conninfo(embedded_url(elsewhere, "owner"), user="heidi", password="of heidi"))
    assert secret_file(elsewhere, "webhooks/shop").read_text() == "rotated"


def test_an_older_record_takes_nothing_from_a_newer_one(kept: Kept, elsewhere: Path, tmp_path: Path) -> None:
    """After a restore of the wrong backup the right one comes whole: what it has more was never taken away."""
    copy = Kept(home=kept.home, key=kept.key, store=tmp_path / "store", runs=kept.runs)
    subprocess.run(["cp", "-a", str(kept.store), str(copy.store)], check=True)
    with control_server(kept.home) as server, psycopg.connect(server.url(CONTROL_DATABASE)) as connection:
        connection.execute(KEYS.split(";", maxsplit=1)[0].replace("used by CI", "made since").encode())
    write_secret(kept.home, secret_file(kept.home, "forges/since"), "made since")
    back_up(Settings(home=kept.home), copy.backups, now=NOW + timedelta(minutes=1))
    bring_back(kept, elsewhere)
    with control_server(elsewhere):
        pass
    done = bring_back(copy, elsewhere, may_replace=True)
    assert (done.carried, done.withheld) == (None, ())
    assert secret_file(elsewhere, "forges/since").read_text() == "made since"
    with control_server(elsewhere) as server, psycopg.connect(server.url(CONTROL_DATABASE)) as connection:
        found = connection.execute("select name from ops.event_keys where revoked_at is null order by name").fetchall()
        assert found == [("lost",), ("made since",), ("used by CI",)]
        [(told,)] = connection.execute("select description from ops.incidents where key = 'revived_keys'").fetchall()
    assert "is older than the backup" in told
    again = bring_back(copy, elsewhere, may_replace=True)
    assert again.carried is not None, "the record in place is of this backup, and knows what was taken away since"


HERE = "odooops_dagster.local.recovery"
POINTS = [
    (f"{HERE}.fill:_compare", "after"),
    (f"{HERE}.exchange:write_whole", "after"),
    (f"{HERE}.exchange:sync_folder", "before"),
]


@pytest.mark.parametrize(("point", "when"), POINTS)
def test_killed_anywhere_a_restore_is_nothing_or_whole(kept: Kept, elsewhere: Path, point: str, when: str) -> None:
    """Before its file `ready` the folder has no control plane; after it the next start ends what was begun."""
    argv = [sys.executable, "-m", "tests.integration.platform_restore_child"]
    argv += [str(elsewhere), str(kept.store), str(kept.key), point, when]
    killed = subprocess.run(argv, check=False, capture_output=True, text=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    if not finish_restore(elsewhere):
        assert not (elsewhere / "control" / "data").exists()
        assert not secret_file(elsewhere, "forges/shop").exists()
        bring_back(kept, elsewhere)
    assert_whole(kept, elsewhere)


def test_a_restore_that_is_not_the_same_changes_nothing(
    kept: Kept, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row that is lost on the way is noticed, in a proof as in a restore."""
    pour = fill._pour  # noqa: SLF001 - what the restore itself calls

    def lossy(blocks: Iterator[bytes], url: Url, server: EmbeddedPostgres) -> None:
        pour(blocks, url, server)
        with psycopg.connect(url(DAGSTER_DATABASE if "dagster" in str(url("x")) else CONTROL_DATABASE)) as connection:
            connection.execute("update ops.projects set repo_url = repo_url || '/'")

    monkeypatch.setattr(fill, "_pour", lossy)
    with pytest.raises(Damaged, match=r"differs in ops\.projects"):
        bring_back(kept, elsewhere)
    assert not (elsewhere / "control" / "data").exists()
    with pytest.raises(Damaged, match="is not what was backed up"):
        prove(kept.home, kept.backups.find(None), now=NOW)


def test_a_number_that_is_taken_while_the_dump_is_made_damages_nothing(
    kept: Kept, elsewhere: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sequence is no part of a snapshot: the dump is further than what was written down before it."""
    dump_of, taken = Snapshot.dump, []

    def dump_later(moment: Snapshot) -> AbstractContextManager[BinaryIO]:
        if moment.database == CONTROL_DATABASE:
            with psycopg.connect(embedded_url(kept.home, "owner"), autocommit=True) as owner:
                taken.extend(owner.execute(TAKE_NUMBERS).fetchall())
        return dump_of(moment)

    monkeypatch.setattr(Snapshot, "dump", dump_later)
    copy = Kept(home=kept.home, key=kept.key, store=tmp_path / "store", runs=kept.runs)
    with control_server(kept.home):
        made = back_up(Settings(home=kept.home), copy.backups, now=NOW)
    prove(kept.home, made, now=NOW)
    bring_back(copy, elsewhere)
    with control_server(elsewhere), psycopg.connect(embedded_url(elsewhere, "owner")) as owner:
        [next_ones] = owner.execute(TAKE_NUMBERS).fetchall()
    assert [next_ones] > taken != []


def test_a_sequence_that_would_give_a_number_again_is_named(
    kept: Kept, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A restore whose sequence is behind the backup's is not the same."""
    pour = fill._pour  # noqa: SLF001 - what the restore itself calls

    def forgetful(blocks: Iterator[bytes], url: Url, server: EmbeddedPostgres) -> None:
        pour(blocks, url, server)
        with psycopg.connect(url(CONTROL_DATABASE)) as connection:
            connection.execute("select setval(pg_get_serial_sequence('ops.run_events', 'id'), 1)")

    monkeypatch.setattr(fill, "_pour", forgetful)
    with pytest.raises(Damaged, match=r"differs in ops\.run_events_id_seq"):
        bring_back(kept, elsewhere)


def test_a_damaged_object_is_named(kept: Kept, elsewhere: Path, tmp_path: Path) -> None:
    """A store that lost bytes restores nothing, and says so before the folder is touched."""
    copy = tmp_path / "store"
    subprocess.run(["cp", "-a", str(kept.store), str(copy)], check=True)
    for path in copy.glob("platform/*/record/objects/**/*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:-1])
    backups = PlatformBackups(FolderStore(copy), sealer_of(Settings(home=kept.home), kept.key), platform=None)
    with pytest.raises(OdooOpsError):
        restore(Settings(home=elsewhere), backups.find(None), may_replace=False)
    assert not (elsewhere / "control" / "data").exists()


def test_old_backups_go_and_the_last_proved_one_stays(kept: Kept, tmp_path: Path) -> None:
    """As those of environments: by days, weeks and months; the second one sends little."""
    copy = Kept(home=kept.home, key=kept.key, store=tmp_path / "store", runs=kept.runs)
    subprocess.run(["cp", "-a", str(kept.store), str(copy.store)], check=True)
    made = back_up(Settings(home=kept.home), copy.backups, now=NOW + timedelta(minutes=1))
    first = next(each for each in copy.backups.list() if each.id != made.record.id)
    later = datetime.now(UTC) + timedelta(days=3)
    assert copy.backups.apply_retention(policy=Policy(), now=later) == [], "without an id nothing is anybody's own"
    own = copy.of(made.place.platform)
    assert copy.of(uuid4()).apply_retention(policy=Policy(), now=later) == []
    assert own.apply_retention(policy=Policy(), now=later) == [made.record.id]
    assert [each.id for each in copy.backups.list()] == [first.id]
    prove(kept.home, copy.backups.find(first.id), now=NOW)
    with pytest.raises(NotFound):
        copy.backups.find(made.record.id)


def test_platforms_that_share_a_store_see_their_own(kept: Kept, tmp_path: Path) -> None:
    """Each lists, restores and drops its own; a folder without a platform has to be told which one is meant."""
    copy = Kept(home=kept.home, key=kept.key, store=tmp_path / "store", runs=kept.runs)
    subprocess.run(["cp", "-a", str(kept.store), str(copy.store)], check=True)
    [first] = copy.backups.list()
    ours, theirs = copy.backups.find(None).place, copy.backups.place(uuid4())
    shutil.copytree(copy.store / ours.prefix, copy.store / theirs.prefix)
    theirs.claim()
    with pytest.raises(Damaged, match="was made by platform"):
        copy.of(theirs.platform).list()
    moved = ours.manifests()[0]
    theirs.record.forget(moved.key)
    theirs.record.write_manifest(replace(moved, facts={**moved.facts, "control_plane": str(theirs.platform)}))
    assert [each.platform for each in copy.of(ours.platform).list()] == [first.platform] == [ours.platform]
    assert [each.platform for each in copy.of(theirs.platform).list()] == [theirs.platform]
    with pytest.raises(Conflict, match="more than this platform") as refusal:
        copy.backups.find(None)
    assert "--platform" in str(refusal.value.hint)
    assert copy.of(theirs.platform).find(None).place.platform == theirs.platform
    assert copy.of(uuid4()).list() == []


def test_backups_from_before_there_were_places_come_back(kept: Kept, elsewhere: Path, tmp_path: Path) -> None:
    """They lie directly below `platform/`: no retention drops them, and none is taken for a platform's newest."""
    copy = Kept(home=kept.home, key=kept.key, store=tmp_path / "store", runs=kept.runs)
    ours = kept.backups.find(None)
    shutil.copytree(kept.store / ours.place.prefix, copy.store / "platform")
    former, facts = copy.backups.place(None), dict(ours.record.facts)
    del facts["control_plane"]
    former.record.forget(ours.record.key)
    former.record.write_manifest(replace(ours.record, facts=facts))
    with pytest.raises(Conflict, match="unnamed ones"):
        copy.of(ours.place.platform).find(None)
    assert copy.of(ours.place.platform).find(ours.record.id).place.platform is None
    restore(Settings(home=elsewhere), copy.backups.find(None), may_replace=False)
    assert_whole(copy, elsewhere)


def damaged(*_: object, **__: object) -> None:
    """Fail as a proof does."""
    raise Damaged("the proof fails")


def test_the_running_platform_backs_itself_up(kept: Kept, elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the URLs that its programs get; it is on the record, and none is dropped before the record is confirmed."""
    bring_back(kept, elsewhere)
    with control_server(elsewhere), ControlPlane(embedded_url(elsewhere, "worker")) as control:
        urls = {name: SecretStr(embedded_url(elsewhere, name)) for name in ("worker", "dagster")}
        settings = Settings(home=elsewhere, database_url=urls["worker"], dagster_database_url=urls["dagster"])
        store = FolderStore(elsewhere / "backups")
        backups = PlatformBackups(store, kept.backups.sealer, platform=control.plane.get().id)
        first, second = (back_platform_up(control, settings, lambda: backups) for _ in range(2))
        assert control.plane.get().backed_up_at == second.taken_at
        assert {each.id for each in backups.list()} == {first.id, second.id}
        with ControlPlane(embedded_url(elsewhere, "operator")) as operator:
            operator.plane.confirm(by="ada")
        place = backups.place(backups.platform)
        former = replace(place.manifests()[0], id="never-proved", taken_at=datetime.now(UTC) - timedelta(days=3))
        place.record.write_manifest(former)
        monkeypatch.setattr(platform_backup, "prove", damaged)
        with pytest.raises(Damaged, match="the proof fails"):
            back_platform_up(control, settings, lambda: backups)
        assert "never-proved" not in {each.id for each in backups.list()}, "attempts that never pass do not pile up"
    elsewhere_too = settings.model_copy(update={"database_url": SecretStr("postgresql://db.example/ops")})
    with pytest.raises(BadInput, match="on a server of yours"):
        back_up(elsewhere_too, backups, now=NOW)


def test_no_copy_of_a_secret_is_left_beside(kept: Kept) -> None:
    """What a backup staged is gone, and its key is its owner's alone."""
    assert [path for path in (kept.home / "secrets").iterdir() if path.name.startswith(".")] == []
    assert list((kept.home / "run").glob("proof-*")) == []
    assert kept.key.stat().st_mode & 0o777 == 0o600
    with pytest.raises(Conflict, match="backups may need the key"):
        make_key(kept.key)
