"""What one may not see, one does not learn: not from errors, keys, plans, statistics or the back door."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.sql.actors import PERSONAS, Actors
from tests.sql.everything import AUTHOR, Everything
from tests.sql.matrix import relations
from tests.sql.matrix_calls import CALLS
from tests.sql.world import Caller, World, refused


@pytest.fixture
def owner(actors: Actors, mine: Everything) -> Caller:
    """Return the owner of our project, who is nothing in the foreign one."""
    return actors.token("authenticated", sub=mine.owner)


def answer(caller: Caller, text: str, values: dict[str, Any]) -> tuple[object, ...]:
    """Return what the caller is told, the names that it gave itself left out."""
    try:
        with caller.connection.transaction(force_rollback=True):
            return ("rows", caller.connection.execute(text.encode(), values).rowcount)
    except psycopg.Error as error:
        told = (error.sqlstate, error.diag.message_primary, error.diag.message_detail, error.diag.message_hint)
        return tuple(_without(str(words), values) for words in told)


def _without(words: str, values: dict[str, Any]) -> str:
    for name, value in values.items():
        words = re.sub(rf"\b{re.escape(str(value))}\b", f"<{name}>", words)
    return words


def nothing_like(value: object) -> object:
    """Return a value of the same type that names nothing."""
    return {str: "no-such", int: 987_654_321}.get(type(value), uuid4())


def test_a_foreign_thing_is_refused_exactly_as_one_that_does_not_exist(owner: Caller, theirs: Everything) -> None:
    """State, message, detail and hint are the same."""
    there = {**vars(theirs), "author": AUTHOR}
    nowhere = {name: nothing_like(value) for name, value in there.items()}
    for call, text in CALLS.items():
        assert answer(owner, text, there) == answer(owner, text, nowhere), call


def test_a_repeat_of_a_foreign_run_is_refused_as_of_none(owner: Caller, mine: Everything, theirs: Everything) -> None:
    """A foreign key would have told which run ids exist."""
    for run_id in (theirs.ended, uuid4()):
        with refused("PT404", f"There is no run {run_id}"):
            owner.queue(mine.project, "feature/a", p_retry_of=run_id)


def test_a_row_for_a_foreign_project_is_refused_as_for_none(owner: Caller, theirs: Everything) -> None:
    """The policy speaks before the foreign key and before the unique key."""
    told = set()
    text = "insert into ops.project_memberships (project_id, user_id, role) values (%(project)s, %(user)s, 'owner')"
    for project, user in ((theirs.project, theirs.owner), (theirs.project, uuid4()), (uuid4(), uuid4())):
        for tail in ("", " on conflict do nothing"):
            told.add(answer(owner, text + tail, {"project": project, "user": user}))
    assert len(told) == 1
    assert next(iter(told))[0] == "42501"


@pytest.mark.parametrize(
    "text",
    [
        "insert into ops.workflows (id, project_id, name, workflow_type) values (gen_random_uuid(), %s, 'w', 'test')",
        "update ops.workflows set id = gen_random_uuid() where project_id = %s",
        "update ops.workflows set project_id = %s",
        "update ops.project_memberships set project_id = %s",
        "update ops.project_memberships set user_id = gen_random_uuid() where project_id = %s",
    ],
)
def test_keys_that_span_projects_are_not_given_by_hand(owner: Caller, mine: Everything, text: str) -> None:
    """A clash would tell that another project has the key."""
    with refused("42501", "permission denied"):
        owner.connection.execute(text.encode(), [mine.project])


def test_a_functions_side_effects_see_no_row_that_its_caller_may_not(
    world: World, owner: Caller, mine: Everything, theirs: Everything
) -> None:
    """A cheap function in the condition is run on rows that passed the policy, in views too."""
    owner.rows(
        "create function pg_temp.tell(words text) returns boolean cost 0.0000001 language plpgsql"
        " as 'begin raise notice using message = words; return true; end'"
    )
    heard: list[str] = []
    owner.connection.add_notice_handler(lambda notice: heard.append(str(notice.message_primary)))
    for name in relations(world):
        query = f"select from ops.{name} t where pg_temp.tell(to_jsonb(t)::text)"
        try:
            owner.connection.execute(query.encode())
        except psycopg.errors.InsufficientPrivilege:
            continue
    assert any(mine.slug in words for words in heard)
    assert not [words for words in heard for secret in theirs.words() if secret in words]


def test_an_error_in_a_condition_is_not_raised_by_hidden_rows(owner: Caller, theirs: Everything) -> None:
    """Otherwise a division by zero would spell out a slug letter by letter."""
    for relation, column in (
        ("projects", "slug"),
        ("v_runs", "project_slug"),
        ("v_environment_overview", "project_slug"),
    ):
        query = f"select from ops.{relation} where 1 / (case when {column} = %s then 0 else 1 end) = 1"
        assert owner.connection.execute(query.encode(), [theirs.slug]).rowcount >= 1


@pytest.mark.parametrize("name", [*PERSONAS, "authenticated"])
def test_statistics_tell_nothing_of_rows_under_policies(
    world: World, actors: Actors, theirs: Everything, name: str
) -> None:
    """Neither the commonest values nor what others are asking."""
    world.rows("analyze")
    caller = actors.token(name, sub=uuid4())
    assert world.value("select count(*) from pg_stats where schemaname = 'ops'") > 0
    seen = caller.rows("select tablename from pg_stats where schemaname = 'ops'")
    assert seen == []
    with refused("42501"):
        caller.rows("select * from pg_statistic")
    worker = actors.worker()
    worker.rows("select %s::text as secret", theirs.slug)
    queries = caller.rows("select query from pg_stat_activity where usename is distinct from session_user")
    assert not [row for row in queries if theirs.slug in str(row["query"])]


def test_copy_gives_no_more_than_select(owner: Caller, mine: Everything, theirs: Everything) -> None:
    """The policies hold there too."""
    with owner.connection.cursor().copy("copy ops.environments to stdout") as copied:
        text = b"".join(bytes(part) for part in copied).decode()
    assert str(mine.project) in text
    assert str(theirs.project) not in text


def test_no_partition_is_read_by_its_own_name(world: World, actors: Actors, mine: Everything) -> None:
    """The parent's policies do not guard it, so nobody may touch it; the worker neither."""
    partitions = world.rows(
        "select relname, relrowsecurity from pg_class where relnamespace = 'ops'::regnamespace"
        " and relispartition and relkind in ('r', 'p')"
    )
    callers = [actors.worker(), actors.token("service_role"), actors.token("authenticated", sub=mine.owner)]
    callers += [actors.login(persona) for persona in PERSONAS]
    for relation in (f"ops.{row['relname']}" for row in partitions):
        for caller in callers:
            for text in (f"select from {relation}", f"insert into {relation} default values", f"truncate {relation}"):
                with refused("42501"):
                    caller.connection.execute(text.encode())


def test_people_see_deliveries_of_their_own_and_of_nobody_else(
    world: World, actors: Actors, mine: Everything, theirs: Everything
) -> None:
    """Members their projects', a pipeline what it sent itself."""
    query = "select project_id from ops.event_ingest_log"
    person = actors.token("authenticated", sub=mine.owner)
    assert person.rows(query) == [{"project_id": mine.project}]
    pipeline = actors.login("ci_service_role")
    assert pipeline.rows(query) == []
    world.rows(
        "update ops.event_ingest_log set caller_id = %s where project_id = %s",
        pipeline.value("select session_user"), theirs.project,
    )  # fmt: skip
    assert pipeline.rows(query) == [{"project_id": theirs.project}]


def test_evidence_of_two_projects_is_seen_by_neithers_members(
    world: World, actors: Actors, mine: Everything, theirs: Everything
) -> None:
    """Evidence belongs to all that it proves: who may not see one of them may not see it."""
    made: UUID = world.value(
        "insert into ops.evidence_artifacts (release_id, run_id, kind, s3_url, sha256, created_by)"
        " values (%s, %s, 'log', 's3://b/x', repeat('1', 64), 'ci') returning id",
        mine.release, theirs.ended,
    )  # fmt: skip
    query = "select count(*) from ops.evidence_artifacts where id = %s"
    for place in (mine, theirs):
        assert actors.token("authenticated", sub=place.owner).value(query, made) == 0
    assert actors.login("audit_reader").value(query, made) == 1
