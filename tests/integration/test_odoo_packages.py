"""Odoo's own Python packages, with the real pip and a small index: whose fault it is that one is missing."""

from __future__ import annotations

import io
import re
import sys
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from odooops_dagster.errors import StepFailed
from odooops_dagster.tools.odoo import distribution, own_packages
from odooops_dagster.tools.odoo.distribution import Installation
from odooops_dagster.tools.odoo.environment import overlay
from tests.unit.test_odoo_install import make_installation, make_tree

VERSION = ".".join(map(str, sys.version_info[:3]))
SOURCE_THAT_CANNOT_BE_BUILT = {
    "PKG-INFO": "Metadata-Version: 2.1\nName: broken\nVersion: 1.5\n",
    "backend.py": "def build_wheel(*_, **__):\n    raise SystemExit('no compiler')\n",
    "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
}
MADE_FOR_LATER = '<a href="{file}" data-requires-python="&gt;=3.99">{file}</a>'


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The only index that pip knows: a folder behind a web server, with nothing in it yet."""
    folder = tmp_path / "index"
    folder.mkdir()
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_CONSTRAINT"):
        monkeypatch.delenv(name, raising=False)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=folder)) as server:
        monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield folder
        server.shutdown()


def refusal(home: Path, *, asked: str = "", series: str = "18.0") -> StepFailed:
    """Return why an Odoo cannot be installed whose pins are these, or else those that we ship."""
    tree = make_tree(home / "odoo-source", series=series)
    with pytest.MonkeyPatch.context() as patch:
        if asked:
            pins = home / "pins.txt"
            pins.write_text(f"{asked}\n")
            patch.setattr(own_packages, "_pins", lambda _series: pins)
        with pytest.raises(StepFailed) as caught:
            distribution.install(series, home=home, odoo_path=tree)
    assert distribution.find(series, home, odoo_path=tree) is None
    return caught.value


def test_a_pin_that_no_index_has_is_no_fault_of_the_repository(index: Path, tmp_path: Path) -> None:
    """The message names the pin and the Python, the hint asks the operator and not the developer to act."""
    assert list(index.iterdir()) == []
    failed = refusal(tmp_path, asked="no-such-package==1.0")
    assert str(failed).startswith("the repository is not at fault: Odoo 18.0's own packages cannot be installed")
    assert f"on Python {VERSION} (" in str(failed)
    assert "No matching distribution found for no-such-package==1.0" in str(failed)
    assert "\n" not in str(failed)
    assert "pip download --no-deps no-such-package==1.0" in str(failed.hint)
    assert "ops run retry" in str(failed.hint)
    assert "push" not in str(failed.hint)


def test_a_pin_of_ours_that_no_index_has_is_no_fault_of_the_repository(index: Path, tmp_path: Path) -> None:
    """A series whose versions we lock is told the same way, with the first pin that is missing."""
    assert list(index.iterdir()) == []
    failed = refusal(tmp_path, series="19.0")
    assert str(failed).startswith("the repository is not at fault: Odoo 19.0's own packages cannot be installed")
    assert re.search(r"No matching distribution found for [a-z]+==[\d.]+", str(failed))
    assert "ops run retry" in str(failed.hint)


def test_a_pin_for_a_later_python_says_which_one_it_needs(index: Path, tmp_path: Path) -> None:
    """What the index has is too new for this machine: another Python is the remedy."""
    (index / "later").mkdir()
    (index / "later" / "index.html").write_text(MADE_FOR_LATER.format(file="later-2.0-py3-none-any.whl"))
    failed = refusal(tmp_path, asked="later==2.0")
    assert "No matching distribution found for later==2.0, which requires Python >=3.99" in str(failed)
    assert "another Python" in str(failed.hint)


def test_a_package_that_cannot_be_compiled_is_named_with_its_pin(index: Path, tmp_path: Path) -> None:
    """Pip tells the name only; the remedy is a compiler."""
    (index / "broken").mkdir()
    (index / "broken" / "index.html").write_text('<a href="broken-1.5.tar.gz">broken-1.5.tar.gz</a>')
    with tarfile.open(index / "broken" / "broken-1.5.tar.gz", "w:gz") as archive:
        for name, text in SOURCE_THAT_CANNOT_BE_BUILT.items():
            member = tarfile.TarInfo(f"broken-1.5/{name}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    failed = refusal(tmp_path, asked="broken==1.5 ; sys_platform == 'linux'")
    assert str(failed).startswith("the repository is not at fault: ")
    assert "broken==1.5 cannot be built from source: no compiler" in str(failed)
    assert "install a compiler" in str(failed.hint)


def test_a_requirement_of_the_repository_is_its_own_fault(index: Path, tmp_path: Path) -> None:
    """The developer corrects it and pushes."""
    assert list(index.iterdir()) == []
    make_installation(tmp_path, python=sys.executable)
    installation = distribution.find("19.0", tmp_path)
    assert isinstance(installation, Installation)
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("no-such-package==1.0\n")
    with pytest.raises(StepFailed, match="requirements: No matching distribution found for no-such-package") as caught:
        overlay(installation, requirements=[requirements], home=tmp_path)
    assert caught.value.hint == "correct the requirements and push again"
