"""Signed approvals as the record takes them: by a key of the person, in force, of this decision on what is shown."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any
from uuid import UUID

import pytest

from tests.sql.releases import Release, make_release, set_rules
from tests.sql.world import World, refused

SIGN = "select ops.sign_off_gate(%s, %s, 'approved', p_approver_id => %s, p_signature => %s)"
PEM = "-----BEGIN PUBLIC KEY-----\nMCow\n-----END PUBLIC KEY-----\n"
KEYS = {"ana": "a" * 64, "max": "b" * 64, "dev": "d" * 64}


@pytest.fixture
def release(world: World, project: UUID) -> Release:
    """Return a release by dev, with a policy that asks for signatures, and people with keys."""
    set_rules(world, project, "gates", signatures="required")
    for name, key_id in KEYS.items():
        person = world.value("select ops.create_person(%s)", name)
        world.rows("select ops.add_person_alias(%s, %s, 'login')", person, name)
        world.rows("select ops.add_person_key(%s, %s, %s)", person, key_id, PEM)
    made = make_release(world, project, "1.0")
    made.check("G1")
    return made


def envelope(release: Release, key: str, **said: str) -> str:
    """Return an envelope that says that the key's person approves what is shown; the record computes no signature."""
    shown = release.world.value("select ops.shown_digest(%s)", release.id)
    statement: dict[str, Any] = {"predicate": {"gate": "G2", "decision": "approved", "shown": shown} | said}
    payload = b64encode(json.dumps(statement).encode()).decode()
    return json.dumps({"payload": payload, "signatures": [{"keyid": KEYS.get(key, key), "sig": "c2ln"}]})


def test_an_approval_counts_only_with_a_signature_where_policy_asks(world: World, release: Release) -> None:
    """And it is said why another does not."""
    release.approve("G2", by="ana")
    assert release.unmet("production")["G2"] == "pending: approved by 0 of 1 (does not count: ana, not signed)"
    world.rows(SIGN, release.id, "G2", "ana", envelope(release, "ana"))
    assert release.status("G2") == "passed"


def test_nobody_signs_by_the_key_of_another(world: World, release: Release) -> None:
    """Nor by one that is unknown, and the author not at all."""
    for key in ("max", "e" * 64):
        with refused("PT403", "ana has no key in force"):
            world.rows(SIGN, release.id, "G2", "ana", envelope(release, key))
    with refused("PT403", "made this release"):
        world.rows(SIGN, release.id, "G2", "dev", envelope(release, "dev"))


@pytest.mark.parametrize("said", [{"gate": "G3"}, {"decision": "rejected"}, {"shown": "0" * 64}])
def test_what_is_signed_is_this_decision(world: World, release: Release, said: dict[str, str]) -> None:
    """A signature of another gate, of another word, or of what was shown before is none."""
    with refused("PT409", "not this decision on what is shown now"):
        world.rows(SIGN, release.id, "G2", "ana", envelope(release, "ana", **said))


@pytest.mark.parametrize("broken", ["{}", '{"payload": "%%%", "signatures": [{}]}', '{"payload": "e30=", "signatures": []}'])
def test_what_is_no_envelope_is_refused(world: World, release: Release, broken: str) -> None:
    """It is the sender's fault."""
    with refused("PT400", "no DSSE envelope"):
        world.rows(SIGN, release.id, "G2", "ana", broken)


def test_a_withdrawn_key_signs_nothing_any_more(world: World, release: Release) -> None:
    """What it signed before still counts; it does not come back, and nobody else may have it."""
    world.rows(SIGN, release.id, "G2", "ana", envelope(release, "ana"))
    later = envelope(release, "ana")
    assert world.value("select ops.revoke_person_key(%s, 'eve')", KEYS["ana"]) is True
    assert world.value("select ops.revoke_person_key(%s)", KEYS["ana"]) is False
    assert release.status("G2") == "passed"
    with refused("PT403", "no key in force"):
        world.rows(SIGN, release.id, "G2", "ana", later)
    person = world.value("select person_id from ops.person_keys where key_id = %s", KEYS["ana"])
    with refused("PT409", "was withdrawn"):
        world.rows("select ops.add_person_key(%s, %s, %s)", person, KEYS["ana"], PEM)
    with refused("PT404"):
        world.rows("select ops.revoke_person_key(%s)", "f" * 64)


def test_a_key_is_one_persons(world: World, release: Release) -> None:
    """Registered twice it is registered once."""
    assert release
    person, other = (
        world.value("select person_id from ops.person_keys where key_id = %s", KEYS[name]) for name in ("ana", "max")
    )
    world.rows("select ops.add_person_key(%s, %s, %s)", person, KEYS["ana"], PEM)
    with refused("PT409", "another person's"):
        world.rows("select ops.add_person_key(%s, %s, %s)", other, KEYS["ana"], PEM)
    with refused("PT400", "no public key"):
        world.rows("select ops.add_person_key(%s, %s, 'x')", other, "9" * 64)
