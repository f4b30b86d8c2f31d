-- Keeps a mail that an environment sent, and returns its id. Of each environment the newest 200 mails are kept, and of
-- these the newest of 64 MiB together. Called by the collector of the catcher. Locks the environment's mails that it
-- removes. Raises PT400 for production, whose mails are nobody's to keep, and for a mail above 10 MiB; PT404. A retry
-- returns the same mail.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_mail(
    p_environment_id uuid,
    p_content bytea,
    p_sender text,
    p_recipients text[],
    p_subject text,
    p_received_at timestamptz
)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_project_id uuid := ops_private.project_that_tells(p_environment_id);
    v_digest text := encode(sha256(p_content), 'hex');
    v_id uuid;
begin
    if octet_length(p_content) > 10 * 1024 * 1024 or exists (
        select from ops.environments as e where e.id = p_environment_id and e.stage = 'production'
    ) then
        raise sqlstate 'PT400' using
            message = 'A mail is kept of an environment that is not production, and up to 10 MiB',
            hint = 'Nothing is to be done: the sender was told.';
    end if;
    insert into ops.mails (
        project_id, environment_id, sha256, sender, recipients, subject, size_bytes, received_at, content
    )
    values (
        v_project_id, p_environment_id, v_digest, left(p_sender, 320), p_recipients[1:100], left(p_subject, 500),
        octet_length(p_content), p_received_at, p_content
    )
    on conflict (environment_id, sha256) do nothing
    returning id into v_id;
    if v_id is null then
        return (
            select m.id from ops.mails as m where m.environment_id = p_environment_id and m.sha256 = v_digest
        );
    end if;
    delete from ops.mails as m using ops_private.mails_beyond(p_environment_id) as beyond where m.id = beyond;
    return v_id;
end
$$;
comment on function ops.record_mail is 'Keeps a mail that an environment sent.';
revoke all on function ops.record_mail from public;
grant execute on function ops.record_mail to service_role, ops_worker;
