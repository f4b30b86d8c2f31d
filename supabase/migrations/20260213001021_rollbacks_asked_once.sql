-- Who asks for a rollback over a network may have to ask again, after it has ended too: the same key is the same rollback.
alter table ops.deployments add column idempotency_key text check (length(idempotency_key) between 1 and 200);
create unique index deployments_key_idx on ops.deployments (rollback_of, idempotency_key)
where idempotency_key is not null;
comment on column ops.deployments.idempotency_key is
'The key of the request that made the rollback, unique for the deployment that it takes back.';
-- It takes it as one argument more.
drop function if exists ops.rollback_deployment(uuid, text, text, boolean);
