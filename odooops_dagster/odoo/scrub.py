"""What neutralisation leaves in a copy of production and nobody there needs: secrets, and work that waits to go out.

Odoo's scripts switch things off; the credentials stay, and one click in the copy switches them on again. So every
column that is named like a secret is emptied, whatever module it comes from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import LiteralString

# Fills a secret column that may not be empty; the scan knows it again by this beginning.
SCRUBBED = "scrubbed-"

_SECRET = re.compile(
    r"password|passwd|passphrase|secret|token|api_?key|private_?key|auth_?key|access_?key|credential|webhook"
    r"|smtp_user|smtp_pass|client_id|client_identifier|rtoken|pin_code",
)
_SECRET_TYPES = frozenset({"character varying", "text", "bytea", "json", "jsonb"})
# Hashes by which people and pages are guarded: emptied, they would open what production keeps shut.
_KEPT = frozenset({("res_users", "password"), ("ir_ui_view", "visibility_password")})


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of the copy."""

    table: str
    name: str
    data_type: str
    is_nullable: bool


@dataclass(frozen=True, kw_only=True)
class Statement:
    """SQL that takes away what no column's name tells; it runs only where its tables are."""

    what: str
    tables: tuple[str, ...]
    sql: LiteralString


# Rows of ir_config_parameter that hold secrets under names of their own; a switch named like one holds none.
IS_CONFIDENTIAL: LiteralString = (
    "key ~* '(password|passwd|secret|token|api_?key|private_?key|credential|client_id|client_identifier|account_info)'"
    " and key <> 'database.secret' and lower(value) not in ('true', 'false', '1', '0', '')"
)

STATEMENTS: tuple[Statement, ...] = (
    Statement(
        what="system parameters that hold secrets",
        tables=("ir_config_parameter",),
        sql="delete from public.ir_config_parameter where " + IS_CONFIDENTIAL,  # noqa: S608 -- ours
    ),
    Statement(
        what="the database's identity: its uuid and the secret that signs its sessions and links",
        tables=("ir_config_parameter",),
        sql=(
            "update public.ir_config_parameter set value = gen_random_uuid()::text"
            " where key in ('database.uuid', 'database.secret')"
        ),
    ),
    Statement(
        what="the database's registration with the publisher",
        tables=("ir_config_parameter",),
        sql=(
            "delete from public.ir_config_parameter"
            " where key in ('database.enterprise_code', 'database.expiration_date', 'database.expiration_reason')"
        ),
    ),
    Statement(what="API keys", tables=("res_users_apikeys",), sql="delete from public.res_users_apikeys"),
    Statement(what="trusted devices", tables=("auth_totp_device",), sql="delete from public.auth_totp_device"),
    Statement(what="passkeys", tables=("auth_passkey_key",), sql="delete from public.auth_passkey_key"),
    Statement(
        what="mail that waits", tables=("mail_mail",), sql="delete from public.mail_mail where state = 'outgoing'"
    ),
    Statement(
        what="text messages that wait", tables=("sms_sms",), sql="delete from public.sms_sms where state = 'outgoing'"
    ),
    Statement(
        what="letters that wait",
        tables=("snailmail_letter",),
        sql="update public.snailmail_letter set state = 'canceled' where state = 'pending'",
    ),
    Statement(
        what="mailings that wait",
        tables=("mailing_mailing",),
        sql="update public.mailing_mailing set state = 'draft' where state in ('in_queue', 'sending')",
    ),
    Statement(
        what="queued jobs, which a runner outside the crons would start",
        tables=("queue_job",),
        sql=(
            "update public.queue_job set state = 'cancelled'"
            " where state in ('wait_dependencies', 'pending', 'enqueued', 'started')"
        ),
    ),
    Statement(
        what="cards kept at payment providers",
        tables=("payment_token",),
        sql="update public.payment_token set active = false, provider_ref = 'scrubbed-' || id",
    ),
    Statement(
        what="payment providers, those in test mode too",
        tables=("payment_provider",),
        sql="update public.payment_provider set state = 'disabled'",
    ),
)


def secret_columns(columns: Iterable[Column]) -> tuple[Column, ...]:
    """Return the columns that are named like secrets and can hold one, in the order given."""
    return tuple(
        column
        for column in columns
        if column.data_type in _SECRET_TYPES
        and _SECRET.search(column.name)
        and (column.table, column.name) not in _KEPT
    )
