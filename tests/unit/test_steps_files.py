"""Trees of files that share their bytes."""

from __future__ import annotations

from pathlib import Path

from odooops_dagster.steps.core.files import link_tree


def test_a_linked_tree_shares_bytes_but_not_deletions(tmp_path: Path) -> None:
    """Removing a file from the copy leaves the template's."""
    source = tmp_path / "template"
    (source / "ab").mkdir(parents=True)
    (source / "ab" / "abcdef").write_bytes(b"attachment")
    link_tree(source, tmp_path / "copy")
    (tmp_path / "copy" / "ab" / "abcdef").unlink()
    assert (source / "ab" / "abcdef").read_bytes() == b"attachment"


def test_linking_over_a_half_made_copy_starts_anew(tmp_path: Path) -> None:
    """What a killed run left in the target is not mixed with the new tree."""
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "stale").write_text("x")
    (tmp_path / "template").mkdir()
    link_tree(tmp_path / "template", tmp_path / "copy")
    assert list((tmp_path / "copy").iterdir()) == []


def test_an_absent_template_gives_an_empty_folder(tmp_path: Path) -> None:
    """A database without attachments has no filestore; its copy still gets a folder."""
    link_tree(tmp_path / "nowhere", tmp_path / "copy")
    assert (tmp_path / "copy").is_dir()
