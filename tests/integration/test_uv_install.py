"""Odoo's own packages by uv: from the index that pip is told, and never instead of pip's word."""

from __future__ import annotations

from pathlib import Path

import pytest

from odooops_dagster.tools.odoo import own_packages, python
from tests.integration.test_moved_cache import said, wheel


@pytest.fixture
def venv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an environment; pip's only index is a folder that has one wheel, and the pins name it."""
    (tmp_path / "simple" / "greeting").mkdir(parents=True)
    name = wheel(tmp_path / "simple" / "greeting").name
    (tmp_path / "simple" / "greeting" / "index.html").write_text(f'<a href="{name}">{name}</a>')
    (tmp_path / "pins.txt").write_text("greeting==1.0\n")
    for variable in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_CONSTRAINT"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", (tmp_path / "simple").as_uri())
    monkeypatch.setattr(own_packages, "_pins", lambda _series: tmp_path / "pins.txt")
    python.make_venv("python3", tmp_path / "venv", with_pip=True)
    return tmp_path / "venv"


def installed(venv: Path) -> list[str]:
    """Install the pins and return what was said meanwhile."""
    lines: list[str] = []
    own_packages.install_pins(venv, series="19.0", progress=lines.append)
    assert said(venv / "bin" / "greet") == "hello"
    return lines


def test_uv_installs_from_the_index_that_pip_is_told_and_compiles(venv: Path) -> None:
    """A sandbox that starts Odoo may not write: nothing is compiled after the installation."""
    assert any("Installed 1 package" in line for line in installed(venv))
    assert list(python.site_packages(venv).glob("__pycache__/greeting*.pyc"))


def test_pip_installs_what_its_settings_reserve_for_it(venv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Uv knows no option for packages without an index, so it is not asked."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(venv.parent / "simple" / "greeting"))
    lines = installed(venv)
    assert any("pip installs them" in line for line in lines)
    assert not any("Installed" in line for line in lines)
