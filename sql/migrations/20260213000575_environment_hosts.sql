-- Cookies know no port: each environment answers under a host name of its own, whose first label is its branch's for
-- good. A port of an environment is from before that, and leads to the host name.
alter table ops.environments add column host_label text;

update ops.environments as e
set host_label = n.host_label
from (
    select
        c.project_id,
        c.name,
        case
            when c.is_readable and row_number() over (partition by c.is_readable, c.plain order by c.rank, c.name) = 1
                then c.plain
            else c.hashed
        end as host_label
    from (
        select
            b.project_id,
            b.name,
            b.slug || '--' || b.project_slug as plain,
            rtrim(left(coalesce(nullif(b.slug, ''), 'branch'), 22), '-') || '-'
            || left(encode(sha256(convert_to(b.project_slug || '/' || b.name, 'UTF8')), 'hex'), 8)
            || '--' || rtrim(left(b.project_slug, 30), '-') as hashed,
            length(b.slug) not in (0, 2) and length(b.slug || '--' || b.project_slug) <= 63 as is_readable,
            row_number() over (order by b.name <> b.default_branch, b.created_at) as rank
        from (
            select
                project_id,
                name,
                project_slug,
                default_branch,
                created_at,
                btrim(regexp_replace(lower(name collate "C"), '[^a-z0-9]+', '-', 'g'), '-') as slug
            from (
                select
                    o.project_id,
                    o.name,
                    p.slug as project_slug,
                    p.default_branch,
                    min(o.created_at) as created_at
                from ops.environments as o
                join ops.projects as p on p.id = o.project_id
                group by o.project_id, o.name, p.slug, p.default_branch
            ) as g
        ) as b
    ) as c
) as n
where n.project_id = e.project_id and n.name = e.name;

alter table ops.environments alter column host_label set not null,
add constraint environments_host_label_check check (host_label ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$');
-- What a browser keeps of a host is never shown to another branch: generations count from one, so that no second branch
-- can have the label, not even of a destroyed environment.
create unique index environments_host_label_idx on ops.environments (host_label, generation);
comment on column ops.environments.host_label is
'The first label of the host name under which it answers; its branch has it for good.';
comment on column ops.environments.port is 'The port at which it answered before it had a host name; leads there.';

-- No environment gets a port any more.
drop function if exists ops.reserve_port(uuid, int, int);
