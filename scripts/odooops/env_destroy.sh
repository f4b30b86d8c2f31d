#!/bin/sh
# Give up what env_create.sh asked for: cancel the run, and destroy its environment.
#
#   env_destroy.sh RUN_ID [--keep]
#
# --keep   only cancel the run; the environment stays as it is
#
# A run that waits is canceled at once, one that works ends its step first; one that has ended is left as it is. Then the
# destruction of the environment is queued, and standard output is the id of that run: wait for it with
# env_wait_ready.sh. A production environment is never destroyed from here. Repeating the command changes nothing more.
# The connection and the exit codes are those of database.sh.
set -eu
here=${0%/*}
[ "$here" != "$0" ] || here=.
# shellcheck source=scripts/odooops/database.sh
. "$here/database.sh"

keep=false
[ $# -eq 1 ] || { [ $# -eq 2 ] && [ "$2" = --keep ] && keep=true; } || die "$USAGE" "usage: env_destroy.sh RUN_ID [--keep]"
run=$1
connect

status=$(
    query "run=$run" <<'SQL'
select case
    when r.status in ('succeeded', 'failed', 'canceled') then r.status
    else ops.cancel_run(r.id, 'env_destroy.sh')
end
from ops.runs as r where r.id = :'run'::uuid;
SQL
)
[ -n "$status" ] || die "$REFUSED" "There is no run $run, or you may not see it." '  psql -c "select id, run_number, status from ops.v_runs"'
case $status in
succeeded | failed | canceled) say "run $run is $status" ;;
*) say "run $run is $status, and ends at its next heartbeat" ;;
esac
[ "$keep" = false ] || exit 0
query "run=$run" <<'SQL'
select coalesce(
    (
        select d.id from ops.runs as d
        where d.environment_id = e.id and d.kind = 'destroy' and d.status in ('queued', 'claimed', 'running')
        limit 1
    ),
    ops.queue_run(e.project_id, e.name, e.deployed_sha, 'refs/heads/' || e.name, 'destroy', p_trigger => 'cli')
)
from ops.runs as r
join ops.environments as e on e.id = r.environment_id
where r.id = :'run'::uuid and e.stage <> 'production' and e.destroyed_at is null;
SQL
