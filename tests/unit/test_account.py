"""The account as which the embedded PostgreSQL runs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from odooops_dagster.errors import Unavailable
from odooops_dagster.local.account import server_account

# Of the range that no distribution gives out.
NOBODYS_UID = 4_000_000_000


def test_a_user_id_without_an_account_is_told_to_make_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Containers start programs as user ids that the machine does not know; PostgreSQL refuses those."""
    monkeypatch.setattr(os, "geteuid", lambda: NOBODYS_UID)
    with pytest.raises(Unavailable, match="user id 4000000000 has no account") as refused:
        server_account(tmp_path / "data", ["odooops"])
    assert "useradd --uid 4000000000" in str(refused.value.hint)
