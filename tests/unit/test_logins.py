"""Links to the Dagster UI and the sessions that they begin."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from odooops_dagster.local import logins
from odooops_dagster.local.logins import Logins


def test_a_link_logs_its_person_in_once(tmp_path: Path) -> None:
    """Whoever reads it in a log or a history comes too late."""
    made = Logins(tmp_path)
    token = made.link_token("ada")
    assert made.use_link(token) == "ada"
    assert made.use_link(token) is None


def test_a_link_of_before_the_start_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new process does not know which links an earlier one took."""
    token = Logins(tmp_path).link_token("ada")
    monkeypatch.setattr(time, "time", lambda: 9_999_999_999)
    later = Logins(tmp_path)
    monkeypatch.undo()
    assert later.use_link(token) is None


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é", "WyJhZGEiXQ.aaaaaa.bbbb"])
def test_what_is_no_link_logs_nobody_in(tmp_path: Path, token: str) -> None:
    """Neither an error nor a person."""
    assert Logins(tmp_path).use_link(token) is None


def test_links_and_sessions_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A link after minutes, a session after hours."""
    made = Logins(tmp_path)
    token, session = made.link_token("ada"), made.session("ada")
    monkeypatch.setattr(logins, "LINK_SECONDS", -1)
    assert made.use_link(token) is None
    assert made.person_of(session) == "ada"
    monkeypatch.setattr(logins, "SESSION_SECONDS", -1)
    assert made.person_of(session) is None


def test_a_link_is_no_session_and_a_session_no_link(tmp_path: Path) -> None:
    """Each is signed for its purpose."""
    made = Logins(tmp_path)
    assert made.person_of(made.link_token("ada")) is None
    assert made.use_link(made.session("ada")) is None


def test_sessions_of_another_state_folder_are_none(tmp_path: Path) -> None:
    """Each has a secret of its own."""
    assert Logins(tmp_path / "one").person_of(Logins(tmp_path / "two").session("ada")) is None


def test_ended_sessions_are_ended_for_the_process_that_runs(tmp_path: Path) -> None:
    """The command that ends them is another process."""
    serving, command = Logins(tmp_path), Logins(tmp_path)
    session = serving.session("ada")
    assert serving.person_of(session) == "ada"
    command.end_sessions()
    assert serving.person_of(session) is None


def test_the_proxys_secret_is_kept_and_only_it_is_taken(tmp_path: Path) -> None:
    """It stands in the proxy's configuration."""
    secret = Logins(tmp_path).proxy_secret()
    assert Logins(tmp_path).is_proxy(secret)
    assert not Logins(tmp_path).is_proxy(secret[:-1])
    assert not Logins(tmp_path).is_proxy("é")


def test_the_secrets_of_an_earlier_version_go_on(tmp_path: Path) -> None:
    """A proxy in front keeps the secret that it was given, and people stay logged in."""
    (tmp_path / "secrets").mkdir()
    for name in ("dagster-sessions", "dagster-proxy"):
        (tmp_path / "secrets" / name).write_text(f"the former {name}\n")
    made = Logins(tmp_path)
    assert made.is_proxy("the former dagster-proxy")
    made.prepare()
    assert {file.name: file.read_text().strip() for file in (tmp_path / "secrets" / "dagster").iterdir()} == {
        "sessions": "the former dagster-sessions",
        "proxy": "the former dagster-proxy",
    }
    assert [entry.name for entry in (tmp_path / "secrets").iterdir()] == ["dagster"]
