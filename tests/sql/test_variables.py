"""Variables: who may set them where, which environment gets which, and that no row, record or role shows a value."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import BadInput, Conflict, NotFound
from odooops_dagster.local.sealing_key import private_sealing_key, record_sealing_key
from odooops_dagster.model import Stage
from odooops_dagster.model.variables import bound_to
from odooops_dagster.tools.project_file.variables import is_of_others
from odooops_dagster.tools.sealing import new_key, public_of, seal, unseal
from tests.platform_logins import by_job
from tests.servers import PostgresServer
from tests.sql.test_stops_and_starts import asleep, deployed
from tests.sql.world import Caller, World, refused

KEY = new_key()
PUBLIC = public_of(KEY)
SET = "select environment from ops.set_variable(%s, %s, %s, %s, %s::ops.environment_stage, %s)"


@pytest.fixture
def control(world: World, server: PostgresServer) -> Iterator[ControlPlane]:
    """Yield the control plane on the same database."""
    with by_job(world.url, server) as control:
        yield control


@pytest.fixture(autouse=True)
def sealing_key(world: World) -> Iterator[None]:
    """Let the platform have a key."""
    world.worker().rows("select ops.record_sealing_key(%s)", PUBLIC)
    yield


def set_(
    caller: Caller,
    project: UUID,
    name: str,
    value: str = "a value",
    *,
    stage: Stage | None = None,
    environment: UUID | None = None,
) -> list[str]:
    """Set the variable as somebody, and return the environments that restart."""
    place = bound_to(name, project, stage=stage, environment_id=environment)
    sealed = seal(value, public_key=PUBLIC, bound_to=place)
    rows = caller.rows(
        SET, project, name, b64encode(sealed).decode(), b64encode(PUBLIC).decode(), stage, environment
    )  # fmt: skip
    return [row["environment"] for row in rows]


def id_of(world: World, name: str) -> UUID:
    """Return the environment's id."""
    found: UUID = world.value("select id from ops.environments where name = %s and destroyed_at is null", name)
    return found


def values(control: ControlPlane, environment: UUID) -> dict[str, str]:
    """Return what the environment's Odoo gets."""
    found = control.variables.values(environment)
    return {each.name: unseal(each.sealed, private_key=KEY, bound_to=each.bound_to) for each in found}


def starts(world: World) -> list[str]:
    """Return the environments whose start waits."""
    rows = world.rows(
        "select e.name from ops.runs as r join ops.environments as e on e.id = r.environment_id"
        " where r.kind = 'start' and r.status = 'queued' order by e.name"
    )
    return [row["name"] for row in rows]


def test_the_nearest_place_counts_and_no_preview_gets_what_is_productions(
    world: World, control: ControlPlane, project: UUID
) -> None:
    """An environment's own before its stage's before the project's; another stage's never."""
    for env in ("main", "feature/a", "feature/b"):
        deployed(world, project, env)
    main, a, b = (id_of(world, env) for env in ("main", "feature/a", "feature/b"))
    for name in ("ONE", "TWO", "THREE"):
        set_(world.operator(), project, name, "project")
    for name in ("TWO", "THREE"):
        set_(world.operator(), project, name, "development", stage="development")
        set_(world.operator(), project, name, "production", stage="production")
    set_(world.operator(), project, "THREE", "own", environment=a)
    set_(world.operator(), project, "LIVE", "production", stage="production")
    assert values(control, a) == {"ONE": "project", "TWO": "development", "THREE": "own"}
    assert values(control, b) == {"ONE": "project", "TWO": "development", "THREE": "development"}
    assert values(control, main) == {name: "production" for name in ("TWO", "THREE", "LIVE")} | {"ONE": "project"}
    named = {each.name: each.place for each in control.variables.of_environment(a)}
    assert named == {"ONE": "project", "TWO": "stage", "THREE": "environment"}


def test_a_change_restarts_what_runs_and_gets_another_value(world: World, project: UUID) -> None:
    """Not what has a nearer one, what is stopped or asleep; and none twice."""
    for env in ("main", "feature/b"):
        deployed(world, project, env)
    asleep(world, project)  # feature/a
    assert set_(world.operator(), project, "KEY", stage="development") == ["shop/feature/b"]
    assert starts(world) == ["feature/b"]
    assert set_(world.operator(), project, "KEY", environment=id_of(world, "feature/b")) == ["shop/feature/b"]
    assert set_(world.operator(), project, "KEY", stage="development") == [], "its own is nearer"
    assert set_(world.operator(), project, "KEY") == ["shop/main"]
    assert starts(world) == ["feature/b", "main"]
    unset = "select environment from ops.unset_variable(%s, 'KEY', p_environment_id => %s)"
    gone = world.operator().rows(unset, project, id_of(world, "feature/b"))
    assert [row["environment"] for row in gone] == ["shop/feature/b"]


def test_no_row_no_record_and_no_role_shows_a_value(world: World, project: UUID) -> None:
    """What is dumped of the control plane has no value, and a sealed one has no reader but the worker."""
    deployed(world, project)
    secret = "hunter2-of-production"  # noqa: S105 - of nobody
    set_(world.operator(), project, "PAYMENT_KEY", secret)
    tables = world.rows("select table_name from information_schema.tables where table_schema = 'ops'")
    for table in tables:
        text = world.value(f"select coalesce(string_agg(t::text, ' '), '') from ops.{table['table_name']} as t")  # noqa: S608
        assert secret not in text
        assert secret.encode().hex() not in text
    admin = world.person(world.member(project, "owner"))
    for caller in (admin, world.operator(), world.role("sre"), world.role("audit_reader"), world.role("developer")):
        with refused("42501"):
            caller.rows("select sealed from ops.sealed_values")
        with refused("42501"):
            caller.rows("select * from ops.environment_values(%s)", id_of(world, "feature/a"))
    event = world.row("select event, payload, recorded_by from ops.environment_events where event like 'variable%%'")
    assert event == {"event": "variable_set", "payload": {"name": "PAYMENT_KEY"}, "recorded_by": "ops_operator"}


def test_a_value_opens_at_no_other_place(world: World, control: ControlPlane, project: UUID) -> None:
    """Not even where somebody writes rows by hand."""
    deployed(world, project)
    set_(world.operator(), project, "LIVE", stage="production")
    world.rows("update ops.variables set stage = 'development' returning id")
    with pytest.raises(Exception, match="sealed for something else"):
        values(control, id_of(world, "feature/a"))


def test_developers_set_what_developments_get_and_nothing_else(world: World, project: UUID) -> None:
    """Production's, a staging's and the project's are the administrators'; viewers set nothing."""
    deployed(world, project)
    deployed(world, project, "main")
    developer = world.person(world.member(project, "developer"))
    viewer = world.person(world.member(project, "viewer"))
    stranger = world.person(world.member(world.project("other"), "owner"))
    set_(developer, project, "KEY", stage="development")
    set_(developer, project, "KEY", environment=id_of(world, "feature/a"))
    for place in ({"stage": "production"}, {"stage": "staging"}, {}, {"environment": id_of(world, "main")}):
        with refused("PT403"):
            set_(developer, project, "KEY", **place)
    with refused("PT403"):
        set_(viewer, project, "KEY", stage="development")
    with refused("PT404"):
        set_(stranger, project, "KEY", stage="development")
    assert viewer.rows("select name from ops.v_variables") == [{"name": "KEY"}, {"name": "KEY"}]
    assert stranger.rows("select name from ops.v_variables") == []
    set_(world.person(world.member(project, "admin")), project, "KEY", stage="production")


def test_names_that_would_take_over_a_program_are_refused(world: World, control: ControlPlane, project: UUID) -> None:
    """The same names by the database and by the file of a repository."""
    fault = "select ops_private.variable_name_fault(%s)"
    refused_names = (
        *("PYTHONPATH", "PYTHONSTARTUP", "LD_PRELOAD", "ODOO_RC", "ODOOOPS_OUTLET", "PGHOST", "PGPASSWORD", "PATH"),
        *("HTTP_PROXY", "NO_PROXY", "SSL_CERT_FILE", "HOME", "TZ", "LISTEN_FDS", "BASH_ENV", "LC_ALL", "GIT_SSH"),
    )
    for name in refused_names:
        assert world.value(fault, name), name
        assert is_of_others(name), name
    for name in ("PAYMENT_KEY", "SHOP_URL", "A", "HOMEPAGE", "PATHS", "X_API", "PROXYLESS"):
        assert world.value(fault, name) is None, name
        assert not is_of_others(name), name
    for name in ("", "payment", "http_proxy", "1A", "A-B", "A=B", "A B", "É", "A" * 101, "A\nB"):
        assert world.value(fault, name), name
    pattern = re.compile(r"[(|]([A-Z0-9_\[\]-]+)(?=[|)])")
    function = world.value("select pg_get_functiondef('ops_private.variable_name_fault'::regproc)")
    for name in pattern.findall(function.replace("'\n        || '", "")):
        assert is_of_others(name.replace("[0-9]", "1")) or is_of_others(f"X_{name}"), name
    with pytest.raises(BadInput, match="PYTHONPATH"):
        control.variables.set(project, "PYTHONPATH", sealed=b"x", public_key=PUBLIC)


def test_an_environment_that_is_made_again_begins_without(world: World, control: ControlPlane, project: UUID) -> None:
    """Whoever pushes a branch of that name later gets nothing of it, and the value is gone."""
    deployed(world, project)
    set_(world.operator(), project, "KEY", environment=id_of(world, "feature/a"))
    run = world.work(project, p_kind="destroy")
    world.rows("select ops.record_destruction(%s, 1)", run)
    world.complete(run)
    assert world.rows("select * from ops.sealed_values") == []
    deployed(world, project)
    assert values(control, id_of(world, "feature/a")) == {}


def test_what_is_wrong_is_refused_and_leaves_nothing(world: World, control: ControlPlane, project: UUID) -> None:
    """Another key, no base64, a variable that is not set, two places."""
    other = public_of(new_key())
    with pytest.raises(BadInput, match="not sealed for the key in use"):
        control.variables.set(project, "KEY", sealed=bytes(60), public_key=other)
    for sealed in (b"", bytes(48), bytes(9000)):
        with pytest.raises(BadInput, match="this value"):
            control.variables.set(project, "KEY", sealed=sealed, public_key=PUBLIC)
    with refused("PT400"):
        world.rows(SET, project, "KEY", "no base64!", b64encode(PUBLIC).decode(), None, None)
    with pytest.raises(NotFound):
        control.variables.unset(project, "KEY")
    assert world.rows("select * from ops.sealed_values") == []
    world.rows("select ops.record_sealing_key(%s)", other)
    assert control.variables.key() == other
    world.rows("select ops.record_sealing_key(%s)", PUBLIC)
    assert control.variables.key() == PUBLIC


def test_no_new_key_is_made_while_values_are_sealed_for_one_that_is_lost(
    control: ControlPlane, project: UUID, tmp_path: Path
) -> None:
    """`ops up` says which file is missing; a person may give the values up, and the key is one that opens nothing."""
    control.variables.set(project, "KEY", sealed=bytes(60), public_key=PUBLIC)
    with pytest.raises(Conflict, match="does not open") as refusal:
        record_sealing_key(tmp_path, control)
    assert "secrets/sealing-key" in str(refusal.value.hint)
    assert private_sealing_key(tmp_path) is None
    assert control.variables.key() == PUBLIC
    record_sealing_key(tmp_path, control, gives_up=True)
    made = private_sealing_key(tmp_path)
    assert made is not None
    assert control.variables.key() == public_of(made)
    record_sealing_key(tmp_path, control)
