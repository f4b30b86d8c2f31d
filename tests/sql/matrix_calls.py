"""How each function that people may execute is asked, about our project and about a foreign one."""

from __future__ import annotations

import json

# A value that nobody sealed, and its key.
_SEALED = "encode(decode(repeat('00', 60), 'hex'), 'base64'), encode(decode(repeat('00', 32), 'hex'), 'base64')"

# Where one function answers differently by what is asked of it, a word after the colon says what.
CALLS = {
    "adopt_environment": "select ops.adopt_environment(%(project)s, 'elsewhere')",
    "apply_retention": "select ops.apply_retention(%(project)s)",
    "archive_project": "select ops.archive_project(%(slug)s)",
    "break_glass": "select ops.break_glass(%(release)s, 'G3', 'nobody is there')",
    "cancel_run": "select ops.cancel_run(%(waiting)s)",
    "compare_backup": "select ops.compare_backup(%(backup)s, 'main', '{sale_order}')",
    "create_backup": "select ops.create_backup(%(project)s, 'main')",
    "create_notification_rule": "select ops.create_notification_rule('{gate}', 'webhook', 'x', %(slug)s)",
    "create_project": (
        "select ops.create_project('new-' || %(slug)s, 'https://git.example/new-' || %(slug)s, '19.0',"
        " p_owner => pg_catalog.gen_random_uuid())"
    ),
    "create_release": (
        "select ops.create_release(%(project)s, '9', jsonb_build_object('shop', repeat('a', 40)),"
        " 'sha256:' || repeat('1', 64))"
    ),
    "restore_project": "select ops.restore_project(%(slug)s)",
    "drop_backup": "select ops.drop_backup(%(backup)s, 'old')",
    "ensure_environment": "select ops.ensure_environment(%(project)s, 'feature/new')",
    "ensure_environment:production": "select ops.ensure_environment(%(project)s, 'feature/new', 'production')",
    "get_run": "select * from ops.get_run(%(ended)s)",
    "grant_exception": "select ops.grant_exception(%(exception)s)",
    "has_permission": "select where ops.has_permission(%(project)s, 'read')",
    "hold_backup": "select ops.hold_backup(%(backup)s, 'audit')",
    "keep_deployment": "select ops.keep_deployment(%(deployment)s, 'it answers')",
    "import_upgrade_advisories": (
        "select ops.import_upgrade_advisories('18.0', '19.0', 'own', repeat('1', 64), '[]', p_project_id => %(project)s)"
    ),
    "list_queued_runs": "select * from ops.list_queued_runs() where project_slug = %(slug)s",
    "mail_source": "select ops.mail_source(%(mail)s)",
    "open_incident": "select ops.open_incident(%(project)s, 'down')",
    "pin_environment": "select ops.pin_environment(%(environment)s, true)",
    "pin_environment:production": "select ops.pin_environment(%(production)s, true)",
    "queue_run:backup": "select ops.queue_run(%(project)s, 'main', 'a', 'r', 'backup')",
    "queue_run:build": "select ops.queue_run(%(project)s, 'feature/new', 'a', 'r', 'build')",
    "queue_run:deploy": "select ops.queue_run(%(project)s, 'feature/new', 'a', 'r', 'deploy')",
    "queue_run:first": "select ops.queue_run(%(project)s, 'feature/new', 'a', 'r', 'build', p_priority => 1)",
    "queue_run:production": "select ops.queue_run(%(project)s, 'main', 'a', 'r', 'deploy')",
    "queue_run:promote": "select ops.queue_run(%(project)s, 'main', 'a', 'r', 'promote')",
    "queue_run:restore": "select ops.queue_run(%(project)s, 'feature/a', 'a', 'r', 'restore')",
    "queue_run:retention": "select ops.queue_run(%(project)s, null, null, null, 'retention')",
    "queue_run:staging": "select ops.queue_run(%(project)s, 'release/1', 'a', 'r', 'build')",
    "queue_run:stop": "select ops.queue_run(%(project)s, 'feature/a', 'a', 'r', 'stop')",
    "queue_workflow": "select ops.queue_workflow(%(slug)s, 'build', 'feature/new', 'a')",
    "page_run_logs": "select * from ops.page_run_logs(%(ended)s)",
    "search_run_logs": "select * from ops.search_run_logs(%(ended)s, %(slug)s)",
    "record_deployment_status": "select ops.record_deployment_status(%(deployment)s, 'succeeded')",
    "record_evidence": "select ops.record_evidence('log', 's3://b/l', repeat('1', 64), p_release_id => %(release)s)",
    "record_evidence:g2": "select ops.record_evidence('log', 's3://b/l', repeat('1', 64), p_gate_id => %(g2)s)",
    "record_gate_check:g1": "select ops.record_gate_check(%(release)s, 'G1', 'build', 'passed')",
    "record_gate_check:g2": "select ops.record_gate_check(%(release)s, 'G2', 'flows', 'passed')",
    "record_gate_check:g3": "select ops.record_gate_check(%(release)s, 'G3', 'legal', 'passed')",
    "record_gate_check:g4": "select ops.record_gate_check(%(release)s, 'G4', 'health', 'passed')",
    "release_backup_hold": "select ops.release_backup_hold(%(backup)s)",
    "remove_member": "select ops.remove_member(%(project)s, gen_random_uuid())",
    "remove_member:owner": "select ops.remove_member(%(project)s, %(owner)s)",
    "remove_notification_rule": "select ops.remove_notification_rule(%(rule)s)",
    "request_exception": "select ops.request_exception(%(release)s, 'G2', 'urgent', now() + interval '1 hour')",
    "retry_messages": "select ops.retry_messages(%(project)s)",
    "restore_backup": "select ops.restore_backup(%(backup)s, 'main')",
    "restore_backup:drill": "select ops.restore_backup(%(backup)s, null, 'drill')",
    "retry_run": "select ops.retry_run(%(ended)s)",
    "revoke_exception": "select ops.revoke_exception(%(exception)s)",
    "set_member": "select ops.set_member(%(project)s, gen_random_uuid(), 'viewer')",
    "set_member:owner": "select ops.set_member(%(project)s, gen_random_uuid(), 'owner')",
    "set_project_setting": "select ops.set_project_setting(%(slug)s, 'odoo.demo', 'true')",
    "set_policy": "select ops.set_policy(%(project)s, 'ttl', '{}')",
    "set_tool": "select ops.set_tool('odoo', '19.0')",
    "set_workflow": "select ops.set_workflow(%(slug)s, 'build')",
    "shown_digest": "select ops.shown_digest(%(release)s)",
    "waits_for_go": "select ops.waits_for_go(%(release)s)",
    "sign_off_gate:g2": (
        "select ops.sign_off_gate(%(release)s, 'G2', 'approved',"
        " p_approver_id => case when ops.is_platform() then 'somebody' end)"
    ),
    "sign_off_gate:g3": (
        "select ops.sign_off_gate(%(release)s, 'G3', 'approved',"
        " p_approver_id => case when ops.is_platform() then 'somebody' end)"
    ),
    "set_variable": f"select count(*) from ops.set_variable(%(project)s, 'KEY', {_SEALED}, p_environment_id => %(environment)s)",
    "set_variable:production": f"select count(*) from ops.set_variable(%(project)s, 'KEY', {_SEALED}, 'production')",
    "set_variable:project": f"select count(*) from ops.set_variable(%(project)s, 'KEY', {_SEALED})",
    "unset_variable": "select count(*) from ops.unset_variable(%(project)s, 'KEY', p_environment_id => %(environment)s)",
    "verify_backup": "select ops.verify_backup(%(backup)s)",
    "verify_run_chain": "select ops.verify_run_chain(%(ended)s)",
    "visible_projects": "select * from ops.visible_projects() as id where id = %(project)s",
    "withdraw_release": "select ops.withdraw_release(%(release)s)",
    "evaluate_gate": "select ops.evaluate_gate(%(g2)s)",
    "explain_promotion": "select * from ops.explain_promotion(%(release)s, 'production')",
    "explain_image": "select * from ops.explain_image(%(image)s)",
    "images_to_remove": "select * from ops.images_to_remove(%(project)s)",
    "prune_images": "select ops.prune_images(%(project)s)",
    "explain_rollback": "select * from ops.explain_rollback(%(deployment)s)",
    "is_eligible_for_promotion": "select ops.is_eligible_for_promotion(%(release)s, 'production')",
    "explain_preview": "select ops.explain_preview(%(project)s)",
    "branches_without_preview": "select count(*) from ops.branches_without_preview(%(project)s)",
    "policy": "select ops.policy(%(project)s, 'gates')",
    "prepare_promotion": "select ops.prepare_promotion(%(release)s)",
    "promote_prepared": "select ops.promote_prepared(%(release)s)",
    "rehearse_release": "select ops.rehearse_release(%(release)s)",
    "promote_release:production": "select ops.promote_release(%(release)s, 'production', 'it is empty')",
    "promote_release:staging": "select ops.promote_release(%(release)s, 'staging')",
    "resolve_incident": "select ops.resolve_incident(%(incident)s, 'restarted')",
    "release_build": "select ops.release_build(%(project)s)",
    "rollback_deployment": "select ops.rollback_deployment(%(deployment)s, 'it fails')",
}

# What each event tells; an answer that is not 403 got past the question of who may tell it.
EVENTS = {
    "build": {"event_type": "build_complete", "status": "passed"},
    "environment": {"event_type": "environment_event", "environment": "main", "status": "restarted"},
    "g2": {"event_type": "gate_signoff", "gate_code": "G2", "decision": "approved"},
    "g3": {"event_type": "gate_signoff", "gate_code": "G3", "decision": "approved"},
    "health": {"event_type": "health_check", "environment": "main", "status": "passed"},
}
CALLS |= {
    f"ingest_event:{name}": (
        "select from ops.ingest_event(jsonb_strip_nulls(jsonb_build_object('schema_version', '1.0',"
        " 'idempotency_key', 'new', 'source', 'test', 'occurred_at', '2026-02-13T12:00:00Z', 'project', %(slug)s::text,"
        " 'release', '1.0', 'approver_id', case when ops.is_platform() then 'somebody' end)"
        f" || '{json.dumps(event)}')) as answer where answer ->> 'http_status' <> '403'"
    )
    for name, event in EVENTS.items()
}
