"""Statements that remove what neutralization leaves in a copy: waiting work, and the database's identity.

Odoo's scripts only switch things off; the credentials stay, and one click in the copy enables them again. The
statements here are tied to known tables; `sanitize` handles columns and rows that are named like secrets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import LiteralString

# Prefix of the filler for a secret column that may not be null; the search for secrets recognizes it.
SCRUBBED = "scrubbed-"
# Prefix of the filler for a uuid column, which accepts no text.
SCRUBBED_UUID = "5c4bbed0-"


@dataclass(frozen=True, kw_only=True)
class Statement:
    """SQL for known tables; it is skipped in a database that lacks one of them."""

    what: str
    tables: tuple[str, ...]
    sql: LiteralString


STATEMENTS: tuple[Statement, ...] = (
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
        what="mail that waits, or that one click sends again",
        tables=("mail_mail",),
        sql="delete from public.mail_mail where state in ('outgoing', 'exception')",
    ),
    Statement(what="pushes to browsers that wait", tables=("mail_push",), sql="delete from public.mail_push"),
    Statement(what="news for browsers that are open", tables=("bus_bus",), sql="delete from public.bus_bus"),
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
