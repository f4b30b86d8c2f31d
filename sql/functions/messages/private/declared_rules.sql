-- Returns the rules of a list such as odooops.yaml has, each once, with its events in their order, but for mails to whom
-- nobody of the platform knows: a push alone makes no stranger a recipient. Known is the address of a rule that people made
-- for the project or for all, of a person, and each one of p_domains.
-- Called by record_notification_rules. Locks nothing; raises what no list of rules is.
create or replace function ops_private.declared_rules(
    p_project_id uuid,
    p_rules jsonb,
    p_domains text[]
)
returns table (events text[], stage ops.environment_stage, fault text, channel text, recipient text)
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select distinct
    array(select distinct e.event from unnest(d.events) as e (event) order by e.event), d.stage, d.fault, d.channel,
    d.recipient
from jsonb_to_recordset(p_rules) as d (
    events text [], stage ops.environment_stage, fault text, channel text, recipient text
)
where
    d.channel is distinct from 'mail' or d.recipient is null
    or lower(split_part(d.recipient, '@', 2)) = any (p_domains)
    or exists (
        select from ops.notification_rules as n
        where
            n.channel = 'mail' and not n.is_declared and lower(n.recipient) = lower(d.recipient)
            and (n.project_id is null or n.project_id = p_project_id)
    )
    or exists (
        select from ops.person_aliases as a where a.kind = 'email' and a.alias = ops_private.fold_name(d.recipient)
    )
$$;
comment on function ops_private.declared_rules is 'The rules of a list that count, each once.';
revoke all on function ops_private.declared_rules from public;
