"""A backup is called good once the server of the environments has proven that it takes it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import psycopg
import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import Unavailable
from odooops_dagster.model import Backup
from odooops_dagster.steps.recovery import proof
from odooops_dagster.tools.postgres.databases import OdooDatabases
from tests.dagster.productions import Shop
from tests.dagster.recoveries import Recovery, recovery
from tests.servers import PostgresServer

CDC = "create publication cdc for all tables"
_TYPE_IN_C = """
create type blob;
create function blob_in(cstring) returns blob language internal immutable strict as 'textin';
create function blob_out(blob) returns cstring language internal immutable strict as 'textout';
create type blob (input = blob_in, output = blob_out, like = text);
create table blobs (b blob);
"""


@pytest.fixture
def production(control: ControlPlane, postgres_server: PostgresServer, tmp_path: Path) -> Iterator[Recovery]:
    """Yield a production that serves."""
    with recovery(control, postgres_server, tmp_path) as made:
        yield made


def as_superuser(production: Recovery, server: PostgresServer, statements: str) -> None:
    """Change the production as only its server's administrator can."""
    with psycopg.connect(server.url(str(production.environment.database_name)), autocommit=True) as connection:
        connection.execute(statements.encode())
        connection.execute("grant all on all tables in schema public to public")


def check_of(shop: Shop, run_id: Any, name: str) -> dict[str, Any]:  # noqa: ANN401 - the column's own
    """Return a check of the run."""
    [found] = [row for row in shop.control.checks.list(run_id) if row["name"] == name]
    return found


def verified(shop: Shop, backup: Backup) -> str:
    """Return what the backup's run says of it."""
    return str(check_of(shop, backup.run_id, "backup_verified")["summary"])


def test_what_belongs_to_a_server_is_named_and_stops_neither_backup_nor_restore_nor_drill(
    production: Recovery, postgres_server: PostgresServer
) -> None:
    """A publication for change data capture is no part of Odoo's data."""
    as_superuser(production, postgres_server, CDC)
    backup = production.shop.back_up()
    assert backup.status == "verified"
    restored = production.restore(backup)
    assert (restored.status, restored.error_message) == ("succeeded", None)
    drill = production.drill(backup)
    assert (drill.status, drill.error_message) == ("succeeded", None)
    for run_id in (backup.run_id, restored.run_id, drill.id):
        found = check_of(production.shop, run_id, "left_out")
        assert (found["passed"], found["blocking"]) == (False, False)
        assert "publication cdc (belongs to the server that it came from)" in found["summary"]
    assert production.shop.databases.list("opsrec_") == []


def test_a_backup_that_the_server_does_not_take_is_not_called_good(
    production: Recovery, postgres_server: PostgresServer
) -> None:
    """Its row names the table, and what was missing for it."""
    as_superuser(production, postgres_server, _TYPE_IN_C)
    backup = production.shop.back_up()
    assert backup.status == "failed"
    assert "the server of the environments does not take it: table public.blobs" in str(backup.error_message)
    assert "must be superuser to create a base type" in str(backup.error_message)
    assert not check_of(production.shop, backup.run_id, "backup_verified")["passed"]


def test_a_schema_is_proven_once_and_again_when_it_has_changed(
    production: Recovery, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What every backup would ask anew is remembered, with what is left out."""
    as_superuser(production, postgres_server, CDC)
    first = production.shop.back_up()
    assert "made there in" in verified(production.shop, first)
    with monkeypatch.context() as patch:
        patch.setattr(proof, "prove", never)
        production.change("insert into sale_order (name) values ('more')")
        second = production.shop.back_up()
    assert "has not changed" in verified(production.shop, second)
    assert "publication cdc" in check_of(production.shop, second.run_id, "left_out")["summary"]
    production.change("create table more (n int)")
    assert "made there in" in verified(production.shop, production.shop.back_up())


def test_where_no_server_can_be_asked_the_list_of_the_dump_is_looked_at(
    production: Recovery, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The backup is kept, and says what is not known of it."""
    as_superuser(production, postgres_server, CDC)

    def silent(*_: object, **__: object) -> NoReturn:
        raise Unavailable("the server is down")

    monkeypatch.setattr(OdooDatabases, "server_facts", silent)
    backup = production.shop.back_up()
    assert backup.status == "verified"
    assert "was not asked" in verified(production.shop, backup)
    assert "publication cdc" in check_of(production.shop, backup.run_id, "left_out")["summary"]


def test_attachments_in_an_object_store_stop_neither_restore_nor_drill(production: Recovery) -> None:
    """They are where they were, and nobody looks for them in the filestore; another one is read."""
    production.change(
        "insert into ir_attachment (id, name, store_fname)"
        " select -n, 'far', 's3://bucket/' || n from generate_series(1, 120) as n"
    )
    backup = production.shop.back_up()
    restored = production.restore(backup)
    assert (restored.status, restored.error_message) == ("succeeded", None)
    drill = production.drill(backup)
    assert (drill.status, drill.error_message) == ("succeeded", None)
    assert "as they were attached" in check_of(production.shop, drill.id, "attachment_readable")["summary"]


def never(*_: object, **__: object) -> NoReturn:
    """Fail the test that calls it."""
    raise AssertionError("the proof was made again")
