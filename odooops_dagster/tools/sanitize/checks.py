"""The questions that a copy of production has to pass before Odoo may open it; each lists what could do harm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import LiteralString


@dataclass(frozen=True, kw_only=True)
class Question:
    """A query that returns one row per problem; it is skipped in a database that lacks one of the tables."""

    name: str
    tables: tuple[str, ...]
    sql: LiteralString


QUESTIONS: tuple[Question, ...] = (
    Question(
        name="is marked as neutralized",
        tables=(),
        sql=(
            "select 'database.is_neutralized is not set' as offender where not exists ("
            "select from public.ir_config_parameter"
            " where key = 'database.is_neutralized' and lower(value) in ('true', 't', '1'))"
        ),
    ),
    Question(
        name="sends no mail",
        tables=("ir_mail_server",),
        sql=(
            "select format('mail server %s', smtp_host) as offender from public.ir_mail_server"
            " where active and smtp_host is distinct from 'invalid'"
        ),
    ),
    # Without an active mail server, Odoo uses the one from its command line.
    Question(
        name="has the mail server that leads nowhere",
        tables=("ir_mail_server",),
        sql=(
            "select 'no active mail server' as offender"
            " where not exists (select from public.ir_mail_server where active)"
        ),
    ),
    Question(
        name="fetches no mail",
        tables=("fetchmail_server",),
        sql="select format('incoming server %s', name) as offender from public.fetchmail_server where active",
    ),
    Question(
        name="runs no scheduled action but the cleaning",
        tables=("ir_cron", "ir_model_data"),
        sql=(
            "select format('scheduled action %s', c.cron_name) as offender from public.ir_cron as c where c.active"
            " and not exists (select from public.ir_model_data as d where d.model = 'ir.cron' and d.res_id = c.id"
            " and d.module = 'base' and d.name = 'autovacuum_job')"
        ),
    ),
    Question(
        name="takes no payment",
        tables=("payment_provider",),
        sql=(
            "select format('payment provider %s', code) as offender from public.payment_provider"
            " where state <> 'disabled'"
        ),
    ),
    Question(
        name="calls no webhook",
        tables=("ir_act_server",),
        sql=(
            "select format('server action %s', id) as offender from public.ir_act_server"
            " where state = 'webhook' and webhook_url ~* '^\\s*[a-z]+://'"
        ),
    ),
    Question(
        name="signs nobody in elsewhere",
        tables=("auth_oauth_provider",),
        sql="select format('sign-in provider %s', id) as offender from public.auth_oauth_provider where enabled",
    ),
    Question(
        name="holds no API key",
        tables=("res_users_apikeys",),
        sql="select format('API key of user %s', user_id) as offender from public.res_users_apikeys",
    ),
    Question(
        name="has nothing waiting to go out",
        tables=("mail_mail",),
        sql="select format('mail %s', id) as offender from public.mail_mail where state in ('outgoing', 'exception')",
    ),
    Question(
        name="has no job waiting",
        tables=("queue_job",),
        sql=(
            "select format('job %s', uuid) as offender from public.queue_job"
            " where state in ('wait_dependencies', 'pending', 'enqueued', 'started')"
        ),
    ),
    # The copy would use production's login on the other server.
    Question(
        name="reaches no other database",
        tables=(),
        sql=(
            "select format('foreign table %s', oid::regclass) as offender from pg_class where relkind = 'f'"
            " union all select format('login on foreign server %s', srvname) from pg_user_mappings"
            " union all select format('subscription %s', subname) from pg_subscription"
            " where subdbid = (select oid from pg_database where datname = current_database())"
        ),
    ),
)
