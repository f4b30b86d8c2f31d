#!/usr/bin/env bash
# Ask the spec gates, as CI does: scripts/validate_spec_kit_odooops.sh [GATE...]; without a name, all four.
#   validate-spec-kit  the bundles of spec/: files, ticked tasks, and every name against the live schema
#   validate-schema    the documents of the schema, and `supabase db push` against `ops db migrate`
#   validate-prisma    prisma/schema.prisma, and what it generates
#   validate-docs      the five documents, and every link
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

main() {
    [[ -x .venv/bin/python ]] || make --silent .venv/.ready
    local gates=("$@") gate failed=0
    [[ $# -gt 0 ]] || gates=(validate-spec-kit validate-schema validate-prisma validate-docs)
    .venv/bin/python -m docs.speckit "${gates[@]}" || exit
    for gate in "${gates[@]}"; do
        case "$gate" in
            validate-schema) run_tests tests/acceptance/test_supabase.py -k push_and_migrate_make_the_same_database || failed=1 ;;
            validate-prisma) run_tests tests/integration/test_schema_documents.py -k prisma || failed=1 ;;
        esac
    done
    exit "$failed"
}

run_tests() {
    .venv/bin/python -m pytest -q -p no:cacheprovider "$@"
}

main "$@"
