"""What environments tried to reach, and their mails: bounded, told twice without harm, and gone when it is old."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg.types.json import Jsonb

from tests.sql.everything import Everything, furnish
from tests.sql.test_retention import keep
from tests.sql.world import World, refused

MINUTE = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=5)
SOURCE = uuid4()


@pytest.fixture
def shop(world: World) -> Everything:
    """Return a project with a preview and a production."""
    made = furnish(world, "shop")
    world.rows("delete from ops.egress_attempts")
    world.rows("delete from ops.mails")
    return made


def attempt(destination: str = "a.example", **told: object) -> dict[str, Any]:
    """Return an attempt as a catcher counts it."""
    at = MINUTE.isoformat()
    return {"destination": destination, "protocol": "tcp", "attempts": 1, "first_at": at, "last_at": at, **told}


def record(
    world: World,
    environment: UUID,
    *attempts: dict[str, Any],
    minute: datetime = MINUTE,
    source: UUID = SOURCE,
    outcome: str = "refused",
) -> int:
    """Record attempts as the platform's worker, and return how many rows changed."""
    changed: int = world.worker().value(
        "select ops.record_egress(%s, %s, %s, %s, %s)", environment, minute, source, outcome, Jsonb(list(attempts))
    )
    return changed


def send(world: World, environment: UUID, content: bytes, *, minutes: int = 0) -> UUID:
    """Record a mail as the platform's worker."""
    mail: UUID = world.worker().value(
        "select ops.record_mail(%s, %s, 'a@b.example', '{c@d.example}', 'Hello', %s)",
        environment, content, MINUTE + timedelta(minutes=minutes),
    )  # fmt: skip
    return mail


def test_a_minute_that_is_told_again_keeps_its_highest_count(world: World, shop: Everything) -> None:
    """The catcher tells the whole minute each time; another catcher's counts are added."""
    assert record(world, shop.environment, attempt(attempts=3)) == 1
    assert record(world, shop.environment, attempt(attempts=3)) == 0
    assert record(world, shop.environment, attempt(attempts=2)) == 0
    assert record(world, shop.environment, attempt(attempts=5, address="192.0.2.1")) == 1
    assert record(world, shop.environment, attempt(attempts=2), source=uuid4()) == 1
    [row] = world.rows("select attempts, host(address) as address from ops.v_egress")
    assert row == {"attempts": 7, "address": "192.0.2.1"}


def test_the_same_target_is_told_apart_by_who_tried(world: World, shop: Everything) -> None:
    """By module, by scheduled action, and by how it ended."""
    record(world, shop.environment, attempt(module="shop"), attempt(module="shop", cron="Ask"), attempt())
    record(world, shop.environment, attempt(module="shop"), outcome="open")
    shown = world.rows("select module, cron, outcome, attempts from ops.v_egress order by 1, 2, 3")
    assert [tuple(row.values()) for row in shown] == [
        ("shop", "Ask", "refused", 1),
        ("shop", None, "open", 1),
        ("shop", None, "refused", 1),
        (None, None, "refused", 1),
    ]


def test_a_day_has_an_end(world: World, shop: Everything) -> None:
    """Beyond 2000 rows, a minute is one row."""
    world.rows(
        "insert into ops.egress_attempts (project_id, environment_id, minute, source, outcome, destination, protocol,"
        " attempts, first_at, last_at) select %s, %s, %s, %s, 'refused', n::text, 'tcp', 1, %s, %s"
        " from generate_series(1, 2000) as n",
        shop.project, shop.environment, MINUTE, SOURCE, MINUTE, MINUTE,
    )  # fmt: skip
    later = MINUTE + timedelta(minutes=1)
    record(world, shop.environment, attempt("b.example", attempts=2, module="shop"), attempt("c.example"), minute=later)
    assert world.rows("select destination, module, attempts from ops.egress_attempts where minute = %s", later) == [
        {"destination": "*", "module": None, "attempts": 3}
    ]


def test_more_than_fifty_at_once_and_an_environment_that_is_gone_are_refused(world: World, shop: Everything) -> None:
    """A catcher never tells so much."""
    with refused("PT400", match="at most 50"):
        record(world, shop.environment, *(attempt(f"{number}.example") for number in range(51)))
    with refused("PT404", match="no such living environment"):
        record(world, uuid4(), attempt())


def test_a_mail_is_kept_once_and_read_as_it_was_sent(world: World, shop: Everything) -> None:
    """By those who may push; a viewer, who may not, does not know of it."""
    first = send(world, shop.environment, b"Subject: \xff\r\n\r\nx")
    assert send(world, shop.environment, b"Subject: \xff\r\n\r\nx", minutes=1) == first
    read = "select ops.mail_source(%s)"
    developer = world.person(world.member(shop.project, "developer"))
    assert developer.value(read, first) == "U3ViamVjdDog/w0KDQp4"
    with refused("PT404", match="no such mail"):
        world.person(world.member(shop.project, "viewer")).value(read, first)


def test_production_s_mails_are_kept_by_nobody(world: World, shop: Everything) -> None:
    """Whatever a catcher says, and no mail is kept that is larger than the catcher takes."""
    for environment, content in ((shop.production, b"x"), (shop.environment, b"x" * (10 * 1024**2 + 1))):
        with refused("PT400", match="not production"):
            send(world, environment, content)


def test_the_newest_mails_are_kept(world: World, shop: Everything) -> None:
    """Two hundred, and of them as many as have room; another environment's stay."""
    old = (
        "insert into ops.mails (project_id, environment_id, sha256, sender, recipients, subject, size_bytes,"
        " received_at, content) select %s, %s, encode(sha256(n::text::bytea), 'hex'), 'a', '{}', 'old', octet_length(c),"
        " %s - make_interval(mins => n), c from generate_series(1, %s) as n, convert_to(repeat('x', %s), 'utf8') as c"
    )
    world.rows(old, shop.project, shop.environment, MINUTE, 210, 1)
    send(world, shop.environment, b"new")
    assert world.value("select count(*) from ops.mails") == 200
    assert world.value("select min(received_at) from ops.mails") == MINUTE - timedelta(minutes=199)
    world.rows("delete from ops.mails where subject = 'old'")
    world.rows(old, shop.project, shop.environment, MINUTE, 7, 10 * 1024**2)
    send(world, shop.environment, b"newer", minutes=1)
    assert world.value("select count(*) from ops.mails where subject = 'old'") == 6


def test_both_are_removed_when_the_project_keeps_them_no_longer(world: World, shop: Everything) -> None:
    """Each by its own rule of policy `ttl`."""
    old = MINUTE - timedelta(days=3)
    record(world, shop.environment, attempt(first_at=old.isoformat(), last_at=old.isoformat()), minute=old)
    send(world, shop.environment, b"old", minutes=-3 * 24 * 60)
    record(world, shop.environment, attempt())
    send(world, shop.environment, b"new")
    keep(world, shop.project, egress_days=2, mail_days=2)
    removed = world.worker().rows("select * from ops.expire_rows(10, '{egress,mails}')")
    assert {(row["table_name"], row["row_count"]) for row in removed} == {("egress_attempts", 1), ("mails", 1)}
    assert world.worker().rows("select * from ops.expire_rows(10, '{egress,mails}')") == []
    assert world.value("select count(*) from ops.mails") == world.value("select count(*) from ops.egress_attempts") == 1
