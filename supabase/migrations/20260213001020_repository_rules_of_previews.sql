-- A repository also says what it wants for its previews, where it says what protects.
comment on table ops.repository_rules is
'What odooops.yaml says under protect and preview, as the head of the default branch has it, within the policies.';
comment on column ops.repository_rules.rules is
'The rules by type of policy: {"retention": {"daily": 30}, "preview": {"idle_minutes": 30}}.';
