"""The manual pages are pages that troff reads without a complaint, and none is left out."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from docs.generate import ROOT
from odooops_dagster.doors.cli import NOUNS, VERBS

MAN = ROOT / "docs" / "man"


def test_every_command_has_a_page() -> None:
    """And no page is of a command that is gone."""
    assert {path.name for path in MAN.iterdir()} == {"ops.1", *(f"ops-{name}.1" for name in (*VERBS, *NOUNS))}


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed: nothing reads the pages")
def test_troff_complains_of_nothing() -> None:
    """With all warnings; a line that begins with a dot would be lost."""
    pages = sorted(map(str, MAN.glob("*.1")))
    done = subprocess.run(["groff", "-man", "-ww", "-Tutf8", *pages], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert "restarted" in done.stdout
