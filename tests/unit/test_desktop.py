"""What opens in a person's browser."""

from __future__ import annotations

from pathlib import Path

from odooops_dagster.doors.cli.desktop import page_that_leads_to


def test_a_link_reaches_the_browser_in_a_file_that_others_cannot_read(tmp_path: Path) -> None:
    """Its address is no argument of a program, and the file of the call before is gone."""
    former = page_that_leads_to("http://console.localhost:8600/login?token=one", tmp_path)
    page = page_that_leads_to("http://console.localhost:8600/login?token=two&x=<", tmp_path)
    assert page.stat().st_mode & 0o777 == 0o600
    assert 'url=http://console.localhost:8600/login?token=two&amp;x=&lt;"' in page.read_text()
    assert not former.exists()
    assert "two" not in page.name
