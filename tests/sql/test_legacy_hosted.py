"""The same where Supabase stands already: who owned the agents' tables is no superuser, nor is who migrates."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import postgres15
from tests.hosted import HostedServer, hosted_server
from tests.sql.test_legacy import (
    legacy_url,
    test_its_callers_see_and_do_what_they_did,
    test_its_own_programs_go_on,
    test_migrating_again_changes_nothing,
    test_no_row_is_lost_or_changed,
    test_what_hangs_on_the_tables_comes_along,
)

__all__ = [
    "legacy_url",
    "test_its_callers_see_and_do_what_they_did",
    "test_its_own_programs_go_on",
    "test_migrating_again_changes_nothing",
    "test_no_row_is_lost_or_changed",
    "test_what_hangs_on_the_tables_comes_along",
]


@pytest.fixture(scope="module", params=["18", pytest.param("15", marks=pytest.mark.pg15)])
def module_server(request: pytest.FixtureRequest) -> Iterator[HostedServer]:
    """Yield a server of each supported end of the range."""
    with hosted_server(postgres15() if request.param == "15" else None) as server:
        yield server


@pytest.fixture
def bare_url(module_server: HostedServer) -> Iterator[str]:
    """Yield its owner's URL of a new project's database."""
    with module_server.project() as url:
        yield url
