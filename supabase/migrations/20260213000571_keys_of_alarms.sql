-- Alarms are found by their key; those that were found by their title get it. Of two with one title the oldest does.
update ops.incidents as i
set key = k.key
from (
    select distinct on (found.key)
        found.id,
        found.key
    from (
        select
            o.id,
            o.opened_at,
            case
                when o.title = 'Runs cannot be started' then 'launches:' || o.project_id
                when o.title = 'The drill of ' || e.partition_key || ' cannot be finished'
                    then 'drill_unfinished:' || e.partition_key
                when o.title = 'A backup of ' || e.partition_key || ' did not survive its drill'
                    then 'backup_lost:' || e.partition_key
            end as key
        from ops.incidents as o
        left join ops.environments as e on e.project_id = o.project_id
        where o.status = 'open' and o.key is null
    ) as found
    where found.key is not null
    order by found.key, found.opened_at, found.id
) as k
where i.id = k.id;
