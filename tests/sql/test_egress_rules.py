"""Policy egress: which destinations may stand in it, who may name which, and what the platform reads of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.egress_places import ADDRESSES, DESTINATIONS, NAMES, NO_DESTINATIONS, PLACES
from tests.sql.everything import Everything, furnish
from tests.sql.world import Caller, World, refused

MIGRATIONS = Path(__file__).parents[2] / "sql" / "migrations"
SET = "select ops.set_policy(%s, 'egress', %s)"


@pytest.fixture
def shop(world: World) -> Everything:
    """Return a project with a preview and a production."""
    return furnish(world, "shop")


def allow(caller: Caller, shop: Everything, *destinations: str, **rules: object) -> None:
    """Set what previews of the project may reach."""
    caller.value(SET, shop.project, json.dumps({"development_allow": destinations, **rules}))


def admin(world: World, shop: Everything) -> Caller:
    """Return an administrator of the project, who is nothing to the platform."""
    return world.person(world.member(shop.project, "admin"))


def ruled(world: World) -> list[dict[str, object]]:
    """Return what the platform tells the proxy."""
    return world.worker().rows("select project_slug, stage, mode, allow from ops.egress_rules()")


def test_an_environment_reaches_nothing_until_its_project_says_so(world: World, shop: Everything) -> None:
    """Production is not ruled: it has the machine's network."""
    assert shop.environment in {row["environment_id"] for row in world.rows("select * from ops.egress_rules()")}
    assert {(row["stage"], row["mode"], json.dumps(row["allow"])) for row in ruled(world)} == {
        ("development", "enforce", "[]")
    }
    assert world.value("select count(*) from ops.egress_rules() where environment_id = %s", shop.production) == 0


def test_what_may_stand_on_a_list(world: World, shop: Everything) -> None:
    """A name, all names below one, an address of the internet; each with a port or without."""
    reached = [*NAMES, *PLACES["internet"]][:50]
    allow(admin(world, shop), shop, *reached)
    assert [row["allow"] for row in ruled(world)] == [reached]


def test_destinations_are_read_as_the_proxy_reads_them(world: World) -> None:
    """By the table that the proxy passes: what is one, and where its address lies."""
    fault = "select d from unnest(%s::text[]) as d where ops_private.destination_fault(to_jsonb(d)) is not null"
    assert world.rows(fault, list(DESTINATIONS)) == []
    assert {row["d"] for row in world.rows(fault, list(NO_DESTINATIONS))} == set(NO_DESTINATIONS)
    place = "select d, ops_private.destination_place(d) as place from unnest(%s::text[]) as d"
    placed = {row["d"]: row["place"] for row in world.rows(place, list(DESTINATIONS))}
    assert placed == {**dict.fromkeys(NAMES), **ADDRESSES}


def test_what_may_not(world: World, shop: Everything) -> None:
    """What is no destination is none for the platform either."""
    for destination in NO_DESTINATIONS[:5]:
        with refused("PT400", match="development_allow"):
            allow(world, shop, destination)


@pytest.mark.parametrize("address", [PLACES["inner"][1], "[fd00:ec1::5]:8069", PLACES["own"][2]])
def test_only_the_platform_names_an_address_of_its_own_networks(world: World, shop: Everything, address: str) -> None:
    """Its own servers listen there, and its neighbours'."""
    person = admin(world, shop)
    with refused("PT403", match="the platform's own networks"):
        allow(person, shop, address)
    allow(world.operator(), shop, address)
    allow(person, shop, address, development_mode="report")  # what holds already is not asked for again


@pytest.mark.parametrize("address", ["169.254.169.254:80", "[64:ff9b::7f00:1]", "0.0.0.1", "[fe80::1]"])
def test_nobody_names_an_address_that_no_list_opens(world: World, shop: Everything, address: str) -> None:
    """The service with the machine's credentials, and what a translator leads inside."""
    for caller in (admin(world, shop), world.operator()):
        with refused("PT400", match="no list opens"):
            allow(caller, shop, address)


def opened(world: World) -> object:
    """Return what the platform tells the proxy that its operator named for previews."""
    return world.value("select opened from ops.egress_rules()")


def test_the_proxy_is_told_which_addresses_the_operator_named(world: World, shop: Everything) -> None:
    """Whatever they are: the database does not know which ones are the machine's; what is taken back no more."""
    person = admin(world, shop)
    allow(person, shop, "a.example", "9.9.9.9")
    assert opened(world) == []
    allow(world.operator(), shop, "a.example", "8.8.8.8", "10.0.0.5:80", staging_allow=["10.0.0.6"])
    assert opened(world) == ["10.0.0.5:80", "8.8.8.8"]
    allow(person, shop, "9.9.9.9", "8.8.8.8", staging_allow=["8.8.8.8"])
    assert opened(world) == ["8.8.8.8"]
    assert world.value(
        "select opened from ops.policies where project_id = %s and policy_type = 'egress'", shop.project
    ) == {"development_allow": ["8.8.8.8"]}
    allow(person, shop)
    allow(person, shop, "8.8.8.8")
    assert opened(world) == []


def test_what_the_operator_names_for_all_is_opened_to_each(world: World, shop: Everything) -> None:
    """On the list of a project that has its own, too; until the operator takes it back."""
    world.rows(SET, None, json.dumps({"development_allow": ["10.0.0.5"]}))
    allow(admin(world, shop), shop, "a.example", "10.0.0.5")
    assert opened(world) == ["10.0.0.5"]
    world.rows(SET, None, json.dumps({}))
    assert opened(world) == []


def test_only_an_admin_opens_the_way_and_it_is_on_the_record(world: World, shop: Everything) -> None:
    """With the name of the person, at each environment that it is about."""
    for role in ("viewer", "developer"):
        with refused("PT403"):
            allow(world.person(world.member(shop.project, role)), shop, "a.example")
    person = world.member(shop.project, "admin")
    allow(world.person(person), shop, "a.example", development_mode="report")
    [event] = world.rows("select * from ops.environment_events where event = 'egress_rules_set'")
    assert event["environment_id"] == shop.environment
    assert event["payload"] == {"mode": "report", "allow": ["a.example"]}
    assert event["recorded_by"] == str(person)


def test_the_list_of_all_projects_is_the_platform_s(world: World, shop: Everything) -> None:
    """A project's own list replaces it."""
    world.rows(SET, None, json.dumps({"development_allow": ["pypi.example"]}))
    assert [row["allow"] for row in ruled(world)] == [["pypi.example"]]
    allow(world, shop)
    assert [row["allow"] for row in ruled(world)] == [[]]


def test_what_the_operator_had_named_stays_open_after_an_upgrade(world: World, shop: Everything) -> None:
    """Addresses of private networks, which nobody else could name, and all on the list for all projects."""
    world.rows(SET, None, json.dumps({"staging_allow": ["8.8.8.8", "a.example"]}))
    allow(world, shop, "10.0.0.5:80", "[fd00::5]", "9.9.9.9", "a.example:1", "127.0.0.2:9000")
    world.rows("alter table ops.policies drop column opened")
    adding = MIGRATIONS / "20260213000920_opened_destinations.sql"
    world.connection.execute(adding.read_bytes().partition(b"-- Each returns")[0])
    opened = "select opened from ops.policies where policy_type = 'egress' and project_id is not distinct from %s"
    assert world.value(opened, shop.project) == {"development_allow": ["10.0.0.5:80", "[fd00::5]", "127.0.0.2:9000"]}
    assert world.value(opened, None) == {"staging_allow": ["8.8.8.8"]}
