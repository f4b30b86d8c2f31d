-- Returns why no variable may have this name, null where one may. Names are large letters, digits and underscores; those
-- are refused that decide how a program is started, loaded or reached: of the shell, the linker, Python, PostgreSQL, Odoo,
-- this platform, proxies and certificates. odooops_dagster/tools/project_file/variables.py has the same rule for
-- repositories, and a test compares the two. Locks and raises nothing.
create or replace function ops_private.variable_name_fault(
    p_name text
)
returns text
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select case
    when p_name is null or p_name !~ '^[A-Z][A-Z0-9_]{0,99}$'
        then 'a name is of large letters, digits and underscores, such as PAYMENT_KEY'
    when p_name ~ ('^(PATH|HOME|USER|LOGNAME|SHELL|PWD|OLDPWD|IFS|ENV|TZ|TZDIR|LANG|LANGUAGE|TERM|TERMINFO|TMP|TEMP|TMPDIR'
        || '|EDITOR|VISUAL|PAGER|BROWSER|DISPLAY|HOSTNAME|HOSTALIASES|LOCALDOMAIN|RES_OPTIONS|NETRC|CDPATH|VIRTUAL_ENV'
        || '|NOTIFY_SOCKET|GETCONF_DIR|NLSPATH|NIS_PATH|LOCPATH|TMOUT|PS[0-9]|SUDO_ASKPASS|SSH_ASKPASS)$')
        or p_name ~ ('^(PYTHON|LD_|DYLD_|PG|PSQL|ODOO_|ODOOOPS_|OPENERP_|OPS_|DAGSTER|LC_|LISTEN_|BASH|DASH_|PERL|RUBY|NODE_'
        || '|NPM_|JAVA_|JDK_|GIT_|SSL_|OPENSSL|CURL_|REQUESTS_|GRPC_|GCONV_|MALLOC_|GLIBC_|RESOLV_|NSS_|KRB5|XDG_|DBUS_|PIP_|UV_'
        || '|QT_|QML|FONTCONFIG_|GEVENT_|GREENLET_|WERKZEUG_|SUPERVISOR_|WATCHDOG_|DOCKER_|CONTAINER_|CONDA_|MAGICK_|GS_)')
        or p_name ~ '_(PROXY|PRELOAD)$'
        then 'the name belongs to the machine, to Odoo or to this platform'
end
$$;
comment on function ops_private.variable_name_fault is 'Why no variable may have this name.';
revoke all on function ops_private.variable_name_fault from public;
