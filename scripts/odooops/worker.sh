# shellcheck shell=sh
# What the two tests share: a throwaway project, and the part of a worker. Sourced after database.sh; it runs nothing.
#
# The tests claim runs as a worker does, and a worker takes whatever run is next. So they refuse a database in which a
# platform works, and end and archive all that they made.

# refuse_a_platform_at_work
refuse_a_platform_at_work() {
    busy=$(
        query <<'SQL'
select string_agg(reason, ', ') from (
    select format('%s unfinished run(s)', count(*)) as reason from ops.runs as r
    where r.status in ('queued', 'claimed', 'running') having count(*) > 0
    union all
    select format('worker %s', w.id) from ops.workers as w where w.last_seen_at > clock_timestamp() - interval '2 minutes'
) as found;
SQL
    )
    [ -z "$busy" ] || die "$REFUSED" "A platform works in this database: $busy." \
        '  This test claims runs itself: use a database of its own, or stop the platform and let the queue run empty.'
}

# make_project PREFIX: make a project that nobody polls, and print its slug.
make_project() {
    query "prefix=$1" <<'SQL'
select p.slug from ops.create_project(
    :'prefix' || '-' || left(gen_random_uuid()::text, 8), 'https://example.invalid/' || :'prefix' || '.git', '19.0',
    p_poll_enabled => false
) as p;
SQL
}

# archive_project SLUG: end what is not finished, and close the project; its record stays. What archiving would remove was
# deployed on the record alone, so the runs that it queues are cancelled.
archive_project() {
    query "project=$1" <<'SQL'
\o /dev/null
select ops.finish_run(r.id, 'canceled') from ops.runs as r
join ops.projects as p on p.id = r.project_id
where p.slug = :'project' and r.status in ('claimed', 'running');
select ops.archive_project(:'project');
select ops.cancel_run(r.id) from ops.runs as r
join ops.projects as p on p.id = r.project_id
where p.slug = :'project' and r.status = 'queued';
SQL
}
