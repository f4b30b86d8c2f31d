-- An attempt counts from the moment its work began: a claim that came to nothing waits a while and costs none.
alter table ops.runs
add column starts int not null default 0, -- how many times its work began; attempt goes on fencing
add column not_before timestamptz; -- when a run that could not be started is claimed again
comment on column ops.runs.starts is 'How many times its work began: at most max_attempts.';
comment on column ops.runs.not_before is 'Earliest moment of the next claim, after a claim that came to nothing.';
comment on column ops.runs.max_attempts is 'How many times its work may begin before a lost worker makes it fail.';

-- Nobody noted how many of the former attempts began: all count but a claim whose work may yet begin.
update ops.runs
set starts = attempt - (status = 'claimed')::int
where attempt > 0;
