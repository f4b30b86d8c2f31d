-- Two environments on one port answer for each other: a port belongs to one living environment. Where two have one
-- already, the older keeps it; the other stops, and its next deployment chooses another.
update ops.environments as e
set port = null, url = null, status = case when e.status = 'running' then 'stopped' else e.status end
where e.destroyed_at is null and exists (
    select from ops.environments as o
    where o.destroyed_at is null and o.port = e.port and (o.created_at, o.id) < (e.created_at, e.id)
);
create unique index environments_one_port_idx on ops.environments (port)
where destroyed_at is null and port is not null;
