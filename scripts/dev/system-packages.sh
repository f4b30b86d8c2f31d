#!/usr/bin/env bash
# Install the programs that the tests need and pip cannot bring: git, bubblewrap, the distribution's own Python and make,
# curl and jq, PostgreSQL 15's programs, a browser, npm, what prints Odoo's reports. With --containers, for the tests of containers
# and images, a Docker engine and a Podman, which they start, mmdebstrap and ip.
# As root on Debian it installs them; elsewhere it says what is missing, and the tests that need it are skipped.
set -euo pipefail

missing=()
command -v git >/dev/null || missing+=(git)
command -v make >/dev/null || missing+=(make)
command -v curl >/dev/null || missing+=(curl)
command -v jq >/dev/null || missing+=(jq)
command -v bwrap >/dev/null || missing+=(bubblewrap)
[[ -x /usr/bin/python3 ]] || missing+=(python3)
/usr/bin/python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
[[ -x "${ODOOOPS_TEST_PG15_BIN:-/usr/lib/postgresql/15/bin}/postgres" ]] || missing+=(postgresql-15)
command -v chromium >/dev/null || missing+=(chromium)
command -v wkhtmltopdf >/dev/null || missing+=(wkhtmltopdf fonts-dejavu-core)
# Debian 12's Node is too old for what scripts/dev/node pins; Debian 13's is not, nor is one that stands already.
command -v npm >/dev/null || missing+=(npm)
# Only where it is asked for: Debian starts an engine for the whole machine.
if [[ ${1:-} == --containers ]]; then
    command -v dockerd >/dev/null || missing+=(docker.io)
    command -v podman >/dev/null || missing+=(podman netavark runc)
    command -v newuidmap >/dev/null || missing+=(uidmap)
    command -v mmdebstrap >/dev/null || missing+=(mmdebstrap)
    command -v ip >/dev/null || missing+=(iproute2)
fi
if [[ ${#missing[@]} -eq 0 ]]; then
    exit 0
fi
if [[ $EUID -ne 0 ]] || ! command -v apt-get >/dev/null; then
    echo "system packages: missing ${missing[*]}; the tests that need them are skipped" >&2
    echo "  → sudo $0" >&2
    exit 0
fi

install() {
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

echo "system packages: installing ${missing[*]}"
apt-get update -qq
# Debian starts a server of its own when PostgreSQL is installed, unless told not to beforehand.
if [[ " ${missing[*]} " == *" postgresql-15 "* && ! -e /etc/postgresql-common/createcluster.conf ]]; then
    mkdir -p /etc/postgresql-common
    echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf
    trap 'rm -f /etc/postgresql-common/createcluster.conf' EXIT
fi
for package in "${missing[@]}"; do
    install -o Dpkg::Options::=--force-confold "$package" || echo "system packages: $package cannot be installed here" >&2
done
