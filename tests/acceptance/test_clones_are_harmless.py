"""A copy of a production that talks to the world: nothing of it survives, and its Odoo reaches nobody."""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from odooops_dagster.errors import StepFailed
from odooops_dagster.local.binaries import wheel_bin_dir
from odooops_dagster.model import Build, DatabaseAccess
from odooops_dagster.tools.odoo import commands
from odooops_dagster.tools.postgres.contents import module_states
from odooops_dagster.tools.sanitize import neutralize
from odooops_dagster.tools.sanitize.neutralize import Script
from odooops_dagster.tools.sanitize.pipeline import SanitizationReport, offenders, sanitize
from tests.acceptance.conftest import NewOdoo
from tests.acceptance.odoo_bench import Bench, clean, fetch
from tests.acceptance.platform import wait_for

pytestmark = [pytest.mark.odoo, pytest.mark.timeout(1800)]

# Installed beside `base` and `web`.
MODULES = ("mail", "payment", "payment_demo", "auth_oauth", "iap", "base_automation", "queue_job")
REQUIREMENTS = "odoo-addon-queue_job==19.0.*\n"
PASSWORD = "correct-horse-battery"
# What an administrator would have set up in production, told in SQL: servers at an address that we watch.
PRODUCTION = """
insert into ir_mail_server
(name, smtp_host, smtp_port, smtp_user, smtp_pass, smtp_encryption, smtp_authentication, active) values
('Production', '127.0.0.1', {port}, 'shop@example.com', '{password}', 'none', 'login', true);
insert into fetchmail_server (name, server, port, server_type, "user", password, active, state, priority)
values ('Inbox', '127.0.0.1', {port}, 'imap', 'inbox@example.com', '{password}', true, 'done', 5);
update payment_provider set state = 'enabled' where id = (select min(id) from payment_provider);
insert into res_users_apikeys (name, user_id, scope, index, key, create_date)
values ('integration', 2, null, 'abcdefgh', '{password}', now());
insert into ir_config_parameter (key, value) values
('shop.api_key', '{password}'), ('shop.carrier.password', '{password}'), ('database.enterprise_code', 'M123');
insert into mail_mail (mail_message_id, state, email_to, body_html, is_notification)
select min(id), 'outgoing', 'customer@example.com', '<p>Hello</p>', false from mail_message;
insert into iap_account (service_id, account_token, name)
select min(id), '{password}', 'IAP' from iap_service having min(id) is not null;
update res_users set oauth_access_token = '{password}' where id = 2;
update auth_oauth_provider set enabled = true;
update ir_cron set active = true, nextcall = now() - interval '1 hour';
insert into ir_act_server (name, model_id, state, webhook_url, type, usage, binding_type)
select '{{"en_US": "Tell them"}}', min(id), 'webhook', 'http://127.0.0.1:{port}/hook', 'ir.actions.server',
'ir_actions_server', 'action' from ir_model;
insert into queue_job (uuid, name, state, model_name, method_name, date_created, user_id)
values ('u-1', 'Send invoice', 'pending', 'res.partner', 'write', now(), 2);
"""


@dataclass
class Trap:
    """A port that writes down who calls."""

    port: int = 0
    calls: list[bytes] = field(default_factory=list)


@contextmanager
def trap() -> Iterator[Trap]:
    """Listen where production's servers are said to be; answer as a mail server would begin to."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        made = Trap(port=server.getsockname()[1])
        threading.Thread(target=_answer, args=(server, made), daemon=True).start()
        yield made


def _answer(server: socket.socket, trap: Trap) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection:
            trap.calls.append(b"call")
            connection.sendall(b"220 production ESMTP\r\n")


@dataclass(frozen=True, kw_only=True)
class Production:
    """A production with everything switched on, the code it runs, and the trap its servers lead to."""

    bench: Bench
    build: Build
    access: DatabaseAccess
    trap: Trap

    def copy(self, word: str) -> DatabaseAccess:
        """Return a copy that nobody has touched."""
        return self.bench.database(word, template=self.access.database)

    def sanitize(self, copy: DatabaseAccess, *masks: Script) -> SanitizationReport:
        """Run what the clone runs."""
        names = neutralize.installed(module_states(copy))
        scripts = neutralize.scripts(names, self.build.addons_paths)
        return sanitize(copy, scripts=scripts, masks=masks, progress=print)

    def rows(self, copy: DatabaseAccess, statement: str) -> list[str]:
        """Return what a query of one column finds."""
        with psycopg.connect(url(copy)) as connection:
            return [str(row[0]) for row in connection.execute(statement.encode())]


def url(access: DatabaseAccess) -> str:
    """Return the database's address as the environment's role."""
    return f"postgresql://{access.user}:{access.password}@{access.host}:{access.port}/{access.database}"


@pytest.fixture(scope="module")
def production(bench: Bench, new_odoo: NewOdoo) -> Iterator[Production]:
    """Yield a real Odoo database whose mail, payment, keys, webhooks and jobs all work."""
    build = bench.build(requirements=REQUIREMENTS)
    access = new_odoo("production")
    command = commands.install_command(build, bench.config(build, access), names=MODULES, tests=())
    assert bench.run(command, access.database).exit_status == 0
    with trap() as made:
        with psycopg.connect(url(access)) as connection:
            connection.execute(PRODUCTION.format(port=made.port, password=PASSWORD).encode())
        yield Production(bench=bench, build=build, access=access, trap=made)


def test_nothing_of_production_survives_in_the_copy(production: Production) -> None:
    """No word of the secrets is left anywhere in the database, and every question is answered well."""
    copy = production.copy("scrubbed")
    assert len(offenders(copy)) >= 8
    report = production.sanitize(copy)
    assert offenders(copy) == {}
    dumped = subprocess.run(
        [wheel_bin_dir() / "pg_dump", "--data-only", url(copy)], capture_output=True, text=True, check=True, timeout=120
    ).stdout
    assert len(dumped) > 100_000
    assert PASSWORD not in dumped
    assert report.scrubbed["ir_mail_server.smtp_pass"] == 1
    assert report.scrubbed["queued jobs, which a runner outside the crons would start"] == 1
    identity = "select value from ir_config_parameter where key = 'database.uuid'"
    assert production.rows(copy, identity) != production.rows(production.access, identity)


def test_the_copys_crons_reach_nobody_while_productions_do(production: Production) -> None:
    """The trap hears the production that was not touched, so its silence about the copy says something."""
    copy = production.copy("silent")
    production.sanitize(copy)
    _serve_with_crons(production, copy, seconds=20)
    assert production.trap.calls == []
    loud = production.copy("loud")
    _serve_with_crons(production, loud, seconds=40, until_called=True)
    assert production.trap.calls


REQUIRED = """
alter table iap_account alter account_token set not null, add check (length(account_token) <= 32);
alter table fetchmail_server alter password set not null, add check (password ~ '^[a-z-]+$');
create function refuse() returns trigger language plpgsql as $$ begin raise exception 'append-only'; end $$;
create trigger guard before update of password on fetchmail_server for each row execute function refuse();
"""


def test_odoo_serves_a_copy_whose_tables_want_a_secret(production: Production) -> None:
    """Production's own rules stand in the copy as they did, and Odoo answers on what was filled in."""
    copy = production.copy("required")
    with psycopg.connect(url(copy)) as connection:
        connection.execute("delete from iap_account where account_token is null")
        connection.execute(REQUIRED.encode())
    report = production.sanitize(copy)
    assert report.scrubbed["fetchmail_server.password"] == 1
    [filled] = production.rows(copy, "select password from fetchmail_server")
    assert filled not in {PASSWORD, "None"}
    assert production.rows(copy, "select tgenabled from pg_trigger where tgname = 'guard'") == ["O"]
    assert offenders(copy) == {}
    _serve_with_crons(production, copy, seconds=1)


def _serve_with_crons(
    production: Production, copy: DatabaseAccess, *, seconds: float, until_called: bool = False
) -> None:
    """Serve the database with its crons until they had the time to run, and press the buttons a person might."""
    bench = production.bench
    command = commands.serve_command(production.build, bench.config(production.build, copy, cron_threads=2))
    log_path = bench.folder / f"{copy.database}.log"
    with log_path.open("wb") as log, subprocess.Popen(command, env=clean(), stdout=log, stderr=log) as odoo:
        try:
            wait_for(lambda: fetch(f"http://127.0.0.1:{bench.port}/web/login"), seconds=60, what="answer")
            with psycopg.connect(url(copy), autocommit=True) as connection:
                connection.execute("notify cron_trigger")
            heard = threading.Event()
            for _ in range(int(seconds * 4)):
                if until_called and production.trap.calls:
                    break
                heard.wait(0.25)
        finally:
            odoo.terminate()


def test_a_copy_of_which_a_script_fails_is_as_it_was(production: Production) -> None:
    """The person reads file and line; nothing was half done."""
    copy = production.copy("failed")
    broken = Script(name="10_names.sql", text="update res_partner set name = 'x';\nupdate no_such_table set a = 1;\n")
    with pytest.raises(StepFailed, match=r"10_names\.sql, line 2: relation .no_such_table. does not exist"):
        production.sanitize(copy, broken)
    assert production.rows(copy, "select count(*) from res_partner where name = 'x'") == ["0"]
    assert production.rows(copy, "select count(*) from res_users_apikeys") == ["1"]


def test_a_script_that_commits_is_refused(production: Production) -> None:
    """What is committed could be seen before every question was asked."""
    copy = production.copy("committed")
    with pytest.raises(StepFailed, match=r"sneaky\.sql ends the transaction"):
        production.sanitize(copy, Script(name="sneaky.sql", text="commit; begin;"))


def test_masks_run_in_order_after_the_neutralisation(production: Production, tmp_path: Path) -> None:
    """A project's hooks see the copy as the scripts left it."""
    copy = production.copy("masked")
    (tmp_path / "20_second.sql").write_text("update res_partner set name = name || ' two';")
    (tmp_path / "10_first.sql").write_text("update res_partner set name = 'one', email = null;")
    report = production.sanitize(copy, *neutralize.masks(tmp_path))
    assert report.masked == ("10_first.sql", "20_second.sql")
    assert production.rows(copy, "select distinct name from res_partner") == ["one two"]


def test_what_a_mask_switches_on_again_is_found(production: Production) -> None:
    """The questions are asked last, of everything, and the copy is not kept."""
    copy = production.copy("reopened")
    again = Script(name="again.sql", text="update ir_mail_server set active = true, smtp_host = 'smtp.example.com';")
    with pytest.raises(StepFailed, match=r"it sends no mail: mail server smtp\.example\.com"):
        production.sanitize(copy, again)
    assert offenders(copy)["keeps no secret"]


def test_the_coverage_names_modules_without_script_and_without_code(production: Production) -> None:
    """A module that nobody looked at is said, not skipped."""
    states = {**module_states(production.access), "lost_module": "installed"}
    covered = neutralize.coverage(neutralize.installed(states), production.build.addons_paths)
    assert {"base", "mail", "payment"} <= set(covered.neutralized)
    assert "queue_job" in covered.without_script
    assert covered.without_code == ("lost_module",)
    assert covered.own_without_script(["queue_job", "mail"]) == ("queue_job",)
