-- A production that runs elsewhere is adopted: backed up and cloned from here, and never written.
alter type ops.environment_status add value 'adopted'; -- adopt_environment; it runs elsewhere, unwatched

alter table ops.environments
add column is_adopted boolean not null default false,
-- what people work on is what is adopted
add constraint environments_adopted_stage_check check (not is_adopted or stage = 'production'),
-- an adopted environment is adopted until it is forgotten; as text, since a value just added may not be used yet
add constraint environments_adopted_status_check check (
    is_adopted = (status::text = 'adopted') or (is_adopted and status::text = 'destroyed')
),
-- nothing of it is here: where it is stays outside of the database
add constraint environments_adopted_elsewhere_check check (
    not is_adopted
    or num_nonnulls(url, port, database_name, image_digest, deployed_sha, deployed_run_id, expires_at) = 0
);
comment on column ops.environments.is_adopted is
'Whether it runs elsewhere: backed up and cloned from here, and never written.';
