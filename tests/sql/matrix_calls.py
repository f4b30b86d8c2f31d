"""How each function that people may execute is asked, about our project and about a foreign one."""

from __future__ import annotations

# Where one function answers differently by what is asked of it, a word after the colon says what.
CALLS = {
    "archive_project": "select ops.archive_project(%(slug)s)",
    "cancel_run": "select ops.cancel_run(%(waiting)s)",
    "ensure_environment": "select ops.ensure_environment(%(project)s, 'feature/new')",
    "ensure_environment:production": "select ops.ensure_environment(%(project)s, 'feature/new', 'production')",
    "get_run": "select * from ops.get_run(%(ended)s)",
    "has_permission": "select where ops.has_permission(%(project)s, 'read')",
    "list_queued_runs": "select * from ops.list_queued_runs() where project_slug = %(slug)s",
    "queue_run:backup": "select ops.queue_run(%(project)s, 'main', 'a', 'r', 'backup')",
    "queue_run:build": "select ops.queue_run(%(project)s, 'feature/new', 'a', 'r', 'build')",
    "queue_run:deploy": "select ops.queue_run(%(project)s, 'feature/new', 'a', 'r', 'deploy')",
    "queue_run:first": "select ops.queue_run(%(project)s, 'feature/new', 'a', 'r', 'build', p_priority => 1)",
    "queue_run:production": "select ops.queue_run(%(project)s, 'main', 'a', 'r', 'deploy')",
    "queue_run:promote": "select ops.queue_run(%(project)s, 'main', 'a', 'r', 'promote')",
    "queue_run:restore": "select ops.queue_run(%(project)s, 'feature/a', 'a', 'r', 'restore')",
    "queue_run:staging": "select ops.queue_run(%(project)s, 'release/1', 'a', 'r', 'build')",
    "read_run_logs": "select * from ops.read_run_logs(%(ended)s)",
    "remove_member": "select ops.remove_member(%(project)s, gen_random_uuid())",
    "remove_member:owner": "select ops.remove_member(%(project)s, %(owner)s)",
    "retry_run": "select ops.retry_run(%(ended)s)",
    "set_member": "select ops.set_member(%(project)s, gen_random_uuid(), 'viewer')",
    "set_member:owner": "select ops.set_member(%(project)s, gen_random_uuid(), 'owner')",
    "verify_run_chain": "select ops.verify_run_chain(%(ended)s)",
    "visible_projects": "select * from ops.visible_projects() as id where id = %(project)s",
}
