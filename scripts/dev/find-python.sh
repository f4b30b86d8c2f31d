#!/usr/bin/env bash
# Print the Python that .venv is made with: the one that PYTHON names, else the distribution's own, else one on the PATH.
# The distribution's own stands first: it is what README promises, and stays when a version manager's is removed.
set -euo pipefail

supported() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' &>/dev/null
}

makes_environments() {
    "$1" -c 'import ensurepip, venv' &>/dev/null
}

if [[ -n "${PYTHON:-}" ]]; then
    if ! supported "$PYTHON"; then
        echo "setup: $PYTHON is no Python 3.11, 3.12 or 3.13 that runs here: $("$PYTHON" --version 2>&1 | head -n 1)" >&2
        echo "  → name another, or leave PYTHON away" >&2
        exit 1
    fi
    echo "$PYTHON"
    exit
fi

without_venv=
for candidate in /usr/bin/python3 python3 python3.13 python3.12 python3.11; do
    if supported "$candidate"; then
        if makes_environments "$candidate"; then
            echo "$candidate"
            exit
        fi
        without_venv="${without_venv:-$candidate}"
    fi
done
if [[ -n "$without_venv" ]]; then
    echo "$without_venv"
    exit
fi
echo "setup: no Python 3.11, 3.12 or 3.13 found" >&2
echo "  → install one (Debian 12: apt-get install -y python3 python3-venv), or name it: make PYTHON=/path/to/python3" >&2
exit 1
