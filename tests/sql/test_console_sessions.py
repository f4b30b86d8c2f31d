"""Sessions of the console in the record: who may make one, and that a link is used once."""

from __future__ import annotations

import threading

import psycopg
import pytest

from tests.sql.world import World

MAKE = "select ops.create_console_link(%s, %s, %s)"
USE = "select ops.use_console_link(%s, %s)"
LINK = "1" * 64


def test_no_login_of_the_platform_makes_a_session_that_decides(world: World) -> None:
    """Who has the operator's password does not sign off in another person's name."""
    operator = world.operator()
    operator.rows(MAKE, "rita", LINK, ["sre"])
    for persona in ("qa_tester", "release_manager"):
        with pytest.raises(psycopg.Error, match="decides for a person"):
            operator.rows(MAKE, "rita", "2" * 64, ["sre", persona])


def test_of_two_who_use_a_link_at_once_one_signs_in(world: World) -> None:
    """The other is told that it was used, and begins nothing."""
    world.rows(MAKE, "rita", LINK, ["sre"])
    gateways = [world.platform("ops_gateway") for _ in range(2)]
    refused: list[str] = []

    def use(place: int) -> None:
        try:
            gateways[place].rows(USE, LINK, str(place) * 64)
        except psycopg.Error as exc:
            refused.append(str(exc.sqlstate))

    threads = [threading.Thread(target=use, args=(place,)) for place in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == ["PT401"]
    assert world.value("select status from ops.v_console_sessions") == "active"


@pytest.mark.parametrize(
    ("person", "personas"), [("", ["sre"]), ("rita", []), ("rita", ["ci_service_role"]), ("rita", ["postgres"])]
)
def test_a_session_is_somebodys_and_has_what_people_may_be(world: World, person: str, personas: list[str]) -> None:
    """No link is made for nobody, for no persona, or for a role that people do not take."""
    with pytest.raises(psycopg.Error) as refused:
        world.rows(MAKE, person, LINK, personas)
    assert refused.value.sqlstate == "PT400"
    assert world.value("select count(*) from ops.console_sessions") == 0
