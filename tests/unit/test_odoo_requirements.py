"""Which environment a commit's requirements lead to: whatever pip would read decides it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from odooops_dagster.tools.odoo.requirements import asks_for_something, fingerprint

Files = Mapping[str, str | bytes]


def asked(root: Path, files: Files) -> list[str]:
    """Write the files and return the fingerprint of requirements.txt."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return fingerprint([root / "requirements.txt"])


@pytest.mark.parametrize(
    "line",
    [
        "-r base.txt",
        "-rbase.txt",
        "--requirement=base.txt",
        "-r base.txt  # shared with the others",
        '-r "base.txt"',
        "-c base.txt # pins",
        "\ufeff-r base.txt",
        "-r \\\n  base.txt",
        "-r sub/../base.txt",
        "-r ${LOGNAME}",
    ],
)
def test_a_change_in_an_included_file_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    """However the line that includes it is written."""
    monkeypatch.setenv("LOGNAME", "base.txt")
    (tmp_path / "sub").mkdir()
    old = asked(tmp_path, {"requirements.txt": f"{line}\nroman\n", "base.txt": "roman==4.2\n"})
    assert asked(tmp_path, {"base.txt": "roman==4.1\n"}) != old


@pytest.mark.parametrize("name", ["base.pip", "requirements-test", "requirements.dev"])
def test_a_change_in_a_file_that_an_included_one_includes_is_seen(tmp_path: Path, name: str) -> None:
    """Whatever the included file is called, and in its own folder."""
    files = {"requirements.txt": f"-r pins/{name}\n", f"pins/{name}": "-r base.txt\n", "pins/base.txt": "roman==4.2\n"}
    old = asked(tmp_path, files)
    assert asked(tmp_path, {"pins/base.txt": "roman==4.1\n"}) != old


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_file_with_a_byte_order_mark_is_read_as_pip_reads_it(tmp_path: Path, encoding: str) -> None:
    """Editors on Windows write one."""
    old = asked(tmp_path, {"requirements.txt": "-r base.txt\n".encode(encoding), "base.txt": "roman==4.2\n"})
    assert asked(tmp_path, {"base.txt": "roman==4.1\n"}) != old


@pytest.mark.parametrize(
    "line",
    [
        "vendor/acme.whl",
        "./vendor/acme.whl",
        "acme @ file:vendor/acme.whl",
        "--find-links vendor\nacme",
        "-f=vendor\nacme",
    ],
)
def test_a_package_that_lies_in_the_repository_counts_by_its_bytes(tmp_path: Path, line: str) -> None:
    """It may change under the same name and version."""
    old = asked(tmp_path, {"requirements.txt": f"{line}\n", "vendor/acme.whl": b"one"})
    assert asked(tmp_path, {"vendor/acme.whl": b"two"}) != old


def test_a_folder_counts_by_all_that_is_below_it(tmp_path: Path) -> None:
    """Its own packaging file may say anything."""
    old = asked(tmp_path, {"requirements.txt": "-e ./lib\n", "lib/setup.py": "1", "lib/acme/__init__.py": "x = 1"})
    assert asked(tmp_path, {"lib/acme/__init__.py": "x = 2"}) != old


def test_the_same_files_in_another_checkout_are_the_same_requirements(tmp_path: Path) -> None:
    """A checkout's folder bears its commit's name; the environment should not."""
    files: Files = {
        "requirements.txt": "-r base.txt\nvendor/acme.whl\n",
        "base.txt": "roman\n",
        "vendor/acme.whl": b"one",
    }
    assert asked(tmp_path / "1111", files) == asked(tmp_path / "2222", files)


def test_what_no_line_names_changes_nothing(tmp_path: Path) -> None:
    """A folder that is called like a package is not that package."""
    old = asked(tmp_path, {"requirements.txt": "roman  # see notes.md\n", "roman/x.py": "1", "other.txt": "a"})
    assert asked(tmp_path, {"roman/x.py": "2", "other.txt": "b", "notes.md": "c"}) == old


def test_a_file_that_includes_itself_ends(tmp_path: Path) -> None:
    """Pip refuses it; this does not hang before pip can say so."""
    assert asked(tmp_path, {"requirements.txt": "-r requirements.txt\n"})


def test_files_that_ask_for_nothing_ask_for_no_environment(tmp_path: Path) -> None:
    """Comments and empty lines are nothing."""
    assert asked(tmp_path, {"requirements.txt": "\ufeff\n# none yet\n  # still none\n"}) == []
    assert not asks_for_something(tmp_path / "requirements.txt")
