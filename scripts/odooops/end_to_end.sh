#!/bin/sh
# Test the life of runs from end to end: create, claim, start, heartbeat, log, artifact, complete, wait; a worker that is
# lost; a failed run that is asked for again; a run that is given up.
#
#   end_to_end.sh
#
# It plays the worker itself, in a project of its own that it archives in the end. It needs a login that may do the
# platform's work, such as the owner of the schema or the service role, and a database in which no platform works. Exit
# code 1: a step does not hold, and is named. The connection and the other exit codes are those of database.sh.
set -eu
here=${0%/*}
[ "$here" != "$0" ] || here=.
# shellcheck source=scripts/odooops/database.sh
. "$here/database.sh"
# shellcheck source=scripts/odooops/worker.sh
. "$here/worker.sh"

[ $# -eq 0 ] || die "$USAGE" "usage: end_to_end.sh"
url=${SUPABASE_DB_URL:-} # the other scripts read it for themselves
connect
refuse_a_platform_at_work

# holds NAME EXPECTED FOUND
holds() {
    [ "$2" = "$3" ] || die "$FAILED" "not ok: $1: $3 instead of $2"
    say "ok: $1"
}

# script NAME ARGUMENT...: run one of the scripts beside this one, as a person does.
script() {
    name=$1
    shift
    SUPABASE_DB_URL=$url sh "$here/$name" "$@"
}

# status_of COMMAND...: print its exit code.
status_of() {
    code=0
    ("$@") >/dev/null 2>&1 || code=$?
    printf '%s' "$code"
}

# attempt RUN WORKER: claim the next run, which has to be this one, and start it; print its attempt.
attempt() {
    query "run=$1" "worker=$2" <<'SQL'
select c.attempt from ops.claim_next_run(:'worker') as c
cross join lateral ops.start_workflow_run(c.id, :'worker', c.attempt) as s
where c.id = :'run'::uuid;
SQL
}

# finish RUN WORKER ATTEMPT EXIT_CODE
finish() {
    query "run=$1" "worker=$2" "attempt=$3" "code=$4" <<'SQL'
select ops.complete_workflow_run(
    :'run'::uuid, :'code'::int, case when :'code' <> '0' then 'the test says so' end, :'attempt'::int, :'worker'
);
SQL
}

# ask QUESTION RUN: one value about a run.
ask() {
    query "run=$2" <<SQL
$1;
SQL
}

project=$(make_project end-to-end)
trap 'archive_project "$project"' EXIT
trap 'exit 130' INT TERM
sha=0123456789012345678901234567890123456789

run=$(script env_create.sh "$project" build main "$sha" first)
holds 'the same key is the same run' "$run" "$(script env_create.sh "$project" build main "$sha" first)"
holds 'a run waits' 3 "$(status_of script env_wait_ready.sh "$run" 0)"
holds 'a worker claims and starts it' 1 "$(attempt "$run" e2e-1)"
holds 'its heartbeat is heard, and tells of no cancel' f "$(ask "select ops.heartbeat_run(:'run'::uuid, 'e2e-1', 1)" "$run")"
ask "select ops.append_run_log(:'run'::uuid, 'info', 'line ' || n, p_attempt => 1) from generate_series(1, 3) as n" "$run" >/dev/null
holds 'its log is read in order' 'line 1,line 2,line 3' "$(
    ask "select string_agg(l.message, ',' order by l.timestamp, l.id) from ops.run_logs as l where l.run_id = :'run'::uuid" "$run"
)"
ask "select ops.add_run_artifact(:'run'::uuid, 'build.log', 's3://e2e/build.log', repeat('0', 64), 'text/plain', 3, p_attempt => 1)" "$run" >/dev/null
holds 'its artifact is on record' 's3://e2e/build.log' "$(
    ask "select a.s3_url from ops.run_artifacts as a where a.run_id = :'run'::uuid and a.artifact_key = 'build.log'" "$run"
)"
holds 'it succeeds' succeeded "$(finish "$run" e2e-1 1 0)"
holds 'who waits for it is told' 0 "$(status_of script env_wait_ready.sh "$run" 10)"
holds 'its chain of events is whole' t "$(ask "select ops.verify_run_chain(:'run'::uuid)" "$run")"

run=$(script env_create.sh "$project" build feature/lost "$sha")
holds 'another run is claimed' 1 "$(attempt "$run" e2e-1)"
holds 'a lost worker gives it back' queued "$(ask "select ops.requeue_run(:'run'::uuid, 1, 'the worker is lost')" "$run")"
holds 'another worker takes it' 2 "$(attempt "$run" e2e-2)"
holds 'the lost one may not end it' 4 "$(status_of finish "$run" e2e-1 1 0)"
holds 'it fails' failed "$(finish "$run" e2e-2 2 1)"
holds 'who waits for it is told of the failure' 1 "$(status_of script env_wait_ready.sh "$run" 10)"
again=$(ask "select ops.retry_run(:'run'::uuid)" "$run")
holds 'asked for again, it succeeds' succeeded "$(finish "$again" e2e-2 "$(attempt "$again" e2e-2)" 0)"
holds 'the retry names what it repeats' "$run" "$(ask "select v.retry_of from ops.v_runs as v where v.id = :'run'::uuid" "$again")"

run=$(script env_create.sh "$project" deploy feature/unwanted "$sha")
gone=$(script env_destroy.sh "$run" 2>/dev/null)
holds 'a run that is given up is canceled' 2 "$(status_of script env_wait_ready.sh "$run" 10)"
holds 'its environment is to be destroyed' destroy "$(ask "select r.kind from ops.runs as r where r.id = :'run'::uuid" "$gone")"
