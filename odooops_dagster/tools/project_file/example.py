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
#   # Whether pages of previews and stagings tell which branch and commit they are.
#   ribbon: true
#   # Languages of new databases.
#   languages: [fr_FR]

# modules:
#   # Modules of Odoo or of requirements.txt to install besides the repository's own and what these depend on.
#   install: [queue_job]
#   # Modules of the repository that are not installed.
#   leave_out: [module_in_the_making]

# # Other repositories with modules, each at one commit, by the folder of this one in which it is put.
# repositories:
#   oca/web:
#     url: https://github.com/OCA/web.git
#     commit: 0123456789abcdef0123456789abcdef01234567
#     # The commit has to be on this branch.
#     branch: "19.0"

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

# # Environment variables of Odoo that anybody may read; every stage or one.
# variables:
#   every:
#     SHOP_URL: https://shop.test
#   production:
#     SHOP_URL: https://shop.example.com
# # Names of those that nobody may read; their values: ops env set
# secrets:
#   production: [PAYMENT_KEY]

# # The series to move to next, and what an upgrade preview looks at besides.
# upgrade:
#   # Builds warn of what is not there.
#   target: "20.0"
#   # Tables that may have fewer rows afterwards.
#   may_lose_rows: [shop_cache]
#   # Queries, or expressions of Python over Odoo's env, whose answer an upgrade must not change.
#   invariants:
#     - name: the open orders keep their totals
#       sql: select state, sum(amount_total) from sale_order group by state order by state
#     - name: people keep their names
#       python: env["res.partner"].search([], order="id").mapped("display_name")

# # Previews, as far as policy preview allows; it counts from the newest commit of the default branch.
# preview:
#   # Branches whose pushes make a preview; * is any text.
#   branches: ["feature/*", "fix/*"]
#   # Minutes without a request after which a preview sleeps.
#   idle_minutes: 30
#   # Memory and disk in MiB, and CPU time: 100 is one core.
#   memory_mb: 2048
#   cpu_percent: 100
#   disk_mb: 10240

# # Who is told of what; it counts from the newest commit of the default branch. Webhooks: ops notify target add.
# notifications:
#   - channel: mail
#     recipient: team@example.com
#     events: [run, deployment]
#     stage: production
#   - channel: webhook
#     recipient: chat
#     events: [alarm, incident]

# # What protects counts from the newest commit of the default branch, and only where it is stricter than the policies.
# protect:
#   clone:
#     columns:
#       res_partner.comment: "value:masked"
#   retention:
#     monthly: 12
"""
