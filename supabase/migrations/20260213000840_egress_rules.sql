-- Environments reach what their project's policy names, through a proxy of the platform that counts what went where.
alter type ops.policy_type add value if not exists 'egress';

alter table ops.egress_attempts
drop constraint egress_attempts_outcome_check,
add constraint egress_attempts_outcome_check
check (outcome in ('refused', 'caught', 'open', 'allowed', 'reported')),
add column reason text check (length(reason) between 1 and 200),
add column bytes_out bigint not null default 0 check (bytes_out >= 0),
add column bytes_in bigint not null default 0 check (bytes_in >= 0);
comment on column ops.egress_attempts.outcome is
'refused: no network, or not on the list; caught: a mail; allowed: by the list; reported: not on the list, and let '
'out all the same; open: it has the machine''s network.';
comment on column ops.egress_attempts.reason is 'Why the proxy refused it, or what stopped it after it was let out.';
comment on column ops.egress_attempts.bytes_out is 'Bytes that left through the proxy.';
comment on column ops.egress_attempts.bytes_in is 'Bytes that came back through the proxy.';

-- It returns three columns more, which no replacement of a function may.
drop function if exists ops_private.told_attempts(jsonb, boolean);
