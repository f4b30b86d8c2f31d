"""What Odoo is told."""

from __future__ import annotations

import configparser
from pathlib import Path

import pytest

from odooops_dagster.errors import BadInput
from odooops_dagster.model import Build, DatabaseAccess, Source
from odooops_dagster.tools.odoo import commands

ACCESS = DatabaseAccess(host="127.0.0.1", port=5433, user="ops_1", password="s3cr%t;#x", database="ops_shop")
SOURCE = Source(
    path=Path("/src"), git_sha="0" * 40, tree_digest="", addons_paths=(), modules=("shop",), requirements=()
)
BUILD = Build(
    digest="sha256:0",
    series="19.0",
    odoo_revision="1",
    python=Path("/venv/bin/python"),
    addons_paths=(Path("/src"), Path("/odoo/addons")),
    modules=("shop",),
    closure=("base", "shop"),
    source=SOURCE,
)
CONFIG = Path("/run/odoo.conf")
ODOO = ("/venv/bin/python", str(commands.launcher()), "--config=/run/odoo.conf")


def config(**values: object) -> configparser.SectionProxy:
    """Return the configuration file, read as Odoo reads it."""
    text = commands.config_file(
        ACCESS,
        data_dir=Path("/data"),
        addons_paths=BUILD.addons_paths,
        port=8070,
        **values,  # type: ignore[arg-type]
    )
    parser = configparser.RawConfigParser()
    parser.read_string(text)
    return parser["options"]


def test_installing_without_tests_opens_no_port() -> None:
    """Two installations at a time cannot be in each other's way."""
    assert commands.install_command(BUILD, CONFIG, names=["base", "shop"]) == (
        *ODOO,
        "--init=base,shop",
        "--without-demo=True",
        "--no-http",
        "--stop-after-init",
    )


def test_installing_with_tests_runs_the_named_modules_tests_only() -> None:
    """Odoo's own tests are Odoo's business; tests of pages need the HTTP service."""
    command = commands.install_command(BUILD, CONFIG, names=["shop"], tests=["shop", "stock"], demo=True)
    assert command == (*ODOO, "--init=shop", "--with-demo", "--test-tags=/shop,/stock", "--stop-after-init")


def test_updating_names_its_modules() -> None:
    """An update is a command that ends, as an installation is."""
    assert commands.update_command(BUILD, CONFIG, names=["shop"]) == (
        *ODOO,
        "--update=shop",
        "--no-http",
        "--stop-after-init",
    )


def test_serving_says_nothing_but_where_its_configuration_is() -> None:
    """Everything else is in the file, the password among it."""
    assert commands.serve_command(BUILD, CONFIG) == ODOO


def test_installing_nothing_is_refused() -> None:
    """Odoo would read an empty list as no wish at all, and exit 0."""
    with pytest.raises(BadInput, match="no modules"):
        commands.install_command(BUILD, CONFIG, names=[])


def test_the_launcher_is_shipped() -> None:
    """Every command starts with it."""
    assert commands.launcher().is_file()


def test_the_configuration_pins_odoo_to_its_database() -> None:
    """Named database, no list, no manager, loopback only."""
    options = config()
    assert (options["db_name"], options.get("dbfilter"), options["list_db"]) == ("ops_shop", None, "False")
    assert (options["http_interface"], options["http_port"], options["workers"]) == ("127.0.0.1", "8070", "0")
    assert options["addons_path"] == "/src,/odoo/addons"
    assert options["admin_passwd"] not in {"admin", ACCESS.password}


def test_the_password_survives_the_file() -> None:
    """Odoo's parser takes a value as it stands."""
    assert config()["db_password"] == ACCESS.password


def test_the_memory_limit_restarts_before_it_kills() -> None:
    """Zero means no limit for Odoo too."""
    assert (config()["limit_memory_hard"], config()["limit_memory_soft"]) == ("0", "0")
    limited = config(memory_mb=1000)
    assert int(limited["limit_memory_soft"]) < int(limited["limit_memory_hard"]) == 1000 * 2**20


def test_an_older_series_loads_the_modules_that_it_knows() -> None:
    """`rpc` came with 19."""
    assert config(series="18.0")["server_wide_modules"] == "base,web"
    assert config()["server_wide_modules"] == "base,rpc,web"


@pytest.mark.parametrize("path", [Path("/a,b"), Path("/a\nadmin_passwd = x")])
def test_a_path_that_the_file_cannot_hold_is_refused(path: Path) -> None:
    """A branch's folder must not be able to write options."""
    with pytest.raises(BadInput):
        commands.config_file(ACCESS, data_dir=Path("/data"), addons_paths=[path], port=1)


def test_tags_come_besides_the_own_modules() -> None:
    """Neither instead of them, nor where no test runs; the same tags are asked about."""
    command = commands.install_command(BUILD, CONFIG, names=["shop"], tests=["shop"], tags=["nightly", "-slow"])
    assert "--test-tags=/shop,nightly,-slow" in command
    assert "--test-tags=/shop,nightly" in commands.update_command(
        BUILD, CONFIG, names=["shop"], tests=["shop"], tags=["nightly"]
    )
    silent = commands.install_command(BUILD, CONFIG, names=["shop"], tags=["nightly"])
    assert not any(word.startswith("--test-tags") for word in silent)
    asked = commands.list_tests_command(BUILD, CONFIG, names=["shop", "stock"], tags=["-slow"])
    assert asked[2:] == ("shop,stock", f"--config={CONFIG}", "--test-tags=/shop,/stock,-slow")
