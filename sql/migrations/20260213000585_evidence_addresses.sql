-- A member's page may make a link of an evidence's address, and a link may be a script. Older rows stay as they are:
-- evidence is never changed.
alter table ops.evidence_artifacts add constraint evidence_artifacts_s3_url_scheme
check (s3_url ~ '^((s3|https|file)://|memory:)[^[:cntrl:]]+$') not valid;
