"""Odoo's own options in odoo.conf: which of them a repository may set.

Names that Odoo does not know are options of modules, and a repository may set them.
"""

from __future__ import annotations

# The allow-list. These change how one environment's Odoo behaves towards its own users, and nothing outside of it.
SETTABLE = frozenset(
    {
        "csv_internal_sep",
        "db_maxconn",
        "email_from",
        "from_filter",
        "import_file_maxbytes",
        "import_file_timeout",
        "limit_request",
        "limit_time_cpu",
        "limit_time_real",
        "limit_time_real_cron",
        "max_cron_threads",
        "osv_memory_count_limit",
        "reportgz",
        "transient_age_limit",
        "unaccent",
        "websocket_keep_alive_timeout",
        "websocket_rate_limit_burst",
        "websocket_rate_limit_delay",
        "workers",
    }
)

# Every other option of the series 16.0 to 19.0, old names included.
# Source: odoo/tools/config.py of each series.
_NAMES = """
    addons_path admin_passwd bin_path config data_dir database db_app_name db_filter db_host db_maxconn_gevent db_name
    db_password db_port db_replica_host db_replica_port db_replication db_sslmode db_template db_user dbfilter
    default_productivity_apps demo dev dev_mode geoip_city_db geoip_country_db geoip_database geoip_db gevent_port
    http_enable http_interface http_port i18n_overwrite import_image_maxbytes import_image_regex import_image_timeout
    import_partial import_url_regex init language limit_memory_hard limit_memory_hard_gevent limit_memory_soft
    limit_memory_soft_gevent limit_time_worker_cron list_db load load_language log_db log_db_level log_handler log_level
    log_sql log_web logfile logrotate longpolling_port netrpc no_database_list no_http overwrite_existing_translations
    pg_path pidfile pre_upgrade_scripts proxy_access_token proxy_mode publisher_warranty_url reinit root_path save
    screencasts screenshots secure_cert_file secure_pkey_file server_wide_modules shell_file shell_interface
    skip_auto_install smtp smtp_password smtp_port smtp_server smtp_ssl smtp_ssl_certificate_filename
    smtp_ssl_private_key_filename smtp_user static_http_enable stop_after_init syslog test_commit test_enable test_file
    test_report_directory test_tags timezone translate_in translate_modules translate_out update upgrade_path upgrades
    with_demo without_demo x_sendfile xmlrpc xmlrpc_interface xmlrpc_port xmlrpcs xmlrpcs_interface
    xmlrpcs_port
"""
_OTHERS = frozenset(_NAMES.split())

# The alternative, where there is one.
_INSTEAD = {
    "server_wide_modules": "name them in odoo.server_wide_modules",
    "addons_path": "folders with modules are found by themselves",
    "load_language": "name the languages in odoo.languages",
    "language": "name the languages in odoo.languages",
    "demo": "set odoo.demo",
    "with_demo": "set odoo.demo",
    "without_demo": "set odoo.demo",
    "init": "all modules of the repository are installed, but those in modules.leave_out",
    "limit_memory_hard": "the operator sets ODOOOPS_ODOO_MEMORY_MB",
    "limit_memory_soft": "the operator sets ODOOOPS_ODOO_MEMORY_MB",
}


def refusal(name: str) -> str | None:
    """Return why a repository may not set the option of odoo.conf, None if it may."""
    if name in SETTABLE or name not in _OTHERS:
        return None
    instead = _INSTEAD.get(name)
    return f"{name} is set by the platform" + (f": {instead}" if instead else "")
