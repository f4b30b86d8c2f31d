"""A canary in every table of an Odoo with every module that knows a secret: none of them sings in the copy."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from odooops_dagster.local.binaries import wheel_bin_dir
from odooops_dagster.model import Build, DatabaseAccess
from odooops_dagster.tools.odoo import commands
from odooops_dagster.tools.odoo.distribution import Installation
from odooops_dagster.tools.postgres.contents import module_states
from odooops_dagster.tools.sanitize import neutralize
from odooops_dagster.tools.sanitize.pipeline import offenders, sanitize
from odooops_dagster.tools.sanitize.secrets import secret_list
from tests.acceptance.canaries import MARK, Canaries, release
from tests.acceptance.conftest import NewOdoo
from tests.acceptance.odoo_bench import Bench
from tests.acceptance.platform import SERIES
from tests.servers import PostgresServer

ROOT = Path(__file__).parents[2]
# Installed beside `base` and `web`, one after the other, each within the time of a job.
MODULES = (
    "mail,account,sale_management,stock,point_of_sale,website_sale,website_slides,project,crm,survey,hr_skills",
    (
        "auth_oauth,auth_passkey,auth_totp_mail,base_automation,base_geolocalize,certificate,cloud_storage_azure"
        ",delivery_mondialrelay,event,google_address_autocomplete,google_calendar,google_gmail,google_recaptcha"
        ",hr_attendance,hr_holidays,hr_maintenance,im_livechat,mail_group,microsoft_calendar,microsoft_outlook,sale_gelato"
        ",sms_twilio,spreadsheet_dashboard,web_unsplash,website_cf_turnstile,website_sale_autocomplete,payment_adyen"
        ",payment_aps,payment_asiapay,payment_authorize,payment_buckaroo,payment_dpo,payment_flutterwave,payment_iyzico"
        ",payment_mercado_pago,payment_mollie,payment_nuvei,payment_paymob,payment_paypal,payment_razorpay,payment_redsys"
        ",payment_stripe,payment_worldline,payment_xendit,pos_adyen,pos_dpopay,pos_glory_cash,pos_mercado_pago"
        ",pos_pine_labs,pos_qfpay,pos_razorpay,pos_viva_com"
    ),
    # Not l10n_pl_edi: its neutralize.sql speaks of columns that its fields, kept as attachments, do not have.
    (
        "l10n_eg_edi_eta,l10n_gr_edi,l10n_hu_edi,l10n_id,l10n_in_edi,l10n_in_ewaybill,l10n_jo_edi,l10n_my_edi,l10n_ro_edi"
        ",l10n_rs_edi,l10n_sa_edi,l10n_tr_nilvera_einvoice_extended,l10n_tw_edi_ecpay,l10n_vn_edi_viettel"
    ),
)

pytestmark = [pytest.mark.odoo, pytest.mark.timeout(1800)]


@dataclass(frozen=True, kw_only=True)
class Aviary:
    """An Odoo's database, and the code that runs it."""

    bench: Bench
    build: Build
    access: DatabaseAccess

    def copy(self, word: str) -> DatabaseAccess:
        """Return a copy that nobody has touched."""
        return self.bench.database(word, template=self.access.database)

    def sanitize(self, copy: DatabaseAccess) -> None:
        """Run what a clone runs."""
        names = neutralize.installed(module_states(copy))
        scripts = neutralize.scripts(names, self.build.addons_paths)
        report = sanitize(copy, scripts=scripts, masks=(), progress=print)
        sys.stdout.write(f"{len(names)} modules: {report.seconds} s, {report.searched_for} secrets searched for\n")


@pytest.fixture(scope="module")
def aviary(bench: Bench, new_odoo: NewOdoo) -> Aviary:
    """Return an Odoo with all the modules."""
    build = bench.build()
    access = new_odoo("aviary")
    for names in MODULES:
        command = commands.install_command(build, bench.config(build, access), names=names.split(","), tests=())
        assert bench.run(command, access.database).exit_status == 0
    return Aviary(bench=bench, build=build, access=access)


def test_a_new_odoo_as_it_is_installed_raises_no_alarm(aviary: Aviary) -> None:
    """Its own data, views and messages hold no secret by any shape: a false alarm would stop every clone."""
    copy = aviary.copy("fresh")
    aviary.sanitize(copy)
    assert offenders(copy, by_value=True) == {}


def test_no_canary_survives(aviary: Aviary, postgres_server: PostgresServer) -> None:
    """One sat in every table, in every secret column, parameter, default, attachment and link."""
    copy = aviary.copy("trap")
    with psycopg.connect(postgres_server.url(copy.database)) as connection:
        made = release(connection, secret_list(SERIES))
        [(tables,)] = connection.execute(
            "select count(*) from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'"
        ).fetchall()
        connection.execute("analyze")
    assert len({place.split(".")[0] for place in made.columns}) == tables > 800
    _see_that_it_is_the_standard(made)
    assert MARK in _dump(postgres_server, copy)
    aviary.sanitize(copy)
    assert [line for line in _dump(postgres_server, copy).splitlines() if MARK in line] == []
    with psycopg.connect(postgres_server.url(copy.database)) as connection:
        statistics = connection.execute(
            "select most_common_vals::text, histogram_bounds::text from pg_stats"
        ).fetchall()
    assert MARK not in str(statistics)


def _see_that_it_is_the_standard(made: Canaries) -> None:
    """Hold the trap against secrets of Odoo that a scrub by a few words leaves."""
    assert {
        "res_company.l10n_gr_edi_aade_key",
        "res_company.l10n_tw_edi_ecpay_hashkey",
        "res_company.l10n_tw_edi_ecpay_hashIV",
        "account_journal.l10n_sa_production_csid_json",
        "website.website_slide_google_app_key",
        "hr_employee.pin",
    } <= set(made.columns)
    assert {"unsplash.access_key", "shop.apiKey", "mail.twilio_account_sid"} <= set(made.parameters)
    assert {"certificate.key.content", "certificate.key.pem_key"} <= set(made.attachments)
    assert "payment.provider.stripe_secret_key" in made.defaults


def _dump(server: PostgresServer, access: DatabaseAccess) -> str:
    command = [str(wheel_bin_dir() / "pg_dump"), server.url(access.database)]
    return subprocess.run(command, capture_output=True, check=True, timeout=300).stdout.decode()


def test_every_field_and_parameter_that_could_hold_a_secret_was_reviewed(installation: Installation) -> None:
    """What a newer Odoo brings is named here until a person has put it into the series' list."""
    script = ROOT / "scripts" / "dev" / "secret_fields.py"
    done = subprocess.run(
        [sys.executable, script, installation.library / "odoo", SERIES],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)
