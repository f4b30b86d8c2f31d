-- A retry may be told twice, and a policy set only where nobody else has set it since it was read.
drop function if exists ops.retry_run(uuid, text);
drop function if exists ops.set_policy(uuid, ops.policy_type, jsonb);
