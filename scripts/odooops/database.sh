# shellcheck shell=sh
# What the scripts of this folder share: the way to the database, and the exit codes. Sourced by them; it runs nothing.
#
# SUPABASE_DB_URL   postgresql://user:password@host:port/database?sslmode=require, of a login that may do what is asked.
#                   Without it psql's own variables count: PGHOST, PGUSER, PGPASSWORD, PGSERVICE and so on.
#
# The URL's parts are handed to psql in its environment: arguments are shown to every user of the machine by ps.
#
# Exit codes of every script:
#   0   done; a run that was waited for succeeded
#   1   the run failed, or what was tested does not hold
#   2   the run was canceled
#   3   the time is over
#   4   the platform refused; its reason and what to do were printed
#   5   the database does not answer, or psql is missing
#   64  wrong arguments, or a URL that cannot be read

# shellcheck disable=SC2034  # read by the scripts that source this file
FAILED=1 CANCELED=2 TIMED_OUT=3 REFUSED=4 UNREACHABLE=5 USAGE=64

# say LINE...: tell a person; standard output is for values.
say() {
    printf '%s\n' "$@" >&2
}

# die STATUS LINE...
die() {
    status=$1
    shift
    say "$@"
    exit "$status"
}

# query [NAME=VALUE]... <<SQL: run the SQL and print bare values; the SQL quotes its variables itself, as :'NAME'.
query() {
    for assignment in "$@"; do
        set -- "$@" -v "$assignment"
        shift
    done
    said=0
    psql -X -q -A -t -v ON_ERROR_STOP=1 -v VERBOSITY=default -v SHOW_CONTEXT=never "$@" -f - || said=$?
    case $said in
    0) ;;
    3) exit "$REFUSED" ;;
    *) exit "$UNREACHABLE" ;;
    esac
}

# connect: give psql the parts of SUPABASE_DB_URL.
connect() {
    command -v psql >/dev/null || die "$UNREACHABLE" 'psql is not here: install the PostgreSQL client.'
    export PGAPPNAME="${PGAPPNAME:-odooops-scripts}" PGCONNECT_TIMEOUT="${PGCONNECT_TIMEOUT:-15}"
    if [ -z "${SUPABASE_DB_URL:-}" ]; then
        [ -n "${PGHOST:-}${PGSERVICE:-}${PGDATABASE:-}" ] ||
            die "$USAGE" 'SUPABASE_DB_URL is not set.' '  export SUPABASE_DB_URL=postgresql://user:password@host:5432/postgres'
        return
    fi
    rest=$SUPABASE_DB_URL
    # What psql would prefer to the URL.
    unset SUPABASE_DB_URL PGSERVICE PGHOSTADDR PGPASSFILE
    case $rest in
    postgresql://* | postgres://*) rest=${rest#*://} ;;
    *) die "$USAGE" 'SUPABASE_DB_URL is no URL: postgresql://user:password@host:5432/postgres' ;;
    esac
    case $rest in
    *\?*)
        read_options "${rest#*\?}"
        rest=${rest%%\?*}
        ;;
    esac
    case $rest in
    */*)
        PGDATABASE=$(decode "${rest#*/}") || exit
        rest=${rest%%/*}
        ;;
    *) PGDATABASE=${PGDATABASE:-postgres} ;;
    esac
    case $rest in
    *@*)
        read_login "${rest%@*}"
        rest=${rest##*@}
        ;;
    esac
    read_host "$rest"
    export PGDATABASE
}

read_login() {
    PGUSER=$(decode "${1%%:*}") || exit
    export PGUSER
    case $1 in
    *:*)
        PGPASSWORD=$(decode "${1#*:}") || exit
        export PGPASSWORD
        ;;
    esac
}

read_host() {
    case $1 in
    *,*) die "$USAGE" 'SUPABASE_DB_URL names several hosts: name one.' ;;
    \[*\]*)
        PGHOST=${1#\[}
        PGHOST=${PGHOST%%\]*}
        port=${1##*\]}
        ;;
    *:*)
        PGHOST=$(decode "${1%%:*}") || exit
        port=:${1#*:}
        ;;
    *)
        PGHOST=$(decode "$1") || exit
        port=
        ;;
    esac
    export PGHOST PGPORT="${port#:}"
    [ -n "$PGPORT" ] || PGPORT=5432
}

# Only options that libpq reads from its environment, too; another would be lost without a word.
read_options() {
    options=$1
    while [ -n "$options" ]; do
        option=${options%%&*}
        case $options in
        *\&*) options=${options#*&} ;;
        *) options= ;;
        esac
        value=$(decode "${option#*=}") || exit
        case ${option%%=*} in
        sslmode) export PGSSLMODE="$value" ;;
        sslrootcert) export PGSSLROOTCERT="$value" ;;
        sslcert) export PGSSLCERT="$value" ;;
        sslkey) export PGSSLKEY="$value" ;;
        sslnegotiation) export PGSSLNEGOTIATION="$value" ;;
        channel_binding) export PGCHANNELBINDING="$value" ;;
        connect_timeout) export PGCONNECT_TIMEOUT="$value" ;;
        application_name) export PGAPPNAME="$value" ;;
        options) export PGOPTIONS="$value" ;;
        target_session_attrs) export PGTARGETSESSIONATTRS="$value" ;;
        gssencmode) export PGGSSENCMODE="$value" ;;
        *) die "$USAGE" "SUPABASE_DB_URL has an option that these scripts do not know: ${option%%=*}" ;;
        esac
    done
}

# decode TEXT: print it with each %41 as the letter that it means.
decode() {
    text=$1
    decoded=
    while :; do
        case $text in
        *%*) ;;
        *) break ;;
        esac
        decoded=$decoded${text%%\%*}
        text=${text#*\%}
        case $text in
        00*) die "$USAGE" 'SUPABASE_DB_URL has a NUL in it.' ;;
        [0-9a-fA-F][0-9a-fA-F]*) ;;
        *) die "$USAGE" 'SUPABASE_DB_URL has a % that two hexadecimal digits do not follow: write %25 for a %.' ;;
        esac
        tail=${text#??}
        octal=$(printf '%03o' "0x${text%"$tail"}")
        # The dot keeps a line feed at the end, which the shell would take away.
        letter=$(printf '%b.' "\\0$octal")
        decoded=$decoded${letter%.}
        text=$tail
    done
    printf '%s' "$decoded$text"
}
