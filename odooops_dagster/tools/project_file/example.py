"""The file that `ops config init` writes: every key, commented out."""

EXAMPLE = """\
# Settings of this repository for OdooOps. Each line that is commented out shows what can be set.
# Reference: docs/reference/odooops-yaml.md. Check the file: ops config check
version: 1

# odoo:
#   # Modules that Odoo loads before any database.
#   server_wide_modules: [queue_job]
#   # The section [options] of odoo.conf: what the platform does not set itself, and options of modules.
#   options:
#     limit_time_real: 1200
#   # Sections of modules.
#   sections:
#     queue_job:
#       channels: root:2
#   # More for one stage: development, staging or production.
#   stages:
#     production:
#       options:
#         max_cron_threads: 2
#   # Demo data in previews and tests; production never has them.
#   demo: false
#   # Languages of new databases.
#   languages: [fr_FR]

# modules:
#   # Modules of Odoo or of requirements.txt to install besides the repository's own and what these depend on.
#   install: [queue_job]
#   # Modules of the repository that are not installed.
#   leave_out: [module_in_the_making]

# tests:
#   # More for Odoo's --test-tags, besides all tests of the repository's own modules.
#   tags: [nightly]
#   # Tests that may fail for a while; each failure is still reported.
#   quarantine:
#     - test: /module_in_the_making:TestPrices.test_rounding
#       owner: jane@example.com
#       until: 2026-12-31

# # Errors in Odoo's log that are known; * is any text.
# log_allow:
#   - pattern: "odoo.addons.legacy_printer: no printer answers at *"
#     reason: There is no printer where tests run.

# # Debian packages that have to be installed beside Odoo.
# apt: [antiword]

# # What protects counts from the newest commit of the default branch, and only where it is stricter than the policies.
# protect:
#   clone:
#     columns:
#       res_partner.comment: "value:masked"
#   retention:
#     monthly: 12
"""
