"""A clone is brought to the pushed commit: only what changed is touched, and nothing that was off stays on."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import StepFailed
from odooops_dagster.model import Build
from odooops_dagster.steps.clone import CloneResult, clone_production
from odooops_dagster.steps.context import StepContext
from odooops_dagster.steps.database import build_database
from odooops_dagster.steps.update import changes_for, checksums_of, kept_checksums
from tests.dagster.studios import Studio, studio
from tests.servers import PostgresServer

# Does to a database what an update may do: the module's own data switch things on again.
UPDATE = f"""#!{sys.executable}
import configparser, sys
import psycopg
parser = configparser.RawConfigParser()
parser.read(next(word for word in sys.argv if word.startswith("--config=")).removeprefix("--config="))
odoo = parser["options"]
with psycopg.connect(
    host=odoo["db_host"], port=odoo["db_port"], user=odoo["db_user"], password=odoo["db_password"],
    dbname=odoo["db_name"],
) as connection:
    connection.execute("update ir_mail_server set active = true, smtp_pass = 'again'")
    connection.execute("insert into res_partner (name, email) values (%s, 'updated')", [" ".join(sys.argv[2:])])
    connection.execute("update ir_module_module set state = 'installed' where name = 'shop'")
for logger, said in (("odoo.modules.loading", "Modules loaded."), ("odoo.service.server", "Initiating shutdown")):
    print(f"2026-02-13 10:00:00,000 1 INFO db {{logger}}: {{said}}")
"""


@pytest.fixture
def opened(
    control: ControlPlane, postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Studio]:
    """Yield a studio whose Odoo updates in its own way."""
    with studio(control, postgres_server, tmp_path_factory.mktemp("studio")) as (made, _):
        program = made.folder / "odoo-update"
        program.write_text(UPDATE)
        program.chmod(0o755)
        yield made


def build_of(opened: Studio) -> Build:
    """Return the build that is run by the program of ours."""
    return replace(opened.build, python=opened.folder / "odoo-update")


def cloned(opened: Studio) -> tuple[StepContext, CloneResult]:
    """Return a run at work and its clone."""
    step = opened.step()
    clone = clone_production(step, build_of(opened))
    assert clone is not None
    return step, clone


def test_an_update_is_made_harmless_before_anybody_may_open_it(opened: Studio) -> None:
    """Production told nobody of which bytes its module is, so it is updated; the next database knows."""
    step, clone = cloned(opened)
    build = build_of(opened)
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
    known = kept_checksums(step.databases, name)
    states = step.databases.module_states(name)
    assert known == checksums_of(build, ["base", "mail", "shop"])
    assert not changes_for(build, states, known)
    opened.write("shop/models.py", "changed = True\n")
    assert changes_for(build, states, known).changed == ("shop",)
    assert changes_for(replace(build, modules=("shop", "crm")), states, known).new == ("crm",)


def test_a_clone_of_another_run_is_not_used_again(opened: Studio) -> None:
    """It may be serving by now."""
    step, clone = cloned(opened)
    opened.end(step)
    with pytest.raises(StepFailed, match="made by another run") as caught:
        build_database(opened.step(), build_of(opened), clone)
    assert "materialize prod_clone and database together" in str(caught.value.hint)
    assert str(clone.name) in opened.databases()
