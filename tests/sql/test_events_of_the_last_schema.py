"""A database that took events and decisions before facts were ordered keeps every row, and knows its repeats."""

from __future__ import annotations

from json import dumps

from odooops_dagster.control.migrate import migrate, read_folder, shipped_migrations
from tests.servers import PostgresServer, as_user
from tests.sql.events import envelope
from tests.sql.releases import IMAGE
from tests.sql.world import SHA, World, connect

# The last migration before events had an order.
LAST = "20260213000485"
HISTORY = """
create schema if not exists supabase_migrations;
create table supabase_migrations.schema_migrations (version text not null primary key, statements text[], name text)
"""
RECORD = "insert into supabase_migrations.schema_migrations (version, name, statements) values (%s, %s, %s)"
ROWS = """
with project as (
    insert into ops.projects (slug, workspace_key, repo_url, odoo_version)
    values ('shop', 'shop', 'https://github.com/acme/shop.git', '19.0') returning id
), release as (
    insert into ops.releases (project_id, version, git_shas, image_digest, created_by)
    select id, '1.0', jsonb_build_object('acme/shop', %(sha)s::text), %(image)s, 'dev' from project returning *
), gates as (
    insert into ops.release_gates (release_id, gate_code)
    select release.id, code::ops.ops_gate_code from release, unnest('{G1,G2,G3,G4}'::text[]) as code returning *
), decision as (
    insert into ops.approvals (
        release_id, gate_id, gate_code, approver_id, persona_role, decision, release_author, created_at
    )
    select release_id, id, 'G2', 'ana', 'qa_tester', 'approved', 'dev', '2026-02-13T12:00:00Z'
    from gates where gate_code = 'G2'
), log as (
    insert into ops.event_ingest_log (
        idempotency_key, project_id, release_id, processing_status, http_status, envelope, envelope_sha256, size_bytes,
        caller_role, caller_id
    )
    select t.key, project.id, release.id, 'accepted', 200, t.envelope::jsonb,
        encode(sha256(convert_to(t.envelope::jsonb::text, 'UTF8')), 'hex'), 1, 'service_role', 'ci'
    from project, release, (values ('whole', %(whole)s), ('large', '{"truncated": "{"}')) as t (key, envelope)
)
select id from project
"""
# What an upgraded database has: rows that nobody changes.
REFUSALS = """
create function public.refuse() returns trigger language plpgsql as $$ begin raise 'append-only'; end $$;
create trigger approvals_stay before update or delete on ops.approvals for each row execute function public.refuse();
create trigger log_stays before update or delete on ops.event_ingest_log for each row execute function public.refuse()
"""


def test_what_was_told_before_is_kept_and_known(server: PostgresServer, bare_url: str) -> None:
    """A decision happened when it was recorded; a retry with another time is a duplicate of an old delivery."""
    whole = envelope(idempotency_key="whole")
    with connect(bare_url) as connection, connection.transaction():
        for _, text in read_folder("shim"):
            connection.execute(text.encode())
        connection.execute(HISTORY)
        for migration in shipped_migrations():
            if migration.version <= LAST:
                connection.execute(migration.text.encode())
                connection.execute(RECORD, [migration.version, migration.name, [migration.text]])
        connection.execute(ROWS.encode(), {"sha": SHA, "image": IMAGE, "whole": dumps(whole)})
        connection.execute(REFUSALS)
    migrate(bare_url)
    world = World(bare_url, as_user(bare_url, "ops_worker", server))
    assert world.value("select occurred_at = created_at from ops.approvals")
    hashes = {row["idempotency_key"]: row["content_sha256"] for row in world.rows("select * from ops.event_ingest_log")}
    assert len(hashes) == 2
    assert hashes["whole"]
    assert hashes["large"] is None
    again = world.value("select ops.ingest_event(%s::jsonb)", dumps(whole | {"occurred_at": "2026-02-14T12:00:00Z"}))
    assert again["status"] == "duplicate", again
    world.close()
