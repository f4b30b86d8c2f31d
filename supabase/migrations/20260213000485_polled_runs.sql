-- A person's run goes before those that a poll queued: this finds them without reading all that the project has waiting.
create index runs_polled_idx on ops.runs (project_id, priority, turn)
where status = 'queued' and trigger = 'poll';
