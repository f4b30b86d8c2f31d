"""The list of what is called a secret: words that every name is held against, and the reviewed fields of a series."""

from __future__ import annotations

import pytest

from odooops_dagster.tools.sanitize.secrets import is_secret_name, parse, secret_list


@pytest.mark.parametrize(
    "name",
    [
        *("password", "passwd", "smtp_pass", "pwd", "user_pwd", "pin", "pin_code", "pem", "pem_key", "private_key_pem"),
        *("passwort", "Kennwort", "mot_de_passe", "contrasena", "contraseña", "senha", "wachtwoord", "API-Schlüssel"),
        *("apiKey", "APIKey", "accessToken", "clientSecret", "privateKey", "api-key", "stripe.secretKey", "api_key_2"),
        *("ecpay_hashkey", "ecpay_hashIV", "production_csid_json", "slide_google_app_key", "unsplash.access_key"),
        *("client_id", "client_identifier", "smtp_user", "webhook_url", "calendar_rtoken", "otp", "hmac_key"),
    ],
)
def test_a_name_that_says_secret_is_one(name: str) -> None:
    """Whatever the language, the case and the signs between the words."""
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    [
        *("name", "key", "secretary", "secretary_id", "pinned_at", "spin", "opinion", "compass", "passport_id"),
        *("public_key", "publishable_key", "website_form_key", "inalterable_hash", "signature", "permission", "monkey"),
        *(
            "template_code",
            "stock_keys",
            "keyboard",
            "key_account",
            "private_email",
            "tokyo",
            "map_key",
            "steuerschluessel",
        ),
    ],
)
def test_a_name_that_only_sounds_like_one_is_none(name: str) -> None:
    """Words are words: what lies inside a longer one says nothing."""
    assert not is_secret_name(name)


def test_a_reviewed_field_is_a_secret_whatever_it_is_called() -> None:
    """The series' list tells what a name does not, and what a name says wrongly."""
    known = secret_list("19.0")
    assert known.is_secret("certificate_key", "content")
    assert known.is_secret("res_company", "l10n_gr_edi_aade_key")
    assert not known.is_secret("portal_page", "content")
    assert not known.is_secret("res_config_settings", "auth_totp_policy")
    assert known.is_secret_parameter("mail.twilio_account_sid")
    assert not known.is_secret_parameter("auth_password_policy.minlength")


def test_the_hashes_that_guard_people_and_pages_are_kept_in_odoos_tables_only() -> None:
    """A table of that name in another schema is not Odoo's."""
    known = secret_list("19.0")
    assert not known.is_secret("res_users", "password")
    assert known.is_secret("portal.res_users", "password")


def test_a_series_that_nobody_reviewed_gets_the_newest_list() -> None:
    """Rather too much is emptied than nothing."""
    assert secret_list("99.0") == secret_list("19.0")


def test_a_mixins_field_counts_in_every_table() -> None:
    """Odoo copies it into the tables of all models that inherit it."""
    known = parse('[secret]\n"*" = ["shared"]\nir_act_server = ["code"]\n')
    assert known.is_secret("anything", "shared")
    assert known.is_secret("ir_act_server", "code")
    assert not known.is_secret("anything", "code")
