#!/bin/sh
# Wait until a run has ended, and tell its progress.
#
#   env_wait_ready.sh RUN_ID [SECONDS]
#
# SECONDS   how long to wait at most; 3600 unless said otherwise
#
# Progress goes to standard error: what happened to the run, as it happens. Where the run left a running environment,
# standard output is its address. Exit codes: 0 succeeded, 1 failed, 2 canceled, 3 time over (the run goes on); the others
# are those of database.sh.
set -eu
here=${0%/*}
[ "$here" != "$0" ] || here=.
# shellcheck source=scripts/odooops/database.sh
. "$here/database.sh"

[ $# -eq 1 ] || [ $# -eq 2 ] || die "$USAGE" "usage: env_wait_ready.sh RUN_ID [SECONDS]"
run=$1
patience=${2:-3600}
case $patience in
'' | *[!0-9]*) die "$USAGE" "SECONDS is a whole number, not $patience" ;;
esac
connect

# The database keeps the time and the pauses: neither date nor sleep is needed.
now() {
    query <<'SQL'
select extract(epoch from clock_timestamp())::bigint;
SQL
}

# look SEEN PAUSE: after the pause print the state, the number of the newest event, and the events after number SEEN.
look() {
    query "run=$run" "seen=$1" "pause=$2" <<'SQL'
\o /dev/null
select pg_sleep(:'pause'::float);
\o
select r.status || ' ' || r.event_count from ops.runs as r where r.id = :'run'::uuid;
select format('%s  %s', to_char(e.created_at, 'HH24:MI:SS'), regexp_replace(e.message, '[[:cntrl:][:space:]]+', ' ', 'g'))
from ops.run_events as e where e.run_id = :'run'::uuid and e.seq > :'seen'::int order by e.seq;
SQL
}

deadline=$(($(now) + patience))
seen=0 pause=0
while :; do
    told=$(look "$seen" "$pause")
    [ -n "$told" ] || die "$REFUSED" "There is no run $run, or you may not see it." '  psql -c "select id, run_number, status from ops.v_runs"'
    state=${told%%
*}
    case $told in
    *'
'*) say "${told#*
}" ;;
    esac
    seen=${state#* }
    case ${state% *} in
    succeeded) break ;;
    failed) exit "$FAILED" ;;
    canceled) exit "$CANCELED" ;;
    esac
    [ "$(now)" -lt "$deadline" ] || die "$TIMED_OUT" "Run $run is ${state% *} after $patience s; it goes on."
    pause=2
done
query "run=$run" <<'SQL'
select e.url from ops.runs as r
join ops.environments as e on e.id = r.environment_id
where r.id = :'run'::uuid and e.status = 'running' and e.url is not null and e.destroyed_at is null;
SQL
