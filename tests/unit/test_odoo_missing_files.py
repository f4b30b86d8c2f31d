"""The files that Odoo's own manifests name and an Odoo came without."""

from __future__ import annotations

from pathlib import Path

import pytest

from odooops_dagster.tools.odoo.missing_files import missing_files, supply
from odooops_dagster.tools.odoo.named_files import named_files

MANIFEST = {
    "data": ["views/there.xml", "views/gone.xml"],
    "assets": {
        "web.assets": [
            "web/static/src/**/*.js",
            "web/static/src/there.js",
            "/web/static/lib/gone.js",
            "web/static/made.scss",
            "https://example.invalid/x.js",
            "web/static/src/no_ending",
            ("include", "web.other"),
            ("remove", "web/static/src/removed.js"),
            ("after", "web/static/src/before_me.js", "web/static/src/gone.scss"),
            "elsewhere/static/gone.js",
        ]
    },
}


@pytest.fixture
def addons(tmp_path: Path) -> Path:
    """Return a folder of Odoo's addons, of which some files are missing."""
    web = tmp_path / "web"
    for file in ("static/src/there.js", "views/there.xml"):
        (web / file).parent.mkdir(parents=True, exist_ok=True)
        (web / file).touch()
    (web / "__manifest__.py").write_text(repr(MANIFEST))
    (web / "views" / "there.xml").write_text('<field name="url">/web/static/made.scss</field>')
    for name, manifest in (
        ("test_web", repr(MANIFEST)),
        ("old", "{'installable': False, 'data': ['a']}"),
        ("bad", "{"),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__manifest__.py").write_text(manifest)
    return tmp_path


def test_each_file_that_a_manifest_names_is_looked_for(addons: Path) -> None:
    """Patterns, addresses, bundles and what is made at run time are no files; a test's module lacks them on purpose."""
    assert missing_files([addons]) == (
        "web/static/lib/gone.js",
        "web/static/src/before_me.js",
        "web/static/src/gone.scss",
        "web/views/gone.xml",
    )


def test_missing_scripts_are_supplied_and_nothing_else(addons: Path) -> None:
    """An empty view or style would be another fault; an empty script is only a feature less."""
    supplied = supply(missing_files([addons]), [addons])
    assert supplied == ("web/static/lib/gone.js", "web/static/src/before_me.js")
    assert missing_files([addons]) == ("web/static/src/gone.scss", "web/views/gone.xml")
    assert (addons / "web" / "static" / "lib" / "gone.js").read_text().startswith("//")


def test_the_files_that_a_manifest_names_are_its_data_and_what_its_patterns_match(tmp_path: Path) -> None:
    """A file that is in the module and that nothing names is none of them, nor is one that a bundle removes."""
    bundles = {"web.assets_backend": ["crm/static/**/*.js", ("remove", "crm/static/off.xml"), "web/x.css"]}
    manifest = {"data": ["views.xml"], "demo": ["demo.csv"], "assets": bundles}
    for name in ("crm/static/src/deep/a.js", "crm/static/off.xml", "crm/readme.txt", "web/x.css", "crm/views.xml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "crm" / "__manifest__.py").write_text(repr(manifest))
    named = {str(file.relative_to(tmp_path)) for file in named_files(tmp_path / "crm")}
    assert named == {"crm/views.xml", "crm/demo.csv", "crm/static/src/deep/a.js", "web/x.css"}
