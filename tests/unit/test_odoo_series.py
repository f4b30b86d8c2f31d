"""What differs between Odoo's series is data."""

from __future__ import annotations

from dataclasses import replace

import pytest

from odooops_dagster.errors import BadInput
from odooops_dagster.tools.odoo import commands
from odooops_dagster.tools.odoo import series as odoo_series
from tests.unit.test_odoo_commands import BUILD, CONFIG, config

SERIES = odoo_series.known()


def test_the_series_are_sorted_by_age() -> None:
    """The last one is the newest."""
    assert SERIES[:4] == ("16.0", "17.0", "18.0", "19.0")


@pytest.mark.parametrize("name", SERIES)
def test_every_series_has_its_facts_and_its_pins(name: str) -> None:
    """A folder that lacks one is found here and not by the first run."""
    found = odoo_series.series(name)
    assert found.name == name
    assert 12 <= found.postgresql <= 15, "the oldest server that the platform works with serves it"
    assert all(version.startswith("3.") for version in found.pythons)
    assert found.options.no_demo
    assert found.file("requirements.in").is_file()
    assert found.file("requirements.txt").is_file()


@pytest.mark.parametrize("name", ["12.0", "18", "master", "", "../19.0"])
def test_a_series_that_there_is_not_is_refused_with_those_that_there_are(name: str) -> None:
    """The hint is the choice."""
    with pytest.raises(BadInput) as caught:
        odoo_series.series(name)
    assert caught.value.hint == f"choose one: {', '.join(SERIES)}"


@pytest.mark.parametrize("name", SERIES)
def test_each_series_is_told_in_its_own_words_to_install_without_demo_data(name: str) -> None:
    """Before 19.0 demo data is installed unless it is refused, by `all`, and there is no option that asks for it."""
    build = replace(BUILD, series=name)
    without, asked = (
        [word for word in commands.install_command(build, CONFIG, names=["shop"], demo=demo) if "-demo" in word]
        for demo in (False, True)
    )
    later = name not in {"16.0", "17.0", "18.0"}
    assert without == ["--without-demo=True" if later else "--without-demo=all"]
    assert asked == (["--with-demo"] if later else [])
    added = commands.update_command(build, CONFIG, names=["shop"], new=["crm"])
    assert [word for word in added if "-demo" in word] == without


@pytest.mark.parametrize("name", SERIES)
def test_each_series_loads_the_modules_that_it_has(name: str) -> None:
    """`rpc` is no module before 19.0."""
    modules = config(series=name)["server_wide_modules"].split(",")
    assert ("rpc" in modules) == (name not in {"16.0", "17.0", "18.0"})
    assert {"base", "web"} <= set(modules)


@pytest.mark.parametrize("name", SERIES)
def test_each_series_says_what_an_upgrade_to_it_needs(name: str) -> None:
    """OpenUpgrade's packages are of that series, and Odoo stops by itself."""
    upgrade = odoo_series.series(name).upgrade
    assert all(f"=={name}." in package for package in upgrade.openupgrade)
    assert {"--update=all", "--stop-after-init"} <= set(upgrade.command)
    assert upgrade.loads == ("openupgrade_framework",)
