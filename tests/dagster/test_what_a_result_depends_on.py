"""A test result is quoted only for a commit of which all that the tests depend on is the same."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.tools.odoo import environment
from odooops_dagster.tools.odoo.environment import PythonEnvironment
from odooops_dagster.tools.odoo.requirements import fingerprint
from tests.dagster.estate import Estate, estate, use_stand_in_odoo
from tests.servers import PostgresServer

QUOTED = r"database \S+: copied from template"


@pytest.fixture
def shop(
    control: ControlPlane, postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Estate]:
    """Yield a project whose Python packages are what its requirements say."""
    use_stand_in_odoo(monkeypatch, tmp_path)
    made = environment.overlay(None, requirements=(), home=tmp_path)  # type: ignore[arg-type] # the stand-in's

    def overlay(*_: object, requirements: Sequence[Path], **__: object) -> PythonEnvironment:
        lines = fingerprint(requirements) if requirements else []
        return replace(made, digest=hashlib.sha256(repr(lines).encode()).hexdigest())

    monkeypatch.setattr(environment, "overlay", overlay)
    with estate(control, postgres_server, tmp_path) as yielded:
        yield yielded


@pytest.mark.parametrize(
    ("file", "is_quoted"),
    [("requirements.txt", False), ("data/rates.csv", False), ("shop/models.py", False), ("README.md", True)],
)
def test_tests_run_again_for_whatever_they_may_depend_on(
    shop: Estate, capfd: pytest.CaptureFixture[str], file: str, is_quoted: bool
) -> None:
    """One file changes at a time: the packages, a file beside the modules, the module, a text for people."""
    for number, text in enumerate(("roman==4.2\n", "roman==4.1\n")):
        path = shop.repository.work / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        shop.push(f"feature/{number}")
        [run] = shop.work_off()
        assert run.status == "succeeded", run.error_message
    assert bool(re.search(QUOTED, capfd.readouterr().err)) == is_quoted
