#!/usr/bin/env bash
# Make .venv from requirements.lock, with the project in it as an editable install.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
exec 3>&1

python="$(scripts/dev/find-python.sh)"
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    version="$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
    if [[ $EUID -eq 0 ]] && command -v apt-get >/dev/null; then
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "python$version-venv" >/dev/null
    else
        echo "setup: $python cannot make virtual environments" >&2
        echo "  → sudo apt-get install -y python$version-venv" >&2
        exit 1
    fi
fi

# A folder that an interrupted or older setup left is taken up; one whose interpreter is gone, or is not the named one, is not.
if [[ -e .venv ]]; then
    if ! .venv/bin/python -c 'import sys' 2>/dev/null || [[ -n "${PYTHON:-}" && "$(cat .venv/.made-with 2>/dev/null)" != "$PYTHON" ]]; then
        rm -rf .venv
    fi
fi

# Say what begins, and now and then that it is still at work; nobody should look at a silent terminal.
patiently() {
    local words="$1" status=0
    shift
    echo "setup: $words" >&3
    while sleep 4 >/dev/null 2>&1 && kill -0 $$ 2>/dev/null; do
        echo "setup: still $words, $SECONDS s" >&3
    done &
    local ticking=$!
    "$@" || status=$?
    kill "$ticking" 2>/dev/null
    wait "$ticking" 2>/dev/null || true
    return "$status"
}

if [[ ! -x .venv/bin/python ]]; then
    patiently "making .venv with $python (once)" "$python" -m venv .venv
    echo "$python" >.venv/.made-with
fi

# uv is ten times as fast; what it cannot do, or is not allowed to by pip's settings, pip does and explains.
install() {
    local settings
    if settings="$(.venv/bin/python odooops_dagster/tools/odoo/uv_settings.py)" && with_uv "$@"; then
        return
    fi
    .venv/bin/python -m pip install -qq --disable-pip-version-check "$@"
}

with_uv() (
    eval "$settings"
    [[ -x .venv/bin/uv ]] || .venv/bin/python -m pip install -qq --disable-pip-version-check "$(grep '^uv==' requirements.lock)"
    .venv/bin/uv pip install --quiet --python .venv/bin/python "$@" || {
        echo "setup: uv could not do it; trying pip" >&2
        false
    }
)

count="$(grep -c '^[a-z0-9].*==' requirements.lock)"
patiently "installing the $count packages of requirements.lock into .venv (once)" install --requirement requirements.lock
patiently "installing odooops itself" install --no-deps --editable .
# Python compiles at the first import, which is better waited for here than in the silence before the first word of ops.
patiently "compiling what ops needs" .venv/bin/python -c "import odooops_dagster.doors.cli.demo, odooops_dagster.local.overview"
echo "setup: .venv is ready after $SECONDS s"
