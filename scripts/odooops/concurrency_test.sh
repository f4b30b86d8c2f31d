#!/bin/sh
# Test the queue as several workers see it: each run is claimed by exactly one of them.
#
#   concurrency_test.sh [RUNS] [WORKERS]
#
# RUNS      how many runs are queued, each on a branch of its own; 5 unless said otherwise
# WORKERS   how many workers claim at the same time, each in a session of its own; 3 unless said otherwise
#
# It makes a project of its own, and archives it in the end. It needs a login that may do the platform's work, such as the
# owner of the schema or the service role, and a database in which no platform works. Exit code 1: a run was claimed
# twice, or was left. The connection and the other exit codes are those of database.sh.
set -eu
here=${0%/*}
[ "$here" != "$0" ] || here=.
# shellcheck source=scripts/odooops/database.sh
. "$here/database.sh"
# shellcheck source=scripts/odooops/worker.sh
. "$here/worker.sh"

runs=${1:-5} workers=${2:-3}
case $runs$workers in
*[!0-9]* | '') die "$USAGE" "usage: concurrency_test.sh [RUNS] [WORKERS]" ;;
esac
[ "$runs" -gt 0 ] && [ "$workers" -gt 0 ] || die "$USAGE" "RUNS and WORKERS are at least 1"
connect
refuse_a_platform_at_work

# work NAME: wait for the other workers, claim one run after the other until none is left, and print which. After each
# claim it pauses, so that one worker does not take all while another wakes. Nobody leaves before all have begun: who
# comes late would wait for one who is gone.
work() {
    query "worker=$1" "project=$project" "workers=$workers" "most=$runs" <<'SQL'
\o /dev/null
select
    set_config('application_name', :'project', false),
    set_config('test.project', :'project', false),
    set_config('test.workers', :'workers', false);
do $$
declare
    v_patience timestamptz := clock_timestamp() + interval '1 minute';
begin
    while clock_timestamp() < v_patience and (
        select count(*) from pg_stat_activity
        where starts_with(application_name, current_setting('test.project'))
    ) < current_setting('test.workers')::int loop
        perform pg_sleep(0.05);
        perform pg_stat_clear_snapshot();
    end loop;
end $$;
select set_config('application_name', :'project' || ' began', false);
\o
select
    format('select %L || '' '' || c.id from ops.claim_next_run(%L) as c where c.id is not null', :'worker', :'worker'),
    format('select pg_sleep(%s)', least(0.1, 1.0 / :'most'::int))
from generate_series(1, :'most'::int + 1)
\gexec
\o /dev/null
do $$
declare
    v_patience timestamptz := clock_timestamp() + interval '1 minute';
begin
    while clock_timestamp() < v_patience and exists (
        select from pg_stat_activity where application_name = current_setting('test.project')
    ) loop
        perform pg_sleep(0.05);
        perform pg_stat_clear_snapshot();
    end loop;
end $$;
SQL
}

project=$(make_project concurrency)
trap 'archive_project "$project"' EXIT
trap 'exit 130' INT TERM
query "project=$project" "runs=$runs" <<'SQL'
\o /dev/null
select ops.queue_run(p.id, 'concurrency/' || n, repeat('a', 40), 'refs/heads/concurrency/' || n, 'build')
from ops.projects as p, generate_series(1, :'runs'::int) as n
where p.slug = :'project';
SQL
say "$runs runs are queued in $project; $workers workers claim them"

claims=$(
    number=1
    while [ "$number" -le "$workers" ]; do
        work "$project-worker-$number" &
        number=$((number + 1))
    done
    wait
)

verdict=$(
    query "project=$project" "runs=$runs" "claims=$claims" <<'SQL'
with claim as (
    select split_part(line, ' ', 1) as worker, split_part(line, ' ', 2)::uuid as run_id
    from string_to_table(:'claims', E'\n') as line where line <> ''
), run as (
    select r.* from ops.runs as r
    join ops.projects as p on p.id = r.project_id
    where p.slug = :'project'
)
select format(
    '%s: %s claims of %s runs by %s workers; %s claimed twice, %s left, %s on record otherwise',
    case when t.claims = :'runs'::int and t.twice = 0 and t.left_over = 0 and t.otherwise = 0 then 'ok' else 'not ok' end,
    t.claims, :'runs', t.workers, t.twice, t.left_over, t.otherwise
)
from (
    select
        (select count(*) from claim) as claims,
        (select count(distinct c.worker) from claim as c) as workers,
        (select count(*) from (select c.run_id from claim as c group by c.run_id having count(*) > 1) as d) as twice,
        (select count(*) from run as r where r.status = 'queued') as left_over,
        (
            select count(*) from run as r left join claim as c on c.run_id = r.id
            where r.claimed_by is distinct from c.worker or r.attempt <> 1
        ) as otherwise
) as t;
SQL
)
say "$verdict"
case $verdict in
ok:*) ;;
*) exit "$FAILED" ;;
esac
