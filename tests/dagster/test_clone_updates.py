"""A clone is brought to the pushed commit: only what changed is touched, and nothing that was off stays on."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import SanitizationFailed, StepFailed
from odooops_dagster.home import role_name
from odooops_dagster.home.names import BASELINE_PREFIX
from odooops_dagster.model import CloneResult
from odooops_dagster.steps.clone.clone import clone_production
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.environment.database import build_database
from odooops_dagster.steps.environment.update import CHECKSUMS, changes_for, checksums_of, kept_checksums
from odooops_dagster.tools.postgres.contents import module_states
from odooops_dagster.tools.sanitize.pipeline import set_parameters
from tests.dagster.studios import Studio, studio
from tests.servers import PostgresServer

# Logs what Odoo's own module logs in any database, and what the shop does.
FAULTY = f"""#!{sys.executable}
import configparser, sys
import psycopg
parser = configparser.RawConfigParser()
parser.read(next(word for word in sys.argv if word.startswith("--config=")).removeprefix("--config="))
odoo = parser["options"]
words = [word.partition("=")[2] for word in sys.argv if word.startswith(("--init=", "--update="))]
named = [name for word in words for name in word.split(",")]
with psycopg.connect(
    host=odoo["db_host"], port=odoo["db_port"], user=odoo["db_user"], password=odoo["db_password"],
    dbname=odoo["db_name"],
) as connection:
    connection.execute("create table if not exists ir_module_module (name text primary key, state text)")
    for name in named:
        connection.execute(
            "insert into ir_module_module (name, state) values (%s, 'installed') on conflict do nothing", [name]
        )
for level, said in (
    ("ERROR", "odoo.addons.mail: took 12 ms in " + odoo["db_name"]),
    ("INFO", "odoo.addons.shop: SAID"),
    ("INFO", "odoo.modules.loading: Modules loaded."),
    ("INFO", "odoo.service.server: Initiating shutdown"),
):
    print("2026-02-13 10:00:00,000 1", level, odoo["db_name"], said)
"""


@pytest.fixture
def opened(
    control: ControlPlane, postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Studio]:
    """Yield a studio whose Odoo updates in its own way."""
    with studio(control, postgres_server, tmp_path_factory.mktemp("studio")) as (made, _):
        made.let_update()
        yield made


def cloned(opened: Studio) -> tuple[StepContext, CloneResult]:
    """Return a run at work and its clone."""
    step = opened.step()
    clone = clone_production(step, opened.updating_build)
    assert clone is not None
    return step, clone


def test_an_update_is_made_harmless_before_anybody_may_open_it(opened: Studio) -> None:
    """Production told nobody of which bytes its module is, so it is updated; the next database knows."""
    step, clone = cloned(opened)
    build = opened.updating_build
    made = build_database(step, build, clone)
    assert made.name == clone.name
    name = str(clone.name)
    assert (
        len(opened.rows(name, "select name from res_partner where email = 'updated' and name like '%--update=shop %'"))
        == 1
    )
    assert opened.rows(name, "select distinct smtp_host from ir_mail_server where active") == ["invalid"]
    assert opened.rows(name, "select count(*) from ir_mail_server where smtp_pass is not null") == [0]
    assert opened.leaks(step) == []
    said = {check.name: check.summary for check in made.checks if check.passed}
    assert said["module_tests_passed"] == "not run on production's data: policy clone.run_tests is off"
    assert said.keys() == {"modules_installed", "module_tests_passed", "log_clean"}
    assert (made.metadata["data"], made.metadata["template"]) == (clone.origin, "none: a clone of production")
    access = step.databases.access(name, role=role_name(step.environment))
    known = kept_checksums(access)
    states = module_states(access)
    assert known == checksums_of(build, ["base", "mail", "shop"])
    assert not changes_for(build, states, known)
    opened.write("shop/models.py", "changed = True\n")
    assert changes_for(build, states, known).changed == ("shop",)
    assert changes_for(replace(build, modules=("shop", "crm")), states, known).new == ("crm",)


def test_a_release_s_own_scripts_run_once_its_tables_are_there(opened: Studio) -> None:
    """A field that the release adds and neutralises is off in its staging."""
    opened.write("shop/data/neutralize.sql", "update delivery_carrier set sandbox = true")
    step, clone = cloned(opened)
    assert build_database(step, opened.updating_build, clone).name == clone.name
    assert opened.rows(str(clone.name), "select sandbox from delivery_carrier") == [True]


def test_after_an_update_a_script_that_fits_no_table_stops_the_run(opened: Studio) -> None:
    """All that it may speak of is there by now."""
    opened.write("shop/data/neutralize.sql", "update delivery_carrier set sandboxx = true")
    step, clone = cloned(opened)
    with pytest.raises(SanitizationFailed, match=r'shop/data/neutralize\.sql, line 1: column "sandboxx"'):
        build_database(step, opened.updating_build, clone)
    assert clone.name not in opened.databases()


def test_another_odoo_s_scripts_run_though_nothing_has_to_be_updated(opened: Studio) -> None:
    """The release is the same code on a newer Odoo, which switches off what the former one did not."""
    step, clone = cloned(opened)
    access = step.databases.access(str(clone.name), role=role_name(step.environment))
    build = opened.updating_build
    known = checksums_of(build, ["base", "mail", "shop"])
    set_parameters(access, {CHECKSUMS: json.dumps(known)})
    (opened.folder / "odoo/addons/mail/data/neutralize.sql").write_text("update res_partner set email = 'newer Odoo'")
    assert build_database(step, build, clone).name == clone.name
    assert opened.rows(str(clone.name), "select distinct email from res_partner") == ["newer Odoo"]
    assert opened.leaks(step) == []


def test_what_a_mask_wrote_is_not_lost_by_an_update(opened: Studio) -> None:
    """Also where it stands in a column that is scrubbed."""
    opened.serve(
        "shop/data/neutralize.sql", "create table if not exists till (pin_code text); insert into till values ('1')"
    )
    opened.mask(till="update till set pin_code = '0000'; insert into till values ('0000')")
    step, clone = cloned(opened)
    assert build_database(step, opened.updating_build, clone).name == clone.name
    assert opened.rows(str(clone.name), "select distinct pin_code from till") == ["0000"]


def test_a_clone_of_another_run_is_not_used_again(opened: Studio) -> None:
    """It may be serving by now."""
    step, clone = cloned(opened)
    opened.end(step)
    with pytest.raises(StepFailed, match="made by another run") as caught:
        build_database(opened.step(), opened.updating_build, clone)
    assert "materialize prod_clone and database together" in str(caught.value.hint)
    assert str(clone.name) in opened.databases()


@pytest.mark.parametrize(("shops", "is_clean"), [("INFO", True), ("ERROR", False)])
def test_what_odoo_s_own_modules_log_fails_no_update(opened: Studio, shops: str, is_clean: bool) -> None:
    """They are installed alone to learn it, and only where nothing else fails the check."""
    step, clone = cloned(opened)
    program = opened.program
    program.write_text(FAULTY.replace('"INFO", "odoo.addons.shop', f'"{shops}", "odoo.addons.shop'))
    made = build_database(step, opened.updating_build, clone)
    [check] = [check for check in made.checks if check.name == "log_clean"]
    assert check.passed == is_clean
    assert ("1 error(s) that this Odoo logs without your modules too" in check.summary) == is_clean
    assert any("installed alone" in line for line in opened.said) == is_clean
    assert [name for name in opened.databases() if name.startswith(BASELINE_PREFIX)] == []
