"""The first password of a production's administrator."""

from __future__ import annotations

import base64
from pathlib import Path
from uuid import UUID

import pytest

from odooops_dagster.doors.cli.first_login import FirstPassword, login_of, prepare_login
from odooops_dagster.home import administrator_hash, administrator_password
from odooops_dagster.local.administrators import first_hash, forget_passwords, keep_password
from odooops_dagster.model import Environment
from odooops_dagster.tools.odoo.administrator import hashed

GIVEN = FirstPassword(text="correct horse battery", is_known=True)


def environment(stage: str, **more: object) -> Environment:
    """Return an environment that was never deployed."""
    row = {"id": UUID(int=1), "project_id": UUID(int=2), "project_slug": "shop", "name": "main", "branch": "main"}
    row |= {
        "stage": stage,
        "generation": 1,
        "partition_key": "shop/main",
        "status": "pending",
        "host_label": "main--shop",
    }
    return Environment.from_row(row | more)


def test_the_hash_is_the_one_that_odoo_checks() -> None:
    """Of passlib's documentation of pbkdf2_sha512: its own example, byte for byte."""
    told = "$pbkdf2-sha512$12000$cW4NwRhj7J2zNobQuleq9Q$"
    salt = base64.b64decode("cW4NwRhj7J2zNobQuleq9Q==")
    assert hashed("password", salt=salt, rounds=12000).startswith(told)
    assert hashed("a") != hashed("a")


def test_what_is_kept_is_no_password(tmp_path: Path) -> None:
    """Of a given password only the hash lies on disk, for its owner alone; a later one replaces it."""
    production = environment("production")
    for text in ("first of two passwords", GIVEN.text):
        keep_password(tmp_path, production, text)
    kept = administrator_hash(tmp_path, production)
    assert GIVEN.text not in kept.read_text()
    assert kept.stat().st_mode & 0o077 == 0
    assert first_hash(tmp_path, production) == (kept.read_text().strip(), None)
    forget_passwords(tmp_path, production)
    assert list(kept.parent.iterdir()) == []


def test_nobody_gave_one_and_it_is_generated(tmp_path: Path) -> None:
    """It lies where only the platform's account reads it."""
    production = environment("production")
    told, place = first_hash(tmp_path, production)
    assert place == administrator_password(tmp_path, production)
    assert place is not None
    assert place.stat().st_mode & 0o077 == 0
    assert len(place.read_text().strip()) >= 20
    assert told.startswith("$pbkdf2-sha512$600000$")


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (environment("production"), "log in as admin, the password that you gave"),
        (environment("development"), "log in as admin, password admin"),
        (environment("staging"), "log in as in production"),
        (environment("production", database_name="d"), "log in as in production"),
    ],
)
def test_who_logs_in_is_said_in_one_line(tmp_path: Path, made: Environment, words: str) -> None:
    """Only a production without a database gets a password of its own."""
    prepare_login(tmp_path, made, GIVEN)
    assert login_of(made, GIVEN) == words
    assert administrator_hash(tmp_path, made).exists() == (words.endswith("gave"))
    generated = FirstPassword(text="generated-one", is_known=False)
    assert ("generated-one" in login_of(made, generated)) == (words.endswith("gave"))


def test_a_server_makes_the_password_of_its_production_itself(tmp_path: Path) -> None:
    """Nothing of it is kept on the machine that asks, which promises none."""
    production = environment("production")
    prepare_login(tmp_path, production, None)
    assert list(tmp_path.iterdir()) == []
    told = login_of(production, None)
    assert "shown only now" not in told
    assert "platform's machine" in told
