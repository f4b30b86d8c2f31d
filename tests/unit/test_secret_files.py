"""A setting may be a file, as engines mount secrets."""

from __future__ import annotations

from pathlib import Path

import pytest

from odooops_dagster.settings import Settings


def test_a_setting_may_be_a_file_and_a_variable_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its name is the variable's; files of other names are nobody's business."""
    (tmp_path / "odooops_backup_key").write_text("of the file\n")
    (tmp_path / "odooops_store_url").write_text("file:///of/the/file\n")
    (tmp_path / "store_endpoint_url").write_text("https://of.another/\n")
    monkeypatch.setenv("ODOOOPS_SECRETS_DIR", str(tmp_path))
    monkeypatch.setenv("ODOOOPS_STORE_URL", "file:///of/the/variable")
    settings = Settings()
    assert settings.backup_key is not None
    assert settings.backup_key.get_secret_value() == "of the file"
    assert settings.store_url == "file:///of/the/variable"
    assert settings.store_endpoint_url == ""


def test_without_the_folder_there_are_variables_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No warning either."""
    monkeypatch.setenv("ODOOOPS_SECRETS_DIR", str(tmp_path / "absent"))
    assert Settings().backup_key is None
