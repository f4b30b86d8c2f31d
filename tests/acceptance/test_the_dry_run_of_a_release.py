"""`make dry-run`: a release goes from a push through four gates to production, and only the platform wrote it down."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.acceptance.test_the_demo_of_a_new_clone import ROOT, demonstrated, state_folder, text_of
from tests.cache import CACHE

__all__ = ["state_folder"]

pytestmark = [pytest.mark.odoo, pytest.mark.stack, pytest.mark.timeout(2400)]


def test_a_release_goes_through_its_gates_to_production(state_folder: Path) -> None:
    """The dry run asserts what may go where after each step, and ends only if the whole chain is on record."""
    assert "ops demo --gates --once" in (ROOT / "Makefile").read_text()
    argv = [str(Path(sys.executable).with_name("ops")), "demo", "--gates", "--once"]
    told = text_of(demonstrated(argv, ROOT, state_folder, {"ODOOOPS_CACHE": str(CACHE)}))
    stands = [line.split("gates:")[1].strip() for line in told.splitlines() if line.strip().startswith("gates:")]
    assert stands == [
        "G1 passed, G2 pending, G3 pending, G4 pending",
        "G1 passed, G2 passed, G3 pending, G4 pending",
        "G1 passed, G2 passed, G3 passed, G4 pending",
        "G1 passed, G2 passed, G3 passed, G4 passed",
    ]
    may_go = [line.split("may go:")[1].strip() for line in told.splitlines() if line.strip().startswith("may go:")]
    assert may_go == [
        "staging yes, production no, without G2, G3, G4",
        "staging yes, production no, without G3, G4",
        "staging yes, production no, without G4",
        "staging yes, production yes",
    ]
    assert "and Ada Lovelace is still there" in told
    assert "is released; every claim has its evidence; the chains are whole" in told
    assert "0 refused, all in the log" in told
    assert "every step held" in told
