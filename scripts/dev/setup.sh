#!/usr/bin/env bash
# Make .venv from requirements.lock, with the project in it as an editable install.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

find_python() {
    local candidate
    for candidate in ${PYTHON:-} python3.11 python3.12 python3.13 python3; do
        if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "setup: no Python 3.11, 3.12 or 3.13 found" >&2
    echo "  → install one (Debian 12: apt-get install -y python3 python3-venv), or name it: make PYTHON=/path/to/python3" >&2
    exit 1
}

python="$(find_python)"
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

# A folder that an interrupted or older setup left is taken up; one whose interpreter is gone is not.
if [[ -e .venv ]] && ! .venv/bin/python -c 'import sys' 2>/dev/null; then
    rm -rf .venv
fi
[[ -x .venv/bin/python ]] || "$python" -m venv .venv
echo "setup: installing what requirements.lock names into .venv (once)"
.venv/bin/python -m pip install -qq --disable-pip-version-check --requirement requirements.lock
.venv/bin/python -m pip install -qq --disable-pip-version-check --no-deps --editable .
