"""`ops audit` and `ops lineage`: the trail is verified and taken out, and things are followed back."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from securesystemslib.signer import CryptoSigner

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import BadInput, NotFound
from odooops_dagster.local.signing_key import signing_key
from odooops_dagster.model import Fence, Run
from odooops_dagster.steps.upkeep.anchor import anchor_record
from odooops_dagster.tools.bundle.checkpoints import signed_checkpoint
from odooops_dagster.tools.bundle.envelopes import public_pem, signer_of
from odooops_dagster.tools.store import FolderStore
from odooops_dagster.tools.store.anchors import AnchorFiles
from tests.command_line import CommandLine

SHA = "a" * 40


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    """Return the store of the platform."""
    return FolderStore(tmp_path / "store")


@pytest.fixture
def ops(operator_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """The command line over the test's database and store."""
    monkeypatch.setenv("ODOOOPS_DATABASE_URL", operator_url)
    monkeypatch.setenv("ODOOOPS_STORE_URL", (tmp_path / "store").as_uri())
    return CommandLine("audit", "lineage")


@pytest.fixture
def run(control: ControlPlane) -> Run:
    """Return a run of release/1.0 that made an image and a deployment of it."""
    project = control.projects.create("shop", repo_url="https://example.com/acme/shop.git", odoo_version="19.0")
    run_id = control.runs.queue(
        project.id, env="release/1.0", git_sha=SHA, ref="refs/heads/release/1.0", trigger="push", requested_by="grace"
    )
    [claimed] = control.runs.claim("w", limit=1)
    fence = Fence(run_id=run_id, attempt=claimed.attempt, worker_id="w")
    control.runs.start(fence)
    control.releases.propose(fence, image_digest="sha256:" + "1" * 64)
    for asset, version, inputs in (
        ("source", SHA, {"git": SHA, "settings": "s" * 64}),
        ("image", "sha256:" + "1" * 64, {"source": SHA}),
        ("deployment", "sha256:1@db", {"image": "sha256:" + "1" * 64}),
    ):
        control.lineage.record(
            fence, asset_key=asset, partition_key=None, code_version="1", data_version=version, inputs=inputs
        )
    control.environments.record_deployment(
        fence, url="http://a/", port=1, database_name="db", image_digest="sha256:1", git_sha=SHA, expires_at=None
    )
    control.runs.complete(fence, exit_code=0)
    return control.runs.get(run_id)


@pytest.mark.usefixtures("run")
def test_an_environment_is_followed_back_to_its_push(ops: CommandLine) -> None:
    """As a tree, as a diagram, and for programs; so is a run."""
    told = ops("lineage", "show", "shop", "release/1.0").stdout.splitlines()
    assert told == [
        "run shop#1  deploy, succeeded",
        "├─ release 1.0-rc.1  candidate, by grace",
        "└─ deployment  sha256:1@db",
        "   └─ image  sha256:111111111111",
        "      └─ source  aaaaaaaaaaaa",
        "         ├─ commit aaaaaaaaaaaa  release/1.0, push by grace",
        "         └─ settings  ssssssssssss",
    ]
    assert ops("lineage", "show", "shop#1").stdout.splitlines() == told
    drawn = ops("lineage", "show", "shop#1", "--mermaid").stdout.splitlines()
    assert drawn[0] == "flowchart LR"
    assert '    n4["image<br/>sha256:111111111111"]' in drawn
    assert "    n4 --> n3" in drawn
    assert ops.json("lineage", "show", "shop#1")["made_of"][0]["name"] == "release 1.0-rc.1"


def test_what_was_never_deployed_has_no_lineage(ops: CommandLine, control: ControlPlane, run: Run) -> None:
    """And the next command is named."""
    control.environments.ensure(run.project_id, branch="feature/a")
    with pytest.raises(NotFound, match="nothing serves shop/feature/a yet"):
        ops("lineage", "show", "shop", "feature/a")
    with pytest.raises(BadInput, match="is no run"):
        ops("lineage", "show", "shop")


@pytest.mark.usefixtures("run")
def test_an_edited_chain_is_named(ops: CommandLine, database: str) -> None:
    """By the run whose events were edited."""
    chains = ops.json("audit", "verify")
    assert [(chain["chain"], chain["broken"]) for chain in chains] == [
        ("events of runs", []), ("checkpoints", []), ("anchors", []),
    ]  # fmt: skip
    assert chains[0]["links"] > 3
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute("set session_replication_role = replica")
        owner.execute("update ops.run_events set message = 'nothing happened' where seq = 2")
    assert "shop#1" in ops("audit", "verify", "shop", status=1).stdout


@pytest.mark.usefixtures("run")
def test_an_exported_trail_shows_every_edit(ops: CommandLine, tmp_path: Path) -> None:
    """Its seal is over every line; an anchor kept elsewhere shows that all of it was rewritten."""
    file = tmp_path / "trail.jsonl"
    made = ops.json("audit", "export", "shop", "--out", str(file))
    assert ops.json("audit", "verify", "--file", str(file), "--anchor", made["seal"])["intact"]
    assert ops.json("audit", "verify", str(file))["faults"] == []
    lines = file.read_text().splitlines()
    assert len(lines) == made["entries"] + 1
    kinds = {line.split('"kind": "')[1].split('"')[0] for line in lines[:-1]}
    assert {"run_event", "release"} <= kinds
    ops("audit", "verify", "--file", str(file), "--anchor", "0" * 64, status=1)
    queued = next(number for number, line in enumerate(lines) if '"queued"' in line)
    edited = [*lines[:queued], lines[queued].replace("queued", "qveved"), *lines[queued + 1 :]]
    file.write_text("\n".join(edited) + "\n")
    assert f"line {queued + 1}, run_event event 1" in ops("audit", "verify", str(file), status=1).stdout
    file.write_text("\n".join(lines[1:]) + "\n")
    ops("audit", "verify", "--file", str(file), status=1)
    file.write_text("")
    ops("audit", "verify", "--file", str(file), status=1)
    assert ops("audit", "export", "shop").stdout.splitlines()[:-1] == lines[:-1]
    with pytest.raises(BadInput, match="cannot be read"):
        ops("audit", "verify", "--file", str(tmp_path / "none"))


# Somebody with the database in hand: no trigger sees it, and the chain of each run is made to fit.
REWRITE = """
set session_replication_role = replica;
do $$
declare
    v_event ops.run_events;
    v_hash bytea := '';
begin
    update ops.run_events set message = 'nothing happened' where seq = 2;
    for v_event in select e.* from ops.run_events as e order by e.seq loop
        update ops.run_events as e
        set prev_hash = v_hash,
            hash = ops.hash_event(v_hash, e.run_id, e.seq, e.attempt, e.event_type, e.message, e.payload, e.created_at)
        where e.run_id = v_event.run_id and e.seq = v_event.seq
        returning hash into v_hash;
    end loop;
    update ops.runs set event_hash = v_hash;
end
$$;
update ops.releases set created_by = 'somebody else';
delete from ops.event_ingest_log where id = (select min(id) from ops.event_ingest_log);
"""


@pytest.fixture
def anchored(control: ControlPlane, run: Run, store: FolderStore) -> AnchorFiles:
    """Return the anchors of a record with a run that ended."""
    environment = control.environments.of_run(run)
    control.events.note(environment, "looked_at", at=datetime.now(UTC), facts={})
    files = AnchorFiles(store, control.plane.get().id)
    assert [anchor.number for anchor in anchor_record(control, files)] == [1]
    return files


def anchors_of(ops: CommandLine, *options: str, status: int = 0) -> list[str]:
    """Return what the anchors find."""
    told = json.loads(ops("audit", "verify", *options, "--json", status=status).stdout)
    [broken] = [chain["broken"] for chain in told if chain["chain"] == "anchors"]
    return sorted(broken)


def test_a_record_that_was_rewritten_to_fit_is_found_by_its_anchors(
    ops: CommandLine, database: str, anchored: AnchorFiles
) -> None:
    """The chains are whole, and each entry that differs is named."""
    assert (anchors_of(ops), anchored.numbers()) == ([], [1])
    with psycopg.connect(database, autocommit=True) as owner:
        count = owner.execute("select count(*) from ops.run_events").fetchone()
        owner.execute(REWRITE.encode())
    broken = anchors_of(ops, status=1)
    events = [name for name in broken if name.startswith("events of runs shop#1 event ")]
    assert len(events) == (count or (0,))[0] - 1  # all but the first, which is before the edit
    assert [name.split()[-1] for name in broken if name.startswith("releases")] == ["changed"]
    assert [name.split()[-1] for name in broken if name.startswith("deliveries")] == ["missing"]
    chains = {
        chain["chain"]: chain["broken"] for chain in json.loads(ops("audit", "verify", "--json", status=1).stdout)
    }
    assert chains["events of runs"] == []


def test_what_is_slipped_in_with_an_old_date_is_found(ops: CommandLine, database: str, anchored: AnchorFiles) -> None:
    """An anchor has seen all that was recorded an hour before it."""
    assert anchored.numbers() == [1]
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute("set session_replication_role = replica")
        owner.execute(
            "insert into ops.environment_events (project_id, environment, event, source, recorded_by, created_at)"
            " select id, 'main', 'approved', 'nobody', 'nobody', clock_timestamp() - interval '61 minutes'"
            " from ops.projects"
        )
    assert [name.rsplit(" ", 1)[1] for name in anchors_of(ops, status=1)] == ["added"]


def test_what_happens_later_is_in_the_next_anchor(
    ops: CommandLine, control: ControlPlane, run: Run, anchored: AnchorFiles
) -> None:
    """Which follows the one before; a seal that was kept elsewhere is looked for."""
    control.environments.ensure(run.project_id, branch="feature/b")
    control.runs.queue(run.project_id, env="feature/b", git_sha=SHA, ref="refs/heads/feature/b")
    [second] = anchor_record(control, anchored)
    assert (second.number, second.previous) == (2, anchored.read(1).seal)
    assert anchors_of(ops) == []
    ops("audit", "verify", "--anchor", second.seal)
    ops("audit", "verify", "--anchor", "0" * 64, status=1)


def test_a_damaged_or_missing_anchor_is_named(
    ops: CommandLine, control: ControlPlane, store: FolderStore, anchored: AnchorFiles
) -> None:
    """Somebody with the store in hand does not get by either."""
    anchor_record(control, anchored)
    text = store.get(anchored.name(1)).decode()
    store.put(anchored.name(1), text.replace("releases", "release5").encode())
    assert f"anchors {anchored.name(1)} changed" in anchors_of(ops, status=1)
    store.delete(anchored.name(1))
    assert anchors_of(ops, status=1) == ["anchors 1 missing"]
    file = store.stat(anchored.name(2))
    assert file is not None
    assert ops.json("audit", "verify", file.url.removeprefix("file://"))["intact"]


@pytest.fixture
def signer(tmp_path: Path) -> CryptoSigner:
    """Return the platform's signer."""
    return signer_of(signing_key(tmp_path / "home"))


def key_file(folder: Path, signer: CryptoSigner) -> str:
    """Return a file with the signer's public key."""
    file = folder / f"{signer.public_key.keyid}.pem"
    file.write_bytes(public_pem(signer))
    return str(file)


def test_an_anchor_that_the_platform_did_not_sign_is_named(
    ops: CommandLine, control: ControlPlane, anchored: AnchorFiles, tmp_path: Path, signer: CryptoSigner
) -> None:
    """Somebody with database and store in hand can write anchors that fit, and sign none of them."""
    [second] = anchor_record(control, anchored, signer=signer)
    [third] = anchor_record(control, anchored, signer=signer_of(signing_key(tmp_path / "elsewhere")))
    own = key_file(tmp_path, signer)
    first, last = anchored.name(1), anchored.name(third.number)
    expected = [f"anchors {first} unsigned", f"anchors {last} wrongly signed"]
    assert (anchors_of(ops), anchors_of(ops, "--key", own, status=1)) == ([], expected)
    for written in (anchored.read(1), third):
        anchored.write_checkpoint(written.number, signed_checkpoint(written, anchored.control_plane, signer))
    assert anchors_of(ops, "--key", own) == []
    anchored.write_checkpoint(1, anchored.read_checkpoint(second.number))
    assert anchors_of(ops, "--key", own, status=1) == [f"anchors {first} wrongly signed"]
    anchored.write_checkpoint(1, b"{}")
    assert anchors_of(ops, "--key", own, status=1) == [f"anchors {first} wrongly signed"]
    with pytest.raises(BadInput, match="--key is about the anchors"):
        ops("audit", "verify", "shop", "--key", own)


def test_deleting_the_newest_anchors_is_found_by_a_seal_kept_elsewhere(
    ops: CommandLine, control: ControlPlane, store: FolderStore, anchored: AnchorFiles
) -> None:
    """What is left is whole in itself, and a record that was rewritten after it would fit."""
    [second] = anchor_record(control, anchored)
    ops("audit", "verify", "--anchor", second.seal)
    store.delete(anchored.name(second.number))
    assert anchors_of(ops) == []
    told = json.loads(ops("audit", "verify", "--anchor", second.seal, "--json", status=1).stdout)
    assert {chain["chain"]: chain["broken"] for chain in told} == {
        "events of runs": [], "checkpoints": ["checkpoints"], "anchors": [],
    }  # fmt: skip
    [third] = anchor_record(control, anchored)
    assert third.number == second.number
    ops("audit", "verify", "--anchor", second.seal, status=1)
    ops("audit", "verify", "--anchor", anchored.read(1).seal)


def test_everything_is_exported_in_the_same_order_each_time(ops: CommandLine, control: ControlPlane, run: Run) -> None:
    """All projects, where none is named."""
    control.projects.create("other", repo_url="https://example.com/acme/other.git", odoo_version="19.0")
    first = ops("audit", "export").stdout
    assert first == ops("audit", "export").stdout
    assert len(first.splitlines()) >= len(ops("audit", "export", run.project_slug or "").stdout.splitlines())
