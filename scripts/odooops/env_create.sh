#!/bin/sh
# Ask for an environment: queue a run of a workflow and print the run's id.
#
#   env_create.sh PROJECT WORKFLOW BRANCH SHA [KEY]
#
# PROJECT   slug of the project
# WORKFLOW  name or type of a workflow of the project: build, test, deploy, backup, upgrade, ...
# BRANCH    the branch; its environment is made where there is none
# SHA       the commit; a short one is not enough for a build, which asks the repository for it
# KEY       optional: asked again with the same key, it prints the same run and queues nothing
#
# Standard output is the run's id alone. The connection and the exit codes are those of database.sh.
set -eu
here=${0%/*}
[ "$here" != "$0" ] || here=.
# shellcheck source=scripts/odooops/database.sh
. "$here/database.sh"

[ $# -eq 4 ] || [ $# -eq 5 ] || die "$USAGE" "usage: env_create.sh PROJECT WORKFLOW BRANCH SHA [KEY]"
connect
query "project=$1" "workflow=$2" "branch=$3" "sha=$4" "key=${5:-}" <<'SQL'
select ops.queue_workflow(
    :'project', :'workflow', :'branch', nullif(:'sha', ''), p_trigger => 'cli',
    p_idempotency_key => nullif(:'key', '')
);
SQL
