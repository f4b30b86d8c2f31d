#!/usr/bin/env bash
# Resolve the lock files again: the platform's, and that of each Odoo series.
#   scripts/dev/lock.sh                        after a change of pyproject.toml or of a series' requirements.in
#   scripts/dev/lock.sh --upgrade-package NAME to take the newest version of one package
#   scripts/dev/lock.sh --upgrade              to take the newest version of all
# A version that still fits stays. Each package gets one version, which the lowest patch release of every supported
# Python takes: resolved on the patch release at hand, a lock asks for more than Debian 12's Python has.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

compile() {
    .venv/bin/uv pip compile --quiet --no-config --system-certs --universal --python-version 3.11.0 --fork-strategy fewest \
        --no-annotate --custom-compile-command scripts/dev/lock.sh "$@"
}

compile pyproject.toml --extra dev --output-file requirements.lock "$@"
for asked in odooops_dagster/tools/odoo/series/*/requirements.in; do
    compile "$asked" --output-file "${asked%.in}.txt" "$@"
done
